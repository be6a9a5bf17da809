// Engram forecasts time series from the command line: it reads a file, trains and judges
// a forecaster, and serves it.
//
//	engram inspect FILE                     what is in a file
//	engram forecast FILE --column NAME --horizon N --save model.engram
//	engram serve model.engram               forecasts over HTTP
//	engram update model.engram FILE         trains on new rows
//	engram backtest model.engram FILE       forecasts from many past rows
//
// The file is CSV or Parquet; - is standard input. With --json, standard output is one JSON
// object. What was detected in a file, and the progress of a training, go to standard error.
//
// The exit status is 0 after success, 1 for a fault in a file, in the data or of the machine,
// 2 for a fault in the arguments, 3 if a forecast that must win (--must-win) does not,
// and 130 after an interruption.
package main

import (
	"context"
	stderrors "errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"unicode"

	"github.com/alecthomas/kong"
	"github.com/pkg/errors"

	"github.com/engram-go/engram/cmd/internal/notebook"
	"github.com/engram-go/engram/graph"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the program at once
	os.Exit(run(ctx, os.Args[1:], console{os.Stdin, os.Stdout, os.Stderr}))
}

// Exit statuses.
const (
	statusOK          = 0
	statusFailure     = 1
	statusUsage       = 2
	statusLost        = 3
	statusInterrupted = 130
)

// console is where a command reads and writes.
type console struct {
	stdin          io.Reader
	stdout, stderr io.Writer
}

// commands are the commands and their flags.
type commands struct {
	JSON bool `name:"json" help:"Write the results to standard output as one JSON object."`

	Forecast forecastCommand `cmd:"" help:"Train and judge a forecaster, and forecast."`
	Serve    serveCommand    `cmd:"" help:"Serve a forecaster over HTTP."`
	Update   updateCommand   `cmd:"" help:"Continue the training of a forecaster on new rows."`
	Backtest backtestCommand `cmd:"" help:"Forecast from many past rows, and compare with the true values."`
	Inspect  inspectCommand  `cmd:"" help:"Show what is in a file, or what a forecaster is."`
}

const about = "Forecasts time series: reads a file, trains and judges a forecaster, and serves it."

// usageError marks an error in the arguments, which has its own exit status.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

// positive is a flag with a whole number from 1 on; 0 if it is not given.
type positive int

// UnmarshalText reads the number.
func (p *positive) UnmarshalText(text []byte) error {
	n, err := strconv.Atoi(string(text))
	if err != nil || n < 1 {
		return errors.Errorf("must be a whole number from 1 on, got %q", text)
	}
	*p = positive(n)
	return nil
}

// lostError marks a model that is worse than a simple method and must not be.
type lostError struct{ error }

// run runs a command and returns the exit status.
func run(ctx context.Context, args []string, c console) int {
	if len(args) == 0 {
		args = []string{"--help"}
	}
	helped := false
	var all commands
	parser, err := kong.New(&all, kong.Name("engram"), kong.Description(about),
		kong.Writers(c.stdout, c.stderr), kong.Exit(func(int) { helped = true }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: notebook.Width(c.stdout)}))
	if err != nil { // of a field's tag
		fmt.Fprintln(c.stderr, "engram:", err)
		return statusFailure
	}
	parsed, err := parser.Parse(args)
	if helped {
		return statusOK
	}
	if err != nil {
		return report(c, usageError{err})
	}
	return report(c, parsed.Run(&invocation{ctx, c, all.JSON}))
}

// invocation is what a command's method Run gets.
type invocation struct {
	context.Context
	console
	json bool
}

// report writes an error and returns the exit status.
func report(c console, err error) int {
	_, usage := stderrors.AsType[usageError](err)
	if e, ok := stderrors.AsType[graph.Error](err); ok && configField.FindStringIndex(e.Field) != nil {
		usage = true // the field is one that a flag sets
	}
	_, lost := stderrors.AsType[lostError](err)
	switch {
	case err == nil:
		return statusOK
	case errors.Is(err, context.Canceled):
		// The line break keeps the message off the line of a progress bar.
		fmt.Fprintln(c.stderr, "\nengram: interrupted")
		return statusInterrupted
	case lost:
		fmt.Fprintf(c.stderr, "engram: %s\n", message(err))
		return statusLost
	case usage:
		fmt.Fprintf(c.stderr, "engram: %s\nengram --help lists the commands, engram COMMAND --help the flags of one.\n", message(err))
		return statusUsage
	}
	fmt.Fprintf(c.stderr, "engram: %s\n", message(err))
	return statusFailure
}

// configField is a field of a config in a message, such as CSVConfig.Sort or Config.Targets[0].
var configField = regexp.MustCompile(`\b(?:\w*Config|Server)\.([A-Z]\w*(?:\.[A-Z]\w*)*)(?:\[\d+\])?`)

// otherFlags are the flags of fields with another name.
var otherFlags = map[string]string{"Columns": "column", "Targets": "column", "Past": "covariates", "Head": "quantiles", "Head.Levels": "quantiles", "Address": "listen"}

// message is the text of an error, in which fields of configs are the flags that set them.
func message(err error) string {
	text := strings.Replace(err.Error(), "read all with LoadCSVs", "read all with --by", 1)
	return withFlags(text)
}

// withFlags writes flags for the fields of configs that they set.
func withFlags(text string) string {
	return configField.ReplaceAllStringFunc(text, func(text string) string {
		field := configField.FindStringSubmatch(text)[1]
		if name, ok := otherFlags[field]; ok {
			return "--" + name
		}
		return "--" + flagName(field)
	})
}

// flagName is the flag of a field, as kong names it: NoHeader is no-header.
func flagName(field string) string {
	var b strings.Builder
	for i, r := range field {
		if unicode.IsUpper(r) && i > 0 {
			b.WriteByte('-')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}
