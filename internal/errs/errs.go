// Package errs defines the error type of all packages of the module. Package graph
// exports it.
package errs

import (
	"fmt"
	"strings"

	"github.com/pkg/errors"
)

// Kinds of errors, for errors.Is. Cancellation is reported as context.Canceled.
var (
	// ErrInput is an invalid config, shape, dtype, file or argument.
	ErrInput = errors.New("bad input")
	// ErrNotFinite is a NaN or an infinity where values must be finite.
	ErrNotFinite = errors.New("not finite")
)

// Error describes an invalid value: where it is, the rule it violates and the value.
// Use errors.As to find it in a chain of errors.
type Error struct {
	Path  string // the location, such as "sequential/lstm_1" or "prices.csv:12"; may be empty
	Field string // what violates the rule, such as "LSTM.Units"
	Rule  string // the rule, such as "must be positive"
	Value any    // the invalid value; nil if there is none to show
	Kind  error  // ErrInput if nil
}

// Error returns a text like "sequential/lstm_1: LSTM.Units must be positive, got -3".
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

// Unwrap returns the kind of the error, ErrInput if none is set.
func (e Error) Unwrap() error {
	if e.Kind == nil {
		return ErrInput
	}
	return e.Kind
}

// At adds a path, such as that of a layer, a file or a line, and a field to an error.
// Either may be empty. At returns nil if err is nil.
//
// An Error that already has a path keeps it, because the innermost path is the most
// precise one. The field replaces the first part of the inner field: with the field
// LSTM.Activation, ELU.Alpha becomes LSTM.Activation.Alpha. Any other error is wrapped
// and gets at most one path.
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

// located is an error with a path.
type located struct{ error }

// Unwrap returns the error without its type.
func (l located) Unwrap() error { return l.error }
