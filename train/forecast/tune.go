package forecast

import (
	"context"
	"fmt"
	"slices"

	"github.com/engram-go/engram/datasets"
	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/train/search"
)

// Tune searches better values for fields of a config. The names in the space are paths of
// fields, see search.Set:
//
//	tuned, result, err := forecast.Tune(ctx, config, search.Config{
//		Space: search.Space{
//			"Steps":                  search.Int{Low: 16, High: 64},
//			"Network.Units":          search.Int{Low: 8, High: 128, Log: true},
//			"Optimizer.LearningRate": search.Float{Low: 1e-4, High: 1e-2, Log: true},
//		},
//		Method: search.Random{Trials: 30},
//	}, series...)
//
// where config has the Network and the Optimizer in whose fields values are put. A trial is
// Fit on the rows before the test part of config. Its score is the error of the networks, as
// Verdict.Metric says, on the last rows of those. So Fit with the config that Tune returns
// judges it on rows that no trial has read.
//
// Fields that decide what is forecast, or on which rows it is judged, cannot be tuned.
// Halving must be nil, as a trial has one score, at its end.
func Tune(ctx context.Context, config Config, s search.Config, series ...*datasets.Series) (Config, *search.Result, error) {
	for name := range s.Space {
		if slices.Contains([]string{"Targets", "Horizon", "Season", "Pool", "Test"}, name) {
			return config, nil, errs.Error{Path: "forecast", Field: fmt.Sprintf("Space[%q]", name), Rule: "must not be tuned, since errors could not be compared"}
		}
	}
	if s.Halving != nil {
		return config, nil, errs.Error{Path: "forecast", Field: "Halving", Rule: "must be nil: a trial has one score, at its end"}
	}
	if s.Maximize {
		return config, nil, errs.Error{Path: "forecast", Field: "Maximize", Rule: "must be false: scores are errors"}
	}
	before, err := beforeTest(config, series)
	if err != nil {
		return config, nil, err
	}
	result, err := search.Run(ctx, s, func(ctx context.Context, trial *search.Trial) (float64, error) {
		c, err := search.Set(config, trial.Values)
		if err != nil {
			return 0, err
		}
		c.Refit, c.Progress = false, nil
		f, err := Fit(ctx, c, before...)
		if err != nil {
			return 0, err
		}
		scores, _ := f.verdict.Of(modelName)
		return scores.metric(f.verdict.Metric), nil
	})
	if err != nil {
		return config, result, err
	}
	best, err := result.Best()
	if err != nil {
		return config, result, err
	}
	config, err = search.Set(config, best.Values)
	return config, result, err
}

// beforeTest are the rows of series before the test part.
func beforeTest(config Config, series []*datasets.Series) ([]*datasets.Series, error) {
	f, _, err := prepare(config, series, true)
	if err != nil {
		return nil, err
	}
	var out []*datasets.Series
	for _, s := range series {
		regular, err := f.layout.regular(s, f.config.Horizon)
		if err != nil {
			return nil, err
		}
		p, err := f.divide(regular, true)
		if err != nil {
			continue // too short, and left out by Fit
		}
		n := p.test
		if f.layout.Clock.known() { // rows were inserted for times that are missing
			n = 0
			for n < s.Len() && s.Times[n].Before(regular.Times[p.test]) {
				n++
			}
		}
		cut, err := s.Slice(0, n)
		if err != nil {
			return nil, err
		}
		out = append(out, cut)
	}
	return out, nil
}
