package networks

import (
	"fmt"

	"github.com/engram-go/engram/internal/errs"
)

const (
	defaultUnits = 50
	mostUnits    = 1 << 14
	mostLayers   = 64
	mostKernel   = 1 << 12
)

// or is n, or a default where it is 0.
func or(n, fallback int) int {
	if n == 0 {
		return fallback
	}
	return n
}

// within refuses sizes of which no model can be made.
func within(field string, n, most int) error {
	if n < 1 || n > most {
		return errs.Error{Field: field, Rule: fmt.Sprintf("must be from 1 to %d", most), Value: n}
	}
	return nil
}

// rate checks a fraction that is dropped.
func rate(field string, p float64) error {
	if !(p >= 0 && p < 1) {
		return errs.Error{Field: field, Rule: "must be at least 0 and less than 1", Value: p}
	}
	return nil
}

// first returns the first error of checks.
func first(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
