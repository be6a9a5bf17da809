package callbacks

import (
	"math"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/train"
)

var _ train.StatefulCallback = (*ReduceLROnPlateau)(nil)

// ReduceLROnPlateau multiplies the learning rate by Factor when a loss or metric has not
// improved for some epochs, as Keras' callback of that name does:
//
//   - An epoch improves if its value is better than the best so far by more than MinDelta;
//     the first epoch always does.
//   - After Patience epochs in a row that do not, the rate becomes
//     max(rate·Factor, MinLR), unless it is MinLR or less already.
//   - Then epochs that do not improve are not counted, until the end of Cooldown epochs.
//     The last of these is counted, as in Keras, so that a Cooldown of 1 is as none.
//
// It departs from Keras for a value of NaN, which never improves and is never the best.
// An optimizer with a Schedule is an error when Fit begins, since that gives all rates.
type ReduceLROnPlateau struct {
	Monitor  string   // the name of the value in train.Logs; default "val_loss"
	Factor   float64  // by which the rate is multiplied, less than 1; default 0.1
	Patience *int     // epochs to wait for an improvement; nil means 10, and 0 is as 1
	Mode     Mode     // which way is an improvement; default Auto
	MinDelta *float64 // the smallest improvement that counts; nil means 1e-4
	Cooldown int      // epochs after a reduction that are not counted; default 0
	MinLR    float64  // the lowest rate; default 0

	monitor  monitor
	factor   float64
	patience int
	state    plateau
}

// plateau is what ReduceLROnPlateau knows after an epoch.
type plateau struct {
	wait, cooldown int
	best           float64 // NaN until there is one
}

// On checks the value after every epoch. Fields that break their rules are an error when
// Fit begins.
func (c *ReduceLROnPlateau) On(e *train.Event) error {
	switch e.Moment {
	case train.TrainBegin:
		return c.begin(e.Trainer)
	case train.EpochEnd:
		return c.update(e)
	}
	return nil
}

// begin checks the fields and resets the state.
func (c *ReduceLROnPlateau) begin(t *train.Trainer) error {
	fail := func(field, rule string, value any) error {
		return graph.Error{Field: "ReduceLROnPlateau." + field, Rule: rule, Value: value}
	}
	c.factor, c.patience = c.Factor, 10
	if c.factor == 0 {
		c.factor = 0.1
	}
	if c.Patience != nil {
		c.patience = *c.Patience
	}
	minDelta := 1e-4
	if c.MinDelta != nil {
		minDelta = *c.MinDelta
	}
	switch {
	case !(c.factor > 0 && c.factor < 1):
		return fail("Factor", "must be between 0 and 1", c.Factor)
	case c.patience < 0:
		return fail("Patience", "must not be negative", c.patience)
	case c.Cooldown < 0:
		return fail("Cooldown", "must not be negative", c.Cooldown)
	case !(c.MinLR >= 0) || math.IsInf(c.MinLR, 0):
		return fail("MinLR", "must be finite and not negative", c.MinLR)
	}
	m, err := newMonitor("ReduceLROnPlateau", c.Monitor, c.Mode, minDelta, t)
	if err != nil {
		return err
	}
	if err := checkSettable("ReduceLROnPlateau", t); err != nil {
		return err
	}
	c.monitor, c.state = m, plateau{best: math.NaN()}
	return nil
}

// update judges the value of an epoch.
func (c *ReduceLROnPlateau) update(e *train.Event) error {
	value, err := c.monitor.value(e.Logs)
	if err != nil {
		return err
	}
	s := &c.state
	if s.cooldown > 0 {
		s.cooldown--
		s.wait = 0
	}
	if c.monitor.improves(value, s.best) {
		s.best, s.wait = value, 0
		return nil
	}
	if s.cooldown > 0 {
		return nil
	}
	s.wait++
	rate := e.Trainer.Optimizer().LearningRate()
	if s.wait < c.patience || rate <= c.MinLR {
		return nil
	}
	s.wait, s.cooldown = 0, c.Cooldown
	return e.Trainer.Optimizer().SetLearningRate(max(rate*c.factor, c.MinLR))
}

// State has the numbers "wait" and "cooldown", and "best" where there is one. The learning
// rate is part of the optimizer's state.
func (c *ReduceLROnPlateau) State() train.CallbackState {
	return train.CallbackState{Numbers: withBest(map[string]float64{
		"wait": float64(c.state.wait), "cooldown": float64(c.state.cooldown),
	}, c.state.best)}
}

// Restore continues from a state.
func (c *ReduceLROnPlateau) Restore(s train.CallbackState) error {
	p := plateau{best: math.NaN()}
	counts := map[string]*int{"wait": &p.wait, "cooldown": &p.cooldown}
	if err := readNumbers("ReduceLROnPlateau", s.Numbers, counts, map[string]*float64{"best": &p.best}); err != nil {
		return err
	}
	c.state = p
	return nil
}
