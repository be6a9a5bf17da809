package callbacks

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/train"
	"gorgonia.org/tensor"
)

var _ train.Callback = (*EarlyStopping)(nil)

// EarlyStopping ends Fit when a figure has not improved for some epochs. It
// means what Keras' callback of that name means:
//
//   - An epoch improves if its figure is better than the best so far by more
//     than MinDelta; the first epoch always does.
//   - Training stops after an epoch that does not improve, if at least Patience
//     epochs have gone by since the last one that did, and this is not the
//     first epoch of Fit. So the Patience of 0 stops at the first such epoch.
//   - With a Baseline, only improvements that are also better than the baseline
//     by more than MinDelta start the count of epochs anew.
//
// No weights are restored where Fit ends with an error.
//
// Where it departs: a figure that is NaN never improves and is never the best,
// while Keras takes a first NaN for the best that no number can beat.
//
// Use a pointer. Each Fit begins anew; one EarlyStopping serves one Fit at a
// time.
type EarlyStopping struct {
	Monitor            string   // the figure, by its name in train.Logs; "val_loss"
	MinDelta           float64  // the least improvement that counts; 0
	Patience           int      // epochs to wait for an improvement; 0
	Mode               Mode     // whether low or high is good; Auto
	Baseline           *float64 // what has to be improved on; nothing where nil
	RestoreBestWeights bool     // gives the model the weights of its best epoch in the end
	StartFromEpoch     int      // epochs at the beginning that are not looked at; 0

	monitor   string
	sign      float64 // -1 where higher is better, else 1: sign·value falls with improvement
	checked   bool    // Monitor is in the logs
	wait      int     // epochs since the last improvement
	best      float64 // NaN until there is one
	bestEpoch int
	seen      bool // an epoch was looked at
	weights   map[string]*tensor.Dense
	stopped   int
}

// Best is the best figure that the last Fit saw, and the epoch it is of, from
// 0. ok is false where no epoch was looked at, or every figure was NaN.
func (c *EarlyStopping) Best() (value float64, epoch int, ok bool) {
	if !c.seen || math.IsNaN(c.best) {
		return 0, 0, false
	}
	return c.best, c.bestEpoch, true
}

// StoppedEpoch is the epoch, from 0, after which the last Fit was stopped; ok
// is false where it was not.
func (c *EarlyStopping) StoppedEpoch() (epoch int, ok bool) { return c.stopped, c.stopped > 0 }

// On looks at the figure after every epoch. Fields that break their rules are
// an error when Fit begins. A figure that is not there, or that is not known to be
// good when low or high, is one after its first batch; a figure of validation
// data without any is one after its first epoch.
func (c *EarlyStopping) On(e *train.Event) error {
	switch e.Moment {
	case train.TrainBegin:
		return c.begin(e.Trainer)
	case train.TrainBatchEnd:
		return c.checkMonitor(e.Logs)
	case train.EpochEnd:
		return c.look(e)
	case train.TrainEnd:
		return c.restore(e.Trainer.Params())
	}
	return nil
}

// begin checks the fields and forgets the Fit before.
func (c *EarlyStopping) begin(t *train.Trainer) error {
	fail := func(field, rule string, value any) error {
		return graph.Error{Field: "EarlyStopping." + field, Rule: rule, Value: value}
	}
	c.monitor = c.Monitor
	if c.monitor == "" {
		c.monitor = "val_loss"
	}
	switch {
	case !(c.MinDelta >= 0) || math.IsInf(c.MinDelta, 0):
		return fail("MinDelta", "must be finite and not negative", c.MinDelta)
	case c.Patience < 0:
		return fail("Patience", "must not be negative", c.Patience)
	case c.StartFromEpoch < 0:
		return fail("StartFromEpoch", "must not be negative", c.StartFromEpoch)
	case c.Baseline != nil && (math.IsNaN(*c.Baseline) || math.IsInf(*c.Baseline, 0)):
		return fail("Baseline", "must be finite", *c.Baseline)
	}
	if err := c.Mode.check("EarlyStopping"); err != nil {
		return err
	}
	c.sign, c.checked = c.Mode.sign(t, c.monitor), false
	c.wait, c.best, c.bestEpoch, c.seen, c.weights, c.stopped = 0, math.NaN(), 0, false, nil, 0
	return nil
}

// checkMonitor refuses a log that is not in those of the first batch, which has
// all but those of validation data.
func (c *EarlyStopping) checkMonitor(logs train.Logs) error {
	if c.checked {
		return nil
	}
	c.checked = true
	if _, ok := logs.Get(strings.TrimPrefix(c.monitor, "val_")); !ok {
		return graph.Error{Field: "EarlyStopping.Monitor", Rule: "must be one of " + available(logs) + ", or val_ and one of these", Value: fmt.Sprintf("%q", c.monitor)}
	}
	return nil
}

// look takes in the figure of an epoch.
func (c *EarlyStopping) look(e *train.Event) error {
	value, ok := e.Logs.Get(c.monitor)
	if !ok {
		return graph.Error{Field: "EarlyStopping.Monitor", Rule: "must be one of " + available(e.Logs), Value: fmt.Sprintf("%q", c.monitor)}
	}
	if e.Epoch < c.StartFromEpoch {
		return nil
	}
	c.wait++
	improved := c.improves(value, c.best)
	if improved {
		c.best, c.bestEpoch = value, e.Epoch
		if c.Baseline == nil || c.improves(value, *c.Baseline) {
			c.wait = 0
		}
	}
	if c.RestoreBestWeights && (improved || !c.seen) {
		if err := c.keep(e.Trainer.Params()); err != nil {
			return err
		}
	}
	c.seen = true
	if !improved && c.wait >= c.Patience && e.Epoch > 0 {
		c.stopped = e.Epoch
		e.Stop()
	}
	return nil
}

// improves tells whether value is better than reference; whatever is a number
// is better than nothing, which is NaN.
func (c *EarlyStopping) improves(value, reference float64) bool {
	if math.IsNaN(reference) {
		return !math.IsNaN(value)
	}
	return c.sign*value+c.MinDelta < c.sign*reference
}

// keep copies all parameters.
func (c *EarlyStopping) keep(params *graph.Params) error {
	all := params.All()
	c.weights = make(map[string]*tensor.Dense, len(all))
	return params.View(func() error {
		for _, p := range all {
			c.weights[p.Path] = p.Value().Clone().(*tensor.Dense)
		}
		return nil
	})
}

// restore gives the parameters what keep copied.
func (c *EarlyStopping) restore(params *graph.Params) error {
	if c.weights == nil {
		return nil
	}
	kept := c.weights
	c.weights = nil
	return params.Set(kept)
}

// available lists the figures that there are.
func available(logs train.Logs) string {
	var names []string
	for _, l := range logs {
		names = append(names, l.Name)
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}
