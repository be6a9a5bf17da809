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
		step := roundStep((hi - lo) / float64(want))
		if counts {
			step = max(step, 1)
		}
		var marks []plot.Tick
		for i := math.Ceil(lo / step); i <= math.Floor(hi/step); i++ {
			marks = append(marks, plot.Tick{Value: i * step, Label: tickLabel(i*step, step, max(math.Abs(lo), math.Abs(hi)))})
		}
		return marks
	}
}

// roundStep is the smallest of 1, 2 or 5 times a power of ten that is at least v.
func roundStep(v float64) float64 {
	power := math.Pow(10, math.Floor(math.Log10(v)))
	for _, m := range []float64{1, 2, 5} {
		if m*power >= v {
			return m * power
		}
	}
	return 10 * power
}

// tickLabel writes v with just the digits that tell it from its neighbours a
// step away, and with an exponent where the largest label would be long.
func tickLabel(v, step, largest float64) string {
	// A hair more than the logarithm, since 0.001 may be just below 10^-3.
	place := int(math.Floor(math.Log10(step) + 1e-9))
	if largest < 1e6 && place >= -5 {
		return strconv.FormatFloat(v+0, 'f', max(0, -place), 64)
	}
	if v == 0 {
		return "0"
	}
	digits := int(math.Floor(math.Log10(math.Abs(v))+1e-9)) - place
	return strconv.FormatFloat(v, 'e', max(0, digits), 64)
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
