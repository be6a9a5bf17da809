package ops

import (
	"math"

	"github.com/engram-go/engram/internal/kernels"
)

// Normalize normalizes Count rows, and scales and shifts them. It takes x, with Scale γ
// and with Shift β, of N elements each. The mean and the factor of each row are kept for
// the backward pass.
//
// NormalizeGradient takes x, with Scale γ, the output and its gradient, and gives those
// gradients of x, γ and β that are wanted, one after the other. The output is not read,
// but the dependency makes the forward pass run first. The cores share the rows of dx,
// and the columns of the others, whose sums go over all rows.
type (
	Normalize struct {
		kernels.Rows
		Count        int
		Scale, Shift bool

		kernel any // a *normalize[T], shared by both passes
	}
	NormalizeGradient struct {
		*Normalize
		X, Gamma, Beta bool
	}
)

// normalize is the kernel.
type normalize[T Float] struct {
	*Normalize
	set         *kernels.Set[T]
	moments     []float64 // mean and factor of each row, of the last run
	ones, zeros []T       // in place of γ and β
}

func normalizeOf[T Float](o *Normalize) *normalize[T] {
	k, ok := o.kernel.(*normalize[T])
	if !ok {
		k = &normalize[T]{Normalize: o, set: kernels.For[T](), moments: make([]float64, 2*o.Count)}
		o.kernel = k
		if !o.Shift {
			k.zeros = make([]T, o.N)
		}
		if !o.Scale {
			k.ones = make([]T, o.N)
			for i := range k.ones {
				k.ones[i] = 1
			}
		}
	}
	return k
}

// gamma is γ, and the operands after it, of those after x.
func (k *normalize[T]) gamma(in [][]T) (gamma []T, rest [][]T) {
	if k.Scale {
		return in[0], in[1:]
	}
	return k.ones, in
}

// Run is the forward pass.
func (k *normalize[T]) Run(out []T, in [][]T) error {
	x := in[0]
	gamma, rest := k.gamma(in[1:])
	beta := k.zeros
	if k.Shift {
		beta = rest[0]
	}
	if few(len(x)) {
		k.set.NormalizeRows(k.Rows, x, gamma, beta, out, k.moments)
		return nil
	}
	shareRows(len(x), k.N, func(from, end int) {
		k.set.NormalizeRows(k.Rows, x[from:end], gamma, beta, out[from:end], k.moments[2*(from/k.N):])
	})
	return nil
}

func normalizeGradient[T Float](o NormalizeGradient) Func[T] {
	k := normalizeOf[T](o.Normalize)
	sums := make([]float64, 2*k.N)
	return func(out []T, in [][]T) error {
		x := in[0]
		gamma, rest := k.gamma(in[1:])
		dy := rest[1]
		if o.X {
			k.gradient(x, dy, gamma, out[:len(x)])
			out = out[len(x):]
		}
		if !o.Gamma && !o.Beta {
			return nil
		}
		dgamma, dbeta := sums[:k.N], sums[k.N:]
		k.scaleGradient(x, dy, dgamma, dbeta)
		if o.Gamma {
			round(out[:k.N], dgamma)
			out = out[k.N:]
		}
		if o.Beta {
			round(out, dbeta)
		}
		return nil
	}
}

func (k *normalize[T]) gradient(x, dy, gamma, dx []T) {
	if few(len(x)) {
		k.set.NormalizeGradient(k.Rows, x, dy, gamma, dx, k.moments)
		return
	}
	shareRows(len(x), k.N, func(from, end int) {
		k.set.NormalizeGradient(k.Rows, x[from:end], dy[from:end], gamma, dx[from:end], k.moments[2*(from/k.N):])
	})
}

func (k *normalize[T]) scaleGradient(x, dy []T, dgamma, dbeta []float64) {
	clear(dgamma)
	clear(dbeta)
	if few(len(x)) {
		k.set.AddScaleGradient(k.Count, k.N, x, dy, k.N, k.moments, dgamma, dbeta)
		return
	}
	kernels.Parallel(k.N, 16, func(from, end int) {
		k.set.AddScaleGradient(k.Count, end-from, x[from:], dy[from:], k.N, k.moments, dgamma[from:end], dbeta[from:end])
	})
}

// round fills out with the numbers, rounded.
func round[T Float](out []T, x []float64) {
	for i, v := range x {
		out[i] = T(v)
	}
}

// ScaleAround computes (x − center) · scale + shift, from x and one number of each for
// every element of a row. Without Shift nothing is added.
type ScaleAround struct {
	N     int // elements of a row
	Shift bool
}

func scaleAround[T Float](o ScaleAround) Func[T] {
	set := kernels.For[T]()
	none := make([]T, o.N) // −0, which makes no difference
	for i := range none {
		none[i] = T(math.Copysign(0, -1))
	}
	return func(out []T, in [][]T) error {
		x, center, scale, shift := in[0], in[1], in[2], none
		if o.Shift {
			shift = in[3]
		}
		if few(len(x)) {
			set.ScaleAround(x, center, scale, shift, out)
			return nil
		}
		shareRows(len(x), o.N, func(from, end int) { set.ScaleAround(x[from:end], center, scale, shift, out[from:end]) })
		return nil
	}
}
