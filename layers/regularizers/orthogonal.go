package regularizers

import (
	"fmt"

	"github.com/engram-go/engram/graph"
)

// Mode is the kind of vectors that OrthogonalRegularizer compares.
type Mode string

// The modes, spelt as in Keras.
const (
	Rows    Mode = "rows"
	Columns Mode = "columns"
)

// OrthogonalRegularizer makes the rows of a matrix, or its columns, orthogonal. With v the vectors divided by their lengths, of which there are n,
//
//	penalty = Factor · mean of |v_i · v_j| over the n(n − 1)/2 pairs i < j
//
// It takes only values of two axes, with two such vectors at least.
type OrthogonalRegularizer struct {
	Factor float64 // positive; 0 means 0.01
	Mode   Mode    // Rows where empty
}

// Resolve fills in the defaults.
func (r OrthogonalRegularizer) Resolve() (graph.Regularizer, error) {
	err := r.fill()
	return r, err
}

func (r *OrthogonalRegularizer) fill() error {
	if r.Mode == "" {
		r.Mode = Rows
	}
	if r.Mode != Rows && r.Mode != Columns {
		return graph.Error{
			Field: "OrthogonalRegularizer.Mode", Rule: fmt.Sprintf("must be %q or %q", Rows, Columns),
			Value: fmt.Sprintf("%q", r.Mode),
		}
	}
	return factor("OrthogonalRegularizer.Factor", &r.Factor)
}

// Penalty computes the penalty.
func (r OrthogonalRegularizer) Penalty(x graph.Value) graph.Value {
	s := x.Scope()
	s.Fail(r.fill())
	if x.Rank() != 2 {
		s.Failf("OrthogonalRegularizer", "must have a value of two axes", x.Shape())
		return s.Const(0, graph.Shape{})
	}
	if r.Mode == Columns {
		x = x.Transpose(1, 0)
	}
	n := x.Dim(0)
	if n == 1 {
		s.Failf("OrthogonalRegularizer", fmt.Sprintf("must have two %s at least", r.Mode), n)
		return s.Const(0, graph.Shape{})
	}
	// The smallest length that counts, Keras' epsilon, keeps a vector of zeros
	// and its gradient finite.
	squares := x.Square().Sum(1).Unsqueeze(1).Maximum(s.Const(1e-14, graph.Shape{})) // [n, 1]
	v := x.Div(squares.Sqrt())                                                       // [n, m]
	products := v.MatMul(v.Transpose(1, 0)).Abs()                                    // [n, n], each pair twice
	if !s.Symbolic() && s.Err() == nil {                                             // without a graph there may be more pairs than fit into memory
		products = products.Times(others(s, n)) // [n, n]
	}
	return products.Sum().Scale(r.Factor / float64(n*(n-1)))
}

// others is 0 for the product of a vector with itself and 1 elsewhere.
func others(s *graph.Scope, n int) graph.Value {
	out := make([]float64, n*n)
	for i := range out {
		if i%(n+1) != 0 {
			out[i] = 1
		}
	}
	return s.Values(out, graph.Shape{n, n}) // [n, n]
}
