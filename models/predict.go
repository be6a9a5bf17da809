package models

import (
	"context"
	"fmt"
	"sync"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/internal/dense"
	"github.com/engram-go/engram/internal/errs"
	"github.com/pkg/errors"
	"gorgonia.org/tensor"
)

// Samples are computed so many at a time that the results and the working memory of their
// program have at most predictMemory bytes, within bounds. Small products of few samples
// leave cores idle and read all weights often; memory grows with the samples.
const (
	predictFewest = 32
	predictMost   = 128
	predictMemory = 64 << 20
)

// batchSizes are numbers of samples that were found for shapes of samples.
type batchSizes struct {
	mu    sync.Mutex
	known map[string]int
}

// maxBatchSizes bounds them: data may have sequences of any number of lengths.
const maxBatchSizes = 1 << 10

// of returns what find gives for the shapes, the first time, and the same later.
func (b *batchSizes) of(shapes []graph.Shape, find func() (int, error)) (int, error) {
	key := fmt.Sprint(shapes)
	b.mu.Lock()
	n, ok := b.known[key]
	b.mu.Unlock()
	if ok {
		return n, nil
	}
	n, err := find()
	if err != nil {
		return 0, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.known == nil || len(b.known) >= maxBatchSizes {
		b.known = map[string]int{}
	}
	b.known[key] = n
	return n, nil
}

// clear forgets all, because the layers have changed.
func (b *batchSizes) clear() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.known = nil
}

// predictBatch is how many of n samples are computed at a time: a multiple of
// predictFewest, by the memory of a program for that many. It depends on nothing else, so
// that random draws, which differ from batch to batch, stay the same.
func (m *Model) predictBatch(inputs []*tensor.Dense, n int) (int, error) {
	if n <= predictFewest {
		return predictFewest, nil
	}
	shapes := shapesOfTensors(inputs)
	for i, s := range shapes {
		shapes[i] = s.With(0, predictFewest)
	}
	return m.batches.of(shapes, func() (int, error) {
		var w graph.Workspace
		p, err := m.compileFor(shapes, &w)
		if err != nil {
			return 0, err
		}
		defer p.Close()
		times := predictMemory / max(w.MemorySize(), 1)
		return predictFewest * int(max(1, min(times, predictMost/predictFewest))), nil
	})
}

// Predict computes the output for the given inputs: one tensor for each input of
// the model, [samples, ...], of the model's dtype and finite. It computes batches of up to
// 128 samples, and stops between them when ctx ends. The caller owns the result.
//
// A batch has 32, 64, 96 or 128 samples: as many as need at most 64 MB for the values of
// all layers, or 32 if these need more. To find out, the first prediction of more than 32
// samples of a shape compiles the model once more.
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
	batch, err := m.predictBatch(rows, n)
	if err != nil {
		return nil, err
	}
	var out []*tensor.Dense // made when the first batch is compiled
	for from := 0; from < n; from += batch {
		if err := ctx.Err(); err != nil {
			return nil, errors.Wrapf(err, "%s: prediction stopped after %d of %d samples", m.cfg.Name, from, n)
		}
		to := min(from+batch, n)
		part := make([]*tensor.Dense, len(rows))
		for i, t := range rows {
			part[i] = dense.Rows(t, from, to)
		}
		err := m.run(part, from/batch, func(shapes []graph.Shape) ([]*tensor.Dense, error) {
			if out == nil {
				for _, s := range shapes {
					out = append(out, dense.New(m.Dtype(), s.With(0, n)))
				}
			}
			into := make([]*tensor.Dense, len(out))
			for i, y := range out {
				if want := graph.Shape(y.Shape()).With(0, to-from); !shapes[i].Equal(want) {
					return nil, graph.Error{Path: m.cfg.Name, Field: outputName(i), Rule: fmt.Sprintf("must have the shape %v for %d samples", want, to-from), Value: shapes[i]}
				}
				into[i] = dense.Rows(y, from, to)
			}
			return into, nil
		})
		if err != nil {
			return nil, m.locate(err, part, from)
		}
	}
	return out, nil
}

// locate names the sample at which an error of a batch lies, whose first sample is sample
// from of the inputs; see errs.Sample.
func (m *Model) locate(err error, batch []*tensor.Dense, from int) error {
	i, err := errs.Sample(err, batch[0].Shape()[0], func(i int) error {
		one := make([]*tensor.Dense, len(batch))
		for k, t := range batch {
			if i < 0 {
				one[k] = dense.New(t.Dtype(), graph.Shape(t.Shape()).With(0, 1))
			} else {
				one[k] = dense.Rows(t, i, i+1)
			}
		}
		return m.run(one, 0, func(shapes []graph.Shape) ([]*tensor.Dense, error) {
			out := make([]*tensor.Dense, len(shapes))
			for k, s := range shapes {
				out[k] = dense.New(m.Dtype(), s)
			}
			return out, nil
		})
	})
	if i < 0 {
		return err
	}
	return errors.Wrapf(err, "sample %d", from+i)
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

// run computes one batch, on whose number random draws depend, into the tensors that into
// gives for the shapes of the outputs.
func (m *Model) run(batch []*tensor.Dense, number int, into func(shapes []graph.Shape) ([]*tensor.Dense, error)) error {
	fits := func(p *program) bool { return p.fits(batch) }
	set := m.programs.Take(fits)
	defer m.programs.Put(set)
	p, err := set.Get(fits, func(w *graph.Workspace) (*program, error) { return m.compileFor(shapesOfTensors(batch), w) })
	if err != nil {
		return err
	}
	shapes := make([]graph.Shape, len(p.outputs))
	for i, r := range p.outputs {
		shapes[i] = graph.Shape(p.Result(r).Shape())
	}
	outputs, err := into(shapes)
	if err != nil {
		return err
	}
	return p.runInto(outputs, batch, graph.Tick{Step: number})
}

// compileFor compiles the model for inputs of the given shapes.
func (m *Model) compileFor(shapes []graph.Shape, w *graph.Workspace) (*program, error) {
	return m.compile(graph.Config{Params: m.params, Seed: m.cfg.Seed, Workspace: w}, shapes, func(s *graph.Scope, in []graph.Value) []graph.Value {
		return m.Call(s, in...)
	})
}
