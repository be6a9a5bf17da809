package graph

import (
	"fmt"

	"github.com/engram-go/engram/internal/dense"
)

// Const is a value with every element c.
func (s *Scope) Const(c float64, shape Shape) Value {
	fill := func(out []float64) {
		for i := range out {
			out[i] = c
		}
	}
	return s.constant("const", shape, fill)
}

// Values is a constant with the given elements in row-major order.
func (s *Scope) Values(elements []float64, shape Shape) Value {
	if shape.Size() != len(elements) {
		s.Failf("constant", fmt.Sprintf("must have as many elements as its shape %v", shape), len(elements))
		return s.poison(shape)
	}
	return s.constant("values", shape, func(out []float64) { copy(out, elements) })
}

func (s *Scope) constant(name string, shape Shape, fill func([]float64)) Value {
	v := s.leaf(name, shape)
	if v.node != nil {
		out := make([]float64, shape.Size())
		fill(out)
		s.Fail(s.builder.BindConstant(v.node, dense.FromFloat64(s.Dtype(), shape, out)))
	}
	return v
}
