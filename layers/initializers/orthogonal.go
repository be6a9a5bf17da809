package initializers

import (
	"math/rand/v2"

	"github.com/engram-go/engram/graph"
)

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

func transpose(a []float64, rows, cols int) []float64 {
	out := make([]float64, len(a))
	for i := range rows {
		for j := range cols {
			out[j*rows+i] = a[i*cols+j]
		}
	}
	return out
}
