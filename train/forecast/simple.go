package forecast

import (
	"context"
	"runtime"

	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/train/forecast/baselines"
	"golang.org/x/sync/errgroup"
)

// modelName is what results call the networks.
const modelName = "model"

// simple is a method of package baselines.
type simple struct {
	name string
	fit  func(history []float64) (*baselines.Fitted, error)
}

// historyOf is how many values simple methods read. It bounds their time, and is what a
// forecaster keeps of a series, so that they forecast from it as they were judged.
func historyOf(season int) int { return max(500, 10*season) }

// simpleMethods are the methods with which networks are compared.
func simpleMethods(season int) []simple {
	methods := []simple{{"naive", baselines.Naive{}.Fit}}
	if season > 1 {
		methods = append(methods, simple{"seasonal naive", baselines.SeasonalNaive{Period: season}.Fit})
	}
	return append(methods,
		simple{"drift", baselines.Drift{}.Fit},
		simple{"ETS", baselines.ETS{Period: season}.Fit},
		simple{"Theta", baselines.Theta{Period: season}.Fit})
}

// predictFunc forecasts the rows after each place: [place][target].
type predictFunc func(ctx context.Context, places []place) ([][]predicted, error)

// method is what forecasts under a name.
func (f *Forecaster) method(name string) predictFunc {
	for _, m := range simpleMethods(f.config.Season) {
		if m.name == name {
			return func(ctx context.Context, places []place) ([][]predicted, error) {
				return m.predict(ctx, places, f.config.Horizon, f.predictor.levels, func(series string) int {
					n, _ := f.kept(series)
					return n
				})
			}
		}
	}
	return f.predictor.predict
}

// predict forecasts the rows after each place, on all cores, from at most as many known rows of a
// series as most returns.
func (m simple) predict(ctx context.Context, places []place, horizon int, levels []float64, most func(series string) int) ([][]predicted, error) {
	out := make([][]predicted, len(places))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(runtime.GOMAXPROCS(0))
	for i, at := range places {
		group.Go(func() error {
			if err := ctx.Err(); err != nil {
				return err
			}
			for j, target := range at.track.layout.Targets {
				p, err := m.predictOne(at.track.history(j, at.row, most(at.track.name)), horizon, levels)
				if err != nil {
					return errs.At(err, at.track.name, target)
				}
				out[i] = append(out[i], p)
			}
			return nil
		})
	}
	return out, group.Wait()
}

func (m simple) predictOne(history []float64, horizon int, levels []float64) (predicted, error) {
	fitted, err := m.fit(history)
	if err != nil {
		return predicted{}, err
	}
	forecast, err := fitted.Forecast(horizon)
	if err != nil {
		return predicted{}, err
	}
	p := predicted{values: forecast.Mean}
	for _, level := range levels {
		q, err := forecast.Quantile(level)
		if err != nil {
			return predicted{}, err
		}
		p.quantiles = append(p.quantiles, q)
	}
	return p, nil
}
