package forecast

import (
	"math"
	"slices"

	"github.com/engram-go/engram/datasets"
	"github.com/engram-go/engram/internal/dense"
	"github.com/engram-go/engram/internal/errs"
)

// column is one column of a track.
type column struct {
	lag    int             // of the transform
	raw    []float64       // in the units of the series; NaN where missing
	fitted datasets.Fitted // scales it
	filled []float64       // raw with missing values filled in; NaN where nothing is known yet
	scaled []float64       // transformed filled values; 0 where there are none
}

// fit fits a transform. A column that does not vary is left as it is, less its value: so one
// shop that never sells does not stop all others.
func fit(transform datasets.Transform, train []float64) (datasets.Fitted, error) {
	present := slices.DeleteFunc(slices.Clone(train), math.IsNaN)
	if len(present) == 0 {
		return nil, errs.Error{Rule: "must have a value in the training part"}
	}
	if slices.Max(present) == slices.Min(present) {
		return still{value: present[0], change: transform.Lag() > 0}, nil
	}
	return transform.Fit(train)
}

// still is the transform of a column that did not vary: less its value, or the change.
type still struct {
	value  float64
	change bool
}

func (s still) from(before float64) float64 {
	if s.change {
		return before
	}
	return s.value
}

func (s still) Do(before, value float64) float64         { return value - s.from(before) }
func (s still) Undo(before, transformed float64) float64 { return transformed + s.from(before) }

// fill fills in missing values: without a lag the last value before, otherwise the value that
// means no change. Values before the first one are the middle of the transform without a
// lag, and unknown with one.
func (c *column) fill() {
	n := len(c.raw)
	c.filled, c.scaled = make([]float64, n), make([]float64, n)
	for i := range n {
		c.fillRow(i)
	}
}

func (c *column) fillRow(i int) {
	v, lag := c.raw[i], c.lag
	back := max(lag, 1)
	if math.IsNaN(v) {
		switch {
		case i >= back:
			v = c.filled[i-back]
		case lag == 0:
			v = c.fitted.Undo(0, 0)
		}
	}
	c.filled[i] = v
	before := 0.0
	if lag > 0 {
		before = math.NaN()
		if i >= lag {
			before = c.filled[i-lag]
		}
	}
	c.scaled[i] = c.fitted.Do(before, v)
	if !dense.Finite(c.scaled[i]) {
		c.scaled[i] = 0
	}
}

// target is the scaled value that the network learns, and whether it is known: with a lag,
// the value before must be known too.
func (c *column) target(row int) (float64, bool) {
	known := !math.IsNaN(c.raw[row]) && (c.lag == 0 || row >= c.lag && !math.IsNaN(c.raw[row-c.lag]))
	return c.scaled[row], known
}
