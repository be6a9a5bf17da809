package samples_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"gorgonia.org/tensor"

	"github.com/engram-go/engram/internal/errs"
)

// wantError checks that err is a errs.Error of the kind whose text holds all
// the parts.
func wantError(t *testing.T, err error, kind error, parts ...string) {
	t.Helper()
	var e errs.Error
	if !errors.As(err, &e) || !errors.Is(err, kind) {
		t.Fatalf("error %v (%T) is no errs.Error of kind %v", err, err, kind)
	}
	for _, part := range parts {
		if !strings.Contains(err.Error(), part) {
			t.Fatalf("error %q does not say %q", err, part)
		}
	}
}

// values reads a float tensor that lies in row-major order.
func values(t testing.TB, d *tensor.Dense) []float64 {
	t.Helper()
	switch d.Dtype() {
	case tensor.Float64:
		return slices.Clone(d.Float64s())
	case tensor.Float32:
		var out []float64
		for _, v := range d.Float32s() {
			out = append(out, float64(v))
		}
		return out
	}
	t.Fatalf("dtype %v", d.Dtype())
	return nil
}

func dense(shape []int, v ...float64) *tensor.Dense {
	return tensor.New(tensor.WithShape(shape...), tensor.WithBacking(slices.Clone(v)))
}
