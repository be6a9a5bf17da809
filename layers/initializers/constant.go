package initializers

import (
	"math/rand/v2"

	"github.com/engram-go/engram/graph"
	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/lapack/lapack64"
)

// Constant gives every element the same value.
type Constant struct {
	Value float64 // any finite number
}

// Resolve checks the value.
func (c Constant) Resolve() (graph.Initializer, error) {
	return c, checkFinite("Constant.Value", c.Value)
}

// Init makes the elements.
func (c Constant) Init(_ *rand.Rand, shape graph.Shape) ([]float64, error) {
	if err := checkFinite("Constant.Value", c.Value); err != nil {
		return nil, err
	}
	return draw(shape, func() float64 { return c.Value })
}

// Identity is a matrix with Gain on its diagonal and 0 elsewhere; it need not
// be square. Only a shape of two axes has it.
type Identity struct {
	Gain float64 // positive; 0 means 1
}

// Resolve fills in the default.
func (i Identity) Resolve() (graph.Initializer, error) {
	err := i.fill()
	return i, err
}

func (i *Identity) fill() error { return fillPositive("Identity.Gain", &i.Gain, 1) }

// Init makes the elements.
func (i Identity) Init(_ *rand.Rand, shape graph.Shape) ([]float64, error) {
	if err := i.fill(); err != nil {
		return nil, err
	}
	if shape.Rank() != 2 {
		return nil, graph.Error{Field: "Identity", Rule: "must have a shape of two axes", Value: shape.String()}
	}
	out, err := draw(shape, func() float64 { return 0 })
	for at := 0; at < min(len(out), shape[1]*shape[1]); at += shape[1] + 1 {
		out[at] = i.Gain
	}
	return out, err
}

// Orthogonal is a random matrix whose columns, or rows where there are fewer of
// them, have length Gain and are at right angles (Saxe and others, 2014,
// https://arxiv.org/abs/1312.6120). All axes but the last are taken for one;
// there must be two at least.
type Orthogonal struct {
	Gain float64 // positive; 0 means 1
}

// Resolve fills in the default.
func (o Orthogonal) Resolve() (graph.Initializer, error) {
	err := o.fill()
	return o, err
}

func (o *Orthogonal) fill() error { return fillPositive("Orthogonal.Gain", &o.Gain, 1) }

// Init makes the elements: the Q of a normal matrix, which is made tall for it,
// with the signs for which the diagonal of R is positive. Without these signs
// not every orthogonal matrix would be equally likely.
func (o Orthogonal) Init(r *rand.Rand, shape graph.Shape) ([]float64, error) {
	if err := o.fill(); err != nil {
		return nil, err
	}
	if shape.Rank() < 2 {
		return nil, graph.Error{Field: "Orthogonal", Rule: "must have a shape of two axes or more", Value: shape.String()}
	}
	out, err := draw(shape, r.NormFloat64)
	if err != nil {
		return nil, err
	}
	cols := shape[len(shape)-1]
	rows := len(out) / cols
	if rows >= cols {
		orthonormalize(out, rows, cols, o.Gain)
		return out, nil
	}
	orthonormalize(out, cols, rows, o.Gain)
	return transpose(out, cols, rows), nil
}

// orthonormalize replaces a tall matrix by the first columns of Q, times gain.
// It calls LAPACK itself, since mat.QR gives a Q of rows × rows.
func orthonormalize(a []float64, rows, cols int, gain float64) {
	m := blas64.General{Rows: rows, Cols: cols, Stride: cols, Data: a}
	tau := make([]float64, cols)
	size := make([]float64, 1)
	lapack64.Geqrf(m, tau, size, -1)
	work := make([]float64, max(int(size[0]), cols))
	lapack64.Geqrf(m, tau, work, len(work))
	scale := make([]float64, cols)
	for j := range scale {
		scale[j] = gain
		if a[j*cols+j] < 0 { // what is left of R
			scale[j] = -gain
		}
	}
	lapack64.Orgqr(m, tau, work, len(work))
	for i := range a {
		a[i] *= scale[i%cols]
	}
}

func transpose(a []float64, rows, cols int) []float64 {
	out := make([]float64, len(a))
	for i := range rows {
		for j := range cols {
			out[j*rows+i] = a[i*cols+j]
		}
	}
	return out
}
