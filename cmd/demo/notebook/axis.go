package notebook

import (
	"math"
	"strconv"

	"gonum.org/v1/plot"
)

// ticks marks an axis at round numbers: about as many as want, at multiples of
// 1, 2 or 5 times a power of ten, which is no fraction where the axis counts.
// The range must be as widen leaves it.
func ticks(want int, counts bool) plot.TickerFunc {
	return func(lo, hi float64) []plot.Tick {
		step, place := roundStep((hi - lo) / float64(want))
		if counts && place < 0 {
			step, place = 1, 0
		}
		var marks []plot.Tick
		// A mark at an end of the axis must not get lost by rounding.
		const hair = 1e-9
		for i := math.Ceil(lo/step - hair); i <= math.Floor(hi/step+hair); i++ {
			v := max(lo, min(hi, i*step))
			marks = append(marks, plot.Tick{Value: v, Label: tickLabel(v, place, max(math.Abs(lo), math.Abs(hi)))})
		}
		return marks
	}
}

// roundStep is the smallest of 1, 2 or 5 times a power of ten that is at least
// v, and the exponent of that power.
func roundStep(v float64) (step float64, place int) {
	place = int(math.Floor(math.Log10(v)))
	for _, m := range []float64{1, 2, 5} {
		if step := m * math.Pow10(place); step >= v {
			return step, place
		}
	}
	return math.Pow10(place + 1), place + 1
}

// tickLabel writes a multiple of ten to the power of place with just the
// digits down to that place, and with an exponent where the largest label of
// the axis would be long.
func tickLabel(v float64, place int, largest float64) string {
	if largest < 1e6 && place >= -5 {
		return strconv.FormatFloat(v+0, 'f', max(0, -place), 64)
	}
	if v == 0 {
		return "0"
	}
	digits := strconv.FormatFloat(math.Abs(v)/math.Pow10(place), 'f', 0, 64)
	return strconv.FormatFloat(v, 'e', len(digits)-1, 64)
}

// widen gives a range that can be drawn: one that is a point, or so narrow
// beside its values that floating point cannot divide it, gets some room.
func widen(lo, hi float64) (float64, float64) {
	size := max(math.Abs(lo), math.Abs(hi))
	switch {
	case size < 1e-100:
		return -1, 1
	case hi-lo < 1e-9*size:
		return lo - 0.1*size, hi + 0.1*size
	}
	return lo, hi
}
