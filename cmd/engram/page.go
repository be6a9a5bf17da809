package main

import (
	"math"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/engram-go/engram/cmd/internal/notebook"
	"github.com/engram-go/engram/datasets"
	"github.com/engram-go/engram/train/forecast"
)

// writePage writes the result as a page with charts.
func (r result) writePage(path string) error {
	names := r.next.Targets[0].Name
	for _, t := range r.next.Targets[1:] {
		names += ", " + t.Name
	}
	v := r.forecaster.Verdict()
	page := notebook.New("Forecast of "+names, nil)
	page.Markdown(escape(v.String()))
	for _, t := range r.next.Targets {
		page.Lines(r.chart(t))
		page.Table(forecastTable("Forecast of "+t.Name, r.next.Times, t))
	}
	page.Markdown("## Errors")
	page.Table(scoreTable(r.caption(), v))
	page.Markdown(scoresExplained)
	page.Markdown("## The file")
	for line := range strings.Lines(r.read.summary(r.file)) {
		page.Markdown(escape(line))
	}
	_, err := page.WriteFile(filepath.Dir(path), filepath.Base(path))
	return err
}

// scoresExplained explains the columns of scoreTable.
const scoresExplained = `MASE is the mean absolute error (MAE), divided by that of the seasonal naive forecast within
the rows before: below 1 is better than that. RMSE is the root mean squared error. Pinball is the mean loss of the
quantiles. The last column is the share of the true values between the outer quantiles, which should be as much as
its heading says. Lower is better for all others.`

// chart draws the newest rows of a column and its forecast.
func (r result) chart(t forecast.Target) notebook.LineChart {
	x := axisOf(r.series, r.forecaster)
	values, _ := r.series.Column(t.Name) // of a column that was forecast
	last := len(values) - 1
	for last > 0 && math.IsNaN(values[last]) {
		last--
	}
	known := notebook.Series{Name: t.Name}
	horizon := len(t.Values)
	for i := max(0, last-max(4*horizon, 60)); i <= last; i++ {
		if !math.IsNaN(values[i]) {
			known.X, known.Y = append(known.X, x.at(i)), append(known.Y, values[i])
		}
	}
	// The forecast starts at the last known value, so that the lines meet.
	line := notebook.Series{Name: "forecast", X: []float64{x.at(last)}, Y: []float64{values[last]}}
	for h, v := range t.Values {
		line.X, line.Y = append(line.X, x.after(last, h+1, r.next.Times[h])), append(line.Y, v)
	}
	chart := notebook.LineChart{Title: r.title(t), X: x.label, Y: t.Name, Dates: x.dates, Series: []notebook.Series{known, line}}
	if n := len(t.Levels); n > 1 {
		start := []float64{values[last]}
		chart.Bands = []notebook.Band{{
			Name: percent(t.Levels[n-1]-t.Levels[0]) + " interval", Around: line.Name, X: line.X,
			Low: slices.Concat(start, t.Quantiles[0]), High: slices.Concat(start, t.Quantiles[n-1]),
		}}
	}
	return chart
}

// axis gives rows their place on the x axis of a chart: their dates, or their number.
type axis struct {
	label  string
	dates  bool
	series *datasets.Series
}

func axisOf(s *datasets.Series, f *forecast.Forecaster) axis {
	if len(s.Times) != s.Len() || f.Frequency().Check() != nil {
		return axis{label: "row", series: s}
	}
	return axis{label: "date", dates: true, series: s}
}

// at is the place of a row of the series.
func (a axis) at(row int) float64 {
	if !a.dates {
		return float64(row + 1)
	}
	return clock(a.series.Times[row])
}

// after is the place of the row that is so many rows after another. Its label is that of a
// forecast.
func (a axis) after(row, n int, label string) float64 {
	if a.dates {
		for _, layout := range []string{time.DateOnly, "2006-01-02T15:04:05", time.RFC3339} {
			if t, err := time.Parse(layout, label); err == nil {
				return clock(t)
			}
		}
	}
	return float64(row + n + 1)
}

// clock is what the clock of a time shows, as seconds since 1970: charts know no zones.
func clock(t time.Time) float64 {
	_, offset := t.Zone()
	return float64(t.Unix() + int64(offset))
}
