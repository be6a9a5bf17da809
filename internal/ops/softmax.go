package ops

import (
	"math"

	"github.com/engram-go/engram/internal/kernels"
)

// Softmax is eˣ / Σ eˣ over rows of N elements, or with Log its logarithm. A row
// with a NaN or +∞, or of −∞ only, gives NaN. SoftmaxGradient takes y
// and dy.
type (
	Softmax struct {
		N   int
		Log bool
	}
	SoftmaxGradient Softmax
)

func softmax[T Float](o Softmax) Func[T] {
	set := kernels.For[T]()
	forward := set.Softmax
	if o.Log {
		forward = func(n int, x, y []T) { logSoftmaxRows(set, n, x, y) }
	}
	return func(out []T, in [][]T) error {
		if few(len(out)) {
			forward(o.N, in[0], out)
			return nil
		}
		shareRows(len(out), o.N, func(i, j int) { forward(o.N, in[0][i:j], out[i:j]) })
		return nil
	}
}

func softmaxGradient[T Float](o SoftmaxGradient) Func[T] {
	set := kernels.For[T]()
	backward := softmaxGradientRows[T]
	if o.Log {
		backward = logSoftmaxGradientRows[T]
	}
	return func(out []T, in [][]T) error {
		if few(len(out)) {
			backward(set, o.N, in[0], in[1], out)
			return nil
		}
		shareRows(len(out), o.N, func(i, j int) { backward(set, o.N, in[0][i:j], in[1][i:j], out[i:j]) })
		return nil
	}
}

// softmaxGradientRows is dx = y ⊙ (dy − Σ y·dy).
func softmaxGradientRows[T Float](set *kernels.Set[T], n int, y, dy, dx []T) {
	for i := 0; i < len(y); i += n {
		y, dy, dx := y[i:i+n], dy[i:i+n], dx[i:i+n]
		set.TimesLess(y, dy, dx, set.Dot(y, dy))
	}
}

// logSoftmaxRows keeps the largest element and the logarithm apart: in one
// number, the logarithm would be rounded away next to a large element.
func logSoftmaxRows[T Float](set *kernels.Set[T], n int, x, y []T) {
	for i := 0; i < len(x); i += n {
		x, y := x[i:i+n], y[i:i+n]
		top := set.Largest(x)
		set.Shift(x, y, top, T(math.Log(float64(set.ExpSum(x, top)))))
	}
}

// logSoftmaxGradientRows is dx = dy − eʸ ⊙ Σ dy.
func logSoftmaxGradientRows[T Float](set *kernels.Set[T], n int, y, dy, dx []T) {
	for i := 0; i < len(y); i += n {
		y, dy, dx := y[i:i+n], dy[i:i+n], dx[i:i+n]
		set.ExpTargets(y, dy, dx, 0, -set.Sum(dy), -1, 0)
	}
}
