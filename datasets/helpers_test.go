package datasets_test

import (
	"math"
	"strconv"
	"strings"
	"testing"

	"github.com/engram-go/engram/datasets"
)

func near(got, want, tolerance float64) bool {
	return math.Abs(got-want) <= tolerance*max(1, math.Abs(want))
}

// ramp returns a series of two columns computed from the row number.
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

// toCSV formats a series as CSV with every cell quoted.
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
