package search_test

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"

	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/errs/errtest"
	"github.com/engram-go/engram/train/search"
	"pgregory.net/rapid"
)

// drawRange draws any valid range of numbers, with its bounds.
func drawRange(t *rapid.T) (r search.Range, low, high float64) {
	if rapid.Bool().Draw(t, "whole") {
		n := search.Int{Log: rapid.Bool().Draw(t, "log")}
		lowest := math.MinInt
		if n.Log {
			lowest = 1
		}
		n.Low = rapid.IntRange(lowest, math.MaxInt).Draw(t, "low")
		n.High = rapid.IntRange(n.Low, math.MaxInt).Draw(t, "high")
		return n, float64(n.Low), float64(n.High)
	}
	f := search.Float{Log: rapid.Bool().Draw(t, "log")}
	lowest := -math.MaxFloat64
	if f.Log {
		lowest = math.SmallestNonzeroFloat64
	}
	f.Low = rapid.Float64Range(lowest, math.MaxFloat64).Draw(t, "low")
	f.High = rapid.Float64Range(f.Low, math.MaxFloat64).Draw(t, "high")
	return f, f.Low, f.High
}

// number is a value of a range, whose type must be that of the range.
func number(t tester, r search.Range, x any) float64 {
	t.Helper()
	switch r.(type) {
	case search.Int:
		return float64(x.(int))
	case search.Float:
		return x.(float64)
	}
	t.Fatalf("got %v of type %T", x, x)
	return 0
}

// Values lie in their range, and points of a grid ascend from its first to its last.
func TestRanges(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r, low, high := drawRange(t)
		check(t, r.Check())
		random := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		for range 20 {
			if x := number(t, r, r.Draw(random)); !(x >= low && x <= high) {
				t.Fatalf("%+v gave %v", r, x)
			}
		}
		n := rapid.IntRange(1, 20).Draw(t, "points")
		points := r.Points(n)
		if len(points) < 1 || len(points) > n {
			t.Fatalf("%+v has %d points of %d", r, len(points), n)
		}
		var last float64
		for i, p := range points {
			x := number(t, r, p)
			if !(x >= low && x <= high) || i > 0 && x < last {
				t.Fatalf("%+v has the points %v", r, points)
			}
			last = x
		}
		if n > 1 && (number(t, r, points[0]) != low || last != high) {
			t.Fatalf("%+v has the points %v", r, points)
		}
	})
}

func TestPoints(t *testing.T) {
	for _, c := range []struct {
		r    search.Range
		n    int
		want string
	}{
		{search.Float{Low: 1, High: 3}, 5, "[1 1.5 2 2.5 3]"},
		{search.Float{Low: 1, High: 3}, 1, "[2]"},
		{search.Float{Low: 1, High: 1}, 4, "[1]"},
		{search.Float{Low: 0.25, High: 4, Log: true}, 1, "[1]"},
		{search.Int{Low: -1, High: 1}, 5, "[-1 0 1]"},
		{search.Int{Low: 1, High: 100}, 3, "[1 51 100]"},
		{search.Int{Low: 1, High: 1000, Log: true}, 4, "[1 10 100 1000]"},
		{search.Int{Low: 1, High: 10, Log: true}, 9, "[1 2 3 4 6 7 10]"},
		{search.Int{Low: math.MinInt, High: math.MaxInt}, 2, fmt.Sprint([]int{math.MinInt, math.MaxInt})},
		{search.Choice[string]{"a", "b", "a"}, 1, "[a b a]"},
	} {
		got := c.r.Points(c.n)
		for i, x := range got { // logarithms are rounded
			if f, ok := x.(float64); ok {
				got[i] = math.Round(f*1e12) / 1e12
			}
		}
		if fmt.Sprint(got) != c.want {
			t.Errorf("%d points of %+v are %v, want %s", c.n, c.r, got, c.want)
		}
	}
}

// Draws are spread as the documentation says: the counts of ten parts of equal probability
// pass a test of χ² at 1e-4 (9 degrees of freedom).
func TestDraws(t *testing.T) {
	tens := make(search.Choice[int], 10)
	for i := range tens {
		tens[i] = i
	}
	for name, c := range map[string]struct {
		r    search.Range
		part func(x any) float64 // share of the range below x
	}{
		"float":     {search.Float{Low: -2, High: 3}, func(x any) float64 { return (x.(float64) + 2) / 5 }},
		"log float": {search.Float{Low: 1e-5, High: 1e-1, Log: true}, func(x any) float64 { return (math.Log10(x.(float64)) + 5) / 4 }},
		"int":       {search.Int{Low: -5, High: 994}, func(x any) float64 { return float64(x.(int)+5) / 1000 }},
		"log int": {search.Int{Low: 1000, High: 1000000, Log: true}, func(x any) float64 {
			return math.Log((float64(x.(int))-0.5)/999.5) / math.Log(1000000.5/999.5)
		}},
		"choice": {tens, func(x any) float64 { return float64(x.(int)) / 10 }},
	} {
		t.Run(name, func(t *testing.T) {
			const trials, parts, critical = 5000, 10, 33.72
			var counts [parts]int
			space := search.Space{"x": c.r}
			for i := range trials {
				x := (search.Random{}).Values(space, 1, i)["x"]
				counts[min(int(c.part(x)*parts), parts-1)]++
			}
			chi := 0.0
			for _, n := range counts {
				const expected = trials / parts
				chi += math.Pow(float64(n)-expected, 2) / expected
			}
			if !(chi < critical) {
				t.Errorf("χ² is %.1f of the counts %v", chi, counts)
			}
		})
	}
}

// Small ranges of integers with Log have each number as often as its part of the logarithms.
func TestDrawsOfFewIntegers(t *testing.T) {
	const trials = 5000
	space := search.Space{"x": search.Int{Low: 1, High: 4, Log: true}}
	counts := map[int]float64{}
	for i := range trials {
		counts[(search.Random{}).Values(space, 2, i)["x"].(int)]++
	}
	chi := 0.0
	for n := 1; n <= 4; n++ {
		expected := trials * math.Log((float64(n)+0.5)/(float64(n)-0.5)) / math.Log(4.5/0.5)
		chi += math.Pow(counts[n]-expected, 2) / expected
	}
	if !(chi < 21.1) { // 3 degrees of freedom, 1e-4
		t.Errorf("χ² is %.1f of the counts %v", chi, counts)
	}
}

// What a parameter is in a trial depends on the seed, its name and the number alone.
func TestRandomValues(t *testing.T) {
	one := search.Space{"a": search.Float{High: 1}}
	two := search.Space{"a": search.Float{High: 1}, "b": search.Float{High: 1}}
	seen := map[any]bool{}
	for seed := range uint64(3) {
		for i := range 10 {
			a, b := (search.Random{}).Values(one, seed, i), (search.Random{}).Values(two, seed, i)
			if a["a"] != b["a"] || a["a"] == b["b"] {
				t.Errorf("trial %d of seed %d has %v, and with another parameter %v", i, seed, a, b)
			}
			seen[a["a"]] = true
		}
	}
	if len(seen) != 30 {
		t.Errorf("30 draws gave %d values", len(seen))
	}
}

// A grid has each combination once, the last name changing first.
func TestGrid(t *testing.T) {
	space := search.Space{"c": search.Choice[string]{"x", "y"}, "a": search.Int{Low: 1, High: 9}, "b": search.Float{High: 1}}
	g := search.Grid{}
	n, err := g.Len(space)
	check(t, err)
	var got []string
	for i := range n {
		v := g.Values(space, 5, i)
		got = append(got, fmt.Sprint(v["a"], v["b"], v["c"]))
	}
	var want []string
	for _, a := range []int{1, 5, 9} {
		for _, b := range []float64{0, 0.5, 1} {
			want = append(want, fmt.Sprint(a, b, "x"), fmt.Sprint(a, b, "y"))
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %v\nwant %v", got, want)
	}
}

func TestConfigErrors(t *testing.T) {
	good := search.Space{"a": search.Int{High: 3}}
	wide := search.Space{}
	for i := range 21 {
		wide[fmt.Sprint(i)] = search.Choice[int]{1, 2}
	}
	of := func(r search.Range) search.Config { return search.Config{Space: search.Space{"a": r}} }
	for name, c := range map[string]struct {
		cfg  search.Config
		want errs.Error
	}{
		"no space":     {search.Config{}, errs.Error{Path: "search", Field: "Config.Space"}},
		"no name":      {search.Config{Space: search.Space{"": search.Float{}}}, errs.Error{Field: `Config.Space[""]`}},
		"a line break": {search.Config{Space: search.Space{"a\nb": search.Float{}}}, errs.Error{Field: `Config.Space["a\nb"]`}},
		"no UTF-8":     {search.Config{Space: search.Space{"\xff": search.Float{}}}, errs.Error{Field: `Config.Space["\xff"]`}},
		"no range":     {of(nil), errs.Error{Field: `Config.Space["a"]`}},
		"low NaN":      {of(search.Float{Low: math.NaN()}), errs.Error{Path: `search: Config.Space["a"]`, Field: "Float.Low", Value: math.NaN()}},
		"high NaN":     {of(search.Float{High: math.NaN()}), errs.Error{Field: "Float.High", Value: math.NaN()}},
		"infinite":     {of(search.Float{High: math.Inf(1)}), errs.Error{Field: "Float.High", Value: math.Inf(1)}},
		"reversed":     {of(search.Float{Low: 2, High: 1}), errs.Error{Field: "Float.High", Value: 1}},
		"log of 0":     {of(search.Float{High: 1, Log: true}), errs.Error{Field: "Float.Low", Value: 0}},
		"ints":         {of(search.Int{Low: 2, High: 1}), errs.Error{Field: "Int.High", Value: 1}},
		"log of ints":  {of(search.Int{Low: -2, High: 1, Log: true}), errs.Error{Field: "Int.Low", Value: -2}},
		"no choice":    {of(search.Choice[string]{}), errs.Error{Field: "Choice"}},
		"trials":       {search.Config{Space: good, Method: search.Random{Trials: -1}}, errs.Error{Path: "search", Field: "Random.Trials", Value: -1}},
		"many trials":  {search.Config{Space: good, Method: search.Random{Trials: 1<<20 + 1}}, errs.Error{Field: "Random.Trials", Value: 1<<20 + 1}},
		"points":       {search.Config{Space: good, Method: search.Grid{Points: -1}}, errs.Error{Field: "Grid.Points", Value: -1}},
		"combinations": {search.Config{Space: wide, Method: search.Grid{}}, errs.Error{Path: "search", Field: "Grid"}},
		"no trials":    {search.Config{Space: good, Method: counted(0)}, errs.Error{Field: "Config.Method", Value: 0}},
		"workers":      {search.Config{Space: good, Workers: -1}, errs.Error{Field: "Config.Workers", Value: -1}},
		"memory":       {search.Config{Space: good, Memory: -1}, errs.Error{Field: "Config.Memory", Value: -1}},
		"trial memory": {search.Config{Space: good, TrialMemory: -1}, errs.Error{Field: "Config.TrialMemory", Value: -1}},
		"both":         {search.Config{Space: good, Memory: 1, TrialMemory: 2}, errs.Error{Field: "Config.TrialMemory", Value: 2}},
		"first":        {search.Config{Space: good, Halving: &search.Halving{First: -1}}, errs.Error{Field: "Halving.First", Value: -1}},
		"factor":       {search.Config{Space: good, Halving: &search.Halving{Factor: 1}}, errs.Error{Field: "Halving.Factor", Value: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := search.Run(t.Context(), c.cfg, constant)
			errtest.Check(t, err, c.want)
		})
	}
	_, err := search.Run(t.Context(), search.Config{Space: good}, nil)
	errtest.Check(t, err, errs.Error{Field: "objective"})
	var none context.Context
	_, err = search.Run(none, search.Config{Space: good}, constant)
	errtest.Check(t, err, errs.Error{Field: "ctx"})
}

// counted is a method with some number of trials, which have no values.
type counted int

func (c counted) Len(search.Space) (int, error)                          { return int(c), nil }
func (counted) Values(search.Space, uint64, int) (values map[string]any) { return nil }

// Whole numbers beyond 2^53 are rounded on the way, some of them backwards. Those are left out.
func TestPointsOfHugeNumbers(t *testing.T) {
	if strconv.IntSize < 64 {
		t.Skip("an int has no such numbers")
	}
	low := int64(9007199255101439)
	huge := search.Int{Low: int(low), High: int(low + 19)}
	for n := 1; n <= 20; n++ {
		points := huge.Points(n)
		for i := 1; i < len(points); i++ {
			if points[i].(int) <= points[i-1].(int) {
				t.Errorf("%d points: %d comes after %d", n, points[i], points[i-1])
			}
		}
	}
}
