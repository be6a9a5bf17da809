package train

import (
	"fmt"

	"github.com/engram-go/engram/datasets/samples"
	"github.com/engram-go/engram/graph"
)

// carrying holds the states that are kept from batch to batch.
type carrying struct {
	sets  map[int]*graph.States // by batch size, for which programs are compiled
	batch int                   // size of the batch before; 0 at the start of sequences
}

// carryingFor are the states of a purpose. Evaluation and training have their own.
func (t *Trainer) carryingFor(why purpose) *carrying {
	if why == training {
		return &t.carried
	}
	return &t.probed
}

// statesOf are the states from which a batch of that size continues; nil without
// Config.CarryState.
func (t *Trainer) statesOf(why purpose, batch int) (*graph.States, error) {
	if !t.carry {
		return nil, nil
	}
	c := t.carryingFor(why)
	if c.batch != 0 && c.batch != batch {
		return nil, t.failCarried(c.batch, batch)
	}
	if c.sets == nil {
		c.sets = map[int]*graph.States{}
	}
	if c.sets[batch] == nil {
		s, err := graph.NewStates(t.model.Dtype(), batch)
		if err != nil {
			return nil, err
		}
		c.sets[batch] = s
	}
	return c.sets[batch], nil
}

// failCarried is the error of a batch that cannot go on with carried states.
func (t *Trainer) failCarried(want, got int) error {
	return t.fail("batch", fmt.Sprintf("must have %d samples like the one before, whose states it continues", want), got)
}

// commitStates makes the states of a run those from which the next one starts.
func (t *Trainer) commitStates(why purpose, p *program) {
	if t.carry {
		p.graph.Advance()
		t.carryingFor(why).batch = p.shapes.inputs[0][0]
	}
}

// reset starts new sequences.
func (c *carrying) reset() error {
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
