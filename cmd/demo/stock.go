package main

import (
	"context"
	"encoding/json"
	stderrors "errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pkg/errors"

	"github.com/engram-go/engram/cmd/internal/notebook"
	"github.com/engram-go/engram/datasets"
	"github.com/engram-go/engram/graph"
)

// stockOptions are the flags of the stock demo.
type stockOptions struct {
	setting
	csv, column, transform string
	missing                string
	save, report           string
	checkpoint             string
	json                   bool
}

// transforms are the transforms that --transform selects; transformNames lists them
// in the order of the help.
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
	f := newFlags("stock", "Trains an LSTM to forecast a stock index, and the same LSTM to forecast the sunspots, and compares both with the naive forecast, which repeats the last value. Defaults are in parentheses.")
	csv := f.text("csv", "FILE", "", "forecast a series from a CSV file, or from standard input if FILE is -, instead of the built-in stock index; what was detected in it is written to standard error")
	column := f.text("column", "NAME", "", "the column to forecast (DAX; in a CSV file the only column)")
	missing := f.choice("missing", "error", []string{"error", "drop", "previous"}, "what to do with a row of a CSV file in which a number is missing: refuse the file, drop the row, or repeat the previous number")
	transform := f.choice("transform", "log-return", transformNames, "the transform of the prices")
	steps := f.count("steps", 30, 400, "rows in a window, from which the next row is forecast")
	units := f.count("units", 50, 512, "units of the LSTM")
	epochs := f.count("epochs", 50, 10000, "passes over the training data")
	seed := f.seed("seed", 1, "seed of all random numbers")
	save := f.text("save", "FILE", "", "save the trained stock model in the safetensors format")
	report := f.text("report", "DIR", "engram-report", "folder for the report, stock.html")
	checkpoint := f.text("checkpoint", "DIR", "", "keep the state of the trainings in this folder, and continue from it where they were interrupted")
	asJSON := f.toggle("json", "write only the results to standard output, as one JSON object")
	if err := f.parse(args, stdout); err != nil {
		return stockOptions{}, err
	}
	return stockOptions{
		setting: setting{*steps, *units, *epochs, *seed},
		csv:     *csv, column: *column, transform: *transform, missing: *missing,
		save: *save, report: *report, checkpoint: *checkpoint, json: *asJSON,
	}, nil
}

// runStock runs the demo. An interrupted one with --checkpoint can be continued.
func runStock(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	o, err := stockFlags(args, stdout)
	if err != nil {
		return err
	}
	err = o.run(ctx, stdout, stderr)
	if err != nil && o.checkpoint != "" {
		return resumable{err, args}
	}
	return err
}

// run trains a model on prices and, to check that it can learn, the same model on the
// sunspots.
func (o stockOptions) run(ctx context.Context, stdout, stderr io.Writer) error {
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
	if notes := stock.series.Notes; o.csv != "" && notes != "" {
		fmt.Fprintf(stderr, "%s: %s\n", o.csv, notes)
	}
	if o.checkpoint != "" {
		for i, f := range []*forecaster{stock, spots} {
			folder := []string{"prices", "sunspots"}[i]
			if err := f.keep(filepath.Join(o.checkpoint, folder), stderr); err != nil {
				return errors.Wrap(err, "--checkpoint")
			}
			defer f.kept.Close()
		}
	}
	for i, f := range []*forecaster{stock, spots} {
		fmt.Fprintf(stderr, "Training %d of 2: %s on %s\n", i+1, f.modelName(), f.called)
		if err := f.fit(ctx, stderr); err != nil {
			return err
		}
		if o.save != "" && f == stock {
			if err := f.model.Save(o.save); err != nil {
				return errors.Wrap(err, "--save")
			}
		}
	}
	fmt.Fprintln(stderr) // keeps the report apart from the progress
	out := stockReport{notebook.New("Can an LSTM forecast "+stock.called+"?", terminal), stock, spots}
	if err := out.write(); err != nil {
		return err
	}
	page, err := out.WriteFile(o.report, "stock.html")
	if err != nil {
		return err
	}
	if o.json {
		encoder := json.NewEncoder(stdout)
		encoder.SetIndent("", "  ")
		return errors.Wrap(encoder.Encode(stockResult{stock.result(), spots.result(), page, o.save}), "--json")
	}
	if o.save != "" {
		fmt.Fprintf(stdout, "Model:  %s\n", o.save)
	}
	_, err = fmt.Fprintf(stdout, "Report: %s (open it in a browser)\n", page)
	return errors.Wrap(err, "standard output")
}

// forecasters makes the models for the prices and for the sunspots.
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

// subject loads the series that the flags select.
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
	config := datasets.CSVConfig{Missing: o.missing}
	if o.column != "" {
		config.Columns = []string{o.column}
	}
	var series *datasets.Series
	var err error
	if o.csv == "-" {
		series, err = datasets.ReadCSV(os.Stdin, config)
	} else {
		series, err = datasets.LoadCSV(o.csv, config)
	}
	if err != nil {
		return s, o.hint(err)
	}
	if len(series.Columns) > 1 {
		return s, usageError{errors.Errorf("--column must say which column of %s to forecast: %s", o.csv, listed(series.Columns))}
	}
	s.series, s.column, s.row = series, series.Columns[0], "row"
	s.called, s.unit = `"`+s.name()+`"`, s.name()
	from := fmt.Sprintf("LoadCSV(%q", o.csv)
	if o.csv == "-" {
		from = "ReadCSV(os.Stdin"
	}
	s.code = fmt.Sprintf("series, err := datasets.%s, datasets.CSVConfig{\n\t\tColumns: []string{%q}, Missing: %q,\n\t})\n\tcheck(err)", from, s.column, o.missing)
	return s, nil
}

// hint explains the error if a column that was not selected cannot be parsed.
func (o stockOptions) hint(err error) error {
	e, ok := stderrors.AsType[graph.Error](err)
	if ok && strings.HasPrefix(e.Rule, "must not be missing") {
		return errors.Wrap(err, "--missing drop or previous says what to do, and --column which column is needed")
	}
	if !ok || o.column != "" || !strings.HasPrefix(e.Rule, "must be a number") && !strings.HasPrefix(e.Rule, "must be finite") {
		return err
	}
	return errors.Wrap(err, "--csv without --column reads all columns of numbers")
}

// explain suggests another transform if the default, log-return, rejects a series
// that does not hold prices.
func (o stockOptions) explain(err error, s subject) error {
	if _, usage := stderrors.AsType[usageError](err); usage || o.transform != "log-return" {
		return err
	}
	if values, missing := s.series.Column(s.column); missing != nil || slices.Min(values) > 0 {
		return err
	}
	return usageError{errors.Wrap(err, "--transform log-return is for prices, diff for other series")}
}

// listed joins the first names of a list for a message.
func listed(names []string) string {
	const most = 20
	if len(names) > most {
		return strings.Join(names[:most], ", ") + ", …"
	}
	return strings.Join(names, ", ")
}

// checkFiles checks before the training that its results can be written.
func (o stockOptions) checkFiles() error {
	if o.save != "" {
		if info, err := os.Stat(o.save); err == nil && !info.Mode().IsRegular() {
			return wrongFlag("save", "must be a regular file", o.save)
		}
		if info, err := os.Stat(filepath.Dir(o.save)); err != nil || !info.IsDir() {
			return wrongFlag("save", "must lie in a folder that exists", o.save)
		}
		if err := tryFolder(filepath.Dir(o.save)); err != nil {
			return errors.Wrap(err, "--save")
		}
	}
	// The folder for the report is created later; its nearest existing parent must
	// be writable.
	dir := filepath.Clean(o.report)
	info, err := os.Stat(dir)
	for err != nil && dir != filepath.Dir(dir) {
		dir = filepath.Dir(dir)
		info, err = os.Stat(dir)
	}
	if err != nil || !info.IsDir() {
		return wrongFlag("report", "must be a folder or a path where one can be created", o.report)
	}
	return errors.Wrap(tryFolder(dir), "--report")
}

// tryFolder checks that a folder is writable, and leaves it unchanged.
func tryFolder(dir string) error {
	name, err := os.MkdirTemp(dir, ".engram-*")
	if err != nil {
		return errors.Errorf("%s must be a folder that can be written to: %v", dir, stderrors.Unwrap(err))
	}
	return os.Remove(name)
}

// stockResult is the output of --json.
type stockResult struct {
	result
	Sunspots result `json:"sunspots"`
	Report   string `json:"report"`
	Saved    string `json:"saved,omitempty"`
}

// result holds the results of one forecaster.
type result struct {
	Series string `json:"series"`
	datasets.Score
	Learned bool   `json:"learned"`
	Verdict string `json:"verdict"`

	Sees  string `json:"sees"` // the transformed values that are the model's inputs
	Steps int    `json:"steps"`
	Units int    `json:"units"`
	Seed  uint64 `json:"seed"`

	Epochs       int     `json:"epochs"`
	TrainSeconds float64 `json:"train_seconds"`
	FinalLoss    float64 `json:"final_loss"`
	Next         float64 `json:"next"` // forecast for the row after the last one
	WeightsHash  string  `json:"weights_sha256"`
}

func (f *forecaster) result() result {
	return result{
		Series: f.series.Name, Score: f.score, Learned: f.score.Learned(), Verdict: verdict(f.score),
		Sees: seen(f.transform), Steps: f.steps, Units: f.units, Seed: f.seed,
		Epochs: len(f.losses), TrainSeconds: f.took.Seconds(), FinalLoss: f.losses[len(f.losses)-1],
		Next: f.next, WeightsHash: f.hash,
	}
}
