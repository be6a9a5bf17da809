package train

import (
	"fmt"

	"github.com/engram-go/engram/datasets/samples"
	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/internal/errs"
	"gorgonia.org/tensor"
)

// carriedStates holds the states that are kept from batch to batch.
type carriedStates struct {
	sets  map[int]*graph.States // by batch size, for which programs are compiled
	batch int                   // size of the batch before; 0 at the start of sequences
}

// carriedFor are the states of a purpose. Evaluation and training have their own.
func (t *Trainer) carriedFor(why purpose) *carriedStates {
	if why == training {
		return &t.carried
	}
	return &t.evaluated
}

// statesOf are the states from which a batch of that size continues; nil without
// Config.CarryState.
func (t *Trainer) statesOf(why purpose, batch int) (*graph.States, error) {
	if !t.carry {
		return nil, nil
	}
	c := t.carriedFor(why)
	if c.batch != 0 && c.batch != batch {
		return nil, t.failCarried(c.batch, batch)
	}
	if c.sets == nil {
		c.sets = map[int]*graph.States{}
	}
	if c.sets[batch] == nil {
		s, err := t.newStates(batch)
		if err != nil {
			return nil, err
		}
		c.sets[batch] = s
	}
	return c.sets[batch], nil
}

// newStates are the states of the model for a batch of n samples, all fresh.
func (t *Trainer) newStates(n int) (*graph.States, error) {
	states, err := graph.NewStates(t.model.Dtype(), n)
	if err != nil {
		return nil, err
	}
	var sh shapes
	for _, in := range t.inputs {
		sh.inputs = append(sh.inputs, in.shape.With(0, n))
	}
	cfg := graph.Config{Params: t.params, Training: true, Seed: t.model.Seed(), States: states}
	return states, graph.Shapes(cfg, func(s *graph.Scope) { t.describe(s, sh) })
}

// prepareCarried checks states that training is to continue from, under the name of
// a field, and returns a function that sets them.
func (t *Trainer) prepareCarried(field string, states map[string]*tensor.Dense) (commit func() error, err error) {
	if !t.carry {
		return nil, t.fail(field, "must be empty without Config.CarryState", nil)
	}
	n := batchOf(states)
	if n == 0 {
		return nil, t.fail(field, "must have the flags of fresh samples", freshName)
	}
	trial, err := t.newStates(n)
	if err != nil {
		return nil, err
	}
	if err := trial.Set(states); err != nil {
		return nil, errs.At(err, t.model.Name(), "")
	}
	return func() error {
		if err := t.carried.reset(); err != nil {
			return err
		}
		set, err := t.statesOf(training, n)
		if err != nil {
			return err
		}
		t.carried.batch = n
		return set.Set(states)
	}, nil
}

// freshName is where graph.States.Copy has the flags of fresh samples.
const freshName = "fresh"

// batchOf is the number of samples of copied states; 0 for nil.
func batchOf(states map[string]*tensor.Dense) int {
	if fresh := states[freshName]; fresh != nil && fresh.Dims() == 1 {
		return fresh.Shape()[0]
	}
	return 0
}

// failCarried is the error of a batch that cannot go on with carried states.
func (t *Trainer) failCarried(want, got int) error {
	return t.fail("batch", fmt.Sprintf("must have %d samples like the one before, whose states it continues", want), got)
}

// commitStates makes the states of a run those from which the next one starts.
func (t *Trainer) commitStates(why purpose, p *program) {
	if t.carry {
		p.graph.Advance()
		t.carriedFor(why).batch = p.shapes.inputs[0][0]
	}
}

// reset starts new sequences.
func (c *carriedStates) reset() error {
	c.batch = 0
	for _, s := range c.sets {
		if err := s.Reset(); err != nil {
			return err
		}
	}
	return nil
}

// ResetStates begins new sequences: the next Step starts from the layers' initial
// states, with a batch of any size. Without Config.CarryState it does nothing.
func (t *Trainer) ResetStates() error {
	if t.carry {
		t.position.resets++
	}
	return t.carried.reset()
}

// checkCarry checks that batches of data have one size, if states are carried.
func (t *Trainer) checkCarry(field string, data samples.Data, size int) error {
	if n := data.Len(); t.carry && n%min(n, size) != 0 {
		return t.fail(field, fmt.Sprintf("must have a number of samples that the batch size %d divides, since states are carried", size), n)
	}
	return nil
}
