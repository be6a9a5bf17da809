package ops

import (
	"math"
	"sync/atomic"

	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/kernels"
)

// CrossEntropy is −Σ t·log p for each of Rows rows of N logits, with p their softmax. It
// takes the logits and the targets: the numbers of classes k if Classes is set, where the
// loss is −log p_k, and otherwise a target y of each class, where
//
//	t = y·(1 − Smoothing) + Smoothing/N
//
// Field and Rule describe the targets in an error: those that are no numbers of classes,
// or lie outside [0, 1] by more than Slack. A NaN is accepted as a target of a class.
//
// Nothing of the size of the logits is stored: a row keeps its largest logit, the sum of
// exponentials less the largest, and the sum of t. They are separate, because a logarithm
// of the sum could be rounded away when added to a large logit. A row with a NaN or +∞, or
// of −∞ only, has the loss NaN.
//
// CrossEntropyGradient takes the logits, the targets, the loss and its gradient dy, and
// gives the gradient of the logits,
//
//	dy·(p·Σt − t)
//
// which is 0 for a row whose dy is 0, such as a masked step, even if its loss is not
// finite. The loss is not read, but the dependency makes the forward pass run first.
type (
	CrossEntropy struct {
		Rows, N     int
		Classes     bool
		Smoothing   float64
		Field, Rule string
		Slack       float64

		kernel any // a *crossEntropy[T], shared by both passes
	}
	CrossEntropyGradient struct{ *CrossEntropy }
)

// crossEntropy is the kernel.
type crossEntropy[T Float] struct {
	*CrossEntropy
	set  *kernels.Set[T]
	a, b T // t = a·y + b

	largest, expSum, total []T // of each row
}

func crossEntropyOf[T Float](o *CrossEntropy) *crossEntropy[T] {
	c, ok := o.kernel.(*crossEntropy[T])
	if !ok {
		c = &crossEntropy[T]{CrossEntropy: o, set: kernels.For[T](), a: T(1 - o.Smoothing), b: T(o.Smoothing / float64(o.N))}
		o.kernel = c
	}
	return c
}

// ScratchSize is that of what the rows keep.
func (c *crossEntropy[T]) ScratchSize() int { return 3 * c.Rows }

// SetScratch keeps it there.
func (c *crossEntropy[T]) SetScratch(memory []T) {
	n := c.Rows
	c.largest, c.expSum, c.total = memory[:n], memory[n:2*n], memory[2*n:3*n]
}

// Run is the forward pass.
func (c *crossEntropy[T]) Run(out []T, in [][]T) error {
	logits, targets := in[0], in[1]
	if c.Classes {
		for _, x := range targets {
			if k := int(x); T(k) != x || k < 0 || k >= c.N {
				return c.refuse(x)
			}
		}
		c.share(len(logits), func(i int) {
			z := c.keep(i, logits)
			// −log p_k = log Σ + largest − z_k
			out[i] = T(math.Log(float64(c.expSum[i])) + (float64(c.largest[i]) - float64(z[int(targets[i])])))
		})
		return nil
	}
	var bad atomic.Bool
	c.share(len(logits), func(i int) {
		z, y := c.keep(i, logits), targets[i*c.N:][:c.N]
		if c.outside(c.set.Smallest(y)) || c.outside(c.set.Largest(y)) {
			bad.Store(true) // or all of them are NaN
		}
		total := float64(c.a)*float64(c.set.Sum(y)) + float64(c.b)*float64(c.N)
		c.total[i] = T(total)
		out[i] = T(total*math.Log(float64(c.expSum[i])) + float64(c.set.TargetDot(z, y, c.largest[i], c.a, c.b)))
	})
	if bad.Load() {
		for _, y := range targets {
			if c.outside(y) {
				return c.refuse(y)
			}
		}
	}
	return nil
}

// keep fills in the largest logit and the sum of exponentials of a row, and returns the
// row.
func (c *crossEntropy[T]) keep(i int, logits []T) []T {
	z := logits[i*c.N:][:c.N]
	c.largest[i] = c.set.Largest(z)
	c.expSum[i] = c.set.ExpSum(z, c.largest[i])
	return z
}

// outside reports whether a target lies outside [0, 1].
func (c *crossEntropy[T]) outside(y T) bool {
	return float64(y) < -c.Slack || float64(y) > 1+c.Slack
}

func (c *crossEntropy[T]) refuse(x T) error {
	return errs.Error{Field: c.Field, Rule: c.Rule, Value: x}
}

// backward fills dz with the gradient of the logits.
func (c *crossEntropy[T]) backward(dz []T, in [][]T) error {
	logits, targets, dy := in[0], in[1], in[3]
	c.share(len(logits), func(i int) {
		z, dz, d := logits[i*c.N:][:c.N], dz[i*c.N:][:c.N], dy[i]
		switch {
		case d == 0:
			clear(dz)
		case c.Classes:
			c.set.ExpTimes(z, dz, c.largest[i], T(float64(d)/float64(c.expSum[i])))
			dz[int(targets[i])] -= d
		default:
			factor := T(float64(d) * float64(c.total[i]) / float64(c.expSum[i]))
			c.set.ExpTargets(z, targets[i*c.N:][:c.N], dz, c.largest[i], factor, d*c.a, d*c.b)
		}
	})
	return nil
}

// share calls f for every row; the cores share the rows of n logits.
func (c *crossEntropy[T]) share(n int, f func(i int)) {
	shareRows(n, c.N, func(from, end int) {
		for i := from / c.N; i < end/c.N; i++ {
			f(i)
		}
	})
}
