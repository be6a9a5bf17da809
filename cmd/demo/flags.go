package main

import (
	stderrors "errors"
	"flag"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/pkg/errors"

	"github.com/engram-go/engram/cmd/internal/notebook"
	"github.com/engram-go/engram/graph"
)

// flags are the flags of one demo. Values are checked while they are parsed; an
// error names the flag, the rule and the value.
type flags struct {
	set   *flag.FlagSet
	about string
	help  []flagHelp
	title string // of the list below the flags
	items []flagHelp
	err   error // the first invalid value
}

type flagHelp struct{ name, value, text string }

func newFlags(demo, about string) *flags {
	set := flag.NewFlagSet(demo, flag.ContinueOnError)
	set.SetOutput(io.Discard) // start prints the error
	return &flags{set: set, about: about}
}

// define adds a flag. set stores its value or returns the rule that it violates.
func (f *flags) define(name, value, text string, set func(string) (rule string)) {
	f.help = append(f.help, flagHelp{name, value, text})
	f.set.Func(name, text, func(s string) error {
		if rule := set(s); rule != "" {
			f.err = wrongFlag(name, rule, s)
			return f.err
		}
		return nil
	})
}

// list adds a list below the flags of the help.
func (f *flags) list(title string, items []flagHelp) { f.title, f.items = title, items }

// wrongFlag is the error for a flag whose value violates a rule.
func wrongFlag(name, rule, value string) error {
	return usageError{graph.Error{Field: "--" + name, Rule: rule, Value: strconv.Quote(value)}}
}

// count defines a flag for an integer from 1 to most.
func (f *flags) count(name string, standard, most int, text string) *int {
	n := standard
	f.define(name, "N", fmt.Sprintf("%s (%d)", text, standard), func(s string) string {
		v, err := strconv.Atoi(s)
		if err != nil || v < 1 || v > most {
			return fmt.Sprintf("must be a whole number from 1 to %d", most)
		}
		n = v
		return ""
	})
	return &n
}

// seed defines a flag for a seed.
func (f *flags) seed(name string, standard uint64, text string) *uint64 {
	n := standard
	f.define(name, "N", fmt.Sprintf("%s (%d)", text, standard), func(s string) string {
		v, err := strconv.ParseUint(s, 10, 64)
		if err != nil {
			return fmt.Sprintf("must be a whole number from 0 to %d", uint64(math.MaxUint64))
		}
		n = v
		return ""
	})
	return &n
}

// text defines a flag for a string, which must not be empty if the flag is given.
func (f *flags) text(name, value, standard, text string) *string {
	t := standard
	if standard != "" {
		text += " (" + standard + ")"
	}
	f.define(name, value, text, func(s string) string {
		if s == "" {
			return "must not be empty"
		}
		t = s
		return ""
	})
	return &t
}

// choice defines a flag for one of several names.
func (f *flags) choice(name, standard string, words []string, text string) *string {
	chosen := standard
	f.define(name, "NAME", fmt.Sprintf("%s: %s (%s)", text, strings.Join(words, ", "), standard), func(s string) string {
		if !slices.Contains(words, s) {
			return "must be one of " + strings.Join(words, ", ")
		}
		chosen = s
		return ""
	})
	return &chosen
}

// toggle defines a boolean flag.
func (f *flags) toggle(name, text string) *bool {
	on := false
	f.help = append(f.help, flagHelp{name, "", text})
	f.set.BoolFunc(name, text, func(s string) error {
		v, err := strconv.ParseBool(s)
		if err != nil {
			f.err = wrongFlag(name, "must be true or false", s)
			return f.err
		}
		on = v
		return nil
	})
	return &on
}

// parse parses the arguments. If they ask for help, it writes the help and
// returns errHelp.
func (f *flags) parse(args []string, stdout io.Writer) error {
	err := f.set.Parse(args)
	switch {
	case f.err != nil:
		return f.err
	case errors.Is(err, flag.ErrHelp):
		_, err := io.WriteString(stdout, f.usage(notebook.Width(stdout)))
		return errors.Wrap(first(err, errHelp), "help")
	case err != nil: // an unknown flag, or a missing value
		return usageError{errors.New(strings.Replace(err.Error(), ": -", ": --", 1))}
	case f.set.NArg() > 0:
		return usageError{graph.Error{Field: "arguments", Rule: "must all be flags", Value: strconv.Quote(f.set.Arg(0))}}
	}
	return nil
}

// given reports whether the arguments have a flag.
func (f *flags) given(name string) (found bool) {
	f.set.Visit(func(g *flag.Flag) { found = found || g.Name == name })
	return found
}

// usage returns the help, as wide as the terminal.
func (f *flags) usage(width int) string {
	const left = 20
	var b strings.Builder
	write := func(line, text string, indent int) {
		for _, word := range strings.Fields(text) {
			if len(line)+1+len(word) > width {
				b.WriteString(line + "\n")
				line = strings.Repeat(" ", indent)
			}
			if line != "" {
				line += " "
			}
			line += word
		}
		b.WriteString(line + "\n")
	}
	write("go run ./cmd/demo "+f.set.Name(), "[flags]", 0)
	b.WriteString("\n")
	write("", f.about, 0)
	b.WriteString("\n")
	for _, h := range f.help {
		write(fmt.Sprintf("  %-*s", left-2, strings.TrimSpace("--"+h.name+" "+h.value)), h.text, left)
	}
	if len(f.items) > 0 {
		b.WriteString("\n")
		write("", f.title, 0)
		b.WriteString("\n")
	}
	for _, h := range f.items {
		write(fmt.Sprintf("  %-*s", left-2, h.name), h.text, left)
	}
	return b.String()
}

// first returns the first error that is not nil.
func first(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// flagFields maps fields of configs to the flags that set them.
var flagFields = map[string]string{
	"WindowConfig.Columns[0]": "--column",
	"CSVConfig.Columns[0]":    "--column",
	"WindowConfig.Steps":      "--steps",
	"LSTM.Units":              "--units",
	"FitConfig.Epochs":        "--epochs",
}

// flagged replaces such a field in an error by its flag.
func flagged(err error) error {
	e, ok := stderrors.AsType[graph.Error](err)
	if !ok {
		return err
	}
	name, ok := flagFields[e.Field]
	if !ok {
		return err
	}
	e.Field = name
	return usageError{e}
}
