package scores

import (
	"fmt"
	"math"

	"github.com/engram-go/engram/internal/errs"
)

// check refuses slices that are empty, of other lengths than truth, or not finite.
func check(score string, truth []float64, others ...[]float64) error {
	if len(truth) == 0 {
		return errs.Error{Field: score, Rule: "must have values to score"}
	}
	if err := checkFinite(score+": truth", truth); err != nil {
		return err
	}
	for _, x := range others {
		if len(x) != len(truth) {
			return errs.Error{Field: score + ": forecast", Rule: fmt.Sprintf("must be as long as the truth, %d", len(truth)), Value: len(x)}
		}
		if err := checkFinite(score+": forecast", x); err != nil {
			return err
		}
	}
	return nil
}

func checkFinite(what string, x []float64) error {
	for i, v := range x {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return errs.Error{Field: fmt.Sprintf("%s[%d]", what, i), Rule: "must be finite", Value: v, Kind: errs.ErrNotFinite}
		}
	}
	return nil
}

// result refuses a score that is not finite.
func result(score string, v float64) (float64, error) {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return 0, errs.Error{Field: score, Rule: "must be within the range of float64: divide the values by a constant", Value: v, Kind: errs.ErrNotFinite}
	}
	return v, nil
}

// average is the mean of f over all places.
func average(n int, f func(i int) float64) float64 {
	sum := 0.0
	for i := range n {
		sum += f(i)
	}
	return sum / float64(n)
}
