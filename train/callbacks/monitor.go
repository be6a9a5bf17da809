// Package callbacks has the callbacks of Fit, each in its own file:
//
//   - EarlyStopping and TerminateOnNaN end it,
//   - ModelCheckpoint saves the model, or its weights,
//   - ReduceLROnPlateau and LearningRateScheduler change the learning rate,
//   - SwapEMAWeights evaluates with averages of the weights,
//   - Snapshots keeps the members of a snapshot ensemble,
//   - CSVLogger, JSONLogger and Slog write the logs of epochs.
//
// Each implements train.Callback. Fit calls them in the order of FitConfig.Callbacks. Those
// that remember something implement train.StatefulCallback, so that a training which is
// resumed goes on as one that never stopped. Use pointers. Each Fit starts from the
// beginning, unless a state is restored; one callback serves one Fit at a time. For a few
// lines of your own, train.CallbackFunc makes a callback of a function, which receives all
// moments, as Keras' LambdaCallback does.
package callbacks

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/train"
)

// Mode says which way is an improvement.
type Mode string

// The modes. Auto is the default.
const (
	Auto Mode = "auto" // Min for losses; for a metric, what its HigherIsBetter says
	Min  Mode = "min"  // lower is better
	Max  Mode = "max"  // higher is better
)

// check refuses an unknown mode. class is the callback's type.
func (m Mode) check(class string) error {
	switch m {
	case Auto, Min, Max, "":
		return nil
	}
	return graph.Error{Field: class + ".Mode", Rule: "must be auto, min or max", Value: fmt.Sprintf("%q", string(m))}
}

// monitor follows one value of the logs during a Fit.
type monitor struct {
	class    string // of the callback, such as "EarlyStopping"
	log      string // the name of the value
	sign     float64
	minDelta float64
}

// newMonitor refuses a mode that is unknown, and a name that no log has.
func newMonitor(class, log string, mode Mode, minDelta float64, t *train.Trainer) (monitor, error) {
	if err := mode.check(class); err != nil {
		return monitor{}, err
	}
	if !(minDelta >= 0) || math.IsInf(minDelta, 0) {
		return monitor{}, graph.Error{Field: class + ".MinDelta", Rule: "must be finite and not negative", Value: minDelta}
	}
	if log == "" {
		log = "val_loss"
	}
	m := monitor{class: class, log: log, sign: 1, minDelta: minDelta}
	higher, ok := t.HigherIsBetter(log)
	if !ok {
		return m, m.unknown(strings.Join(t.LogNames(), ", ") + ", or val_ and one of these")
	}
	if mode == Max || mode != Min && higher {
		m.sign = -1
	}
	return m, nil
}

// improves tells whether value is better than reference by more than minDelta.
// Any number is better than NaN, and NaN is never better.
func (m monitor) improves(value, reference float64) bool {
	if math.IsNaN(reference) {
		return !math.IsNaN(value)
	}
	return m.sign*value+m.minDelta < m.sign*reference
}

// value is the value in logs. Those of an epoch lack it where it is of validation data and
// there are none, those of a batch also where it is computed for whole epochs alone.
func (m monitor) value(logs train.Logs) (float64, error) {
	value, ok := logs.Get(m.log)
	if !ok {
		return 0, m.unknown(names(logs))
	}
	return value, nil
}

func (m monitor) unknown(known string) error {
	return graph.Error{Field: m.class + ".Monitor", Rule: "must be one of " + known, Value: fmt.Sprintf("%q", m.log)}
}

// names lists the names of the logs.
func names(logs train.Logs) string {
	var out []string
	for _, l := range logs {
		out = append(out, l.Name)
	}
	slices.Sort(out)
	return strings.Join(out, ", ")
}
