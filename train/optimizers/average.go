package optimizers

import "github.com/engram-go/engram/graph"

// EMA keeps an exponential moving average of every trained weight (Polyak & Juditsky
// 1992), as Keras does with use_ema. After each update,
//
//	average = Momentum·average + (1 − Momentum)·w
//
// beginning with the weights after the first one. Averages often generalise better than the
// weights. They are saved with the optimizer, as "<rule>/average/<path>". They are taken
// before constraints are applied.
//
// When Fit of package train has ended, the weights are the averages. State.Swap gives the weights
// the averages before that, as for an evaluation.
type EMA struct {
	Momentum           *float64 // in [0, 1); nil means 0.99
	OverwriteFrequency int      // the weights become the averages after every so many updates; default 0, never
}

// averageSlot is the name of the slot of averages.
const averageSlot = "average"

// averaging says how the averages of a state are taken.
type averaging struct {
	slot      int     // of the averages; negative if there are none
	keep      float64 // share of the new weights
	overwrite int     // the weights become the averages after so many updates; 0 for never
}

func (c Config) averaging(slot int) averaging {
	if c.EMA == nil {
		return averaging{slot: -1}
	}
	momentum := 0.99
	if c.EMA.Momentum != nil {
		momentum = *c.EMA.Momentum
	}
	return averaging{slot: slot, keep: 1 - momentum, overwrite: c.EMA.OverwriteFrequency}
}

// at is the averaging of the update of a number, from 1.
func (a averaging) at(number int) averaging {
	if number == 1 {
		a.keep = 1
	}
	if a.overwrite > 0 && number%a.overwrite != 0 {
		a.overwrite = 0
	}
	return a
}

// Swap exchanges the weights and their averages, so that a second call leaves everything as
// it was. Between both, Step is an error. Before the first update the averages are the
// weights. Swap writes to memory that programs read: call it inside Params.Update.
func (s *State) Swap() error {
	if s.average.slot < 0 {
		return graph.Error{Field: "EMA", Rule: "must be set in the config, so that there are averages to swap"}
	}
	for i := range s.params {
		if s.iterations == 0 && !s.swapped {
			s.elements.copyWeights(i, s.average.slot)
		}
		s.elements.swapWeights(i, s.average.slot)
	}
	s.swapped = !s.swapped
	return nil
}

// Swapped reports whether the weights are the averages now, since Swap was called.
func (s *State) Swapped() bool { return s.swapped }

// Finish makes the weights the averages, as Fit does at its end. Without EMA it does
// nothing. Call it inside Params.Update.
func (s *State) Finish() error {
	if s.average.slot < 0 || s.iterations == 0 {
		return nil
	}
	for i := range s.params {
		if !s.swapped {
			s.elements.swapWeights(i, s.average.slot)
		}
		s.elements.copyWeights(i, s.average.slot)
	}
	s.swapped = false
	return nil
}
