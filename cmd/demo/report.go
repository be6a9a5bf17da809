package main

import (
	"fmt"
	"math"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/engram-go/engram/cmd/internal/notebook"
)

// stockReport writes the text, tables and charts of the stock demo to the terminal
// and the page.
type stockReport struct {
	*notebook.Notebook
	stock, spots *forecaster
}

// write writes the report: what came out, and then how.
func (s stockReport) write() error {
	s.result()
	if err := s.next(); err != nil {
		return err
	}
	s.method()
	s.details(s.stock)
	s.details(s.spots)
	return s.program()
}

// result says whether the model beats the naive forecast.
func (s stockReport) result() {
	s.Markdown(fmt.Sprintf("An %s reads %s of a series and forecasts the next value. Does it beat the naive forecast, which repeats the last value?",
		s.stock.modelName(), count(s.stock.steps, "row")))
	s.Markdown(fmt.Sprintf("- **%s:** %s\n- **%s:** %s",
		capital(s.stock.called), verdict(s.stock.score), capital(s.spots.called), verdict(s.spots.score)))
	s.Table(notebook.Table{
		Caption: "Errors in the last fifth of each series",
		Header:  []string{"series", "unit", "RMSE", "naive RMSE", "MAE", "naive MAE", "skill"},
		Rows:    [][]string{s.stock.scoreRow(), s.spots.scoreRow()},
	})
	s.Markdown("RMSE is the root mean squared error, MAE the mean absolute error. Skill is the relative reduction of the naive forecast's RMSE: 100 % for a perfect model, 0 % for one that equals the naive forecast, negative for a worse one.")
	s.Markdown(conclusion(s.stock.called, s.stock.data.Train.Len(), s.stock.score, s.spots.score))
}

// next shows the forecast of the next row.
func (s stockReport) next() error {
	last, err := s.stock.last()
	if err != nil {
		return err
	}
	s.Markdown(fmt.Sprintf("## The next %s\n\n%s", s.stock.row, outlook(s.stock.row, last, s.stock.next, s.stock.score)))
	return nil
}

// method describes the test and the data.
func (s stockReport) method() {
	s.Markdown(`## The test

The model is trained on the first four fifths of a series and tested once on the last fifth, after training.

The baseline is the **naive forecast** (persistence): the next value equals the last one.
A model that does not beat it is of no use, however closely its curve seems to follow the prices.

The sunspots are known to be predictable. The same model, trained on them in the same way, shows whether it can learn.`)
	s.Table(notebook.Table{
		Caption: "The series",
		Header:  []string{"series", "rows", "first", "last", "what the model sees", "windows to train", "windows to test"},
		Rows:    [][]string{s.stock.dataRow(), s.spots.dataRow()},
	})
}

func (f *forecaster) dataRow() []string {
	first, last := f.ends()
	return []string{f.name(), fmt.Sprint(f.series.Len()), first, last, seen(f.transform), fmt.Sprint(f.data.Train.Len()), fmt.Sprint(f.data.Test.Len())}
}

// details draws the loss, the forecasts and the errors of a training.
func (s stockReport) details(f *forecaster) {
	s.Markdown(fmt.Sprintf("## %s\n\nThe training took %.3g seconds: %s, seed %d. The loss is the mean squared error over the training part, of %s.%s",
		capital(f.called), f.took.Seconds(), count(f.epochs, "epoch"), f.seed, lossOf(f.transform), falling(f.losses, f.score)))
	s.Lines(notebook.LineChart{
		Title: "Training loss of " + f.called, X: "epoch", Y: "loss (MSE)",
		Series: []notebook.Series{{Name: "training part", Y: f.losses}},
	})
	truth, persistence := f.data.Truth()[0], f.data.Persistence()[0]
	label, at := f.axis(len(truth))
	from := max(0, len(truth)-zoom)
	for _, part := range []struct {
		title string
		from  int
	}{
		{"The last fifth of " + f.called + ": forecast and truth", 0},
		{fmt.Sprintf("The last %s of %s", count(len(truth)-from, f.row), f.called), from},
	} {
		s.Lines(notebook.LineChart{
			Title: part.title, X: label, Y: f.unit,
			Series: []notebook.Series{
				{Name: "naive forecast", X: at[part.from:], Y: persistence[part.from:]},
				{Name: f.modelName(), X: at[part.from:], Y: f.forecasts[part.from:]},
				{Name: "truth", X: at[part.from:], Y: truth[part.from:]},
			},
		})
	}
	s.Histogram(notebook.Histogram{
		Title: "Errors in the last fifth of " + f.called, X: "forecast − truth (" + f.unit + ")",
		Samples: []notebook.Sample{
			{Name: "naive forecast", Values: differences(persistence, truth)},
			{Name: f.modelName(), Values: differences(f.forecasts, truth)},
		},
	})
}

// zoom is the number of rows in the second chart. In the chart of all rows,
// forecast, naive forecast and truth are hardly distinguishable.
const zoom = 60

// program shows the program and the model.
func (s stockReport) program() error {
	f := s.stock
	code, err := f.program()
	if err != nil {
		return err
	}
	s.Markdown("## The program\n\nThe complete program for " + f.called + ":")
	s.Code("go", code)
	params, err := f.model.Params()
	if err != nil {
		return err
	}
	table := notebook.Table{Caption: "Parameters of the model", Header: []string{"weight", "shape", "numbers"}}
	all := 0
	for _, p := range params.All() {
		all += p.Shape.Size()
		table.Rows = append(table.Rows, []string{strings.TrimPrefix(p.Path, f.model.Name()+"/"), p.Shape.String(), fmt.Sprint(p.Shape.Size())})
	}
	table.Rows = append(table.Rows, []string{"all", "", fmt.Sprint(all)})
	s.Table(table)
	return nil
}

func (f *forecaster) scoreRow() []string {
	s := f.score
	skill := fmt.Sprintf("%.1f %%", 100*s.Skill)
	if s.Unbeatable() {
		skill = "–"
	}
	return []string{f.name(), f.unit, number(s.RMSE), number(s.PersistenceRMSE), number(s.MAE), number(s.PersistenceMAE), skill}
}

func differences(a, b []float64) []float64 {
	out := make([]float64, len(a))
	for i := range a {
		out[i] = a[i] - b[i]
	}
	return out
}

// number writes an error with four digits, or all before the point.
func number(v float64) string {
	switch size := math.Abs(v); {
	case size >= 1000 && size < 1e9:
		return fmt.Sprintf("%.0f", v)
	case size >= 1e-4:
		return fmt.Sprintf("%#.4g", v)
	}
	return fmt.Sprintf("%.4g", v)
}

// capital begins a text with a capital letter.
func capital(text string) string {
	r, size := utf8.DecodeRuneInString(text)
	return string(unicode.ToUpper(r)) + text[size:]
}

// count writes "1 day" or "30 days".
func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
