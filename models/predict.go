package models

import (
	"context"
	"fmt"
	"slices"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/internal/dense"
	"github.com/engram-go/engram/internal/errs"
	"github.com/pkg/errors"
	"gorgonia.org/tensor"
)

// Samples are computed so many at a time that they have about predictSteps steps, within
// bounds. Small products of few samples leave cores idle and read all weights often;
// memory grows with the samples.
const (
	predictFewest = 32
	predictMost   = 128
	predictSteps  = 1 << 14
)

// predictBatch is how many samples are computed at a time: a multiple of predictFewest.
func (m *Model) predictBatch(inputs []*tensor.Dense) int {
	shapes := slices.Clone(m.output)
	for _, t := range inputs {
		shapes = append(shapes, graph.Shape(t.Shape()))
	}
	steps := 1
	for _, s := range shapes {
		if len(s) < 3 { // [samples, features]
			continue
		}
		n := s[1 : len(s)-1].Size() // all axes between samples and features
		if n == graph.Any {
			return predictFewest
		}
		steps = max(steps, n)
	}
	return max(predictFewest, min(predictMost, predictSteps/steps/predictFewest*predictFewest))
}

// Predict computes the output for the given inputs: one tensor for each input of
// the model, [samples, ...], of the model's dtype and finite. It computes batches
// of 32 to 128 samples, the fewer the more steps they have, and stops between them when
// ctx ends. The caller owns the result.
func (m *Model) Predict(ctx context.Context, inputs ...*tensor.Dense) (*tensor.Dense, error) {
	out, err := m.PredictAll(ctx, inputs...)
	if err != nil {
		return nil, err
	}
	if len(out) != 1 {
		return nil, graph.Error{Path: m.cfg.Name, Field: "Predict", Rule: "must be called on a model with one output; PredictAll returns several", Value: len(out)}
	}
	return out[0], nil
}

// PredictAll is Predict for a model with any number of outputs.
func (m *Model) PredictAll(ctx context.Context, inputs ...*tensor.Dense) ([]*tensor.Dense, error) {
	if ctx == nil {
		return nil, graph.Error{Path: m.cfg.Name, Field: "ctx", Rule: "must not be nil"}
	}
	if err := m.Build(); err != nil {
		return nil, err
	}
	n, err := m.checkInputs(inputs)
	if err != nil {
		return nil, err
	}
	rows := make([]*tensor.Dense, len(inputs))
	for i, t := range inputs {
		rows[i] = dense.Contiguous(t)
	}
	var out []*tensor.Dense
	batch := m.predictBatch(inputs)
	for from := 0; from < n; from += batch {
		if err := ctx.Err(); err != nil {
			return nil, errors.Wrapf(err, "%s: prediction stopped after %d of %d samples", m.cfg.Name, from, n)
		}
		to := min(from+batch, n)
		part := make([]*tensor.Dense, len(rows))
		for i, t := range rows {
			part[i] = dense.Rows(t, from, to)
		}
		err := m.run(part, from/batch, func(ys []*tensor.Dense) error {
			if to-from == n {
				for _, y := range ys {
					out = append(out, dense.Clone(y))
				}
				return nil
			}
			if out == nil {
				for _, y := range ys {
					out = append(out, dense.New(m.Dtype(), graph.Shape(y.Shape()).With(0, n)))
				}
			}
			for i, y := range ys {
				if want, got := graph.Shape(out[i].Shape()).With(0, to-from), graph.Shape(y.Shape()); !got.Equal(want) {
					return graph.Error{Path: m.cfg.Name, Field: outputName(i), Rule: fmt.Sprintf("must have the shape %v for %d samples", want, to-from), Value: got}
				}
				dense.Copy(dense.Rows(out[i], from, to), y)
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

// checkInputs compares the inputs with those of the model and returns the number
// of samples.
func (m *Model) checkInputs(inputs []*tensor.Dense) (int, error) {
	shapes, err := m.InputShapes()
	if err != nil {
		return 0, err
	}
	names, err := m.InputNames()
	if err != nil {
		return 0, err
	}
	label := func(i int) string {
		if len(names) == 1 {
			return inputName(i)
		}
		return fmt.Sprintf("%s (%s)", inputName(i), names[i])
	}
	if len(inputs) != len(shapes) {
		return 0, graph.Error{Path: m.cfg.Name, Field: "inputs", Rule: fmt.Sprintf("must be %d", len(shapes)), Value: len(inputs)}
	}
	for i, t := range inputs {
		if err := dense.Check(t, m.Dtype(), shapes[i]); err != nil {
			return 0, errs.At(err, m.cfg.Name+": "+label(i), "")
		}
		if t.Shape()[0] != inputs[0].Shape()[0] {
			return 0, graph.Error{Path: m.cfg.Name, Field: label(i), Rule: fmt.Sprintf("must have %d samples like input 0", inputs[0].Shape()[0]), Value: t.Shape()[0]}
		}
	}
	n := inputs[0].Shape()[0]
	if n == 0 {
		return 0, graph.Error{Path: m.cfg.Name, Field: "inputs", Rule: "must have samples", Value: n}
	}
	return n, nil
}

// run computes one batch, on whose number random draws depend; use sees the
// outputs, which are valid during the call.
func (m *Model) run(batch []*tensor.Dense, number int, use func(outputs []*tensor.Dense) error) error {
	fits := func(p *program) bool { return p.fits(batch) }
	set := m.programs.Take(fits)
	defer m.programs.Put(set)
	p, err := set.Get(fits, func(w *graph.Workspace) (*program, error) {
		return m.compile(graph.Config{Params: m.params, Seed: m.cfg.Seed, Workspace: w}, shapesOfTensors(batch), func(s *graph.Scope, in []graph.Value) []graph.Value {
			return m.Call(s, in...)
		})
	})
	if err != nil {
		return err
	}
	outputs, err := p.run(batch, graph.Tick{Step: number})
	if err != nil {
		return err
	}
	return use(outputs)
}
