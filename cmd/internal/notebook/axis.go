package notebook

import (
	"math"
	"strconv"

	"gonum.org/v1/plot"
)

// ticks places about want ticks at round values: multiples of 1, 2 or 5 times a
// power of ten, and only integers if integers is set. The range must come from
// widen.
func ticks(want int, integers bool) plot.TickerFunc {
	return func(lo, hi float64) []plot.Tick {
		step, place := roundStep((hi - lo) / float64(want))
		if integers && place < 0 {
			step, place = 1, 0
		}
		var marks []plot.Tick
		const tolerance = 1e-9 // keeps ticks at the ends of the axis despite rounding
		for i := math.Ceil(lo/step - tolerance); i <= math.Floor(hi/step+tolerance); i++ {
			v := max(lo, min(hi, i*step))
			marks = append(marks, plot.Tick{Value: v, Label: tickLabel(v, place, max(math.Abs(lo), math.Abs(hi)))})
		}
		return marks
	}
}

// roundStep returns the smallest value of 1, 2 or 5 times a power of ten that is at
// least v, and the exponent of that power.
func roundStep(v float64) (step float64, place int) {
	place = int(math.Floor(math.Log10(v)))
	for _, m := range []float64{1, 2, 5} {
		if step := m * math.Pow10(place); step >= v {
			return step, place
		}
	}
	return math.Pow10(place + 1), place + 1
}

// tickLabel formats a multiple of 10^place with the digits down to that place, in
// exponent notation if the largest label of the axis would be long.
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

// widen returns a range that can be divided in floating point. It extends a range
// that is a single value or very narrow relative to its values.
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
