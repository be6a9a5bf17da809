package models

import (
	"context"
	"fmt"
	"slices"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/internal/dense"
	"github.com/pkg/errors"
	"gorgonia.org/tensor"
)

// Step computes the output of the next step. The inputs are as for Predict, but
// of a sequence only the step at hand, [batch, 1, ...] or, of tokens, [batch, 1].
// So is the output where it is a sequence, and it is the caller's. After an error
// the stepper is where it was before.
func (st *Stepper) Step(ctx context.Context, inputs ...*tensor.Dense) (*tensor.Dense, error) {
	out, err := st.StepAll(ctx, inputs...)
	if err != nil {
		return nil, err
	}
	if len(out) != 1 {
		return nil, graph.Error{Path: st.model.cfg.Name, Field: "Step", Rule: "must be called on a model with one output; StepAll returns several", Value: len(out)}
	}
	return out[0], nil
}

// StepAll is Step for a model with any number of outputs.
func (st *Stepper) StepAll(ctx context.Context, inputs ...*tensor.Dense) ([]*tensor.Dense, error) {
	if err := st.made(); err != nil {
		return nil, err
	}
	name := st.model.cfg.Name
	if ctx == nil {
		return nil, graph.Error{Path: name, Field: "ctx", Rule: "must not be nil"}
	}
	if err := ctx.Err(); err != nil {
		return nil, errors.Wrapf(err, "%s: stopped before a step", name)
	}
	if st.layers != len(st.model.body.units()) {
		return nil, graph.Error{Path: name, Field: "model", Rule: "must keep its layers while it is stepped", Value: st.layers}
	}
	if len(inputs) != len(st.shapes) {
		return nil, graph.Error{Path: name, Field: "inputs", Rule: fmt.Sprintf("must be %d", len(st.shapes)), Value: len(inputs)}
	}
	shapes := make([]graph.Shape, len(inputs))
	sizes := ""
	for i, x := range inputs {
		if err := dense.Check(x, st.model.Dtype(), st.shapes[i]); err != nil {
			return nil, errors.Wrapf(err, "%s: input %d of a step", name, i)
		}
		shapes[i] = graph.Shape(slices.Clone(x.Shape()))
		if !st.shapes[i].Known() {
			sizes += shapes[i].String()
		}
	}
	prog, err := st.programs.get(sizes, func() (*graph.Program, error) { return st.compile(shapes) })
	if err != nil {
		return nil, err
	}
	defer st.programs.put(sizes, prog)
	for i, x := range inputs {
		if err := prog.SetInput(inputName(i), x); err != nil {
			return nil, err
		}
	}
	if err := prog.Run(graph.Tick{Step: st.steps}); err != nil {
		return nil, err
	}
	out := make([]*tensor.Dense, len(st.model.output))
	for i := range out {
		y, err := prog.Output(outputName(i))
		if err != nil {
			return nil, err
		}
		out[i] = y.Clone().(*tensor.Dense)
	}
	prog.Advance()
	st.steps++
	return out, nil
}

// compile makes the program of a step for inputs of the given shapes.
func (st *Stepper) compile(shapes []graph.Shape) (*graph.Program, error) {
	return graph.NewProgram(st.cfg, func(s *graph.Scope) {
		for i, y := range st.build(s, shapes) {
			s.Output(outputName(i), y)
		}
	})
}

// build describes a step.
func (st *Stepper) build(s *graph.Scope, shapes []graph.Shape) (out []graph.Value) {
	s.Within(st.model.cfg.Name, func() {
		in := declare(s, shapes)
		for i, p := range st.paces {
			in[i] = in[i].WithPace(p)
		}
		out = st.model.Call(s, in...)
	})
	return out
}
