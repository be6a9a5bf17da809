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
	v := r.forecaster.Verdict()
	page := notebook.New("Forecast of "+strings.Join(r.forecaster.Config().Targets, ", "), nil)
	page.Markdown(escape(v.String()))
	for i, f := range r.next[:min(mostSeries, len(r.next))] {
		for _, t := range f.Targets {
			page.Lines(r.chart(i, t))
			page.Table(forecastTable("Forecast of "+r.name(i, t.Name), f.Times, t))
		}
	}
	if text := more(len(r.next)); text != "" {
		page.Markdown(escape(text))
	}
	page.Markdown("## Errors")
	writeScoresSection(page, r.caption(), v)
	writeFileSection(page, r.read, r.file)
	_, err := page.WriteFile(filepath.Dir(path), filepath.Base(path))
	return err
}

// writeFileSection says what was read.
func writeFileSection(page *notebook.Notebook, read content, file string) {
	page.Markdown("## The file")
	for line := range strings.Lines(read.summary(file)) {
		page.Markdown(escape(line))
	}
}

// writeScoresSection compares the methods.
func writeScoresSection(page *notebook.Notebook, caption string, v forecast.Verdict) {
	page.Table(scoreTable(caption, v))
	page.Markdown(scoresExplained)
	for _, text := range v.Missing {
		page.Markdown(escape("Not compared: " + text))
	}
	if t, ok := columnTable(v); ok {
		page.Table(t)
	}
}

// scoresExplained explains the columns of scoreTable.
const scoresExplained = `MASE is the mean absolute error (MAE), divided by that of the seasonal naive forecast within
the rows before: below 1 is better than that. RMSE is the root mean squared error. Pinball is the mean loss of the
quantiles. The last column is the share of the true values between the outer quantiles, which should be as much as
its heading says. Lower is better for all others.`

// chart draws the newest rows of a column of the i-th series, and its forecast.
func (r result) chart(i int, t forecast.Target) notebook.LineChart {
	x := axisOf(r.series[i], r.forecaster)
	values, _ := r.series[i].Column(t.Name) // of a column that was forecast
	last := max(0, lastKnown(r.series[i], t.Name))
	known := notebook.Series{Name: t.Name}
	horizon := len(t.Values)
	for row := max(0, last-max(4*horizon, 60)); row <= last; row++ {
		if !math.IsNaN(values[row]) {
			known.X, known.Y = append(known.X, x.at(row)), append(known.Y, values[row])
		}
	}
	// The forecast starts at the last known value, so that the lines meet.
	line := notebook.Series{Name: "forecast", X: []float64{x.at(last)}, Y: []float64{values[last]}}
	for h, v := range t.Values {
		line.X, line.Y = append(line.X, x.after(last, h, r.next[i])), append(line.Y, v)
	}
	chart := notebook.LineChart{Title: r.title(i, t), X: x.label, Y: t.Name, Dates: x.dates, Series: []notebook.Series{known, line}}
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

// after is the place of row h of a forecast, whose first row follows the given one.
func (a axis) after(row, h int, f forecast.Forecast) float64 {
	if a.dates {
		return clock(f.At[h])
	}
	return float64(row + h + 2)
}

// clock is what the clock of a time shows, as seconds since 1970: charts know no zones.
func clock(t time.Time) float64 {
	_, offset := t.Zone()
	return float64(t.Unix() + int64(offset))
}
