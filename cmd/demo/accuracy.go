package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/pkg/errors"

	"github.com/engram-go/engram/datasets"
	"github.com/engram-go/engram/train/forecast"
	"github.com/engram-go/engram/train/forecast/scores"
)

// accuracyOptions are the flags of the demo.
type accuracyOptions struct {
	name       string
	file, test string
	horizons   []int
	only       string
	seeds      int
}

// benchmarkData are the series that the demo knows.
type benchmarkData struct {
	name  string
	about string
	run   func(ctx context.Context, o accuracyOptions, t *scoreTable) error
}

func benchmarks() []benchmarkData {
	return []benchmarkData{
		{"airline", "months of air passengers, 6 months ahead; included", runAirline},
		{"sunspots", "months of sunspots, 12 months ahead; included", runSunspots},
		{"dax", "days of the DAX, 5 days ahead; included", runDAX},
		{"etth1", "hours of a transformer, 96 to 720 hours ahead; --file ETTh1.csv", runETTh1},
		{"m4-hourly", "414 series, 48 hours ahead; --file Hourly-train.csv --test Hourly-test.csv", runM4},
	}
}

// runAccuracy measures forecasts by the protocols of docs/accuracy.md.
func runAccuracy(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	all := benchmarks()
	var names []string
	var help []flagHelp
	for _, b := range all {
		names, help = append(names, b.name), append(help, flagHelp{name: b.name, text: b.about})
	}
	f := newFlags("accuracy", "Measures forecasts on public series next to simple methods, and writes a table in Markdown. docs/accuracy.md has the protocols and the results.")
	name := f.choice("data", "airline", names, "the series")
	file := f.text("file", "FILE", "", "the public file, for series that are not included")
	test := f.text("test", "FILE", "", "the second file of m4-hourly, with the values to forecast")
	seeds := f.count("seeds", 5, 1000, "trainings of each network, with the seeds 0, 1, …")
	horizon := f.count("horizon", 0, 720, "one horizon of etth1 alone; 0 for all")
	only := f.text("only", "TEXT", "", "only the networks whose line has this text")
	f.list("Series", help)
	if err := f.parse(args, stdout); err != nil {
		return err
	}
	b := all[slices.Index(names, *name)]
	o := accuracyOptions{name: *name, file: *file, test: *test, only: *only, seeds: *seeds, horizons: etthHorizons}
	if f.given("horizon") {
		o.horizons = []int{*horizon}
	}
	if needed := strings.Contains(b.about, "--file"); needed != (*file != "") {
		return wrongFlag("file", "must be given with a series that is not included, and only then", *file)
	}
	if needed := strings.Contains(b.about, "--test"); needed != (*test != "") {
		return wrongFlag("test", "must be given with m4-hourly, and only then", *test)
	}
	t := &scoreTable{out: stdout, progress: stderr, only: o.only, seeds: o.seeds}
	return errors.Wrap(b.run(ctx, o, t), b.name)
}

// scoreTable writes the scores of methods, a line each.
type scoreTable struct {
	out, progress io.Writer
	only          string
	seeds         int
}

// header begins a table with the names of its scores.
func (t *scoreTable) header(names ...string) error {
	line := "| method |"
	for _, name := range names {
		line += " " + name + " | range |"
	}
	_, err := fmt.Fprintf(t.out, "\n%s seconds |\n|%s\n", line, strings.Repeat("---|", 2+2*len(names)))
	return errors.Wrap(err, "standard output")
}

// line writes a method with its scores, as [seed][score].
func (t *scoreTable) line(method string, scores [][]float64, took time.Duration) error {
	line := "| " + method + " |"
	for i := range scores[0] {
		var sum float64
		var all []float64
		for _, s := range scores {
			sum, all = sum+s[i], append(all, s[i])
		}
		line += " " + figure(sum/float64(len(all))) + " |"
		if len(all) > 1 && !math.IsNaN(sum) {
			line += fmt.Sprintf(" %s–%s |", figure(slices.Min(all)), figure(slices.Max(all)))
		} else {
			line += " |"
		}
	}
	seconds := ""
	if took > 0 {
		seconds = fmt.Sprintf(" %.3g", (took / time.Duration(len(scores))).Seconds())
	}
	_, err := fmt.Fprintf(t.out, "%s%s |\n", line, seconds)
	return errors.Wrap(err, "standard output")
}

// figure writes a score, or a dash where it is not defined.
func figure(x float64) string {
	switch {
	case math.IsNaN(x):
		return "–"
	case x >= 100:
		return fmt.Sprintf("%.0f", x)
	case x >= 10:
		return fmt.Sprintf("%.1f", x)
	case x >= 1:
		return fmt.Sprintf("%.2f", x)
	}
	return fmt.Sprintf("%.4f", x)
}

// contestant is a config that is measured.
type contestant struct {
	name   string
	config forecast.Config
}

// measure trains a contestant with every seed, and writes the scores that run returns.
func (t *scoreTable) measure(c contestant, run func(forecast.Config) ([]float64, error)) error {
	if !strings.Contains(c.name, t.only) {
		return nil
	}
	var all [][]float64
	begun := time.Now()
	for seed := range t.seeds {
		fmt.Fprintf(t.progress, "%s, seed %d\n", c.name, seed)
		c.config.Seed = uint64(seed)
		scores, err := run(c.config)
		if err != nil {
			return errors.Wrap(err, c.name)
		}
		all = append(all, scores)
	}
	return t.line(c.name, all, time.Since(begun))
}

// rolling is a protocol for one series: networks are trained once on the first rows, and
// forecast from many of the later ones, with the rows before each that are known then.
type rolling struct {
	series      *datasets.Series
	known       int // rows to train on
	stride      int // from one forecast to the next
	contestants []contestant
}

// run writes the scores of the networks, of the mean of the forecasts of all seeds, and of the
// simple methods.
func (r rolling) run(ctx context.Context, t *scoreTable) error {
	if err := t.header("MAPE %", "MAE", "MASE"); err != nil {
		return err
	}
	known, err := r.series.Slice(0, r.known)
	if err != nil {
		return err
	}
	var simple []forecast.Scores
	for _, c := range r.contestants {
		var seeds [][]forecast.Origin
		season := 0
		err := t.measure(c, func(config forecast.Config) ([]float64, error) {
			config.Refit = true // once the best number of epochs is known
			config.Test = 1     // a horizon, which nothing is chosen by
			f, err := forecast.Fit(ctx, config, known)
			if err != nil {
				return nil, err
			}
			b, err := f.Backtest(ctx, forecast.BacktestConfig{From: r.known, Stride: r.stride, ModelOnly: simple != nil}, r.series)
			if err != nil {
				return nil, err
			}
			if simple == nil {
				simple = b.Verdict.Scores[1:]
			}
			seeds, season = append(seeds, b.Forecasts), f.Config().Season
			return valuesOf(b.Verdict.Scores[0]), nil
		})
		if err != nil {
			return err
		}
		if len(seeds) > 1 {
			scores, err := r.meanScores(seeds, season)
			if err != nil {
				return err
			}
			if err := t.line(fmt.Sprintf("%s, mean of the %d seeds", c.name, len(seeds)), [][]float64{scores}, 0); err != nil {
				return err
			}
		}
	}
	for _, s := range simple {
		if err := t.line(s.Method, [][]float64{valuesOf(s)}, 0); err != nil {
			return err
		}
	}
	return nil
}

// meanScores are those of the mean of the forecasts of several networks, [network][forecast].
func (r rolling) meanScores(networks [][]forecast.Origin, season int) ([]float64, error) {
	history, err := r.series.Column(networks[0][0].Targets[0].Name)
	if err != nil {
		return nil, err
	}
	var truth, mean []float64
	mase := 0.0
	for i, origin := range networks[0] {
		next := slices.Repeat([]float64{0}, len(origin.Truth[0]))
		for _, forecasts := range networks {
			for h, v := range forecasts[i].Targets[0].Values {
				next[h] += v / float64(len(networks))
			}
		}
		scaled, err := scores.MASE(history[:origin.Row+1], season, origin.Truth[0], next)
		if err != nil {
			return nil, err
		}
		mase += scaled / float64(len(networks[0]))
		truth, mean = append(truth, origin.Truth[0]...), append(mean, next...)
	}
	mape, err := scores.MAPE(truth, mean)
	if err != nil {
		mape = math.NaN() // a true value is 0
	}
	mae, err := scores.MAE(truth, mean)
	return []float64{mape, mae, mase}, err
}

// valuesOf are MAPE, MAE and MASE.
func valuesOf(s forecast.Scores) []float64 {
	undefined := new(math.NaN())
	return []float64{*cmp.Or(s.MAPE, undefined), *cmp.Or(s.MAE, undefined), *cmp.Or(s.MASE, undefined)}
}
