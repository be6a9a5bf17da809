package datasets

import (
	"fmt"

	"github.com/engram-go/engram/internal/errs"
)

// Persistence forecasts the next values of a series by repeating the last one:
// the forecast that any model must beat to have learned anything. No known
// value, or a horizon below 1, is an error.
func Persistence(known []float64, horizon int) ([]float64, error) {
	return SeasonalNaive(known, 1, horizon)
}

// SeasonalNaive forecasts each of the next values of a series by the last
// known one of the same season, season rows or a multiple of them before: 12
// for months in a year. Fewer known values than a season, or a season or a
// horizon below 1, are errors.
func SeasonalNaive(known []float64, season, horizon int) ([]float64, error) {
	if season < 1 {
		return nil, errs.Error{Field: "season", Rule: "must be positive", Value: season}
	}
	if horizon < 1 || horizon > maxCells {
		return nil, errs.Error{Field: "horizon", Rule: fmt.Sprintf("must be from 1 to %d", maxCells), Value: horizon}
	}
	if len(known) < season {
		return nil, errs.Error{Field: "known values", Rule: fmt.Sprintf("must be at least %d", season), Value: len(known)}
	}
	last := known[len(known)-season:]
	forecast := make([]float64, horizon)
	for i := range forecast {
		forecast[i] = last[i%season]
	}
	return forecast, nil
}
