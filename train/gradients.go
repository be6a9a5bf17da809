package train

import (
	"context"
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/engram-go/engram/datasets"
	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/internal/dense"
	"github.com/pkg/errors"
	"gorgonia.org/tensor"
)

// Gradients are what Trainer.Gradients computes from a batch and Trainer.Apply
// takes a step with. ByPath holds copies: it may be changed in between, to clip,
// add a penalty, or average over machines.
//
// Gradients of several batches are their mean, in which each batch counts by its
// samples, and so is the loss. For a model without batch statistics, masks and
// dropout, they are those of one batch of all the samples.
//
// They also carry what their batches leave behind, which Apply makes the
// trainer's: the moving averages of BatchNormalization, and with
// Config.CarryState the states. Moving averages take one step for all batches
// together, to the mean of what each batch makes of them.
//
// The zero value has no batch yet. Gradients that are made by hand, with ByPath
// alone, leave moving averages and carried states as they are.
type Gradients struct {
	Loss    float64                  // before the step, penalties of layers included
	Samples int                      // of all batches
	ByPath  map[string]*tensor.Dense // ∂Loss/∂weight of each trainable weight, of its shape and dtype

	at      position                 // of the step for which they were computed
	parts   int                      // batches
	updates map[string]*tensor.Dense // values of moving averages after the step
	states  map[string]*tensor.Dense // carried, after the last batch; nil without CarryState
	batch   int                      // samples of which they are the states
}

// Gradients returns the loss of a batch and its gradients. It changes nothing:
// neither weights, moving averages and carried states nor the counters on which
// random draws depend. So Apply of what it returns does what Step does, bit for
// bit, and a second call with the same batch returns the same.
func (t *Trainer) Gradients(ctx context.Context, batch *datasets.Batch) (*Gradients, error) {
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
func (t *Trainer) Accumulate(ctx context.Context, g *Gradients, batch *datasets.Batch) error {
	if err := t.checkContext(ctx); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return errors.Wrapf(err, "%s: stopped before a step", t.model.Name())
	}
	if g == nil {
		return t.fail("gradients", "must not be nil", nil)
	}
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
	part := &Gradients{Loss: dense.At(p.loss, 0), Samples: n, ByPath: map[string]*tensor.Dense{}, parts: 1, updates: map[string]*tensor.Dense{}}
	for i, q := range t.trained {
		part.ByPath[q.Path] = p.grads[i]
	}
	for _, u := range p.updates {
		part.updates[u.param.Path] = u.from
	}
	if err := g.add(part); err != nil {
		return err
	}
	g.at, g.states, g.batch = t.position, states, n
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
	if g.states != nil && g.batch != n {
		return nil, t.failCarried(g.batch, n)
	}
	before := states.Copy()
	if g.states != nil {
		if err := states.Set(g.states); err != nil {
			return nil, errors.Wrap(err, t.model.Name())
		}
	}
	defer func() {
		if e := states.Set(before); err == nil {
			err = errors.Wrap(e, t.model.Name())
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
// shape and dtype, and nothing else.
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
	if err := t.checkCurrent(g); err != nil {
		return err
	}
	if err := t.checkLayers(); err != nil {
		return err
	}
	if err := t.checkFrozen(); err != nil {
		return err
	}
	grads := make([]*tensor.Dense, len(t.trained))
	known := map[string]bool{}
	for i, p := range t.trained {
		known[p.Path] = true
		if grads[i] = g.ByPath[p.Path]; grads[i] == nil {
			return graph.Error{Path: p.Path, Field: "gradient", Rule: "must be given"}
		}
	}
	for _, path := range slices.Sorted(maps.Keys(g.ByPath)) {
		if !known[path] {
			return graph.Error{Path: path, Field: "gradient", Rule: "must belong to a weight that is trained"}
		}
	}
	for _, path := range slices.Sorted(maps.Keys(g.states)) {
		if err := dense.CheckFinite(g.states[path]); err != nil {
			return errors.Wrapf(err, "%s: carried state %s", t.model.Name(), path)
		}
	}
	var updates []update
	for _, path := range slices.Sorted(maps.Keys(g.updates)) {
		p := t.params.Get(path)
		if p == nil {
			return graph.Error{Path: path, Field: "update", Rule: "must belong to the model"}
		}
		updates = append(updates, update{p, g.updates[path]})
	}
	return t.apply(grads, updates, func() error { return t.setStates(g) })
}

// apply takes a step: commit makes the states of the run those of the trainer.
func (t *Trainer) apply(grads []*tensor.Dense, updates []update, commit func() error) error {
	err := t.params.Update(func() error {
		if err := t.optimizer.Step(grads); err != nil {
			return err
		}
		for _, u := range updates {
			dense.Copy(u.param.Value(), u.from)
		}
		if err := t.constrain(); err != nil {
			return err
		}
		return finiteWeights(t.trained)
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

// setStates makes the states of gradients those of the trainer.
func (t *Trainer) setStates(g *Gradients) error {
	if !t.carry || g.states == nil {
		return nil
	}
	states, err := t.statesOf(training, g.batch)
	if err != nil {
		return err
	}
	if err := states.Set(g.states); err != nil {
		return errors.Wrap(err, t.model.Name())
	}
	t.carried.batch = g.batch
	return nil
}

// checkCurrent refuses gradients of another step than the one to come.
func (t *Trainer) checkCurrent(g *Gradients) error {
	if g.parts > 0 && g.at != t.position {
		return t.fail("gradients", "must be of the next step: they serve once, and not after ResetStates or Restore", g.at)
	}
	return nil
}

// constrain brings the parameters that were trained back to their constraints.
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
			return errors.Wrap(err, c.Param.Path)
		}
	}
	return nil
}

// finiteWeights finds a weight that a step took beyond what its type can hold.
// Not every such weight shows in the loss: behind a tanh it does not.
func finiteWeights(params []*graph.Param) error {
	for _, p := range params {
		if err := dense.CheckFinite(p.Value()); err != nil {
			return errors.Wrapf(err, "%s after the step", p.Path)
		}
	}
	return nil
}

// Add makes g the gradients of its batches and those of other together: the mean
// of both, each counted by its samples. It is for gradients that were computed
// elsewhere, such as on another machine; parts of one step are added with
// Accumulate, which gives each its own random draws. Both must be of the same
// weights. Carried states cannot be added. An error changes nothing.
func (g *Gradients) Add(other *Gradients) error {
	switch {
	case other == nil:
		return graph.Error{Field: "gradients", Rule: "must not be nil"}
	case g.states != nil || other.states != nil:
		return graph.Error{Field: "gradients", Rule: "must not carry states; with Config.CarryState use Trainer.Accumulate"}
	case g.parts > 0 && other.parts > 0 && g.at != other.at:
		return graph.Error{Field: "gradients", Rule: fmt.Sprintf("must be of one step, that of %v", g.at), Value: other.at}
	}
	if err := g.add(other); err != nil {
		return err
	}
	if other.parts > 0 {
		g.at = other.at
	}
	return nil
}

// add is Add without regard to steps and states; it copies what it keeps.
func (g *Gradients) add(other *Gradients) error {
	if g.Samples < 0 || other.Samples <= 0 {
		return graph.Error{Field: "Gradients.Samples", Rule: "must be positive", Value: min(g.Samples, other.Samples)}
	}
	if g.Samples == 0 && len(g.ByPath) > 0 {
		return graph.Error{Field: "Gradients.Samples", Rule: "must be positive where there are gradients", Value: 0}
	}
	if err := fitTogether("gradient", g.ByPath, other.ByPath, g.Samples == 0); err != nil {
		return err
	}
	if err := fitTogether("update", g.updates, other.updates, len(g.updates) == 0); err != nil {
		return err
	}
	n := float64(g.Samples + other.Samples)
	of, more := float64(g.Samples)/n, float64(other.Samples)/n
	g.Loss = g.Loss*of + other.Loss*more
	g.ByPath = meanOf(g.ByPath, other.ByPath, of, more)
	g.updates = meanOf(g.updates, other.updates, of, more)
	g.Samples += other.Samples
	g.parts += other.parts
	return nil
}

// fitTogether compares the paths, shapes and dtypes of two sets of tensors; where
// none are known yet, those of b are checked alone.
func fitTogether(field string, a, b map[string]*tensor.Dense, none bool) error {
	for _, path := range slices.Sorted(maps.Keys(b)) {
		switch x, y := a[path], b[path]; {
		case y == nil:
			return graph.Error{Path: path, Field: field, Rule: "must not be nil"}
		case !dense.IsFloat(y.Dtype()):
			return graph.Error{Path: path, Field: field, Rule: "must be float32 or float64", Value: y.Dtype()}
		case none:
		case x == nil:
			return graph.Error{Path: path, Field: field, Rule: "must be in both"}
		case x.Dtype() != y.Dtype():
			return graph.Error{Path: path, Field: field, Rule: fmt.Sprintf("must be of dtype %v", x.Dtype()), Value: y.Dtype()}
		case !graph.Shape(x.Shape()).Equal(graph.Shape(y.Shape())):
			return graph.Error{Path: path, Field: field, Rule: fmt.Sprintf("must have the shape %v", graph.Shape(x.Shape())), Value: graph.Shape(y.Shape())}
		}
	}
	for _, path := range slices.Sorted(maps.Keys(a)) {
		if b[path] == nil && !none {
			return graph.Error{Path: path, Field: field, Rule: "must be in both"}
		}
	}
	return nil
}

// meanOf is of·a + more·b, or a copy of b where there is no a.
func meanOf(a, b map[string]*tensor.Dense, of, more float64) map[string]*tensor.Dense {
	out := make(map[string]*tensor.Dense, len(b))
	for path, y := range b {
		x := a[path]
		if x == nil {
			out[path] = dense.Contiguous(y).Clone().(*tensor.Dense)
			continue
		}
		sum := dense.ToFloat64(x)
		for i, e := range dense.ToFloat64(y) {
			sum[i] = sum[i]*of + e*more
		}
		out[path] = dense.FromFloat64(x.Dtype(), graph.Shape(x.Shape()), sum)
	}
	return out
}

// Scale multiplies all gradients by c. The loss and what Apply makes of moving
// averages and states stay.
func (g *Gradients) Scale(c float64) {
	for path, t := range g.ByPath {
		scaled := dense.ToFloat64(t)
		for i := range scaled {
			scaled[i] *= c
		}
		g.ByPath[path] = dense.FromFloat64(t.Dtype(), graph.Shape(t.Shape()), scaled)
	}
}

// Norm is the length of all gradients as one vector, the root of the sum of
// their squares.
func (g *Gradients) Norm() float64 {
	norm := 0.0
	for _, path := range slices.Sorted(maps.Keys(g.ByPath)) {
		for _, x := range dense.ToFloat64(g.ByPath[path]) {
			norm = math.Hypot(norm, x)
		}
	}
	return norm
}
