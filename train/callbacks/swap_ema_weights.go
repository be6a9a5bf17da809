package callbacks

import "github.com/engram-go/engram/train"

var _ train.Callback = (*SwapEMAWeights)(nil)

// SwapEMAWeights evaluates and predicts with the moving averages of the weights, which
// train.Config.EMA keeps, and trains on with the weights, as Keras' callback of that name
// does. It serves the validation within Fit, and Evaluate and Predict. A config without EMA
// is an error before anything is done.
//
// With SwapOnEpoch, callbacks behind it in the list find the averages in the model at
// EpochEnd too, such as a ModelCheckpoint that saves them. Callbacks before it find the
// weights.
//
// If Evaluate, Predict or a validation ends with an error, the weights are swapped back.
// Whether they are swapped is part of the optimizer's state, so a training can be resumed
// from any callback.
type SwapEMAWeights struct {
	SwapOnEpoch bool // also from the end of an epoch to the beginning of the next
}

// On swaps the weights.
func (c *SwapEMAWeights) On(e *train.Event) error {
	switch e.Moment {
	case train.TrainBegin:
		if err := e.Trainer.SwapAverages(); err != nil { // there are none
			return err
		}
		return e.Trainer.SwapAverages()
	case train.TestBegin, train.PredictBegin:
		return swap(e.Trainer, true)
	case train.TestEnd, train.PredictEnd, train.EpochBegin, train.Failed:
		return swap(e.Trainer, false)
	case train.EpochEnd:
		return swap(e.Trainer, c.SwapOnEpoch)
	}
	return nil
}

// swap puts the averages into the model, or the weights.
func swap(t *train.Trainer, averages bool) error {
	if t.Optimizer().Swapped() == averages {
		return nil
	}
	return t.SwapAverages()
}
