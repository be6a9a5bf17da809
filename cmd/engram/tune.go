package main

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/engram-go/engram/datasets"
	"github.com/engram-go/engram/train/forecast"
	"github.com/engram-go/engram/train/forecast/networks"
	"github.com/engram-go/engram/train/optimizers"
	"github.com/engram-go/engram/train/search"
)

// tune searches better values for what no flag sets, and returns the config with them and
// what they are.
func (cmd forecastCommand) tune(ctx *invocation, c forecast.Config, series []*datasets.Series) (forecast.Config, map[string]string, error) {
	c.Optimizer = optimizers.Adam{}
	space := search.Space{
		"Optimizer.LearningRate": search.Float{Low: 3e-4, High: 1e-2, Log: true},
		"Normalize":              search.Choice[forecast.Normalize]{forecast.NormalizeNone, forecast.NormalizeLast, forecast.NormalizeStandard},
		"Transform":              transformsFor(series, c.Season),
	}
	switch c.Network.(type) {
	case nil:
		space["Network"] = search.Choice[networks.Network]{networks.DLinear{}, networks.NHITS{}, networks.LSTM{}}
	case networks.DLinear: // has no units
	default:
		space["Network.Units"] = search.Int{Low: 8, High: 128, Log: true}
	}
	if c.Steps == 0 {
		each := max(seasonOf(series[0], c.Season), c.Horizon, 8)
		space["Steps"] = search.Choice[int]{each, 2 * each, 3 * each, 4 * each}
	}
	trials := &reportedTrials{Random: search.Random{Trials: cmp.Or(int(cmd.Trials), 20)}, to: ctx.stderr, begun: time.Now()}
	tuned, result, err := forecast.Tune(ctx, c, search.Config{Space: space, Method: trials, Seed: c.Seed}, series...)
	if err != nil {
		return c, nil, err
	}
	best, err := result.Best()
	if err != nil {
		return c, nil, err
	}
	found := map[string]string{}
	var text []string
	for _, name := range result.Names {
		found[name] = valueText(best.Values[name])
		text = append(text, name+" "+found[name])
	}
	fmt.Fprintf(ctx.stderr, "Tuned: %s\n", strings.Join(text, ", "))
	return tuned, found, nil
}

// transformsFor are the transforms to try for series: logarithms only if all of their
// numbers have one, and seasons only if there is one.
func transformsFor(series []*datasets.Series, season int) search.Choice[datasets.Transform] {
	season = seasonOf(series[0], season)
	all := search.Choice[datasets.Transform]{datasets.Standard{}, datasets.Difference{}}
	if season > 1 {
		all = append(all, datasets.SeasonalDifference{Period: season})
	}
	for _, s := range series {
		for _, column := range s.Values {
			if slices.ContainsFunc(column, func(v float64) bool { return v <= 0 }) {
				return all
			}
		}
	}
	all = append(all, datasets.Log{}, datasets.LogReturn{})
	if season > 1 {
		all = append(all, datasets.SeasonalLogReturn{Period: season})
	}
	return all
}

// seasonOf is the given season, or that of the times; 0 if there is none.
func seasonOf(s *datasets.Series, season int) int {
	if season > 0 {
		return season
	}
	step, err := s.Frequency()
	if err != nil {
		return 0
	}
	return step.Season()
}

// valueText writes a value of a search, such as "LogReturn", "24" or "0.00123".
func valueText(v any) string {
	switch v := v.(type) {
	case float64:
		return fmt.Sprintf("%.3g", v)
	case forecast.Normalize:
		return string(v)
	case datasets.Transform, networks.Network:
		_, name, _ := strings.Cut(fmt.Sprintf("%T", v), ".")
		return name
	}
	return fmt.Sprint(v)
}

// reportedTrials reports when a trial begins, and about how much time is left.
type reportedTrials struct {
	search.Random
	to    io.Writer
	begun time.Time

	mutex       sync.Mutex
	begunTrials int // the number of the last one that has begun, from 1
}

// Values are the values of a trial.
func (m *reportedTrials) Values(space search.Space, seed uint64, trial int) map[string]any {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	if trial >= m.begunTrials {
		m.begunTrials = trial + 1
		left := ""
		if took := time.Since(m.begun); trial > 1 {
			each := took.Seconds() / float64(trial)
			left = fmt.Sprintf(", about %.0f s left", math.Ceil(each*float64(m.Trials-trial)))
		}
		fmt.Fprintf(m.to, "Trial %d of %d%s\n", trial+1, m.Trials, left)
	}
	return m.Random.Values(space, seed, trial)
}
