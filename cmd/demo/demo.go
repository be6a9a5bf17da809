package main

import (
	"context"
	stderrors "errors"
	"fmt"
	"io"
	"slices"

	"github.com/pkg/errors"
)

// demo is one of the demos. Its run gets the arguments after its name, and
// returns an error instead of ending the program.
type demo struct {
	name string
	line string // what it shows, on one line
	run  func(ctx context.Context, args []string, stdout, stderr io.Writer) error
}

func demos() []demo {
	return []demo{
		{"bench", "times training and prediction of a recurrent layer", runBench},
		{"stock", "compares an LSTM on a stock index with the naive forecast", runStock},
	}
}

// The exit statuses, as shells know them.
const (
	statusOK          = 0
	statusFailure     = 1
	statusUsage       = 2
	statusInterrupted = 130
)

// errHelp is returned by a demo that was only asked for its flags.
var errHelp = errors.New("help was shown")

// usageError is a mistake in the arguments, told apart from work that failed.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

// start runs the demo that the arguments name, and returns the exit status.
func start(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	all := demos()
	if len(args) == 0 || slices.Contains([]string{"-h", "-help", "--help", "help"}, args[0]) {
		listDemos(stdout, all)
		return statusOK
	}
	i := slices.IndexFunc(all, func(d demo) bool { return d.name == args[0] })
	if i < 0 {
		fmt.Fprintf(stderr, "There is no demo called %q.\n\n", args[0])
		listDemos(stderr, all)
		return statusUsage
	}
	d := all[i]
	err := d.run(ctx, args[1:], stdout, stderr)
	_, usage := stderrors.AsType[usageError](err)
	switch {
	case err == nil || errors.Is(err, errHelp):
		return statusOK
	case usage:
		fmt.Fprintf(stderr, "%s: %v\nIts flags: go run ./cmd/demo %s -h\n", d.name, err, d.name)
		return statusUsage
	case errors.Is(err, context.Canceled):
		// The line of the progress bar is left as it is.
		fmt.Fprintf(stderr, "\n%s: interrupted before the end: %v\n", d.name, err)
		return statusInterrupted
	}
	fmt.Fprintf(stderr, "%s: %v\n", d.name, err)
	return statusFailure
}

func listDemos(w io.Writer, all []demo) {
	fmt.Fprint(w, "Engram's demos:\n\n")
	for _, d := range all {
		fmt.Fprintf(w, "  %-10s %s\n", d.name, d.line)
	}
	fmt.Fprintf(w, "\nRun one:    go run ./cmd/demo %[1]s\nIts flags:  go run ./cmd/demo %[1]s -h\n", all[len(all)-1].name)
}
