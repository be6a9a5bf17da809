package notebook

import (
	"math"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

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
	if f.X != "step" || f.Y != "metres" {
		t.Errorf("axes are called %s and %s", f.X, f.Y)
	}
	for _, want := range []string{"t. Line chart, metres over step.", "a: 4 points from 0 to 10, lowest 0, highest 20."} {
		if !strings.Contains(f.Alt, want) {
			t.Errorf("%q does not contain %q", f.Alt, want)
		}
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

// A band is filled between its lines in the colour of its series, below them.
func TestBand(t *testing.T) {
	c := LineChart{Title: "t", X: "x", Y: "y",
		Series: []Series{{Name: "a", Y: []float64{1, 2, 3}}, {Name: "b", X: []float64{3, 4}, Y: []float64{3, 4}}},
		Bands:  []Band{{Name: "80 %", Around: "b", X: []float64{3, 4}, Low: []float64{3, 2}, High: []float64{3, 6}}},
	}
	f, err := c.figure()
	if err != nil {
		t.Fatal(err)
	}
	area, b := paths(t, f, 1, "fill"), paths(t, f, 1, "stroke")
	if len(area) != 1 || len(area[0]) != 4 || len(b) != 1 {
		t.Fatalf("drew the areas %v and the lines %v", area, b)
	}
	low, high := area[0][1], area[0][2]
	if area[0][0] != b[0][0] || low.x != high.x || low.x != b[0][1].x || !(low.y > b[0][1].y && b[0][1].y > high.y) {
		t.Errorf("band %v, line %v", area[0], b[0])
	}
	if strings.Index(string(f.Wide), "fill-opacity") > strings.Index(string(f.Wide), `stroke:var(--series-1`) {
		t.Error("the band is above a line")
	}
	if len(f.Legend) != 3 || f.Legend[2].Name != "80 %" || !strings.Contains(f.Alt, "80 %: from 3 to 3 at its start, from 2 to 6 at its end.") {
		t.Errorf("legend %v, description %s", f.Legend, f.Alt)
	}
	for field, wrong := range map[string]Band{
		`Band "w".Around`: {Name: "w", Around: "c", X: []float64{1}, Low: []float64{1}, High: []float64{1}},
		`Band "w".X`:      {Name: "w", Around: "a"},
		`Band "w".Low`:    {Name: "w", Around: "a", X: []float64{1}, High: []float64{1}},
		`Band "w".High`:   {Name: "w", Around: "a", X: []float64{1}, Low: []float64{1}, High: []float64{math.NaN()}},
	} {
		c.Bands = []Band{wrong}
		if _, err := c.figure(); err == nil || !strings.Contains(err.Error(), strings.TrimSuffix(field, "X")) {
			t.Errorf("%s: %v", field, err)
		}
	}
}

func TestDateAxis(t *testing.T) {
	c := LineChart{Title: "t", X: "date", Y: "y", Dates: true, Series: []Series{{Name: "a", X: []float64{0, 86400 * 365.25 * 10}, Y: []float64{1, 2}}}}
	f, err := c.figure()
	if err != nil {
		t.Fatal(err)
	}
	checkLabelsApart(t, f)
	at := labels(f)
	if dx := at["1974"].x - at["1972"].x; dx <= 0 || math.Abs(at["1976"].x-at["1974"].x-dx) > 0.3 {
		t.Errorf("labels %v", at)
	}
	c.Series[0].X[1] = 1e12
	if _, err := c.figure(); err == nil {
		t.Error("a year after 9999")
	}
}
