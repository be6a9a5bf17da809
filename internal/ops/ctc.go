package ops

import (
	"fmt"
	"math"

	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/kernels"
)

// CTC is −log P of a sequence of labels, with P the probability of all ways to spread them
// over the steps (Graves et al. 2006, "Connectionist Temporal Classification"). It takes
// logits [Batch, Steps, Classes], labels [Batch, Labels] and, if Masked is set, a mask
// [Batch, Steps], whose steps of 0 are left out. Blank is the class of no label; the labels
// of a sample end at the first one.
//
// CTCGradient takes the operands of CTC, the loss and its gradient dy, and gives that of the
// logits. It computes the forward variables again, so nothing is kept.
//
// Everything is computed in float64, in logarithms. The states of a sequence l of n labels are
// blank, l₁, blank, l₂, …, blank, 2n + 1 in all. A state follows itself, the one before, and
// the one before that if it is a label other than that.
type (
	CTC struct {
		Batch, Steps, Classes, Labels int
		Blank                         int
		Masked                        bool
		Field                         string // of the labels in an error
	}
	CTCGradient struct{ CTC }
)

// ctcSample is what one sample needs.
type ctcSample[T Float] struct {
	CTC
	logits   []T // [steps, classes]
	steps    []int
	states   []int     // class of each state
	norm     []float64 // of each step, log Σ e^logit
	forward  []float64 // log α of steps × states, or of the last two steps
	backward [2][]float64
	line     []float64 // of a step's classes
}

func ctc[T Float](o CTC) Func[T] {
	return func(out []T, in [][]T) error {
		if err := checkLabels(o, in[1]); err != nil {
			return err
		}
		o.share(func(from, end int) {
			c := ctcSample[T]{CTC: o}
			for i := from; i < end; i++ {
				c.load(in, i)
				out[i] = T(0 - c.run(false)) // not −0
			}
		})
		return nil
	}
}

func ctcGradient[T Float](o CTCGradient) Func[T] {
	return func(out []T, in [][]T) error {
		y, dy, size := in[len(in)-2], in[len(in)-1], o.Steps*o.Classes
		o.share(func(from, end int) {
			c := ctcSample[T]{CTC: o.CTC}
			for i := from; i < end; i++ {
				dz := out[i*size:][:size]
				clear(dz)
				if dy[i] == 0 || math.IsInf(float64(y[i]), 1) {
					continue
				}
				c.load(in, i)
				c.gradient(float64(dy[i]), dz)
			}
		})
		return nil
	}
}

// share lets the cores share the samples.
func (o CTC) share(f func(from, end int)) {
	if few(o.Batch * o.Steps * (o.Classes + o.Labels)) {
		f(0, o.Batch)
		return
	}
	kernels.Parallel(o.Batch, 1, f)
}

// checkLabels checks that labels are classes and stand before the blanks.
func checkLabels[T Float](o CTC, labels []T) error {
	for i, x := range labels {
		switch k := int(x); {
		case T(k) != x || k < 0 || k >= o.Classes:
			return errs.Error{Field: o.Field, Rule: fmt.Sprintf("must be numbers of classes, whole numbers from 0 to %d", o.Classes-1), Value: x}
		case k != o.Blank && i%o.Labels > 0 && int(labels[i-1]) == o.Blank:
			return errs.Error{Field: o.Field, Rule: fmt.Sprintf("must have its labels before the blanks, %d, that fill it up", o.Blank), Value: x}
		}
	}
	return nil
}

// load reads sample i.
func (c *ctcSample[T]) load(in [][]T, i int) {
	c.logits = in[0][i*c.Steps*c.Classes:][:c.Steps*c.Classes]
	c.steps, c.states, c.norm = c.steps[:0], append(c.states[:0], c.Blank), c.norm[:0]
	for _, x := range in[1][i*c.Labels:][:c.Labels] {
		if int(x) == c.Blank {
			break
		}
		c.states = append(c.states, int(x), c.Blank)
	}
	c.line = resized(c.line, c.Classes)
	for t := range c.Steps {
		if c.Masked && in[2][i*c.Steps+t] == 0 {
			continue
		}
		for k, z := range c.at(t) {
			c.line[k] = float64(z)
		}
		top, sum := expSum(c.line)
		c.steps, c.norm = append(c.steps, t), append(c.norm, top+math.Log(sum))
	}
}

// at are the logits of a step.
func (c *ctcSample[T]) at(t int) []T { return c.logits[t*c.Classes:][:c.Classes] }

// emission is log p of the class of state s at step i of those that count.
func (c *ctcSample[T]) emission(i, s int) float64 {
	return float64(c.at(c.steps[i])[c.states[s]]) - c.norm[i]
}

// skips reports whether state s may follow that two before.
func (c *ctcSample[T]) skips(s int) bool {
	return s >= 2 && s < len(c.states) && c.states[s] != c.Blank && c.states[s] != c.states[s-2]
}

// run computes the forward variables, log α of each step and state, the emission of the step
// included, and returns log P. They are kept for all steps if keep is set.
func (c *ctcSample[T]) run(keep bool) float64 {
	n, m := len(c.steps), len(c.states)
	if n == 0 {
		if m == 1 {
			return 0 // no step and no label
		}
		return math.Inf(-1)
	}
	rows := 2
	if keep {
		rows = n
	}
	c.forward = resized(c.forward, rows*m)
	row := func(i int) []float64 { return c.forward[i%rows*m:][:m] }
	for i := range n {
		now := row(i)
		for s := range now {
			a := math.Inf(-1)
			switch {
			case i > 0:
				before := row(i - 1)
				a = before[s]
				if s > 0 {
					a = logAdd(a, before[s-1])
				}
				if c.skips(s) {
					a = logAdd(a, before[s-2])
				}
			case s < 2:
				a = 0
			}
			now[s] = a + c.emission(i, s)
		}
	}
	last := row(n - 1)
	if m == 1 {
		return last[0]
	}
	return logAdd(last[m-1], last[m-2])
}

// gradient fills dz with dy·(p_k − Σ_s γ_s) of every step that counts, with the share γ of the
// probability P that goes through each state s of class k. The backward variables are log β of
// a state, without the emission of its step.
func (c *ctcSample[T]) gradient(dy float64, dz []T) {
	log := c.run(true)
	n, m := len(c.steps), len(c.states)
	now, after := resized(c.backward[0], m), resized(c.backward[1], m)
	for i := n - 1; i >= 0; i-- {
		for s := range now {
			switch {
			case i < n-1:
				b := after[s]
				if s+1 < m {
					b = logAdd(b, after[s+1])
				}
				if c.skips(s + 2) {
					b = logAdd(b, after[s+2])
				}
				now[s] = b
			case s >= m-2:
				now[s] = 0
			default:
				now[s] = math.Inf(-1)
			}
		}
		c.gradientOfStep(i, now, log, dy, dz)
		for s := range now {
			now[s] += c.emission(i, s)
		}
		now, after = after, now
	}
	c.backward = [2][]float64{now, after}
}

func (c *ctcSample[T]) gradientOfStep(i int, backward []float64, log, dy float64, dz []T) {
	t, m := c.steps[i], len(c.states)
	for k, z := range c.at(t) {
		c.line[k] = math.Exp(float64(z) - c.norm[i])
	}
	for s, b := range backward {
		c.line[c.states[s]] -= math.Exp(c.forward[i*m+s] + b - log)
	}
	for k, g := range c.line {
		dz[t*c.Classes+k] = T(dy * g)
	}
}

// logAdd is log(eᵃ + eᵇ).
func logAdd(a, b float64) float64 {
	top := max(a, b)
	if math.IsInf(top, -1) {
		return top
	}
	return top + math.Log1p(math.Exp(min(a, b)-top))
}

// resized is memory of n elements, x if that is large enough.
func resized(x []float64, n int) []float64 {
	if cap(x) < n {
		return make([]float64, n)
	}
	return x[:n]
}
