// Package errs has the error that every package of the module returns. Package
// graph gives it to users.
package errs

import (
	"fmt"
	"strings"

	"github.com/pkg/errors"
)

// The kinds of failure that a program may have to tell apart, through
// errors.Is. Cancellation is told by context.Canceled.
var (
	// ErrInput is a config, shape, dtype, file or argument that breaks a rule.
	ErrInput = errors.New("bad input")
	// ErrNotFinite is a NaN or an infinity where only finite numbers may be.
	ErrNotFinite = errors.New("not finite")
)

// Error says what is wrong, where: the place, the rule and the value that
// breaks it. It is found in a chain of errors with errors.As.
type Error struct {
	Path  string // the place, such as "sequential/lstm_1" or "prices.csv:12"; may be empty
	Field string // what breaks the rule, such as "LSTM.Units"
	Rule  string // the rule, such as "must be positive"
	Value any    // the value that breaks it; nil where there is none to show
	Kind  error  // ErrInput where nil, or another sentinel
}

// Error reads "sequential/lstm_1: LSTM.Units must be positive, got -3".
func (e Error) Error() string {
	var b strings.Builder
	if e.Path != "" {
		b.WriteString(e.Path)
		b.WriteString(": ")
	}
	if e.Field != "" {
		b.WriteString(e.Field)
		b.WriteByte(' ')
	}
	b.WriteString(e.Rule)
	if e.Value != nil {
		fmt.Fprintf(&b, ", got %v", e.Value)
	}
	return b.String()
}

// Unwrap gives the kind of the error, ErrInput where none is set.
func (e Error) Unwrap() error {
	if e.Kind == nil {
		return ErrInput
	}
	return e.Kind
}

// At adds to an error where it happened: a path, such as that of a layer, a file
// or a line, and a field. Either may be empty.
//
// An Error keeps a path that it has already, as the innermost place is the most
// precise one. The field replaces the name that the inner code had for the
// value: what breaks ELU.Alpha breaks LSTM.Activation.Alpha where the field is
// LSTM.Activation. Any other error is wrapped, and begins with one path at most.
func At(err error, path, field string) error {
	if e, ok := err.(Error); ok {
		if e.Path == "" {
			e.Path = path
		}
		if field != "" {
			if _, inner, ok := strings.Cut(e.Field, "."); ok {
				field += "." + inner
			}
			e.Field = field
		}
		return e
	}
	if field != "" {
		err = errors.Wrap(err, field)
	}
	var e Error
	var l located
	if err == nil || path == "" || errors.As(err, &e) && e.Path != "" || errors.As(err, &l) {
		return err
	}
	return located{errors.Wrap(err, path)}
}

// located is an error that begins with a path.
type located struct{ error }

// Unwrap gives the error.
func (l located) Unwrap() error { return l.error }
