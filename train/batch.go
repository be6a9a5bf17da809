package train

import (
	"fmt"
	"slices"

	"github.com/engram-go/engram/datasets/samples"
	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/internal/dense"
	"github.com/engram-go/engram/internal/errs"
	"github.com/pkg/errors"
	"gorgonia.org/tensor"
)

// feed is the input of a program.
type feed struct {
	*samples.Batch
	classWeights []*tensor.Dense // of the classes of the targets, one for each objective or none; nil where all weigh the same
}

// named is an input of the model, under the name that a program knows.
type named struct {
	name  string
	shape graph.Shape
}

// shapes are those of a feed: a program is compiled for one of them.
type shapes struct {
	inputs, targets []graph.Shape // no targets when predicting
	weights         []graph.Shape // one for all objectives or one for each, nil where all weigh the same
	classWeights    []graph.Shape // one for each objective or none, nil where all weigh the same
}

func (sh shapes) equal(other shapes) bool {
	return slices.EqualFunc(sh.inputs, other.inputs, graph.Shape.Equal) &&
		slices.EqualFunc(sh.targets, other.targets, graph.Shape.Equal) &&
		slices.EqualFunc(sh.weights, other.weights, graph.Shape.Equal) &&
		slices.EqualFunc(sh.classWeights, other.classWeights, graph.Shape.Equal)
}

// clone is a deep copy.
func (sh shapes) clone() shapes {
	all := func(of []graph.Shape) []graph.Shape {
		out := slices.Clone(of)
		for i, s := range out {
			out[i] = s.Clone()
		}
		return out
	}
	return shapes{all(sh.inputs), all(sh.targets), all(sh.weights), all(sh.classWeights)}
}

// gather fills a batch with the samples at rows. Data may be implemented by a
// user, so their number is checked.
func (t *Trainer) gather(data samples.Data, rows []int, batch *samples.Batch) error {
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

// check checks a feed against the model and returns its shapes, which are valid
// until the next check.
func (t *Trainer) check(f feed, why purpose) (shapes, error) {
	if f.Batch == nil {
		return shapes{}, t.fail("batch", "must not be nil", nil)
	}
	if len(f.Inputs) != len(t.inputs) {
		return shapes{}, t.fail("inputs of the batch", fmt.Sprintf("must be %d", len(t.inputs)), len(f.Inputs))
	}
	got := shapes{inputs: t.shapes.inputs[:0], targets: t.shapes.targets[:0], weights: t.shapes.weights[:0], classWeights: t.shapes.classWeights[:0]}
	samples := graph.Any // of the first input, once it is known
	for i, x := range f.Inputs {
		shape, err := t.checkTensor(t.inputs[i].name, x, t.inputs[i].shape, samples)
		if err != nil {
			return shapes{}, err
		}
		got.inputs = append(got.inputs, shape)
		samples = shape[0]
	}
	if why == predicting {
		return got, nil
	}
	if len(f.Targets) != len(t.objectives) {
		return shapes{}, t.fail("targets of the batch", fmt.Sprintf("must be %d", len(t.objectives)), len(f.Targets))
	}
	for i, g := range t.objectives {
		shape, err := t.checkTensor(g.target, f.Targets[i], nil, samples)
		if err != nil {
			return shapes{}, err
		}
		got.targets = append(got.targets, shape)
	}
	if n := len(f.Weights); n > 1 && n != len(t.objectives) {
		return shapes{}, t.fail("weights of the batch", fmt.Sprintf("must be one, or as many as the targets, %d", len(t.objectives)), n)
	}
	for i, w := range f.Weights {
		shape, err := t.checkWeights(t.weightsOf(f, i), w, samples)
		if err != nil {
			return shapes{}, err
		}
		got.weights = append(got.weights, shape)
	}
	for _, w := range f.classWeights {
		var shape graph.Shape
		if w != nil {
			shape = graph.Shape(w.Shape())
		}
		got.classWeights = append(got.classWeights, shape)
	}
	t.shapes = got
	return got, nil
}

// checkTensor checks the dtype, the shape and the number of samples of a tensor. A
// nil shape allows any shape with samples, graph.Any samples any number of them.
func (t *Trainer) checkTensor(name string, x *tensor.Dense, want graph.Shape, samples int) (graph.Shape, error) {
	if x == nil {
		return nil, t.fail(name, "must not be nil", nil)
	}
	got := graph.Shape(x.Shape())
	if want == nil {
		want = got
	}
	if err := dense.Check(x, t.model.Dtype(), want); err != nil {
		return nil, errs.At(err, t.model.Name()+": "+name, "")
	}
	if len(got) == 0 || samples != graph.Any && got[0] != samples {
		return nil, t.fail(name, fmt.Sprintf("must have %d samples like %s", samples, inputName(0)), got)
	}
	return got, nil
}

// fail is an error of a value given to the trainer.
func (t *Trainer) fail(field, rule string, value any) error {
	return graph.Error{Path: t.model.Name(), Field: field, Rule: rule, Value: value}
}

// perObjective is the element of a list for objective i. The list has one element
// for all objectives, or one for each.
func perObjective[T any](list []T, i int) (of T) {
	switch len(list) {
	case 0:
		return of
	case 1:
		return list[0]
	}
	return list[i]
}

// weightsOf is the name of weights i of a feed in messages.
func (t *Trainer) weightsOf(f feed, i int) string {
	if len(f.Weights) == 1 {
		return weightsName
	}
	return t.objectives[i].of(weightsName)
}

// checkWeights checks weights against the samples; nil weights have a nil shape.
// Negative weights would train away from the targets, with a loss that falls
// without bound.
func (t *Trainer) checkWeights(name string, w *tensor.Dense, samples int) (graph.Shape, error) {
	if w == nil {
		return nil, nil
	}
	shape, err := t.checkTensor(name, w, nil, samples)
	if err != nil {
		return nil, err
	}
	if low := dense.Min(w); low < 0 {
		return nil, t.fail(name, "must not be negative", low)
	}
	return shape, nil
}
