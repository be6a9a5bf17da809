package metrics

import (
	"fmt"
	"math"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/internal/dense"
)

var _ Metric = MASE{}

// MASE is the mean absolute scaled error over all elements (Hyndman & Koehler 2006):
//
//	mean(|y − ŷ|) / Scale
//
// Below 1 the forecasts are closer than the naive forecast is on the training series.
// It has no unit, so that series of different units can be compared.
type MASE struct {
	// Scale is the mean absolute error of the naive forecast on the training series, in
	// the units of targets and outputs; NaiveScale computes it. It must be set, finite
	// and positive.
	Scale float64
}

// Name is "mase".
func (MASE) Name() string { return "mase" }

// HigherIsBetter is false.
func (MASE) HigherIsBetter() bool { return false }

// Start begins an epoch.
func (m MASE) Start() Accumulator {
	absolutes := elements(absolute)
	return &average{
		term: func(target, output graph.Shape) (term, error) {
			if !(m.Scale > 0 && dense.Finite(m.Scale)) {
				return term{}, graph.Error{Field: "MASE.Scale", Rule: "must be set, finite and positive; see NaiveScale", Value: m.Scale}
			}
			return absolutes(target, output)
		},
		finish: func(mean float64) float64 { return mean / m.Scale },
	}
}

// NaiveScale is the mean absolute error of the naive forecast on a training series, for
// MASE: the mean of |yₜ − yₜ₋ₚ|, where p is the number of steps in a season, or 1 for
// the forecast that repeats the last value. The series must be finite, longer than the
// period, and not one whose naive forecast is exact.
func NaiveScale(series []float64, period int) (float64, error) {
	if period < 1 || period >= len(series) {
		return 0, graph.Error{Field: "period", Rule: fmt.Sprintf("must be at least 1 and less than the %d values of the series", len(series)), Value: period}
	}
	sum := 0.0
	for t, y := range series {
		if !dense.Finite(y) {
			return 0, graph.Error{Field: fmt.Sprintf("series[%d]", t), Rule: "must be finite", Value: y, Kind: graph.ErrNotFinite}
		}
		if t >= period {
			sum += math.Abs(y - series[t-period])
		}
	}
	scale := sum / float64(len(series)-period)
	if scale == 0 || !dense.Finite(scale) {
		return 0, graph.Error{Field: "series", Rule: "must differ from its naive forecast, by a finite mean", Value: scale}
	}
	return scale, nil
}
