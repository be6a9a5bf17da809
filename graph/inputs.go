package graph

import (
	"fmt"

	"github.com/engram-go/engram/internal/dense"
)

// Input declares an input of the graph. Program.SetInput sets it by its name.
func (s *Scope) Input(name string, shape Shape) Value {
	if _, ok := s.inputs[name]; ok {
		s.Failf("input", "must have a unique name", name)
		return s.poison(shape)
	}
	v := s.leafOf(s.program(), "input "+name, shape)
	s.inputs[name] = v
	return v
}

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

// Output makes v readable after a run under the given name. In a step of a Scan, the
// output contains the values of all steps.
func (s *Scope) Output(name string, v Value) {
	v, ok := s.take("output "+name, v)
	if !ok {
		return
	}
	outputs := s.outputs
	if s.inStep() {
		outputs = s.level.outputs
	}
	if _, ok := outputs[name]; ok {
		s.Failf("output", "must have a unique name", name)
		return
	}
	outputs[name] = v.readable()
}

// Result is a handle to an output without a name. See Scope.Result.
type Result struct{ number int } // from 1; 0 for none

// Result makes v readable with Program.Result after a run. It is for the code that
// builds the program, and it cannot be used in a step of a Scan.
func (s *Scope) Result(v Value) Result {
	if s.inStep() {
		s.Failf("result", "must not be requested in a step of a scan", nil)
		return Result{}
	}
	v, ok := s.take("result", v)
	if !ok {
		return Result{}
	}
	s.results = append(s.results, v.readable())
	return Result{len(s.results)}
}

// Trace makes an internal value, such as a gate, readable after a run as an output
// whose name is the path of the current layer and the given name. A repeated name gets
// the suffix "_1", "_2" and so on, which also applies to the steps of an unrolled Scan.
// In a step of any other Scan the output contains the values of all steps in the order
// of computation: [batch, steps, ...], or [steps] for a single number.
func (s *Scope) Trace(name string, v Value) {
	s.Output(s.unique(name), v)
}
