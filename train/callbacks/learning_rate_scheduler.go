package callbacks

import (
	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/train"
)

var _ train.StatefulCallback = (*LearningRateScheduler)(nil)

// LearningRateScheduler sets the learning rate at the beginning of every epoch, as Keras'
// callback of that name does. For a rate that changes with every step, use the optimizer's
// Schedule; together with one it is an error when Fit begins.
type LearningRateScheduler struct {
	// Schedule gives the rate of an epoch, from 0, from the rate before it. It must be
	// finite and not negative. It is called again for an epoch within which a training is
	// resumed, and should do nothing else. Required.
	Schedule func(epoch int, rate float64) float64

	trainer *train.Trainer // of the current Fit
}

// On sets the rate.
func (c *LearningRateScheduler) On(e *train.Event) error {
	switch e.Moment {
	case train.TrainBegin:
		if c.Schedule == nil {
			return graph.Error{Field: "LearningRateScheduler.Schedule", Rule: "must not be nil"}
		}
		c.trainer = e.Trainer
		return checkSettable("LearningRateScheduler", e.Trainer)
	case train.EpochBegin:
		o := e.Trainer.Optimizer()
		err := o.SetLearningRate(c.Schedule(e.Epoch, o.LearningRate()))
		return errs.At(err, "", "LearningRateScheduler.Schedule's learning rate")
	}
	return nil
}

// checkSettable refuses an optimizer whose learning rate cannot be set.
func checkSettable(class string, t *train.Trainer) error {
	o := t.Optimizer()
	return errs.At(o.SetLearningRate(o.LearningRate()), t.Model().Name(), class+"'s learning rate")
}

// State has the number "learning_rate".
func (c *LearningRateScheduler) State() train.CallbackState {
	if c.trainer == nil {
		return train.CallbackState{}
	}
	return train.CallbackState{Numbers: map[string]float64{"learning_rate": c.trainer.Optimizer().LearningRate()}}
}

// Restore sets the rate of the state: within an epoch, Schedule has just been called for
// it a second time.
func (c *LearningRateScheduler) Restore(s train.CallbackState) error {
	if c.trainer == nil {
		return graph.Error{Field: "LearningRateScheduler", Rule: "must be restored after TrainBegin"}
	}
	rate, ok := s.Numbers["learning_rate"]
	if !ok {
		return graph.Error{Path: "learning_rate", Field: "number", Rule: "must be present"}
	}
	return c.trainer.Optimizer().SetLearningRate(rate)
}
