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
	if _, ok := at["step"]; !ok || at["metres"].x > at["0"].x {
		t.Errorf("axes are not labelled: %v", at)
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
