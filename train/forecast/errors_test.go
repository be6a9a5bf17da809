package forecast_test

import (
	"context"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/engram-go/engram/datasets"
	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/errs/errtest"
	"github.com/engram-go/engram/models"
	"github.com/engram-go/engram/train/forecast"
	"github.com/engram-go/engram/train/forecast/networks"
	"github.com/pkg/errors"
)

// edited is a copy of a series with something changed.
func edited(s *datasets.Series, change func(s *datasets.Series)) *datasets.Series {
	c := clone(s)
	c.Columns = slices.Clone(s.Columns)
	change(c)
	return c
}

// missing are missing values.
func missing(n int) []float64 {
	out := make([]float64, n)
	for i := range out {
		out[i] = math.NaN()
	}
	return out
}

func TestConfigRefused(t *testing.T) {
	s := sales(t, "a", 60, 1)
	for name, c := range map[string]struct {
		edit func(c *forecast.Config)
		want errs.Error
	}{
		"no horizon":          {func(c *forecast.Config) { c.Horizon = 0 }, errs.Error{Path: "forecast", Field: "Config.Horizon", Value: 0}},
		"negative horizon":    {func(c *forecast.Config) { c.Horizon = -3 }, errs.Error{Path: "forecast", Field: "Config.Horizon", Value: -3}},
		"huge horizon":        {func(c *forecast.Config) { c.Horizon = math.MaxInt }, errs.Error{Path: "forecast", Field: "Config.Horizon", Value: math.MaxInt}},
		"many numbers":        {func(c *forecast.Config) { c.Horizon = 1 << 20; c.Head = forecast.Quantiles{Levels: hundred()} }, errs.Error{Path: "forecast", Field: "Config.Horizon", Value: 1 << 20}},
		"steps":               {func(c *forecast.Config) { c.Steps = -1 }, errs.Error{Path: "forecast", Field: "Config.Steps", Value: -1}},
		"season":              {func(c *forecast.Config) { c.Season = -1 }, errs.Error{Path: "forecast", Field: "Config.Season", Value: -1}},
		"large block":         {func(c *forecast.Config) { c.Block = 9 }, errs.Error{Path: "forecast", Field: "Config.Block", Value: 9}},
		"block with past":     {func(c *forecast.Config) { c.Block = 1 }, errs.Error{Path: "forecast", Field: "Config.Block", Value: 1}},
		"members":             {func(c *forecast.Config) { c.Members = -1 }, errs.Error{Path: "forecast", Field: "Config.Members", Value: -1}},
		"validation":          {func(c *forecast.Config) { c.Validation = 1.5 }, errs.Error{Path: "forecast", Field: "Config.Validation", Value: 1.5}},
		"test":                {func(c *forecast.Config) { c.Test = math.NaN() }, errs.Error{Path: "forecast", Field: "Config.Test", Value: math.NaN()}},
		"validation and test": {func(c *forecast.Config) { c.Validation, c.Test = 0.5, 0.6 }, errs.Error{Path: "forecast", Field: "Config.Test", Value: 0.6}},
		"normalize":           {func(c *forecast.Config) { c.Normalize = "x" }, errs.Error{Path: "forecast", Field: "Config.Normalize", Value: "x"}},
		"use":                 {func(c *forecast.Config) { c.Use = "x" }, errs.Error{Path: "forecast", Field: "Config.Use", Value: "x"}},
		"levels":              {func(c *forecast.Config) { c.Head = forecast.Quantiles{Levels: []float64{0.5, 0.1}} }, errs.Error{Path: "forecast", Field: "Config.Head.Levels[1]", Value: 0.1}},
		"level":               {func(c *forecast.Config) { c.Head = forecast.Quantiles{Levels: []float64{math.NaN()}} }, errs.Error{Path: "forecast", Field: "Config.Head.Levels[0]", Value: math.NaN()}},
		"no target":           {func(c *forecast.Config) { c.Targets, c.Past = nil, []string{"sold", "price"} }, errs.Error{Path: "forecast", Field: "Config.Targets"}},
		"twice":               {func(c *forecast.Config) { c.Past = []string{"sold"} }, errs.Error{Path: "forecast", Field: "Config", Value: "sold"}},
		"unknown column":      {func(c *forecast.Config) { c.Past = []string{"weather"} }, errs.Error{Path: "a", Field: "column", Value: "weather"}},
		"static that varies":  {func(c *forecast.Config) { c.Past, c.Static = nil, []string{"price"} }, errs.Error{Path: "a, row 1", Field: "price"}},
		"no counts":           {func(c *forecast.Config) { c.Head, c.Transform = forecast.NegativeBinomial{}, nil }, errs.Error{Path: "a, row 0", Field: "sold"}},
		"scaled counts":       {func(c *forecast.Config) { c.Head = forecast.NegativeBinomial{} }, errs.Error{Path: "forecast", Field: "Config.Transform"}},
		"no period":           {func(c *forecast.Config) { c.Transform = datasets.SeasonalDifference{} }, errs.Error{Path: "a", Field: "sold", Value: 0}},
		"negative period":     {func(c *forecast.Config) { c.Transform = datasets.SeasonalDifference{Period: -2} }, errs.Error{Path: "forecast", Field: "Config.Transform", Value: -2}},
		"horizon of the rows": {func(c *forecast.Config) { c.Horizon = 1000 }, errs.Error{Path: "a", Field: "rows", Value: 60}},
	} {
		t.Run(name, func(t *testing.T) {
			config := salesConfig(datasets.Standard{})
			c.edit(&config)
			_, err := forecast.Fit(context.Background(), config, s)
			errtest.Check(t, err, c.want)
		})
	}
}

func hundred() []float64 {
	var levels []float64
	for i := range 99 {
		levels = append(levels, float64(i+1)/100)
	}
	return levels
}

func TestSeriesRefused(t *testing.T) {
	good := sales(t, "a", 60, 1)
	one := func(change func(s *datasets.Series)) []*datasets.Series {
		return []*datasets.Series{edited(good, change)}
	}
	config := salesConfig(datasets.LogReturn{})
	config.Epochs, config.Test = 1, 0.2
	f := fit(t, config, good)
	for name, c := range map[string]struct {
		series []*datasets.Series
		want   errs.Error
		fit    bool // only Fit refuses it
	}{
		"nil":               {[]*datasets.Series{good, nil}, errs.Error{Path: "series 1", Field: "series"}, false},
		"no columns":        {[]*datasets.Series{{Name: "e"}}, errs.Error{Path: "e", Field: "Series.Columns"}, false},
		"no rows":           {[]*datasets.Series{{Name: "e", Columns: []string{"sold"}, Values: [][]float64{{}}}}, errs.Error{Path: "e", Field: "Series.Values"}, false},
		"one name":          {[]*datasets.Series{good, good}, errs.Error{Path: "forecast", Field: "series", Value: "a"}, false},
		"lengths":           {one(func(s *datasets.Series) { s.Values[1] = s.Values[1][:50] }), errs.Error{Path: "a", Field: "price", Value: 50}, false},
		"few names":         {one(func(s *datasets.Series) { s.Columns = s.Columns[:2] }), errs.Error{Path: "a", Field: "Series.Values", Value: 3}, false},
		"a name twice":      {one(func(s *datasets.Series) { s.Columns[1] = "sold" }), errs.Error{Path: "a", Field: "Series.Columns", Value: "sold"}, false},
		"labels":            {one(func(s *datasets.Series) { s.Index = []string{"x"} }), errs.Error{Path: "a", Field: "Series.Index", Value: 1}, false},
		"times":             {one(func(s *datasets.Series) { s.Times = make([]time.Time, 60) }), errs.Error{Path: "a", Field: "Series.Times"}, false},
		"another column":    {one(func(s *datasets.Series) { s.Columns[1] = "cost" }), errs.Error{Path: "a", Field: "column", Value: "price"}, false},
		"infinite":          {one(func(s *datasets.Series) { s.Values[1][7] = math.Inf(1) }), errs.Error{Path: "a, row 7", Field: "price", Value: math.Inf(1), Kind: errs.ErrNotFinite}, false},
		"not positive":      {one(func(s *datasets.Series) { s.Values[1][7] = -1 }), errs.Error{Path: "a, row 7", Field: "price", Value: -1}, false},
		"a column missing":  {one(func(s *datasets.Series) { s.Values[1] = missing(60) }), errs.Error{Path: "a", Field: "price"}, true},
		"all targets":       {one(func(s *datasets.Series) { s.Values[0] = missing(60) }), errs.Error{Path: "a", Field: "targets"}, true},
		"training targets":  {one(func(s *datasets.Series) { copy(s.Values[0], missing(45)) }), errs.Error{Path: "a", Field: "sold"}, true},
		"too large numbers": {one(func(s *datasets.Series) { s.Values[1][7], s.Values[1][9] = 1e308, 1e-308 }), errs.Error{}, true},
	} {
		t.Run(name, func(t *testing.T) {
			ctx := context.Background()
			_, err := forecast.Fit(ctx, config, c.series...)
			if c.want.Field != "" {
				errtest.Check(t, err, c.want)
			}
			if c.fit {
				return
			}
			if c.want.Field == "column" { // then the series is at fault, not the config
				c.want = errs.Error{Path: c.want.Path, Field: "columns", Value: "sold, cost, open"}
			}
			_, err = f.Forecast(ctx, c.series...)
			errtest.Check(t, err, c.want)
			_, err = f.Backtest(ctx, forecast.BacktestConfig{}, c.series...)
			errtest.Check(t, err, c.want)
			_, err = f.Update(ctx, forecast.UpdateConfig{}, c.series...)
			errtest.Check(t, err, c.want)
			_, err = f.Drift(ctx, c.series...)
			errtest.Check(t, err, c.want)
		})
	}
	ctx := context.Background()
	_, err := forecast.Fit(ctx, config)
	errtest.Check(t, err, errs.Error{Path: "forecast", Field: "series"})
	_, err = f.Forecast(ctx)
	errtest.Check(t, err, errs.Error{Path: "a, row 60", Field: "open"}) // not known for the rows to forecast
	_, err = f.Forecast(ctx, first(good, 6, 3, "open"))
	errtest.Check(t, err, errs.Error{Path: "a", Field: "rows", Value: 6})
	_, err = f.Forecast(ctx, edited(first(good, 20, 3, "open"), func(s *datasets.Series) { copy(s.Values[0], missing(19)) }))
	if err != nil {
		t.Errorf("got %v for one known value", err)
	}
	for _, c := range []struct {
		config forecast.BacktestConfig
		series *datasets.Series
		want   errs.Error
	}{
		{forecast.BacktestConfig{From: 3}, good, errs.Error{Path: "a", Field: "BacktestConfig.From", Value: 3}},
		{forecast.BacktestConfig{From: 58}, good, errs.Error{Path: "a", Field: "BacktestConfig.From", Value: 58}},
		{forecast.BacktestConfig{Stride: -1}, good, errs.Error{Path: "forecast", Field: "BacktestConfig.Stride", Value: -1}},
		{forecast.BacktestConfig{Refit: 1, Window: 5}, good, errs.Error{Path: "a", Field: "rows", Value: 5}},
		{forecast.BacktestConfig{}, sales(t, "short", 9, 1), errs.Error{Path: "short", Field: "rows", Value: 9}},
	} {
		_, err := f.Backtest(ctx, c.config, c.series)
		errtest.Check(t, err, c.want)
	}
	for _, c := range []struct {
		config forecast.UpdateConfig
		field  string
		value  any
	}{
		{forecast.UpdateConfig{Epochs: -1}, "Epochs", -1},
		{forecast.UpdateConfig{LearningRate: -1}, "LearningRate", -1},
		{forecast.UpdateConfig{LearningRate: math.NaN()}, "LearningRate", math.NaN()},
		{forecast.UpdateConfig{LearningRate: math.Inf(1)}, "LearningRate", math.Inf(1)},
	} {
		_, err := f.Update(ctx, c.config, good)
		errtest.Check(t, err, errs.Error{Path: "forecast", Field: "UpdateConfig." + c.field, Value: c.value})
	}
}

// TestOneRowTooFew asks how many rows are needed, and tries them and one fewer.
func TestOneRowTooFew(t *testing.T) {
	for _, horizon := range []int{1, 2, 5} {
		for _, steps := range []int{1, 4, 11} {
			for _, parts := range [][2]float64{{0.1, 0.2}, {0.25, 0.3}, {0.01, 0.01}} {
				config := copying(copies{Column: -1}, forecast.Config{Horizon: horizon, Steps: steps, Validation: parts[0], Test: parts[1]})
				_, err := forecast.Fit(context.Background(), config, walk("a", 2, 1))
				errtest.Check(t, err, errs.Error{Path: "a", Field: "rows", Value: 2})
				found := regexp.MustCompile(`at least (\d+),`).FindStringSubmatch(fmt.Sprint(err))
				if found == nil {
					t.Fatalf("got %v, want an error with the number of rows", err)
				}
				n, _ := strconv.Atoi(found[1])
				if _, err := forecast.Fit(context.Background(), config, walk("a", n-1, 1)); err == nil {
					t.Errorf("%d rows are needed, but one fewer suffice: %+v", n, config)
				}
				if _, err := forecast.Fit(context.Background(), config, walk("a", n, 1)); err != nil {
					t.Errorf("%d rows do not suffice: %v", n, err)
				}
			}
		}
	}
}

// TestColumnsThatDoNotVary trains on constant columns, of which one varies later.
func TestColumnsThatDoNotVary(t *testing.T) {
	for name, transform := range transforms {
		s := sales(t, "a", 60, 1)
		for i := range 60 {
			s.Values[0][i], s.Values[1][i] = 7, 3
		}
		s.Values[1][58] = 4
		config := salesConfig(transform)
		config.Steps, config.Season = 5, 1
		f := fit(t, config, s)
		if _, err := read(bytesOf(t, f)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		out := next(t, f, first(s, 57, 3, "open"))[0].Targets[0]
		for h, v := range out.Values {
			if name != "None" && math.Abs(v-7) > 5 { // an untrained network is off by little more than 1
				t.Errorf("%s: row %d of a constant series is %v", name, h+1, v)
			}
		}
	}
}

// TestContext ends the context before and within each call.
func TestContext(t *testing.T) {
	done, cancel := context.WithCancel(context.Background())
	cancel()
	s := walk("a", 600, 1)
	config := dense(forecast.Config{Horizon: 2, Steps: 8, Season: 1})
	f := fit(t, config, s)
	endless := config
	endless.Epochs, endless.Patience = 1_000_000, 1_000_000
	calls := map[string]func(ctx context.Context) error{
		"Fit":      func(ctx context.Context) error { _, err := forecast.Fit(ctx, endless, s); return err },
		"Forecast": func(ctx context.Context) error { _, err := f.Forecast(ctx); return err },
		"Backtest": func(ctx context.Context) error {
			_, err := f.Backtest(ctx, forecast.BacktestConfig{From: 100, Stride: 1, Refit: 1}, s)
			return err
		},
		"a Backtest without Refit": func(ctx context.Context) error {
			_, err := f.Backtest(ctx, forecast.BacktestConfig{From: 100, Stride: 1}, s)
			return err
		},
		"Update": func(ctx context.Context) error {
			_, err := f.Update(ctx, forecast.UpdateConfig{Epochs: 1_000_000}, walk("a", 60, 1))
			return err
		},
		"Drift": func(ctx context.Context) error { _, err := f.Drift(ctx, walk("a", 60, 1)); return err },
	}
	for name, call := range calls {
		if err := call(done); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: got %v with a context that is done", name, err)
		}
		if name == "Forecast" || name == "Drift" || name == "Update" {
			continue // over too soon
		}
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Millisecond)
		start := time.Now()
		if err := call(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s: got %v within a context that ends", name, err)
		}
		if d := time.Since(start); d > 5*time.Second {
			t.Errorf("%s went on for %v", name, d)
		}
		cancel()
	}
}

// modelFunc is a network of a test.
type modelFunc func(t networks.Task) (*models.Model, error)

func (f modelFunc) Model(t networks.Task) (*models.Model, error) { return f(t) }

// A network that does not read what its task describes is refused before it is trained.
func TestNetworkRefused(t *testing.T) {
	for field, n := range map[string]modelFunc{
		"model": func(networks.Task) (*models.Model, error) { return nil, nil },
		"inputs": func(t networks.Task) (*models.Model, error) {
			t.Future = 1
			return networks.LSTM{Units: 2}.Model(t)
		},
		"input 0": func(t networks.Task) (*models.Model, error) {
			t.Steps++
			return networks.LSTM{Units: 2}.Model(t)
		},
		"output": func(t networks.Task) (*models.Model, error) {
			t.Outputs = 2
			return networks.LSTM{Units: 2}.Model(t)
		},
	} {
		t.Run(field, func(t *testing.T) {
			_, err := forecast.Fit(context.Background(), forecast.Config{Horizon: 2, Network: n}, walk("a", 60, 1))
			if e := (errs.Error{}); !errors.As(err, &e) || e.Path != "network" || e.Field != field {
				t.Errorf("got %v", err)
			}
		})
	}
}
