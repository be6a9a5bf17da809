package main

import (
	stderrors "errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/pkg/errors"

	"github.com/engram-go/engram/cmd/internal/notebook"
	"github.com/engram-go/engram/datasets"
	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/train/forecast"
	"github.com/engram-go/engram/train/forecast/networks"
)

// forecastCommand trains a forecaster, judges it and forecasts.
type forecastCommand struct {
	input   `embed:""`
	Column  []string `required:"" placeholder:"NAME" sep:"none" help:"Column to forecast; may be repeated."`
	Horizon positive `required:"" placeholder:"ROWS" help:"Rows to forecast."`
	Save    string   `placeholder:"FILE" help:"Save the forecaster in this file, which is replaced if it exists."`
	Page    string   `placeholder:"FILE" help:"Write a page with charts, such as forecast.html, which is replaced if it exists."`

	Covariates []string  `group:"The forecaster" placeholder:"NAME" sep:"none" help:"Column that helps to forecast and is known up to the newest row; may be repeated."`
	Future     []string  `group:"The forecaster" placeholder:"NAME" sep:"none" help:"Column that is known for the rows to forecast too, which end the file with empty cells in the columns to forecast; may be repeated."`
	Steps      positive  `group:"The forecaster" placeholder:"ROWS" help:"Rows that the network reads (two seasons or horizons; one of a short series)."`
	Season     positive  `group:"The forecaster" placeholder:"ROWS" help:"Rows of a season, 1 for none (that of the times, such as 12 for months)."`
	Quantiles  []float64 `group:"The forecaster" placeholder:"P" help:"Levels of the quantiles, to which 0.5, the forecast, is added (0.1,0.5,0.9)."`
	Network    string    `group:"The forecaster" placeholder:"NAME" help:"Network: dlinear, nhits, lstm, gru, encoder-decoder or segrnn (dlinear; with --tune the best of dlinear, nhits and lstm)."`
	Members    positive  `group:"The forecaster" placeholder:"N" help:"Networks whose mean is the forecast (1)."`
	Use        string    `group:"The forecaster" default:"model" enum:"model,best" help:"What forecasts: model, or best, which is a simple method if that had the lowest error (${default})."`
	MustWin    bool      `group:"The forecaster" help:"Exit with status 3 if a simple method had a lower error than the model."`

	Tune   bool     `group:"Training" help:"Search for a better network, transform, window and learning rate first, on rows before those that judge the model."`
	Trials positive `group:"Training" placeholder:"N" help:"Values that --tune tries (20)."`
	Epochs positive `group:"Training" placeholder:"N" help:"Passes over the rows, at most (100)."`
	Seed   uint64   `group:"Training" placeholder:"N" help:"Seed of all random numbers (${default})." default:"0"`
}

// networkOf are the networks that --network selects.
var networkOf = map[string]networks.Network{
	"lstm": networks.LSTM{}, "gru": networks.GRU{}, "encoder-decoder": networks.EncoderDecoder{},
	"segrnn": networks.SegRNN{}, "dlinear": networks.DLinear{}, "nhits": networks.NHITS{},
}

func (cmd forecastCommand) Run(ctx *invocation) error {
	if cmd.Trials > 0 && !cmd.Tune {
		return usageError{errors.New("--trials must be given with --tune")}
	}
	if _, ok := networkOf[cmd.Network]; !ok && cmd.Network != "" {
		names := strings.Join(slices.Sorted(maps.Keys(networkOf)), ", ")
		return usageError{errors.Errorf("--network must be one of %s, got %s", names, cmd.Network)}
	}
	if err := checkFiles(cmd.File, cmd.Save, cmd.Page); err != nil {
		return err
	}
	series, err := cmd.load(ctx, slices.Concat(cmd.Column, cmd.Covariates, cmd.Future))
	if err != nil {
		return cmd.named(err)
	}
	read := cmd.contentOf(series)
	fmt.Fprint(ctx.stderr, read.summary(cmd.File))
	if err := cmd.checkFuture(series); err != nil {
		return err
	}
	c := cmd.config(ctx)
	var tuned map[string]string
	if cmd.Tune {
		if c, tuned, err = cmd.tune(ctx, c, series); err != nil {
			return err
		}
	}
	f, err := forecast.Fit(ctx, c, series...)
	if err != nil {
		return err
	}
	r := result{file: cmd.File, read: read, forecaster: f, tuned: tuned}
	if c := f.Frequency(); c.Check() != nil && series[0].Times != nil {
		fmt.Fprintf(ctx.stderr, "The rows are not at regular times%s, so the forecaster knows no season and no calendar\n", read.fault())
	}
	r.series = r.longEnough(ctx, series)
	if r.next, err = f.Forecast(ctx, r.series...); err != nil {
		return err
	}
	// The results come first: a file that cannot be written must not lose them.
	if ctx.json {
		err = ctx.writeJSON(r.object())
	} else {
		err = ctx.print(r.text(notebook.Width(ctx.stdout)))
	}
	if err == nil && cmd.Save != "" {
		err = errors.Wrap(f.Save(cmd.Save), "--save")
	}
	if err == nil && cmd.Page != "" {
		err = errors.Wrap(r.writePage(cmd.Page), "--page")
	}
	if err == nil && !ctx.json {
		err = ctx.print(cmd.written())
	}
	if v := f.Verdict(); err == nil && cmd.MustWin && v.Best != string(forecast.Model) {
		return lostError{errors.Errorf("the error of %s is not above that of the model, and --must-win is set", v.Best)}
	}
	return err
}

// checkFuture checks before a training that the rows to forecast have what is known of them.
func (cmd forecastCommand) checkFuture(series []*datasets.Series) error {
	for _, s := range series {
		known := -1
		for _, name := range cmd.Column {
			known = max(known, lastKnown(s, name))
		}
		for _, name := range cmd.Future {
			if n := max(0, lastKnown(s, name)-known); n < int(cmd.Horizon) {
				return errors.Errorf("%s: %s must be known for the %s to forecast, as --future says, but is for %d: add rows at the end, with nothing in the columns to forecast",
					s.Name, name, count(int(cmd.Horizon), "row"), n)
			}
		}
	}
	return nil
}

// columnField is the field of an error about one of the columns to read.
var columnField = regexp.MustCompile(`^CSVConfig\.Columns\[(\d+)\]$`)

// named names the flag of the column that an error is about.
func (cmd forecastCommand) named(err error) error {
	e, ok := stderrors.AsType[graph.Error](err)
	if !ok {
		return err
	}
	at := columnField.FindStringSubmatch(e.Field)
	if at == nil {
		return err
	}
	i, _ := strconv.Atoi(at[1])
	switch targets := len(cmd.Column); {
	case i < targets:
		e.Field = "--column"
	case i < targets+len(cmd.Covariates):
		e.Field = "--covariates"
	default:
		e.Field = "--future"
	}
	return usageError{e}
}

func (cmd forecastCommand) config(ctx *invocation) forecast.Config {
	c := forecast.Config{
		Targets: cmd.Column, Past: cmd.Covariates, Future: cmd.Future, Horizon: int(cmd.Horizon), Steps: int(cmd.Steps), Season: int(cmd.Season),
		Network: networkOf[cmd.Network], Members: int(cmd.Members), Use: forecast.Use(cmd.Use), Epochs: int(cmd.Epochs), Seed: cmd.Seed,
		Progress: ctx.stderr,
	}
	if len(cmd.Quantiles) > 0 {
		c.Head = forecast.Quantiles{Levels: cmd.Quantiles}
	}
	return c
}

// written says which files there are now.
func (cmd forecastCommand) written() string {
	var b strings.Builder
	if cmd.Save != "" {
		fmt.Fprintf(&b, "\nSaved in %s; to serve it: engram serve %s\n", cmd.Save, cmd.Save)
	}
	if cmd.Page != "" {
		fmt.Fprintf(&b, "\nWrote %s, a page for a browser\n", cmd.Page)
	}
	return b.String()
}

// checkFiles checks before a training that its results can be written to files, of which
// empty ones are left out. None may be the file with the rows, or another of them.
func checkFiles(rows string, paths ...string) error {
	taken := []string{rows}
	for _, path := range paths {
		if path == "" {
			continue
		}
		for _, other := range taken {
			if same(path, other) {
				return usageError{errors.Errorf("%s must be another file than %s, which it would replace", path, other)}
			}
		}
		taken = append(taken, path)
		if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
			return usageError{errors.Errorf("%s must be a regular file, or a name that is free", path)}
		}
		// The file is made by a new one that takes its place, so the folder must allow that.
		probe, err := os.CreateTemp(filepath.Dir(path), ".engram-*")
		if err != nil {
			if e, ok := stderrors.AsType[*os.PathError](err); ok {
				err = e.Err // its path is the probe's
			}
			return usageError{errors.Errorf("%s must lie in a folder that can be written to, got %v", path, err)}
		}
		probe.Close()
		if err := os.Remove(probe.Name()); err != nil {
			return errors.Wrap(err, path)
		}
	}
	return nil
}

// same reports whether two paths lead to one file, which may not be there yet.
func same(a, b string) bool {
	one, err := os.Stat(a)
	two, err2 := os.Stat(b)
	return filepath.Clean(a) == filepath.Clean(b) || err == nil && err2 == nil && os.SameFile(one, two)
}
