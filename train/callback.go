package train

import (
	stderrors "errors"

	"gorgonia.org/tensor"
)

// Moment says when an event happens.
type Moment int

// The moments, in Keras' terms. Epochs belong to training; the moments of Test
// are those of Evaluate and of the validation within an epoch. After an error
// there is no event for the end, but Failed.
const (
	TrainBegin Moment = iota
	TrainEnd
	EpochBegin
	EpochEnd
	TrainBatchBegin
	TrainBatchEnd
	TestBegin
	TestEnd
	TestBatchBegin
	TestBatchEnd
	PredictBegin
	PredictEnd
	PredictBatchBegin
	PredictBatchEnd

	// TrainBatchFailed comes instead of TrainBatchEnd if the step was an error, which
	// Event.Err is. Stop then ends Fit without it: the epoch is left out of the history
	// and has no EpochEnd, and TrainEnd follows.
	TrainBatchFailed
	// Failed comes before Fit, Evaluate or Predict return Event.Err, also to callbacks
	// that have received no beginning.
	Failed
)

// Event is what a callback receives. Through the trainer it reaches the model
// (Trainer.Model), the parameters and the optimizer.
type Event struct {
	Moment         Moment
	Trainer        *Trainer
	Epoch, Epochs  int  // from 0, and their number; both 0 outside Fit. At TrainEnd, Epoch is the number of epochs done
	Batch, Batches int  // from 0, and their number, 0 where only a stream knows it; at the moments of a batch, and of the next batch at EpochBegin
	Logs           Logs // at TrainBatchEnd, TestBatchEnd, TestEnd and EpochEnd: averages over the epoch so far; at the moments of a batch without metrics such as AUC (metrics.EpochAccumulator)

	// History holds the finished epochs of this Fit, at EpochEnd also the one that
	// has just ended. It must not be changed. It is nil outside Fit.
	History *History

	Err error // at TrainBatchFailed and Failed; nil at other moments

	stop *bool
}

// Stop ends Fit without an error: after the current batch, or after the epoch if
// it is called between batches; at TrainBegin, before the first epoch. The
// current epoch counts as finished: it is validated, added to the history, and
// followed by EpochEnd. Evaluate and Predict cannot be stopped.
func (e *Event) Stop() {
	if e.stop != nil {
		*e.stop = true
	}
}

// Stopped reports whether Stop was called in this run.
func (e *Event) Stopped() bool { return e.stop != nil && *e.stop }

// Callback receives the events of Fit, Evaluate and Predict. An error ends them.
type Callback interface {
	On(e *Event) error
}

// StatefulCallback is a callback whose own state is part of State, so that a
// training that continues from it takes the same decisions as one that never
// stopped. Restore is given what State of a callback with the same config returned.
// It is called after TrainBegin and, within an epoch, after EpochBegin. It must copy
// what it keeps, and an error must change nothing.
type StatefulCallback interface {
	Callback
	State() CallbackState
	Restore(s CallbackState) error
}

// CallbackState is the state of a callback as plain data, which can be written to
// a file. Its tensors and maps must be copies.
type CallbackState struct {
	Numbers map[string]float64
	Tensors map[string]*tensor.Dense
}

// CallbackFunc makes a callback of a function.
type CallbackFunc func(e *Event) error

// On calls the function.
func (f CallbackFunc) On(e *Event) error { return f(e) }

// callbackRun is one run of Fit, Evaluate or Predict, with the callbacks that
// receive its events.
type callbackRun struct {
	trainer       *Trainer
	callbacks     []Callback
	epoch, epochs int
	history       *History // nil outside Fit
	stopped       bool
	err           error // of TrainBatchFailed and Failed
}

// send gives an event to all callbacks, in their order.
func (c *callbackRun) send(m Moment, batch, batches int, logs Logs) error {
	for _, cb := range c.callbacks {
		e := &Event{
			Moment: m, Trainer: c.trainer, Epoch: c.epoch, Epochs: c.epochs,
			Batch: batch, Batches: batches, Logs: logs, History: c.history, Err: c.err, stop: &c.stopped,
		}
		if err := cb.On(e); err != nil {
			return err
		}
	}
	return nil
}

// rescued reports whether a callback ends Fit without the error of a step.
func (c *callbackRun) rescued(batch, batches int, err error) (bool, error) {
	stopped := c.stopped
	c.err, c.stopped = err, false
	sent := c.send(TrainBatchFailed, batch, batches, nil)
	rescued := c.stopped
	c.err, c.stopped = nil, stopped || rescued
	return rescued, sent
}

// failed tells all callbacks of an error, and returns it together with theirs.
func (c *callbackRun) failed(err error) error {
	if err == nil {
		return nil
	}
	c.err = err
	defer func() { c.err = nil }()
	for _, cb := range c.callbacks {
		one := *c
		one.callbacks = []Callback{cb}
		if e := one.send(Failed, 0, 0, nil); e != nil {
			err = stderrors.Join(err, e)
		}
	}
	return err
}
