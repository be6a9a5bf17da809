package notebook

import (
	"encoding/binary"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// paths returns the points of every path in the colour of a series.
func paths(t testing.TB, f figure, series int, attribute string) [][]point {
	t.Helper()
	pattern := regexp.MustCompile(`<path d="([^"]*)"[^>]* style="` + attribute + `:` + regexp.QuoteMeta(seriesColors[series].css()) + `"/>`)
	var all [][]point
	for _, match := range pattern.FindAllStringSubmatch(string(f.SVG), -1) {
		var points []point
		for _, at := range strings.FieldsFunc(match[1], func(r rune) bool { return r == 'M' || r == 'L' || r == 'Z' }) {
			x, y, _ := strings.Cut(at, " ")
			px, err1 := strconv.ParseFloat(x, 64)
			py, err2 := strconv.ParseFloat(y, 64)
			if err1 != nil || err2 != nil || px < 0 || px > chartWidth || py < 0 || py > chartHeight {
				t.Fatalf("point %q is outside the chart", at)
			}
			points = append(points, point{px, py})
		}
		all = append(all, points)
	}
	return all
}

// labels returns the texts of a chart and their positions.
func labels(f figure) map[string]point {
	all := map[string]point{}
	for _, m := range regexp.MustCompile(`<text x="([^"]*)" y="([^"]*)"[^>]*>([^<]*)</text>`).FindAllStringSubmatch(string(f.SVG), -1) {
		x, _ := strconv.ParseFloat(m[1], 64)
		y, _ := strconv.ParseFloat(m[2], 64)
		all[m[3]] = point{x, y}
	}
	return all
}

// The positions of points agree with the ticks of the axes.
func TestLineChartPositions(t *testing.T) {
	f, err := LineChart{Title: "t", X: "step", Y: "metres", Series: []Series{
		{Name: "a", Y: []float64{0, 10, 20, 10}},
		{Name: "b", X: []float64{1, 2, 4}, Y: []float64{20, 0, 5}},
	}}.figure()
	if err != nil {
		t.Fatal(err)
	}
	a, b := paths(t, f, 0, "stroke"), paths(t, f, 1, "stroke")
	if len(a) != 1 || len(b) != 1 || len(a[0]) != 4 || len(b[0]) != 3 {
		t.Fatalf("drew %v and %v", a, b)
	}
	at := labels(f)
	// All labels have the same offset from their ticks.
	dy := at["0"].y - at["10"].y
	if got := a[0][0].y - a[0][1].y; math.Abs(got-dy) > 0.02 || dy <= 0 {
		t.Errorf("10 metres are %v units high, on the axis %v", got, dy)
	}
	dx := at["3"].x - at["2"].x
	if got := a[0][2].x - a[0][1].x; math.Abs(got-dx) > 0.02 || dx <= 0 {
		t.Errorf("a step is %v units wide, on the axis %v", got, dx)
	}
	if a[0][0].x != b[0][0].x || a[0][3].x != b[0][2].x || a[0][2].y != b[0][0].y || a[0][0].y != b[0][1].y {
		t.Errorf("equal points differ: %v, %v", a, b)
	}
	if _, ok := at["step"]; !ok || at["metres"].x > at["0"].x {
		t.Errorf("axes are not labelled: %v", at)
	}
	for _, want := range []string{"t. Line chart, metres over step.", "a: 4 points from 0 to 10, lowest 0, highest 20."} {
		if !strings.Contains(f.Alt, want) {
			t.Errorf("%q does not contain %q", f.Alt, want)
		}
	}
}

func TestSinglePointIsADot(t *testing.T) {
	f, err := LineChart{Title: "t", X: "x", Y: "y", Series: []Series{{Name: "a", Y: []float64{3}}}}.figure()
	if err != nil {
		t.Fatal(err)
	}
	if p := paths(t, f, 0, "stroke"); len(p) != 1 || len(p[0]) != 2 || p[0][0] != p[0][1] || !strings.Contains(string(f.SVG), `stroke-width="6"`) {
		t.Errorf("drew %v", p)
	}
	if !strings.HasSuffix(f.Alt, "a: 3.") {
		t.Error(f.Alt)
	}
}

func TestSeriesLookDifferent(t *testing.T) {
	c := LineChart{Title: "t", X: "x", Y: "y"}
	for i := range maxSeries {
		c.Series = append(c.Series, Series{Name: strconv.Itoa(i), Y: []float64{1, 2}})
	}
	f, err := c.figure()
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, entry := range f.Legend {
		seen[string(entry.Swatch)] = true
	}
	if len(seen) != maxSeries {
		t.Errorf("%d series have %d styles", maxSeries, len(seen))
	}
}

func TestLongLabelIsTruncated(t *testing.T) {
	f, err := LineChart{Title: "t", X: strings.Repeat("x", 500), Y: strings.Repeat("é", 45), Series: []Series{{Name: "a", Y: []float64{1}}}}.figure()
	if err != nil {
		t.Fatal(err)
	}
	at := labels(f)
	if _, ok := at[strings.Repeat("x", 44)+"…"]; !ok {
		t.Error("long label is not truncated")
	}
	if _, ok := at[strings.Repeat("é", 45)]; !ok {
		t.Error("label that fits is truncated")
	}
}

func TestDownsample(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 5*maxPoints).Draw(t, "n")
		seed := rapid.Uint64().Draw(t, "seed")
		points := make([]point, n)
		for i := range points {
			seed = seed*6364136223846793005 + 1442695040888963407
			points[i] = point{float64(i), float64(seed >> 40)}
		}
		kept := downsample(points)
		if len(kept) > maxPoints || n <= maxPoints && len(kept) != n {
			t.Fatalf("kept %d of %d", len(kept), n)
		}
		byY := func(a, b point) int { return int(a.y - b.y) }
		if kept[0] != points[0] || kept[len(kept)-1] != points[n-1] ||
			slices.MinFunc(kept, byY).y != slices.MinFunc(points, byY).y || slices.MaxFunc(kept, byY).y != slices.MaxFunc(points, byY).y {
			t.Fatal("an end or a spike is missing")
		}
		for i, p := range kept {
			if p != points[int(p.x)] || i > 0 && kept[i-1].x >= p.x {
				t.Fatalf("point %d is out of order", i)
			}
		}
	})
}

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
	if !regexp.MustCompile(`M` + middle + ` [0-9.]+L` + middle + ` [0-9.]+" fill="none" stroke-width="0.75" style="stroke:` + regexp.QuoteMeta(textColor.css())).MatchString(string(f.SVG)) {
		t.Error("no line at zero")
	}
	if !strings.Contains(f.Alt, "count of error (m) in bins of 1. a: 4 in all, mean -0.5, lowest -1, highest 1.") {
		t.Error(f.Alt)
	}
}

// Any values are drawn inside the chart or are an error.
func FuzzSeries(f *testing.F) {
	bits := func(values ...float64) (b []byte) {
		for _, v := range values {
			b = binary.LittleEndian.AppendUint64(b, math.Float64bits(v))
		}
		return b
	}
	f.Add(bits(1, 2, 3))
	f.Add(bits(maxSize, -maxSize))
	f.Add(bits(5e-324, 0, math.Copysign(0, -1)))
	f.Add(bits(1e16, 1e16+2))
	f.Add(bits(math.NaN(), math.Inf(1)))
	f.Fuzz(func(t *testing.T, b []byte) {
		var y []float64
		for ; len(b) >= 8; b = b[8:] {
			y = append(y, math.Float64frombits(binary.LittleEndian.Uint64(b)))
		}
		x := slices.Clone(y)
		slices.Reverse(x)
		line, err := LineChart{Title: "t", X: "x", Y: "y", Series: []Series{{Name: "s", X: x, Y: y}}}.figure()
		bars, err2 := Histogram{Title: "t", X: "x", Samples: []Sample{{"s", y}}}.figure()
		if (err == nil) != (err2 == nil) {
			t.Fatalf("only one of the charts returns an error: %v, %v", err, err2)
		}
		if err != nil {
			return
		}
		for _, f := range []figure{line, bars} {
			paths(t, f, 0, "stroke")
			if strings.Contains(string(f.SVG), "NaN") || strings.Contains(string(f.SVG), "Inf") {
				t.Errorf("drew %s", f.SVG)
			}
		}
	})
}
