// Demo runs demonstrations of Engram. Without arguments it lists them.
package main

import (
	"context"
	stderrors "errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"
	"unicode"

	"github.com/pkg/errors"

	"github.com/engram-go/engram/train/checkpoint"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the program at once
	os.Exit(start(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// demo is one demonstration. run receives the arguments after the name.
type demo struct {
	name    string
	summary string // one line for the list of demos
	run     func(ctx context.Context, args []string, stdout, stderr io.Writer) error
}

func demos() []demo {
	return []demo{
		{"accuracy", "measures forecasts on public series next to simple methods", runAccuracy},
		{"bench", "times training and prediction of a model", benchmark{warmUp: time.Second / 4, limit: 2 * time.Second}.run},
		{"stock", "compares an LSTM with the naive forecast", runStock},
	}
}

// Exit statuses, by the conventions of shells.
const (
	statusOK          = 0
	statusFailure     = 1
	statusUsage       = 2
	statusInterrupted = 130
)

// errHelp is returned by a demo that has printed its help.
var errHelp = errors.New("help requested")

// usageError marks an error in the arguments, which has its own exit status.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

// resumable marks an error of a demo that keeps checkpoints: run again with the same
// arguments, it continues.
type resumable struct {
	error
	args []string // after the name of the demo
}

func (e resumable) Unwrap() error { return e.error }

// start runs the demo named by the first argument and returns the exit status.
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
		// The line break keeps the message off the line of the progress bar.
		if _, saved := stderrors.AsType[*checkpoint.Interrupted](err); !saved {
			err = errors.WithMessage(err, "interrupted before the end")
		}
		fmt.Fprintf(stderr, "\n%s: %v\n", d.name, err)
		if e, ok := stderrors.AsType[resumable](err); ok {
			fmt.Fprintf(stderr, "To continue: go run ./cmd/demo %s\n", quoted(append([]string{d.name}, e.args...)))
		}
		return statusInterrupted
	}
	fmt.Fprintf(stderr, "%s: %v\n", d.name, err)
	return statusFailure
}

// quoted are arguments as a POSIX shell reads them.
func quoted(args []string) string {
	out := make([]string, len(args))
	for i, arg := range args {
		if out[i] = arg; arg == "" || strings.ContainsFunc(arg, special) {
			out[i] = "'" + strings.ReplaceAll(arg, "'", `'\''`) + "'"
		}
	}
	return strings.Join(out, " ")
}

// special reports whether a shell may not take a character as it is.
func special(r rune) bool {
	return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("-_./,:=+@%", r)
}

func listDemos(w io.Writer, all []demo) {
	fmt.Fprint(w, "Engram's demos:\n\n")
	for _, d := range all {
		fmt.Fprintf(w, "  %-10s %s\n", d.name, d.summary)
	}
	fmt.Fprintf(w, "\nRun one:    go run ./cmd/demo %[1]s\nIts flags:  go run ./cmd/demo %[1]s -h\n", all[len(all)-1].name)
}
