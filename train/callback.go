package train

// Moment says where in the course of things an event happens.
type Moment int

// The moments, in Keras' terms. Epochs are of training; the moments of Test
// are those of Evaluate and of the validation within an epoch. Where an error
// ends things, no End is told.
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
)

// Event is what a callback is told.
type Event struct {
	Moment         Moment
	Trainer        *Trainer
	Epoch, Epochs  int  // from 0, of how many; 0 of 0 outside Fit, and at TrainEnd the number that was done
	Batch, Batches int  // from 0, of how many; at the moments of a batch
	Logs           Logs // at TrainBatchEnd, TestBatchEnd, TestEnd and EpochEnd: averages over the epoch so far

	stop *bool
}

// Stop lets Fit end after the batch at hand, or the epoch between batches,
// without an error; at TrainBegin, before the first epoch. An epoch under way
// counts as finished: it is validated, enters the history, and EpochEnd is told. Evaluate and Predict cannot be stopped.
func (e *Event) Stop() {
	if e.stop != nil {
		*e.stop = true
	}
}

// Callback is told what happens during Fit, Evaluate and Predict. An error
// ends them.
type Callback interface {
	On(e *Event) error
}

// CallbackFunc makes a callback of a function.
type CallbackFunc func(e *Event) error

// On calls the function.
func (f CallbackFunc) On(e *Event) error { return f(e) }

// course is one run of Fit, Evaluate or Predict, which tells its callbacks.
type course struct {
	trainer       *Trainer
	callbacks     []Callback
	epoch, epochs int
	stopped       bool
}

func (c *course) tell(m Moment, batch, batches int, logs Logs) error {
	for _, cb := range c.callbacks {
		e := &Event{
			Moment: m, Trainer: c.trainer, Epoch: c.epoch, Epochs: c.epochs,
			Batch: batch, Batches: batches, Logs: logs, stop: &c.stopped,
		}
		if err := cb.On(e); err != nil {
			return err
		}
	}
	return nil
}
