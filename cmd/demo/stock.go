package main

import (
	"context"
	"encoding/json"
	stderrors "errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/pkg/errors"

	"github.com/engram-go/engram/cmd/demo/notebook"
	"github.com/engram-go/engram/datasets"
	"github.com/engram-go/engram/graph"
)

// stockOptions are the flags of the stock demo.
type stockOptions struct {
	setting
	csv, column, transform string
	save, report           string
	json                   bool
}

// transformNames are what --transform can name, and transforms what they mean.
var (
	transformNames = []string{"log-return", "diff", "standard", "minmax", "none"}
	transforms     = map[string]datasets.Transform{
		"log-return": datasets.LogReturn{},
		"diff":       datasets.Difference{},
		"standard":   datasets.Standard{},
		"minmax":     datasets.MinMax{},
		"none":       datasets.None{},
	}
)

func stockFlags(args []string, stdout io.Writer) (stockOptions, error) {
	f := newFlags("stock", "An LSTM forecasts a stock index, the same LSTM the sunspots, and both are judged beside repeating the last value. Defaults stand in parentheses.")
	csv := f.text("csv", "FILE", "", "forecast a series of your own, from a CSV file with a header, the oldest row first, in place of the built-in stock index")
	column := f.text("column", "NAME", "", "the column to forecast (DAX; of a CSV file its only one)")
	transform := f.choice("transform", "log-return", transformNames, "what the model sees of the prices")
	steps := f.count("steps", 30, 400, "rows that the model sees before it forecasts the next")
	units := f.count("units", 50, 512, "units of the LSTM")
	epochs := f.count("epochs", 50, 10000, "times that it goes through the training part")
	seed := f.seed("seed", 1, "everything random follows from it")
	save := f.text("save", "FILE", "", "save the trained stock model, as safetensors")
	report := f.text("report", "DIR", "engram-report", "folder for the page stock.html")
	asJSON := f.toggle("json", "write the results as one JSON object to standard output, and nothing else there")
	if err := f.parse(args, stdout); err != nil {
		return stockOptions{}, err
	}
	return stockOptions{
		setting: setting{*steps, *units, *epochs, *seed},
		csv:     *csv, column: *column, transform: *transform,
		save: *save, report: *report, json: *asJSON,
	}, nil
}

// runStock trains one model on prices and, to see that it can learn at all,
// the same model on the sunspots.
func runStock(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	o, err := stockFlags(args, stdout)
	if err != nil {
		return err
	}
	terminal := stdout
	if o.json {
		terminal = nil
	}
	stock, spots, err := o.forecasters()
	if err != nil {
		return err
	}
	if err := o.checkFiles(); err != nil {
		return err
	}
	story := stockStory{notebook.New("Can an LSTM forecast "+stock.called+"?", terminal), stock, spots}
	if err := story.begin(); err != nil {
		return err
	}

	story.announce(stock)
	if err := stock.fit(ctx, stderr); err != nil {
		return err
	}
	if o.save != "" {
		if err := stock.model.Save(o.save); err != nil {
			return errors.Wrap(err, "--save")
		}
	}
	story.show(stock)
	story.announce(spots)
	if err := spots.fit(ctx, stderr); err != nil {
		return err
	}
	story.show(spots)
	if err := story.end(); err != nil {
		return err
	}

	page, err := story.WriteFile(o.report, "stock.html")
	if err != nil {
		return err
	}
	if o.json {
		out := json.NewEncoder(stdout)
		out.SetIndent("", "  ")
		return errors.Wrap(out.Encode(stockResult{stock.result(), spots.result(), page, o.save}), "--json")
	}
	if o.save != "" {
		fmt.Fprintf(stdout, "Model:  %s\n", o.save)
	}
	_, err = fmt.Fprintf(stdout, "Report: %s (open it in a browser)\n", page)
	return errors.Wrap(err, "standard output")
}

// forecasters are the models for the prices and for the sunspots.
func (o stockOptions) forecasters() (stock, spots *forecaster, err error) {
	prices, err := o.subject()
	if err != nil {
		return nil, nil, flagged(err)
	}
	if stock, err = newForecaster(prices, o.setting); err != nil {
		return nil, nil, o.explain(flagged(err), prices)
	}
	spots, err = newForecaster(subject{
		series: datasets.Sunspots(), column: "sunspots", transform: datasets.Standard{},
		called: "the sunspots", unit: "sunspot number", row: "month", code: "series := datasets.Sunspots()",
	}, o.setting)
	return stock, spots, flagged(err)
}

// subject is the series that the flags name.
func (o stockOptions) subject() (subject, error) {
	s := subject{column: o.column, transform: transforms[o.transform]}
	if o.csv == "" {
		s.series, s.unit, s.row = datasets.EUStocks(), "index points", "day"
		s.code = "series := datasets.EUStocks()"
		if s.column == "" {
			s.column = "DAX"
		}
		s.called = "the " + s.name()
		return s, nil
	}
	var config datasets.CSVConfig
	if o.column != "" {
		config.Columns = []string{o.column}
	}
	series, err := datasets.LoadCSV(o.csv, config)
	if err != nil {
		return s, o.hint(err)
	}
	if len(series.Columns) > 1 {
		return s, usageError{errors.Errorf("--column must say which column of %s to forecast: %s", o.csv, listed(series.Columns))}
	}
	s.series, s.column, s.row = series, series.Columns[0], "row"
	s.called, s.unit = `"`+s.name()+`"`, s.name()
	s.code = fmt.Sprintf("series, err := datasets.LoadCSV(%q, datasets.CSVConfig{\n\t\tColumns: []string{%q},\n\t})\n\tcheck(err)", o.csv, s.column)
	return s, nil
}

// hint adds what helps where a cell that nobody asked for cannot be read.
func (o stockOptions) hint(err error) error {
	e, ok := stderrors.AsType[graph.Error](err)
	if !ok || o.column != "" || e.Path == o.csv || slices.Contains([]string{"file", "header", "row"}, e.Field) {
		return err
	}
	return errors.Wrap(err, "--csv without --column reads all columns of numbers")
}

// explain adds what helps where the standard transform refuses a series that
// is not one of prices.
func (o stockOptions) explain(err error, s subject) error {
	if _, usage := stderrors.AsType[usageError](err); usage || o.transform != "log-return" {
		return err
	}
	if values, missing := s.series.Column(s.column); missing != nil || slices.Min(values) > 0 {
		return err
	}
	return usageError{errors.Wrap(err, "--transform log-return is for prices, diff for other series")}
}

// listed joins names for a message, not more than it can hold.
func listed(names []string) string {
	const most = 20
	if len(names) > most {
		return strings.Join(names[:most], ", ") + ", …"
	}
	return strings.Join(names, ", ")
}
