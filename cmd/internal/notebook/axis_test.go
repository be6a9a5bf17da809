package notebook

import (
	"math"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestTicks(t *testing.T) {
	for _, c := range []struct {
		lo, hi float64
		want   string
	}{
		{0, 1, "0.0 0.2 0.4 0.6 0.8 1.0"},
		{1, 50, "10 20 30 40 50"},
		{-0.003, 0.002, "-0.003 -0.002 -0.001 0.000 0.001 0.002"},
		{3461, 6247, "3500 4000 4500 5000 5500 6000"},
		{0, 3e6, "0 5e+05 1.0e+06 1.5e+06 2.0e+06 2.5e+06 3.0e+06"},
		{0.30000000000000004, 0.8, "0.3 0.4 0.5 0.6 0.7 0.8"},
		{0, 5e58, "0 1e+58 2e+58 3e+58 4e+58 5e+58"},
		{1e-7, 3e-7, "1.0e-07 1.5e-07 2.0e-07 2.5e-07 3.0e-07"},
	} {
		var got []string
		for _, m := range ticks(6, false)(c.lo, c.hi) {
			got = append(got, m.Label)
		}
		if s := strings.Join(got, " "); s != c.want {
			t.Errorf("%g to %g: got %s, want %s", c.lo, c.hi, s, c.want)
		}
	}
}

// An axis of integers has no fractions, however short it is.
func TestIntegerTicks(t *testing.T) {
	for _, c := range []struct {
		x    []float64
		want bool // whether there is a tick between 1 and 2
	}{{nil, false}, {[]float64{1, 2, 3}, false}, {[]float64{1, 1.5, 3}, true}} {
		f, err := LineChart{Title: "t", X: "x", Y: "y", Series: []Series{{Name: "a", X: c.x, Y: []float64{100, 200, 300}}}}.figure()
		if err != nil {
			t.Fatal(err)
		}
		if _, got := labels(f)["1.4"]; got != c.want {
			t.Errorf("x %v: labels %v", c.x, labels(f))
		}
	}
}

// Every range from widen has 2 to 7 ticks within it, in order, each with a different
// label that parses as its value.
func TestTicksOfAnyRange(t *testing.T) {
	number := rapid.OneOf(rapid.Float64Range(-maxSize, maxSize), rapid.Float64Range(-10, 10), rapid.SampledFrom([]float64{0, 5e-324, 1e-100, -1e-100, maxSize, -maxSize, 1, 1 + 1e-15, 1e16, 1e16 + 2}))
	rapid.Check(t, func(t *rapid.T) {
		a := number.Draw(t, "a")
		b := a
		if rapid.Bool().Draw(t, "near") {
			b *= 1 + rapid.Float64Range(-1e-6, 1e-6).Draw(t, "part")
		} else {
			b = number.Draw(t, "b")
		}
		lo, hi := widen(min(a, b), max(a, b))
		marks := ticks(6, false)(lo, hi)
		if len(marks) < 2 || len(marks) > 7 {
			t.Fatalf("%g to %g has %d ticks", lo, hi, len(marks))
		}
		step := marks[1].Value - marks[0].Value
		for i, m := range marks {
			slack := 1e-6 * step
			if m.Value < lo-slack || m.Value > hi+slack || i > 0 && (m.Value <= marks[i-1].Value || m.Label == marks[i-1].Label) {
				t.Fatalf("%g to %g: tick %d of %v", lo, hi, i, marks)
			}
			if read, err := strconv.ParseFloat(m.Label, 64); err != nil || math.Abs(read-m.Value) > 0.01*step {
				t.Fatalf("%g to %g: tick %g has the label %s", lo, hi, m.Value, m.Label)
			}
		}
	})
}
