package ops

import (
	"math"

	"github.com/engram-go/engram/internal/kernels"
)

// BatchNorm normalizes N columns over Count rows, and scales and shifts them. It takes x,
// with Scale γ, with Shift β, of N elements each, and with Masked a number for each row: a
// row where it is 0 does not count in the moments, which are divided by the number of those
// that count plus maskedExtra. The moments are kept for the other two.
//
// BatchMoments takes the output and gives the mean and the variance of each column.
// BatchNormGradient takes x, with Scale γ, with Masked the mask, the output and its
// gradient, and gives those gradients of x, γ and β that are wanted, one after the other.
// The output is not read, but the dependency makes the forward pass run first. The cores
// share the rows of vectors, and the columns of sums, which are of float64.
type (
	BatchNorm struct {
		N, Count             int
		Epsilon              float64
		Scale, Shift, Masked bool

		kernel any // a *batchNorm[T], shared by all
	}
	BatchMoments      struct{ *BatchNorm }
	BatchNormGradient struct {
		*BatchNorm
		X, Gamma, Beta bool
	}
)

// maskedExtra is what Keras adds to a number of rows that may be 0.
const maskedExtra = 1e-7

// rowsAtOnce is the number of rows of a sum of products.
const rowsAtOnce = 1 << 10

// batchNorm is the kernel.
type batchNorm[T Float] struct {
	*BatchNorm
	set            *kernels.Set[T]
	mean, variance []float64 // of each column, of the last run
	part           float64   // 1 over the number of rows that count
	sums, dots     []float64
	plain          []float64 // moments for sums of products: 0 and 1 for each row
	center         []T       // the mean, rounded
	rows           [3][]T    // of coefficients
	zeros, none    []T       // 0, and −0, which makes no difference in a sum
	ones           []T
	centred        []T // where the gradient of x, whose memory is used otherwise, is not wanted
}

func batchNormOf[T Float](o *BatchNorm) *batchNorm[T] {
	if k, ok := o.kernel.(*batchNorm[T]); ok {
		return k
	}
	k := &batchNorm[T]{BatchNorm: o, set: kernels.For[T]()}
	o.kernel = k
	for _, v := range []*[]float64{&k.mean, &k.variance, &k.sums, &k.dots} {
		*v = make([]float64, o.N)
	}
	k.plain = make([]float64, 2*min(o.Count, rowsAtOnce))
	for i := 1; i < len(k.plain); i += 2 {
		k.plain[i] = 1
	}
	for _, v := range []*[]T{&k.center, &k.rows[0], &k.rows[1], &k.rows[2], &k.zeros, &k.none, &k.ones} {
		*v = make([]T, o.N)
	}
	for i := range k.ones {
		k.ones[i], k.none[i] = 1, T(math.Copysign(0, -1))
	}
	return k
}

// Run is the forward pass. The variance is that of x minus the rounded mean, so that large
// means do not cancel.
func (k *batchNorm[T]) Run(out []T, in [][]T) error {
	x, in := in[0], in[1:]
	gamma, beta := k.ones, k.none
	if k.Scale {
		gamma, in = in[0], in[1:]
	}
	if k.Shift {
		beta, in = in[0], in[1:]
	}
	var mask []T
	count := float64(k.Count)
	if k.Masked {
		mask, count = in[0], maskedExtra
		for _, m := range mask {
			if m != 0 {
				count++
			}
		}
	}
	k.part = 1 / count
	clear(k.sums)
	k.columns(func(from, end int) {
		k.counted(mask, func(row, rows int) {
			k.set.AddRows(rows, end-from, x[row*k.N+from:], k.N, k.sums[from:end])
		})
	})
	for j, s := range k.sums {
		k.mean[j] = s * k.part
		k.center[j] = T(k.mean[j])
	}
	k.around(x, k.center, k.ones, k.none, out)
	k.products(out, out, mask)
	scale := k.rows[0]
	for j, square := range k.dots {
		k.variance[j] = k.squares(j, square) * k.part
		scale[j] = T(float64(gamma[j]) / math.Sqrt(k.variance[j]+k.Epsilon))
	}
	k.around(out, k.zeros, scale, beta, out)
	return nil
}

// squares is the sum of the squares of x minus the mean, from that with the rounded mean
// and its sum.
func (k *batchNorm[T]) squares(j int, square float64) float64 {
	d := float64(k.center[j]) - k.mean[j]
	return max(0, square+d*(2*k.sums[j]+d/k.part)) // a NaN stays
}

// columns lets the cores share the columns.
func (k *batchNorm[T]) columns(f func(from, end int)) {
	if few(k.N * k.Count) {
		f(0, k.N)
		return
	}
	kernels.Parallel(k.N, 16, f)
}

// counted calls f for the rows that count, by their first one and their number.
func (k *batchNorm[T]) counted(mask []T, f func(row, rows int)) {
	if mask == nil {
		f(0, k.Count)
		return
	}
	for row := 0; row < len(mask); {
		end := row
		for end < len(mask) && mask[end] != 0 {
			end++
		}
		if end > row {
			f(row, end-row)
		}
		row = end + 1
	}
}

// products computes the sums of y, and of the products of x and y, over the rows that count.
func (k *batchNorm[T]) products(x, y, mask []T) {
	clear(k.sums)
	clear(k.dots)
	k.columns(func(from, end int) {
		k.counted(mask, func(row, rows int) {
			for ; rows > 0; row, rows = row+rowsAtOnce, rows-rowsAtOnce {
				some, at := min(rows, rowsAtOnce), row*k.N+from
				k.set.AddScaleGradient(some, end-from, x[at:], y[at:], k.N, k.plain, k.dots[from:end], k.sums[from:end])
			}
		})
	})
}

// around is Set.ScaleAround on all cores.
func (k *batchNorm[T]) around(x, center, scale, shift, y []T) {
	shareRows(len(x), k.N, func(from, end int) { k.set.ScaleAround(x[from:end], center, scale, shift, y[from:end]) })
}

func batchMoments[T Float](o BatchMoments) Func[T] {
	k := batchNormOf[T](o.BatchNorm)
	return func(out []T, _ [][]T) error {
		round(out[:k.N], k.mean)
		round(out[k.N:], k.variance)
		return nil
	}
}

// batchNormGradient computes, with r = 1/√(variance + Epsilon) and d = x − mean,
//
//	dγ = r·Σ dy·d, dβ = Σ dy
//	dx = γ·r·(dy − part·(Σ dy + d·r²·Σ dy·d))
//
// where a row that does not count has part = 0. Where some do not, Σ d over the others is
// maskedExtra·mean, and so the variance depends on the mean.
func batchNormGradient[T Float](o BatchNormGradient) Func[T] {
	k := batchNormOf[T](o.BatchNorm)
	if !o.X {
		k.centred = make([]T, k.N*k.Count)
	}
	return func(out []T, in [][]T) error {
		x, in := in[0], in[1:]
		gamma := k.ones
		if k.Scale {
			gamma, in = in[0], in[1:]
		}
		var mask []T
		if k.Masked {
			mask, in = in[0], in[1:]
		}
		dy, d := in[1], k.centred
		if o.X {
			d, out = out[:len(x)], out[len(x):]
		}
		k.around(x, k.center, k.ones, k.none, d)
		k.products(d, dy, nil)
		a, b, c := k.rows[0], k.rows[1], k.rows[2]
		for j, sum := range k.sums {
			r := 1 / math.Sqrt(k.variance[j]+k.Epsilon)
			bend := float64(k.center[j]) - k.mean[j] // of d, which is rounded
			dot := k.dots[j] + bend*sum
			rate, part := float64(gamma[j])*r, k.part
			tilt := -rate * part * r * r * dot
			shift := -rate*part*sum + tilt*bend
			if k.Masked {
				shift -= tilt * part * maskedExtra * k.mean[j]
			}
			a[j], b[j], c[j] = T(rate), T(tilt), T(shift)
			k.dots[j] = r * dot
		}
		if o.X {
			k.combine(d, dy, mask)
		}
		if o.Gamma {
			round(out[:k.N], k.dots)
			out = out[k.N:]
		}
		if o.Beta {
			round(out, k.sums)
		}
		return nil
	}
}

// combine computes a·dy + b·d + c in place of d, and a·dy where a row does not count.
func (k *batchNorm[T]) combine(d, dy, mask []T) {
	n, a := k.N, k.rows[0]
	shareRows(len(d), n, func(from, end int) {
		k.set.ScaleAround(d[from:end], k.zeros, k.rows[1], k.rows[2], d[from:end])
		for at := from; at < end; at += n {
			if mask != nil && mask[at/n] == 0 {
				k.set.Times(a, dy[at:at+n], d[at:at+n])
			} else {
				k.set.AddTimes(a, dy[at:at+n], d[at:at+n])
			}
		}
	})
}
