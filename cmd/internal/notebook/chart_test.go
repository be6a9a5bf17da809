package notebook

import (
	"encoding/binary"
	"html/template"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"gonum.org/v1/plot"
	"pgregory.net/rapid"
)

// paths returns the points of every path in the colour of a series.
func paths(t testing.TB, f figure, series int, attribute string) [][]point {
	t.Helper()
	pattern := regexp.MustCompile(`<path d="([^"]*)"[^>]* style="` + attribute + `:` + regexp.QuoteMeta(seriesColors[series].css()) + `"/>`)
	var all [][]point
	for _, match := range pattern.FindAllStringSubmatch(string(f.Wide), -1) {
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
	for _, m := range regexp.MustCompile(`<text x="([^"]*)" y="([^"]*)"[^>]*>([^<]*)</text>`).FindAllStringSubmatch(string(f.Wide), -1) {
		x, _ := strconv.ParseFloat(m[1], 64)
		y, _ := strconv.ParseFloat(m[2], 64)
		all[m[3]] = point{x, y}
	}
	return all
}

func TestSinglePointIsADot(t *testing.T) {
	f, err := LineChart{Title: "t", X: "x", Y: "y", Series: []Series{{Name: "a", Y: []float64{3}}}}.figure()
	if err != nil {
		t.Fatal(err)
	}
	if p := paths(t, f, 0, "stroke"); len(p) != 1 || len(p[0]) != 2 || p[0][0] != p[0][1] || !strings.Contains(string(f.Wide), `stroke-width="6"`) {
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

// No label of a chart touches another one or the edge, on wide and on narrow screens.
func checkLabelsApart(t rapid.TB, f figure) {
	t.Helper()
	pattern := regexp.MustCompile(`<text x="([^"]*)" y="([^"]*)" font-size="12" [^>]*>([^<]*)</text>`)
	for _, size := range []struct {
		svg           template.HTML
		width, height float64
	}{{f.Wide, chartWidth, chartHeight}, {f.Narrow, narrowWidth, narrowHeight}} {
		type box struct{ left, right, top, bottom float64 }
		var boxes []box
		for _, m := range pattern.FindAllStringSubmatch(string(size.svg), -1) {
			x, _ := strconv.ParseFloat(m[1], 64)
			y, _ := strconv.ParseFloat(m[2], 64)
			b := box{x, x + labelWidth(plot.Tick{Label: m[3]}).Points(), y - 9, y}
			if b.left < 0 || b.right > size.width || b.top < 0 || b.bottom > size.height {
				t.Errorf("label %s leaves the chart: %v", m[3], b)
			}
			for _, other := range boxes {
				if b.left < other.right+2 && other.left < b.right+2 && b.top < other.bottom && other.top < b.bottom {
					t.Errorf("label %s touches another one: %v, %v", m[3], b, other)
				}
			}
			boxes = append(boxes, b)
		}
		if len(boxes) < 3 {
			t.Errorf("%d labels on %.0f units", len(boxes), size.width)
		}
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
	f.Add(bits(-9.999999999926744e+99)) // long labels at both ends
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
			checkLabelsApart(t, f)
			checkWidth(t, f.text(leastWidth), leastWidth)
			if strings.Contains(string(f.Wide), "NaN") || strings.Contains(string(f.Wide), "Inf") {
				t.Errorf("drew %s", f.Wide)
			}
		}
	})
}
