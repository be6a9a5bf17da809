// Package errtest compares errors in tests by path, field, value and kind, not by
// their wording.
package errtest

import (
	"errors"
	"fmt"
	"testing"

	"github.com/engram-go/engram/internal/errs"
)

// Check fails the test unless err is an errs.Error with the field and the kind of
// want. Path and Value are compared if want sets them, Value by its printed form. The
// default kind is errs.ErrInput. Rule is not compared.
func Check(t testing.TB, err error, want errs.Error) {
	t.Helper()
	if fault := difference(err, want); fault != "" {
		t.Errorf("%s\nerror: %v", fault, err)
	}
}

// difference describes how an error differs from the expected one; empty if it does
// not.
func difference(err error, want errs.Error) string {
	if err == nil {
		return fmt.Sprintf("no error, want one of field %q", want.Field)
	}
	var got errs.Error
	if !errors.As(err, &got) {
		return fmt.Sprintf("an error of type %T, want errs.Error", err)
	}
	switch {
	case got.Field != want.Field:
		return fmt.Sprintf("field %q, want %q", got.Field, want.Field)
	case !errors.Is(err, want.Unwrap()):
		return fmt.Sprintf("kind %q, want %q", got.Unwrap(), want.Unwrap())
	case want.Path != "" && got.Path != want.Path:
		return fmt.Sprintf("path %q, want %q", got.Path, want.Path)
	case want.Value != nil && fmt.Sprint(got.Value) != fmt.Sprint(want.Value):
		return fmt.Sprintf("value %v, want %v", got.Value, want.Value)
	}
	return ""
}
