package datasets_test

import (
	"errors"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"

	"gorgonia.org/tensor"

	"github.com/engram-go/engram/datasets"
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

func near(got, want, tolerance float64) bool {
	return math.Abs(got-want) <= tolerance*max(1, math.Abs(want))
}

// ramp is a series of two columns that tell their row.
func ramp(t testing.TB, n int) *datasets.Series {
	t.Helper()
	a, b := make([]float64, n), make([]float64, n)
	for i := range n {
		a[i], b[i] = float64(i), float64(1000+i*i)
	}
	s, err := datasets.FromColumns("ramp", []string{"a", "b"}, [][]float64{a, b})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// toCSV writes a series with every cell quoted.
func toCSV(s *datasets.Series) string {
	var b strings.Builder
	row := func(cell func(i int) string) {
		for i := range s.Columns {
			if i > 0 {
				b.WriteByte(',')
			}
			b.WriteString(`"` + strings.ReplaceAll(cell(i), `"`, `""`) + `"`)
		}
		b.WriteByte('\n')
	}
	row(func(i int) string { return s.Columns[i] })
	for r := range s.Len() {
		row(func(i int) string { return strconv.FormatFloat(s.Values[i][r], 'g', -1, 64) })
	}
	return b.String()
}
