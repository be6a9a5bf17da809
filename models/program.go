package models

import (
	"fmt"
	"slices"

	"github.com/engram-go/engram/graph"
	"gorgonia.org/tensor"
)

// program is a model that is compiled for inputs of given shapes.
type program struct {
	*graph.Program
	shapes  []graph.Shape // of the inputs
	outputs []graph.Result
}

// compile compiles the model for inputs of the given shapes; call computes its
// outputs.
func (m *Model) compile(cfg graph.Config, shapes []graph.Shape, call func(s *graph.Scope, in []graph.Value) []graph.Value) (*program, error) {
	p := &program{shapes: shapes}
	var err error
	p.Program, err = graph.NewProgram(cfg, func(s *graph.Scope) {
		p.outputs = nil // it may be built several times
		s.Within(m.cfg.Name, func() {
			for _, y := range call(s, declareInputs(s, shapes)) {
				p.outputs = append(p.outputs, s.Result(y))
			}
		})
	})
	return p, err
}

// fits tells whether the program is for inputs of these shapes.
func (p *program) fits(inputs []*tensor.Dense) bool {
	return slices.EqualFunc(p.shapes, inputs, func(s graph.Shape, t *tensor.Dense) bool { return s.Equal(graph.Shape(t.Shape())) })
}

// run computes the outputs, which hold until the next run of a program with the
// same workspace.
func (p *program) run(inputs []*tensor.Dense, at graph.Tick) ([]*tensor.Dense, error) {
	if err := p.setInputs(inputs); err != nil {
		return nil, err
	}
	if err := p.Run(at); err != nil {
		return nil, err
	}
	outputs := make([]*tensor.Dense, len(p.outputs))
	for i, r := range p.outputs {
		outputs[i] = p.Result(r)
	}
	return outputs, nil
}

// runInto computes the outputs in tensors of the caller.
func (p *program) runInto(outputs, inputs []*tensor.Dense, at graph.Tick) error {
	if err := p.setInputs(inputs); err != nil {
		return err
	}
	return p.RunInto(at, p.outputs, outputs)
}

func (p *program) setInputs(inputs []*tensor.Dense) error {
	for i, t := range inputs {
		if err := p.SetInput(inputName(i), t); err != nil {
			return err
		}
	}
	return nil
}

// inputName is the name of input i of a model in a program.
func inputName(i int) string { return fmt.Sprintf("input %d", i) }

// outputName is the name of output i of a model in errors.
func outputName(i int) string { return fmt.Sprintf("output %d", i) }

func declareInputs(s *graph.Scope, shapes []graph.Shape) []graph.Value {
	in := make([]graph.Value, len(shapes))
	for i, shape := range shapes {
		in[i] = s.Input(inputName(i), shape)
	}
	return in
}

func shapesOf(values []graph.Value) []graph.Shape {
	out := make([]graph.Shape, len(values))
	for i, v := range values {
		out[i] = v.Shape()
	}
	return out
}

// shapesOfTensors copies the shapes.
func shapesOfTensors(tensors []*tensor.Dense) []graph.Shape {
	out := make([]graph.Shape, len(tensors))
	for i, t := range tensors {
		out[i] = graph.Shape(t.Shape()).Clone()
	}
	return out
}
