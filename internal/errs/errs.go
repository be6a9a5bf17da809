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

// Locate gives an error the path of a layer, unless it has one already.
func Locate(err error, path string) error {
	if e, ok := err.(Error); ok {
		if e.Path == "" {
			e.Path = path
		}
		return e
	}
	var e Error
	var l located
	if path == "" || errors.As(err, &e) && e.Path != "" || errors.As(err, &l) {
		return err
	}
	return located{errors.Wrap(err, path)}
}

// located is another error that begins with the path of a layer.
type located struct{ error }

// Unwrap gives the error.
func (l located) Unwrap() error { return l.error }
