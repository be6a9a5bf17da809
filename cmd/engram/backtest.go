package main

import (
	"fmt"
	"math"
	"path/filepath"
	"strings"

	"github.com/pkg/errors"

	"github.com/engram-go/engram/cmd/internal/notebook"
	"github.com/engram-go/engram/datasets"
	"github.com/engram-go/engram/train/forecast"
)

// backtestCommand forecasts from many past rows.
type backtestCommand struct {
	newRows   `embed:""`
	From      positive `placeholder:"ROWS" help:"Known rows of the first forecast (0.8 of the rows)."`
	Stride    positive `placeholder:"ROWS" help:"Rows from one forecast to the next (the rows that are forecast)."`
	Refit     positive `placeholder:"K" help:"Train again before every K-th forecast, on the rows that are known then (never)."`
	ModelOnly bool     `help:"Leave out the simple methods, which take most of the time."`
	Page      string   `placeholder:"FILE" help:"Write a page with charts, such as backtest.html, which is replaced if it exists."`
}

func (cmd backtestCommand) Run(ctx *invocation) error {
	if err := checkFiles(cmd.Model, cmd.Page); err != nil {
		return err
	}
	f, series, read, err := cmd.load(ctx, cmd.Page)
	if err != nil {
		return err
	}
	b, err := f.Backtest(ctx, forecast.BacktestConfig{From: int(cmd.From), Stride: int(cmd.Stride), Refit: int(cmd.Refit), ModelOnly: cmd.ModelOnly}, series...)
	if err != nil {
		return err
	}
	r := backtest{Backtest: b, file: cmd.File, read: read, series: series, forecaster: f}
	if ctx.json {
		err = ctx.writeJSON(r.object())
	} else {
		err = ctx.print(r.text(notebook.Width(ctx.stdout)))
	}
	if err != nil || cmd.Page == "" {
		return err
	}
	if err := r.writePage(cmd.Page); err != nil {
		return errors.Wrap(err, "--page")
	}
	if ctx.json {
		return nil
	}
	return ctx.print(fmt.Sprintf("\nWrote %s, a page for a browser\n", cmd.Page))
}

// backtest is what the command found.
type backtest struct {
	*forecast.Backtest
	file       string
	read       content
	series     []*datasets.Series
	forecaster *forecast.Forecaster
}

func (r backtest) object() any {
	return struct {
		Verdict   string                  `json:"verdict"`
		Best      string                  `json:"best"`
		Metric    string                  `json:"metric"`
		Scores    map[string]scoresObject `json:"scores"`
		Steps     []forecast.Scores       `json:"steps"` // by method, with the scores of each row of the horizon
		Forecasts []forecast.Origin       `json:"forecasts"`
		Read      content                 `json:"read"`
	}{r.Verdict.String(), r.Verdict.Best, r.Verdict.Metric, scoresOf(r.Verdict), r.Verdict.Scores, r.Forecasts, r.read}
}

func (r backtest) text(width int) string {
	var b strings.Builder
	b.WriteString(notebook.Wrap(r.Verdict.String(), width) + "\n\n")
	writeScores(&b, r.caption(), r.Verdict, width)
	b.WriteString("\n")
	writeTable(&b, r.stepTable(), width)
	return b.String()
}

func (r backtest) caption() string {
	return fmt.Sprintf("Errors of %s of %s each", count(r.Verdict.Origins, "forecast"), count(r.forecaster.Config().Horizon, "row"))
}

// stepTable has the errors of each row of the horizon.
func (r backtest) stepTable() notebook.Table {
	var rows []string
	for h := range r.Verdict.Scores[0].Steps {
		rows = append(rows, fmt.Sprintf("+%d", h+1))
	}
	return errorTable("row", rows, r.Verdict, func(s forecast.Scores, h int) forecast.Values { return s.Steps[h] })
}

func (r backtest) writePage(path string) error {
	page := notebook.New("Backtest of "+strings.Join(r.forecaster.Config().Targets, ", "), nil)
	page.Markdown(escape(r.Verdict.String()))
	for _, s := range r.series[:min(mostSeries, len(r.series))] {
		for i, name := range r.forecaster.Config().Targets {
			page.Lines(r.chart(s, i, name))
		}
	}
	if text := more(len(r.series)); text != "" {
		page.Markdown(escape(text))
	}
	writeScoresSection(page, r.caption(), r.Verdict)
	page.Lines(r.stepChart())
	page.Table(r.stepTable())
	writeFileSection(page, r.read, r.file)
	_, err := page.WriteFile(filepath.Dir(path), filepath.Base(path))
	return err
}

// chart draws the true values of a column of a series and all forecasts, one after another.
func (r backtest) chart(s *datasets.Series, target int, name string) notebook.LineChart {
	x := axisOf(s, r.forecaster)
	var forecasts []forecast.Origin
	for _, o := range r.Forecasts {
		if o.Series == s.Name {
			forecasts = append(forecasts, o)
		}
	}
	truth, line := notebook.Series{Name: name}, notebook.Series{Name: "forecast"}
	band := notebook.Band{Around: line.Name}
	// Where forecasts overlap, the one from the newest row is drawn.
	for i, o := range forecasts {
		t, end := o.Targets[target], math.MaxInt
		if i+1 < len(forecasts) {
			end = forecasts[i+1].Row
		}
		for h, v := range t.Values {
			if o.Row+h+1 > end {
				break
			}
			at := x.after(o.Row, h, o.Forecast)
			line.X, line.Y = append(line.X, at), append(line.Y, v)
			if n := len(t.Levels); n > 1 {
				band.Name = percent(t.Levels[n-1]-t.Levels[0]) + " interval"
				band.X, band.Low, band.High = append(band.X, at), append(band.Low, t.Quantiles[0][h]), append(band.High, t.Quantiles[n-1][h])
			}
			if true := o.Truth[target][h]; !math.IsNaN(true) {
				truth.X, truth.Y = append(truth.X, at), append(truth.Y, true)
			}
		}
	}
	title := name
	if r.read.Series != nil {
		title = s.Name + ", " + name
	}
	chart := notebook.LineChart{Title: title + ": forecasts and true values", X: x.label, Y: name, Dates: x.dates, Series: []notebook.Series{truth, line}}
	if len(band.X) > 0 {
		chart.Bands = []notebook.Band{band}
	}
	return chart
}

// stepChart draws the error of each row of the horizon, of all methods.
func (r backtest) stepChart() notebook.LineChart {
	c := notebook.LineChart{Title: "Mean absolute error of each row that is forecast", X: "rows ahead", Y: "MAE"}
	for _, s := range r.Verdict.Scores {
		line := notebook.Series{Name: s.Method}
		for h, step := range s.Steps {
			if step.MAE != nil {
				line.X, line.Y = append(line.X, float64(h+1)), append(line.Y, *step.MAE)
			}
		}
		if len(line.Y) > 0 {
			c.Series = append(c.Series, line)
		}
	}
	return c
}
