// Package callbacks has the callbacks of Fit: EarlyStopping. Each implements
// train.Callback, in its own file.
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
	checked  bool // the name is in the logs
}

func newMonitor(class, log string, mode Mode, minDelta float64, t *train.Trainer) monitor {
	if log == "" {
		log = "val_loss"
	}
	m := monitor{class: class, log: log, sign: 1, minDelta: minDelta}
	if higher, _ := t.HigherIsBetter(log); mode == Max || mode != Min && higher {
		m.sign = -1
	}
	return m
}

// improves tells whether value is better than reference by more than minDelta.
// Any number is better than NaN, and NaN is never better.
func (m monitor) improves(value, reference float64) bool {
	if math.IsNaN(reference) {
		return !math.IsNaN(value)
	}
	return m.sign*value+m.minDelta < m.sign*reference
}

// check refuses a name that is not in the logs of the first batch, which have all
// values but those of validation data.
func (m *monitor) check(logs train.Logs) error {
	if m.checked {
		return nil
	}
	m.checked = true
	if _, ok := logs.Get(strings.TrimPrefix(m.log, "val_")); !ok {
		return m.unknown(names(logs) + ", or val_ and one of these")
	}
	return nil
}

// value is the value in the logs of an epoch.
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
