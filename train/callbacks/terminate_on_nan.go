package callbacks

import (
	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/train"
	"github.com/pkg/errors"
)

var _ train.Callback = (*TerminateOnNaN)(nil)

// TerminateOnNaN ends Fit without an error when a training step meets a number that is NaN
// or infinite: a loss, a gradient, a weight, or an element of the data. Without this
// callback that is an error of kind graph.ErrNotFinite, as with raise_error of Keras'
// callback of this name. TrainEnd follows, at which EarlyStopping gives the model its best
// weights.
//
// It departs from Keras in that the epoch is left out of the history, and in that the
// weights are those before the step, unless the step itself has made one infinite.
type TerminateOnNaN struct {
	err error
}

// Err is the error that has ended the last Fit, with the epoch and the batch, both from 1;
// nil where none has.
func (c *TerminateOnNaN) Err() error { return c.err }

// On ends Fit.
func (c *TerminateOnNaN) On(e *train.Event) error {
	switch e.Moment {
	case train.TrainBegin:
		c.err = nil
	case train.TrainBatchFailed:
		if errors.Is(e.Err, graph.ErrNotFinite) {
			c.err = e.Err
			e.Stop()
		}
	}
	return nil
}
