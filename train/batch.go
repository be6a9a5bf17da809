package train

import (
	"fmt"

	"github.com/engram-go/engram/datasets"
	"github.com/engram-go/engram/graph"
	"github.com/pkg/errors"
	"gorgonia.org/tensor"
)

// shapes are those of a batch: a program is compiled for one of them.
type shapes struct {
	inputs          []graph.Shape
	target, weights graph.Shape // nil where there are none
}

// gather fills a batch with the samples at rows. Data may be a user's own, so
// what it gave is counted.
func (t *Trainer) gather(data datasets.Data, rows []int, batch *datasets.Batch) error {
	if err := data.Gather(rows, batch); err != nil {
		return errors.Wrapf(err, "%s: data", t.model.Name())
	}
	for i, x := range batch.Inputs {
		if x != nil && (x.Dims() == 0 || x.Shape()[0] != len(rows)) {
			return t.fail(inputName(i), fmt.Sprintf("must have the %d samples that were asked for", len(rows)), graph.Shape(x.Shape()))
		}
	}
	return nil
}

// check holds a batch against the model and returns its shapes.
func (t *Trainer) check(batch *datasets.Batch, why purpose) (shapes, error) {
	if batch == nil {
		return shapes{}, t.fail("batch", "must not be nil", nil)
	}
	wants, err := t.model.InputShapes()
	if err != nil {
		return shapes{}, err
	}
	if len(batch.Inputs) != len(wants) {
		return shapes{}, t.fail("inputs of the batch", fmt.Sprintf("must be %d", len(wants)), len(batch.Inputs))
	}
	var got shapes
	samples := graph.Any // of the first input, once it is known
	for i, x := range batch.Inputs {
		shape, err := t.checkTensor(inputName(i), x, wants[i], samples)
		if err != nil {
			return shapes{}, err
		}
		got.inputs = append(got.inputs, shape)
		samples = shape[0]
	}
	if why == predicting {
		return got, nil
	}
	if len(batch.Targets) != 1 {
		return shapes{}, t.fail("targets of the batch", "must be 1", len(batch.Targets))
	}
	if got.target, err = t.checkTensor(targetName, batch.Targets[0], nil, samples); err != nil {
		return shapes{}, err
	}
	if batch.Weights != nil {
		got.weights, err = t.checkTensor(weightsName, batch.Weights, graph.Shape{graph.Any}, samples)
	}
	return got, err
}

// checkTensor holds one tensor against what is wanted; a nil shape is any that
// has samples, and graph.Any samples are any number.
func (t *Trainer) checkTensor(name string, x *tensor.Dense, want graph.Shape, samples int) (graph.Shape, error) {
	if x == nil {
		return nil, t.fail(name, "must not be nil", nil)
	}
	got := graph.Shape(x.Shape()).Clone()
	if want == nil {
		want = got
	}
	if err := graph.CheckTensor(x, t.model.Dtype(), want); err != nil {
		return nil, errors.Wrapf(err, "%s: %s", t.model.Name(), name)
	}
	if samples != graph.Any && (len(got) == 0 || got[0] != samples) {
		return nil, t.fail(name, fmt.Sprintf("must have %d samples like %s", samples, inputName(0)), got)
	}
	return got, nil
}

// fail is the error of something given to the trainer.
func (t *Trainer) fail(field, rule string, value any) error {
	return graph.Error{Path: t.model.Name(), Field: field, Rule: rule, Value: value}
}
