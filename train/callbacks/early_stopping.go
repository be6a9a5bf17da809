package callbacks

import (
	"math"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/train"
	"gorgonia.org/tensor"
)

var _ train.StatefulCallback = (*EarlyStopping)(nil)

// EarlyStopping ends Fit when a loss or metric has not improved for some epochs,
// as Keras' callback of that name does:
//
//   - An epoch improves if its value is better than the best so far by more than
//     MinDelta; the first epoch always does.
//   - Training stops after an epoch that does not improve, if at least Patience
//     epochs have passed since the last one that did, and this is not the first
//     epoch. So a Patience of 0 stops at the first such epoch.
//   - With a Baseline, only improvements that are also better than the baseline
//     by more than MinDelta reset the count of epochs.
//
// No weights are restored where Fit ends with an error.
//
// It departs from Keras for a value of NaN, which never improves and is never the
// best; in Keras a first NaN is a best value that no number improves on.
type EarlyStopping struct {
	Monitor            string   // the name of the value in train.Logs; default "val_loss"
	MinDelta           float64  // the smallest improvement that counts; default 0
	Patience           int      // epochs to wait for an improvement; default 0
	Mode               Mode     // which way is an improvement; default Auto
	Baseline           *float64 // value to improve on; nil means none
	RestoreBestWeights bool     // restores the weights of the best epoch at the end
	StartFromEpoch     int      // epochs at the beginning that are ignored; default 0

	monitor monitor
	params  *graph.Params // of the current Fit
	state   progress
	weights map[string]*tensor.Dense // of the best epoch; nil where there are none
}

// progress is what EarlyStopping knows after an epoch.
type progress struct {
	seen      bool    // an epoch was judged
	wait      int     // epochs since the last improvement
	best      float64 // NaN until there is one
	bestEpoch int
	stopped   int // the epoch after which Fit was stopped; 0 where it was not
}

// Best is the best value of the last Fit, and its epoch, from 0. ok is false where
// no epoch was judged, or every value was NaN.
func (c *EarlyStopping) Best() (value float64, epoch int, ok bool) {
	if !c.state.seen || math.IsNaN(c.state.best) {
		return 0, 0, false
	}
	return c.state.best, c.state.bestEpoch, true
}

// StoppedEpoch is the epoch, from 0, after which the last Fit was stopped; ok is
// false where it was not.
func (c *EarlyStopping) StoppedEpoch() (epoch int, ok bool) {
	return c.state.stopped, c.state.stopped > 0
}

// On checks the value after every epoch. Fields that break their rules are an
// error when Fit begins, and so is a name that is not in the logs; one of validation
// data, where there are none, is an error after the first epoch.
func (c *EarlyStopping) On(e *train.Event) error {
	switch e.Moment {
	case train.TrainBegin:
		return c.begin(e.Trainer)
	case train.EpochEnd:
		return c.update(e)
	case train.TrainEnd:
		return c.restoreBest()
	}
	return nil
}

// begin checks the fields and resets the state.
func (c *EarlyStopping) begin(t *train.Trainer) error {
	fail := func(field, rule string, value any) error {
		return graph.Error{Field: "EarlyStopping." + field, Rule: rule, Value: value}
	}
	switch {
	case c.Patience < 0:
		return fail("Patience", "must not be negative", c.Patience)
	case c.StartFromEpoch < 0:
		return fail("StartFromEpoch", "must not be negative", c.StartFromEpoch)
	case c.Baseline != nil && (math.IsNaN(*c.Baseline) || math.IsInf(*c.Baseline, 0)):
		return fail("Baseline", "must be finite", *c.Baseline)
	}
	m, err := newMonitor("EarlyStopping", c.Monitor, c.Mode, c.MinDelta, t)
	if err != nil {
		return err
	}
	c.monitor = m
	c.params, c.state, c.weights = t.Params(), progress{best: math.NaN()}, nil
	return nil
}

// update judges the value of an epoch.
func (c *EarlyStopping) update(e *train.Event) error {
	value, err := c.monitor.value(e.Logs)
	if err != nil || e.Epoch < c.StartFromEpoch {
		return err
	}
	s := &c.state
	s.wait++
	improved := c.monitor.improves(value, s.best)
	if improved {
		s.best, s.bestEpoch = value, e.Epoch
		if c.Baseline == nil || c.monitor.improves(value, *c.Baseline) {
			s.wait = 0
		}
	}
	if c.RestoreBestWeights && (improved || !s.seen) {
		c.weights = c.params.Copy()
	}
	s.seen, s.stopped = true, 0
	if !improved && s.wait >= c.Patience && e.Epoch > 0 {
		s.stopped = e.Epoch
		e.Stop()
	}
	return nil
}

// restoreBest gives the parameters the weights of the best epoch.
func (c *EarlyStopping) restoreBest() error {
	if c.weights == nil {
		return nil
	}
	return c.params.Set(c.weights)
}

// State has the numbers "seen", "wait", "best_epoch" and "stopped", and "best"
// where there is one; and the weights of the best epoch by path, where
// RestoreBestWeights is set.
func (c *EarlyStopping) State() train.CallbackState {
	seen := 0.0
	if c.state.seen {
		seen = 1
	}
	s := train.CallbackState{
		Numbers: map[string]float64{
			"seen": seen, "wait": float64(c.state.wait),
			"best_epoch": float64(c.state.bestEpoch), "stopped": float64(c.state.stopped),
		},
		Tensors: map[string]*tensor.Dense{},
	}
	if best, _, ok := c.Best(); ok {
		s.Numbers["best"] = best
	}
	for path, w := range c.weights {
		s.Tensors[path] = w.Clone().(*tensor.Dense)
	}
	return s
}

// Restore continues from a state, so that the epochs that follow are judged as if
// Fit had not been interrupted.
func (c *EarlyStopping) Restore(s train.CallbackState) error {
	if c.params == nil {
		return graph.Error{Field: "EarlyStopping", Rule: "must be restored after TrainBegin"}
	}
	restored, err := readProgress(s.Numbers)
	if err != nil {
		return err
	}
	weights, err := readWeights(c.params, s.Tensors)
	if err != nil {
		return err
	}
	if needed := c.RestoreBestWeights && restored.seen; needed != (weights != nil) {
		return graph.Error{Field: "EarlyStopping.RestoreBestWeights", Rule: "must be what it was when the state was saved", Value: c.RestoreBestWeights}
	}
	c.state, c.weights = restored, weights
	return nil
}

// readProgress checks the numbers of a state.
func readProgress(numbers map[string]float64) (progress, error) {
	p := progress{best: math.NaN()}
	seen := 0
	counts := map[string]*int{"seen": &seen, "wait": &p.wait, "best_epoch": &p.bestEpoch, "stopped": &p.stopped}
	err := readNumbers("EarlyStopping", numbers, counts, map[string]*float64{"best": &p.best})
	p.seen = seen > 0
	return p, err
}
