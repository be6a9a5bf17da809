package main

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/engram-go/engram/cmd/internal/notebook"
	"github.com/engram-go/engram/datasets"
	"github.com/engram-go/engram/train/forecast"
)

// text is the result for a terminal: the verdict first, then the rows that are forecast.
func (r result) text(width int) string {
	var b strings.Builder
	v := r.forecaster.Verdict()
	b.WriteString(notebook.Wrap(v.String(), width) + "\n")
	for i, f := range r.next[:min(mostSeries, len(r.next))] {
		for _, t := range f.Targets {
			b.WriteString("\n")
			writeTable(&b, forecastTable(r.title(i, t), f.Times, t), width)
		}
	}
	b.WriteString(more(len(r.next)) + "\n")
	writeScores(&b, r.caption(), v, width)
	return b.String()
}

func (r result) caption() string {
	return fmt.Sprintf("Errors of %s on rows that the model had not seen", count(r.forecaster.Verdict().Origins, "forecast"))
}

// title describes the forecast of a column of the i-th series.
func (r result) title(i int, t forecast.Target) string {
	text := fmt.Sprintf("%s: the next %s", r.name(i, t.Name), count(len(t.Values), "row"))
	if s := r.series[i]; s.Index != nil {
		text += " after " + s.Index[max(0, lastKnown(s, t.Name))]
	}
	if method := r.next[i].Method; method != string(forecast.Model) {
		text += ", forecast by " + method
	}
	return text
}

// name is that of a column, with the i-th series if there may be several.
func (r result) name(i int, column string) string {
	if r.read.Series == nil {
		return column
	}
	return r.series[i].Name + ", " + column
}

// lastKnown is the newest row with a value of a column; -1 if there is none.
func lastKnown(s *datasets.Series, column string) int {
	values, _ := s.Column(column) // of a column that was forecast
	last := len(values) - 1
	for last >= 0 && math.IsNaN(values[last]) {
		last--
	}
	return last
}

func writeTable(b *strings.Builder, t notebook.Table, width int) {
	t.Width = width
	_, _ = t.WriteTo(b) // into memory, with cells of this package
}

// mostLevels is how many quantiles a table shows; of more, only the outer ones.
const mostLevels = 5

// forecastTable has a row for each row of a forecast.
func forecastTable(caption string, times []string, t forecast.Target) notebook.Table {
	table := notebook.Table{Caption: caption, Header: []string{"row", "forecast"}}
	var shown []int
	for i, level := range t.Levels {
		if level == 0.5 && slices.Equal(t.Quantiles[i], t.Values) { // the median is the forecast
			continue
		}
		if len(t.Levels) <= mostLevels || i == 0 || i == len(t.Levels)-1 {
			shown = append(shown, i)
			table.Header = append(table.Header, percent(level))
		}
	}
	places := decimals(t.Values)
	for h, time := range times {
		row := []string{time, strconv.FormatFloat(t.Values[h], 'f', places, 64)}
		for _, i := range shown {
			row = append(row, strconv.FormatFloat(t.Quantiles[i][h], 'f', places, 64))
		}
		table.Rows = append(table.Rows, row)
	}
	return table
}

// scoreTable compares the methods, over all rows of the horizon.
func scoreTable(caption string, v forecast.Verdict) notebook.Table {
	table := notebook.Table{
		Caption: caption,
		Header:  []string{"method", "MASE", "MAE", "RMSE", "pinball", coverageOf(v.Levels)},
	}
	for _, s := range v.Scores {
		coverage := "–"
		if s.Coverage != nil {
			coverage = fmt.Sprintf("%.1f %%", 100**s.Coverage)
		}
		table.Rows = append(table.Rows, []string{s.Method, digits(s.MASE), digits(s.MAE), digits(s.RMSE), digits(s.Pinball), coverage})
	}
	return table
}

// columnTable has the errors of each column, if there are several.
func columnTable(v forecast.Verdict) (t notebook.Table, ok bool) {
	of := v.Scores[0].Targets
	names := slices.Sorted(maps.Keys(of))
	return errorTable("column", names, v, func(s forecast.Scores, i int) forecast.Values { return s.Targets[names[i]] }), len(of) > 0
}

// errorTable has a part of the errors in each row, of the model and of its rival.
func errorTable(part string, names []string, v forecast.Verdict, of func(s forecast.Scores, i int) forecast.Values) notebook.Table {
	rival, ok := v.Of(v.Rival)
	t := notebook.Table{Caption: "Mean absolute error of each " + part + " that is forecast", Header: []string{part, "model"}}
	if ok {
		t.Header = append(t.Header, v.Rival)
	}
	for i, name := range names {
		row := []string{name, digits(of(v.Scores[0], i).MAE)}
		if ok {
			row = append(row, digits(of(rival, i).MAE))
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

// writeScores writes the errors of all methods.
func writeScores(b *strings.Builder, caption string, v forecast.Verdict, width int) {
	writeTable(b, scoreTable(caption, v), width)
	for _, text := range v.Missing {
		b.WriteString(notebook.Wrap("Not compared: "+text, width) + "\n")
	}
	if t, ok := columnTable(v); ok {
		b.WriteString("\n")
		writeTable(b, t, width)
	}
}

// coverageOf names the share of the true values that should lie between the outer quantiles.
func coverageOf(levels []float64) string {
	if len(levels) < 2 {
		return "coverage"
	}
	return "within " + percent(levels[len(levels)-1]-levels[0])
}

// percent writes a part of 1, such as "80 %" or "97.5 %".
func percent(part float64) string {
	return strconv.FormatFloat(math.Round(part*1e6)/1e4, 'f', -1, 64) + " %"
}

// digits is a score with four digits.
func digits(v *float64) string {
	if v == nil {
		return "–"
	}
	return strconv.FormatFloat(*v, 'f', decimals([]float64{*v}), 64)
}

// decimals is how many places after the point show four digits of the largest number.
func decimals(values []float64) int {
	most := 0.0
	for _, v := range values {
		most = max(most, math.Abs(v))
	}
	if most == 0 {
		return 0
	}
	return min(max(0, 3-int(math.Floor(math.Log10(most)))), 12)
}

// escape keeps Markdown from taking characters of a text for its own.
func escape(text string) string {
	var b strings.Builder
	for _, r := range text {
		if r < 128 && (unicode.IsPunct(r) || unicode.IsSymbol(r)) {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}
