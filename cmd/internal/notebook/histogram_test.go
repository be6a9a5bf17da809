package notebook

import (
	"math"
	"regexp"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestHistogramCounts(t *testing.T) {
	got := steps([]float64{0, 1, 1.5, 3.99, 4}, 0, 4, 4)
	want := []point{{0, 0}, {0, 1}, {1, 1}, {1, 2}, {2, 2}, {2, 0}, {3, 0}, {3, 2}, {4, 2}, {4, 0}}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(rapid.Float64Range(-maxSize, maxSize), 1, 50).Draw(t, "values")
		bins := rapid.IntRange(1, maxBins).Draw(t, "bins")
		lo, hi := widen(slices.Min(values), slices.Max(values))
		sum := 0.0
		for i, p := range steps(values, lo, hi, bins) {
			if i%2 == 1 {
				sum += p.y
			}
		}
		if sum != float64(len(values)) {
			t.Fatalf("counted %v of %d", sum, len(values))
		}
	})
}

// Expected: the values 0, 1, … n-1 lie in n^(1/3) bins by the rule, as in
// np.histogram_bin_edges(np.arange(n), "fd").
func TestAutoBins(t *testing.T) {
	for _, c := range []struct{ n, want int }{{1, minAutoBins}, {8, minAutoBins}, {8000, 20}, {1000000, maxAutoBins}} {
		values := make([]float64, c.n)
		for i := range values {
			values[i] = float64(i)
		}
		if got := autoBins(values); got != c.want {
			t.Errorf("%d values: %d bins, want %d", c.n, got, c.want)
		}
	}
	if got := autoBins([]float64{0, 1, 1, 1, 1, 1, 1, 9}); got != maxAutoBins {
		t.Errorf("narrow middle: %d bins", got)
	}
}

// All samples share their bins, bars start at the axis, and zero has a line.
func TestHistogramFigure(t *testing.T) {
	f, err := Histogram{Title: "Errors", X: "error (m)", Bins: 2, Samples: []Sample{
		{"a", []float64{-1, -1, -1, 1}}, {"b", []float64{0.5, 0.6}},
	}}.figure()
	if err != nil {
		t.Fatal(err)
	}
	a, b := paths(t, f, 0, "stroke")[0], paths(t, f, 1, "stroke")[0]
	if len(a) != 6 || len(b) != 6 || len(paths(t, f, 0, "fill")) != 1 {
		t.Fatalf("drew %v and %v", a, b)
	}
	base := a[0].y
	height := func(p point) float64 { return math.Round((base - p.y) / (base - a[3].y)) }
	if height(a[1]) != 3 || height(a[3]) != 1 || height(b[1]) != 0 || height(b[3]) != 2 {
		t.Errorf("bars are %v, %v, %v, %v high, want 3, 1, 0, 2", height(a[1]), height(a[3]), height(b[1]), height(b[3]))
	}
	middle := decimal(a[2].x)
	if !regexp.MustCompile(`M` + middle + ` [0-9.]+L` + middle + ` [0-9.]+" fill="none" stroke-width="0.75" style="stroke:` + regexp.QuoteMeta(textColor.css())).MatchString(string(f.Wide)) {
		t.Error("no line at zero")
	}
	if !strings.Contains(f.Alt, "count of error (m) in bins of 1. a: 4 in all, mean -0.5, lowest -1, highest 1.") {
		t.Error(f.Alt)
	}
}
