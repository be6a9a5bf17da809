package forecast

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/engram-go/engram/datasets"
	"github.com/engram-go/engram/internal/errs"
)

// BacktestConfig says from which rows of a series Backtest forecasts.
type BacktestConfig struct {
	From   int // known rows of the first forecast; default: 0.8 of the rows
	Stride int // rows from one forecast to the next; default Config.Horizon

	// Refit trains the networks again before every k-th forecast, on the rows that are known then.
	// Training stops by the error on the last of them, as Config.Validation says; there is no test
	// part. By default 0: the networks stay as they are.
	Refit int

	// Window is how many rows a refit reads, the newest ones; default all.
	Window int

	// ModelOnly leaves out the simple methods, which take most of the time. There is then no
	// verdict, only the scores of the networks.
	ModelOnly bool
}

// Backtest is the result of Forecaster.Backtest: what would have been forecast, and how it
// compares with simple methods.
type Backtest struct {
	Verdict   Verdict  `json:"verdict"`
	Forecasts []Origin `json:"forecasts"` // by series, then by row
}

// Origin is a forecast of a backtest.
type Origin struct {
	Row int `json:"row"` // the last row that was known; rows that are missing between two times count
	Forecast
	Truth [][]float64 `json:"-"` // the true values, [target][horizon]; NaN where they are missing
}

// Backtest forecasts from many rows of series, as it would have been done when only the rows
// before were known, and compares the forecasts with the true values and with simple methods
// that are fitted at the same rows (rolling origin: Tashman, Out-of-sample tests of
// forecasting accuracy, 2000).
//
// Without Refit, rows that the networks were trained on make the result look better than it
// is: give rows that came later, or set From. Series are scaled as in Forecast; a new one by the
// rows before From. Most of the time is that of the simple methods, which are fitted again at
// each row, in some hundredths of a second; see ModelOnly.
func (f *Forecaster) Backtest(ctx context.Context, config BacktestConfig, series ...*datasets.Series) (*Backtest, error) {
	if err := checkSeries(series); err != nil {
		return nil, err
	}
	config.Stride = or(config.Stride, f.config.Horizon)
	for _, n := range []struct {
		field string
		value int
	}{{"From", config.From}, {"Stride", config.Stride}, {"Refit", config.Refit}, {"Window", config.Window}} {
		if n.value < 0 {
			return nil, errs.Error{Path: "forecast", Field: "BacktestConfig." + n.field, Rule: "must not be negative", Value: n.value}
		}
	}
	origins := make([][]int, len(series))
	given := series
	series = make([]*datasets.Series, len(given))
	for i, s := range given {
		if err := f.layout.reads(s); err != nil {
			return nil, err
		}
		s, err := f.layout.regular(s, 0)
		if err != nil {
			return nil, err
		}
		series[i] = s
		if origins[i], err = f.origins(s, config); err != nil {
			return nil, err
		}
	}
	var made []madeForecast
	every := or(config.Refit, len(slices.MaxFunc(origins, func(a, b []int) int { return len(a) - len(b) })))
	for first := 0; ; first += every {
		now := f
		var part []place
		var of []int // series of each place
		if config.Refit > 0 && anyAfter(origins, first) {
			var err error
			if now, err = f.refit(ctx, config, series, origins, first); err != nil {
				return nil, err
			}
		}
		for i, s := range series {
			if first >= len(origins[i]) {
				continue
			}
			tracks, err := now.known(s, origins[i][0]+1)
			if err != nil {
				return nil, err
			}
			for _, t := range tracks {
				for _, row := range origins[i][first:min(first+every, len(origins[i]))] {
					part, of = append(part, place{t, row}), append(of, i)
				}
			}
		}
		if len(part) == 0 {
			break
		}
		predicted, err := now.predictor.predict(ctx, part)
		if err != nil {
			return nil, err
		}
		for k, at := range part {
			made = append(made, madeForecast{of[k], at, predicted[k]})
		}
	}
	slices.SortStableFunc(made, func(a, b madeForecast) int { return cmp.Or(a.series-b.series, a.at.row-b.at.row) })
	b := new(Backtest)
	var all []place
	var forecasts [][]predicted
	for i, m := range made {
		all, forecasts = append(all, m.at), append(forecasts, m.forecast)
		if i == 0 || m.series != made[i-1].series || m.at.row != made[i-1].at.row {
			o := Origin{Row: m.at.row, Forecast: Forecast{Series: m.at.track.name, Method: modelName}}
			f.setTimes(&o.Forecast, series[m.series], m.at.row, labelOf(given[m.series], given[m.series].Len()-1))
			b.Forecasts = append(b.Forecasts, o)
		}
		f.addTo(&b.Forecasts[len(b.Forecasts)-1], m.at, m.forecast)
	}
	var methods []simple
	if !config.ModelOnly {
		methods = simpleMethods(f.config.Season)
	}
	var err error
	b.Verdict, err = f.compare(ctx, all, forecasts, methods)
	return b, err
}

// madeForecast is a forecast of a track of the series with a number.
type madeForecast struct {
	series   int
	at       place
	forecast []predicted
}

func anyAfter(origins [][]int, first int) bool {
	return slices.ContainsFunc(origins, func(rows []int) bool { return first < len(rows) })
}

// refit trains new networks for the origin with a number, on the rows that each series has
// until then.
func (f *Forecaster) refit(ctx context.Context, config BacktestConfig, series []*datasets.Series, origins [][]int, number int) (*Forecaster, error) {
	var known []*datasets.Series
	for i, s := range series {
		row := origins[i][min(number, len(origins[i])-1)]
		from := 0
		if config.Window > 0 {
			from = max(0, row+1-config.Window)
		}
		rows, err := f.layout.rows(s, from, row+1)
		if err != nil {
			return nil, err
		}
		known = append(known, rows)
	}
	g, parts, err := prepare(f.config, known, false)
	if err != nil {
		return nil, err
	}
	if _, err := g.train(ctx, parts, nil); err != nil {
		return nil, err
	}
	return g, g.predictor.calibrate(ctx, places(parts, part.calibrated, mostCalibrated))
}

// addTo adds the targets of a forecast to that of their series.
func (f *Forecaster) addTo(o *Origin, at place, forecast []predicted) {
	for j, name := range at.track.layout.Targets {
		p := forecast[j]
		o.Targets = append(o.Targets, Target{Name: name, Values: p.values, Levels: f.Levels(), Quantiles: p.quantiles})
		o.Truth = append(o.Truth, slices.Clone(at.track.columns[j].raw[at.row+1:at.row+1+f.config.Horizon]))
	}
}

// origins are the last known rows of the forecasts of a backtest.
func (f *Forecaster) origins(s *datasets.Series, config BacktestConfig) ([]int, error) {
	n, err := f.layout.known(s)
	if err != nil {
		return nil, err
	}
	if least := f.window() + f.config.Horizon; n < least {
		return nil, errs.Error{Path: s.Name, Field: "rows", Rule: fmt.Sprintf("must be at least %d, those that a forecast reads and a horizon", least), Value: n}
	}
	from := or(config.From, min(max(f.window(), n*4/5), n-f.config.Horizon))
	if from < f.window() || from+f.config.Horizon > n {
		return nil, errs.Error{Path: s.Name, Field: "BacktestConfig.From", Rule: fmt.Sprintf("must be from %d, the rows that a forecast reads, to %d, a horizon before the end", f.window(), n-f.config.Horizon), Value: from}
	}
	var rows []int
	for row := from - 1; row+f.config.Horizon < n; row += config.Stride {
		rows = append(rows, row)
	}
	return rows, nil
}
