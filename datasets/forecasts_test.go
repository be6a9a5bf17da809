package datasets_test

import (
	"math"
	"slices"
	"testing"

	"github.com/engram-go/engram/datasets"
	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/errs/errtest"
)

func TestBaselines(t *testing.T) {
	known := []float64{1, 2, 3, 4, 5}
	if got, err := datasets.Persistence(known, 3); err != nil || !slices.Equal(got, []float64{5, 5, 5}) {
		t.Errorf("persistence %v, error %v", got, err)
	}
	if got, err := datasets.SeasonalNaive(known, 3, 7); err != nil || !slices.Equal(got, []float64{3, 4, 5, 3, 4, 5, 3}) {
		t.Errorf("seasonal-naive %v, error %v", got, err)
	}
	for _, c := range []struct {
		known           []float64
		season, horizon int
		want            errs.Error
	}{
		{known, 0, 1, errs.Error{Field: "season", Value: 0}},
		{known, 1, 0, errs.Error{Field: "horizon", Value: 0}},
		{known, 1, math.MaxInt, errs.Error{Field: "horizon"}},
		{known, 6, 1, errs.Error{Field: "known values", Value: 5}},
		{nil, 1, 1, errs.Error{Field: "known values", Value: 0}},
	} {
		_, err := datasets.SeasonalNaive(c.known, c.season, c.horizon)
		errtest.Check(t, err, c.want)
	}
}

// Known RMSEs for the airline passengers: 48.7 for the naive forecast on the test
// rows of common tutorials, 41.9 for the seasonal one (12 months) on the last third.
func TestBaselinesOfAirPassengers(t *testing.T) {
	x := datasets.AirPassengers().Values[0]
	rmse := func(from, to int, forecast func(known []float64) ([]float64, error)) float64 {
		sum := 0.0
		for i := from; i < to; i++ {
			y, err := forecast(x[:i])
			if err != nil {
				t.Fatal(err)
			}
			sum += (y[0] - x[i]) * (y[0] - x[i])
		}
		return math.Sqrt(sum / float64(to-from))
	}
	last := rmse(97, 143, func(known []float64) ([]float64, error) { return datasets.Persistence(known, 1) })
	year := rmse(96, 144, func(known []float64) ([]float64, error) { return datasets.SeasonalNaive(known, 12, 1) })
	if math.Abs(last-48.7) > 0.05 || math.Abs(year-41.9) > 0.05 {
		t.Errorf("persistence %v, seasonal %v", last, year)
	}
}
