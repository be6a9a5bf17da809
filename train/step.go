package train

import (
	"context"
	"maps"
	"slices"

	"github.com/engram-go/engram/datasets/samples"
	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/internal/dense"
	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/params"
	"github.com/pkg/errors"
	"gorgonia.org/tensor"
)

// Step trains on one batch and returns its loss, before the step. It is what
// Fit does for every batch, for custom training loops, and the same as Gradients
// followed by Apply, without copying gradients. A loss, a gradient or an update
// that is not finite is an error and changes nothing; so is a weight that is not
// finite after the step, which only a far too large learning rate causes, but that
// weight stays.
func (t *Trainer) Step(ctx context.Context, batch *samples.Batch) (float64, error) {
	if err := t.checkContext(ctx); err != nil {
		return 0, err
	}
	if err := ctx.Err(); err != nil {
		return 0, errors.Wrapf(err, "%s: stopped before a step", t.model.Name())
	}
	p, err := t.train(feed{Batch: batch})
	if err != nil {
		return 0, t.locate(err, batch, training, nil, sampleOfBatch)
	}
	return dense.At(p.loss, 0), nil
}

// train does one step and returns the program, which holds loss and outputs
// until its next run.
func (t *Trainer) train(f feed) (*program, error) {
	if err := t.enter(); err != nil {
		return nil, err
	}
	defer t.leave()
	if err := t.checkFrozen(); err != nil {
		return nil, err
	}
	p, err := t.programFor(f, training)
	if err != nil {
		return nil, err
	}
	if err := t.execute(p, graph.Tick{Epoch: t.position.epoch, Step: t.position.step}); err != nil {
		return nil, err
	}
	return p, t.apply(p.grads, p.rows(), p.updates, func() error {
		t.commitStates(training, p)
		return nil
	})
}

// Gradients returns the loss of a batch and its gradients. It changes nothing:
// neither weights, moving averages and carried states nor the counters on which
// random draws depend. So Apply of what it returns does what Step does, bit for
// bit, and a second call with the same batch returns the same.
func (t *Trainer) Gradients(ctx context.Context, batch *samples.Batch) (*Gradients, error) {
	g := &Gradients{}
	if err := t.Accumulate(ctx, g, batch); err != nil {
		return nil, err
	}
	return g, nil
}

// Accumulate adds the gradients of one more batch to g, as one part of the same
// step:
//
//	var g train.Gradients
//	for _, batch := range batches {
//		err := trainer.Accumulate(ctx, &g, batch)
//	}
//	err := trainer.Apply(&g)
//
// Each part has its own random draws, such as dropout, the first one those of
// Gradients. With Config.CarryState each part continues the sequences where the
// one before it ended. The trainer is not changed, and g only without an error.
func (t *Trainer) Accumulate(ctx context.Context, g *Gradients, batch *samples.Batch) error {
	if err := t.checkContext(ctx); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return errors.Wrapf(err, "%s: stopped before a step", t.model.Name())
	}
	if g == nil {
		return t.fail("gradients", "must not be nil", nil)
	}
	if err := t.accumulate(g, batch); err != nil {
		return t.locate(err, batch, training, nil, sampleOfBatch)
	}
	return nil
}

func (t *Trainer) accumulate(g *Gradients, batch *samples.Batch) error {
	if err := t.enter(); err != nil {
		return err
	}
	defer t.leave()
	if err := t.checkCurrent(g); err != nil {
		return err
	}
	if err := t.checkFrozen(); err != nil {
		return err
	}
	p, err := t.programFor(feed{Batch: batch}, training)
	if err != nil {
		return err
	}
	n := p.shapes.inputs[0][0]
	states, err := t.executePart(p, g, n)
	if err != nil {
		return err
	}
	part := &Gradients{Loss: dense.At(p.loss, 0), Samples: n, ByPath: map[string]*tensor.Dense{}, parts: 1, partSamples: n, updates: map[string]*tensor.Dense{}}
	for i, q := range t.trained {
		part.ByPath[q.Path] = p.grads[i]
	}
	for _, u := range p.updates {
		part.updates[u.param.Path] = u.from
	}
	if err := g.add(part); err != nil {
		return err
	}
	g.at, g.states = t.position, states
	return nil
}

// executePart runs a program on one more part of g, from the states of the part
// before, and returns the states that it leaves. Those of the trainer stay.
func (t *Trainer) executePart(p *program, g *Gradients, n int) (after map[string]*tensor.Dense, err error) {
	tick := graph.Tick{Epoch: t.position.epoch, Step: t.position.step, Part: g.parts}
	if !t.carry {
		return nil, t.execute(p, tick)
	}
	states, err := t.statesOf(training, n)
	if err != nil {
		return nil, err
	}
	if before := batchOf(g.states); before != 0 && before != n {
		return nil, t.failCarried(before, n)
	}
	before := states.Copy()
	if g.states != nil {
		if err := states.Set(g.states); err != nil {
			return nil, errs.At(err, t.model.Name(), "")
		}
	}
	defer func() {
		if e := states.Set(before); err == nil {
			err = errs.At(e, t.model.Name(), "")
		}
	}()
	if err := t.execute(p, tick); err != nil {
		return nil, err
	}
	p.graph.Advance()
	return states.Copy(), nil
}

// Apply takes a step with gradients: the optimizer changes the weights,
// constraints are applied, and the moving averages and carried states become
// those that the gradients carry. ByPath must hold every trainable weight, of its
// shape and dtype, and nothing else. With Config.GradientAccumulationSteps they count as
// those of one batch.
//
// Gradients serve once, and before any other step: later ones are refused, since
// they would put moving averages and states back. Errors are those of Step: what
// does not fit or is not finite changes nothing, and a weight that is not finite
// after the step stays.
func (t *Trainer) Apply(g *Gradients) error {
	if err := t.checkCompiled(); err != nil {
		return err
	}
	if g == nil {
		return t.fail("gradients", "must not be nil", nil)
	}
	if err := t.enter(); err != nil {
		return err
	}
	defer t.leave()
	if err := t.checkCurrent(g); err != nil {
		return err
	}
	if err := t.checkLayers(); err != nil {
		return err
	}
	if err := t.checkFrozen(); err != nil {
		return err
	}
	known := map[string]bool{}
	for _, p := range t.trained {
		known[p.Path] = true
	}
	for _, path := range slices.Sorted(maps.Keys(g.ByPath)) {
		if !known[path] {
			return graph.Error{Path: path, Field: "gradient", Rule: "must belong to a weight that is trained" + params.NearestParam(t.params, path)}
		}
	}
	grads := make([]*tensor.Dense, len(t.trained))
	for i, p := range t.trained {
		if grads[i] = g.ByPath[p.Path]; grads[i] == nil {
			return graph.Error{Path: p.Path, Field: "gradient", Rule: "must be given"}
		}
	}
	var updates []update
	for _, path := range slices.Sorted(maps.Keys(g.updates)) {
		p := t.params.Get(path)
		if p == nil {
			return graph.Error{Path: path, Field: "update", Rule: "must belong to the model"}
		}
		if err := dense.Check(g.updates[path], t.model.Dtype(), graph.Shape(p.Value().Shape())); err != nil {
			return errors.Wrap(errs.At(err, path, ""), "update")
		}
		updates = append(updates, update{p, g.updates[path]})
	}
	commit := func() error { return nil }
	if g.states != nil {
		var err error
		if commit, err = t.prepareCarried("states of gradients", g.states); err != nil {
			return err
		}
	}
	return t.apply(grads, make([][]int, len(grads)), updates, commit)
}

// apply takes a step: commit makes the states of the run those of the trainer.
func (t *Trainer) apply(grads []*tensor.Dense, rows [][]int, updates []update, commit func() error) error {
	err := t.params.Update(func() error {
		before := t.optimizer.Iterations()
		if err := t.optimizer.StepRows(grads, rows); err != nil {
			return err
		}
		for _, u := range updates {
			dense.Copy(u.param.Value(), u.from)
		}
		if t.optimizer.Iterations() == before {
			return nil // the gradients wait for those of other batches
		}
		if err := t.constrain(); err != nil {
			return err
		}
		return t.finiteWeights()
	})
	if err != nil {
		return err
	}
	if err := commit(); err != nil {
		return err
	}
	t.position.step++
	return nil
}

// SwapAverages exchanges the trained weights and their moving averages, which Config.EMA
// keeps. A second call leaves everything as it was. Between both, the model predicts with the
// averages, Optimizer().Swapped() is true, and a step is an error.
func (t *Trainer) SwapAverages() error {
	if err := t.checkCompiled(); err != nil {
		return err
	}
	if err := t.enter(); err != nil {
		return err
	}
	defer t.leave()
	return errs.At(t.params.Update(t.optimizer.Swap), t.model.Name(), "")
}

// checkCurrent refuses gradients of another step than the one to come.
func (t *Trainer) checkCurrent(g *Gradients) error {
	if g.parts > 0 && g.at != t.position {
		return t.fail("gradients", "must be of the next step: they serve once, and not after ResetStates or Restore", g.at)
	}
	return nil
}

// constrain applies the constraints of trainable parameters.
func (t *Trainer) constrain() error {
	for _, c := range t.constrained {
		if !c.Param.Trainable() {
			continue
		}
		value := c.Param.Value()
		elements := dense.ToFloat64(value)
		err := c.Constraint.Constrain(c.Param.Shape.Clone(), elements)
		dense.SetFloat64(value, elements)
		if err != nil {
			return errs.At(err, c.Param.Path, "")
		}
	}
	return nil
}

// finiteWeights reports a weight that overflowed in a step. Not every such weight
// shows in the loss: behind a tanh it does not. The optimizer has looked at what it wrote;
// constraints have changed weights since.
func (t *Trainer) finiteWeights() error {
	for i, p := range t.trained {
		constrained := slices.ContainsFunc(t.constrained, func(c graph.Constrained) bool { return c.Param == p })
		if t.optimizer.Finite(i) && !constrained {
			continue
		}
		if err := dense.CheckFinite(p.Value()); err != nil {
			return errors.Wrap(errs.At(err, p.Path, ""), "after the step")
		}
	}
	return nil
}
