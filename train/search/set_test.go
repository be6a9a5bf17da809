package search_test

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/errs/errtest"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/train/optimizers"
	"github.com/engram-go/engram/train/search"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// network is a config behind an interface.
type network interface{ units() int }

type recurrent struct {
	Units   int
	Dropout *float64
}

func (r recurrent) units() int { return r.Units }

// nested has fields of all kinds that a path may lead through.
type nested struct {
	Network   network
	Inner     recurrent
	Behind    *recurrent
	List      []recurrent
	Pair      [2]float64
	Any       any
	Rate      float32
	Small     int8
	Count     uint16
	Time      time.Duration
	Padding   layers.Padding
	On        bool
	Optimizer optimizers.Optimizer
	Function  func()
	hidden    int
}

func base() nested {
	return nested{
		Network: recurrent{Units: 1}, Behind: &recurrent{Units: 2}, List: []recurrent{{Units: 3}, {Units: 4}},
		Optimizer: optimizers.Adam{}, hidden: 5,
	}
}

func TestSet(t *testing.T) {
	half := 0.5
	for path, c := range map[string]struct {
		value any
		want  func(n *nested)
	}{
		"Network.Units":          {8, func(n *nested) { n.Network = recurrent{Units: 8} }},
		"Network.Dropout":        {0.5, func(n *nested) { n.Network = recurrent{Units: 1, Dropout: &half} }},
		"Network":                {recurrent{Units: 9}, func(n *nested) { n.Network = recurrent{Units: 9} }},
		"Inner.Units":            {8, func(n *nested) { n.Inner.Units = 8 }},
		"Inner.Dropout":          {&half, func(n *nested) { n.Inner.Dropout = &half }},
		"Behind.Units":           {8, func(n *nested) { n.Behind = &recurrent{Units: 8} }},
		"Behind":                 {nil, func(n *nested) { n.Behind = nil }},
		"List[1].Units":          {8, func(n *nested) { n.List = []recurrent{{Units: 3}, {Units: 8}} }},
		"List":                   {[]recurrent(nil), func(n *nested) { n.List = nil }},
		"Pair[0]":                {7, func(n *nested) { n.Pair[0] = 7 }},
		"Any":                    {"text", func(n *nested) { n.Any = "text" }},
		"Rate":                   {0.5, func(n *nested) { n.Rate = 0.5 }},
		"Small":                  {-128, func(n *nested) { n.Small = -128 }},
		"Count":                  {65535, func(n *nested) { n.Count = 65535 }},
		"Time":                   {5, func(n *nested) { n.Time = 5 }},
		"Padding":                {"same", func(n *nested) { n.Padding = layers.Same }},
		"On":                     {true, func(n *nested) { n.On = true }},
		"Optimizer.LearningRate": {0.25, func(n *nested) { n.Optimizer = optimizers.Adam{LearningRate: 0.25} }},
		"Optimizer":              {optimizers.SGD{}, func(n *nested) { n.Optimizer = optimizers.SGD{} }},
	} {
		config, want := base(), base()
		c.want(&want)
		got, err := search.Set(config, map[string]any{path: c.value})
		check(t, err)
		equal := cmp.AllowUnexported(nested{})
		if diff := cmp.Diff(want, got, equal); diff != "" {
			t.Errorf("%s (-want +got):\n%s", path, diff)
		}
		if diff := cmp.Diff(base(), config, equal); diff != "" {
			t.Errorf("%s changed the config itself:\n%s", path, diff)
		}
		through, err := search.Set(&config, map[string]any{path: c.value})
		check(t, err)
		if diff := cmp.Diff(&want, through, equal); diff != "" {
			t.Errorf("%s behind a pointer (-want +got):\n%s", path, diff)
		}
		if diff := cmp.Diff(base(), config, equal); diff != "" {
			t.Errorf("%s changed the config behind a pointer:\n%s", path, diff)
		}
	}
	several, err := search.Set(base(), map[string]any{"Network": recurrent{}, "Network.Units": 4, "Rate": 1.5})
	check(t, err)
	if several.Network.units() != 4 || several.Rate != 1.5 {
		t.Errorf("got %+v", several)
	}
}

func TestSetErrors(t *testing.T) {
	for _, c := range []struct {
		path  string
		value any
		want  errs.Error
	}{
		{"Unit", 1, errs.Error{Value: `"Unit"`}},
		{"hidden", 1, errs.Error{Value: `"hidden"`}},
		{"", 1, errs.Error{Value: "1 of type int"}},
		{"Network.Layers", 1, errs.Error{Value: `"Layers"`}},
		{"Network.Units.More", 1, errs.Error{Value: "More"}},
		{"Any.Units", 1, errs.Error{}},
		{"Function.Units", 1, errs.Error{Value: "Units"}},
		{"List.Units", 1, errs.Error{Value: "Units"}},
		{"List[2].Units", 1, errs.Error{Value: "[2]"}},
		{"List[-1]", 1, errs.Error{Value: "[-1]"}},
		{"List[x]", 1, errs.Error{Value: "[x]"}},
		{"List[0", 1, errs.Error{Value: "[0]"}},
		{"Rate[0]", 1, errs.Error{}},
		{"Inner..Units", 1, errs.Error{Value: `""`}},
		{"Inner.Units", 1.5, errs.Error{Value: "1.5 of type float64"}},
		{"Inner.Units", "1", errs.Error{Value: "1 of type string"}},
		{"Inner.Units", nil, errs.Error{Value: "nil of type <nil>"}},
		{"Inner.Dropout", "1", errs.Error{Value: "1 of type string"}},
		{"Small", 128, errs.Error{Value: "128 of type int"}},
		{"Count", -1, errs.Error{Value: "-1 of type int"}},
		{"Rate", 1e300, errs.Error{Value: "1e+300 of type float64"}},
		{"Rate", math.MaxInt, errs.Error{Value: fmt.Sprint(math.MaxInt, " of type int")}},
		{"Network", 5, errs.Error{Value: "5 of type int"}},
		{"On", "true", errs.Error{Value: "true of type string"}},
	} {
		config := base()
		got, err := search.Set(config, map[string]any{c.path: c.value})
		c.want.Path, c.want.Field = "search", "nested."+c.path
		errtest.Check(t, err, c.want)
		if diff := cmp.Diff(config, got, cmp.AllowUnexported(nested{})); diff != "" {
			t.Errorf("%s: the config was changed:\n%s", c.path, diff)
		}
	}
	_, err := search.Set[*nested](nil, map[string]any{"Rate": 1.5})
	errtest.Check(t, err, errs.Error{Path: "search", Field: "nested.Rate"})
	_, err = search.Set[any](nil, map[string]any{"Rate": 1.5})
	errtest.Check(t, err, errs.Error{Path: "search", Field: "config.Rate"})
}

// No path makes Set panic.
func FuzzSet(f *testing.F) {
	for _, path := range []string{"Network.Units", "List[1].Units", "List[0", "[", "..", "Pair[1]", "Behind.Dropout"} {
		f.Add(path, 1.5)
		f.Add(path, math.NaN())
	}
	f.Fuzz(func(t *testing.T, path string, value float64) {
		for _, x := range []any{value, int(value), path, nil, base(), []string{path}} {
			search.Set(base(), map[string]any{path: x})
		}
	})
}

// A number that Set takes is in the field as it was.
func TestSetNumbers(t *testing.T) {
	type numbers struct {
		A int8
		B int64
		C uint8
		D uint64
		E float32
		F float64
	}
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.Int().Draw(t, "number")
		for field, read := range map[string]func(v numbers) (int, bool){
			"A": func(v numbers) (int, bool) { return int(v.A), n >= -128 && n < 128 },
			"B": func(v numbers) (int, bool) { return int(v.B), true },
			"C": func(v numbers) (int, bool) { return int(v.C), n >= 0 && n < 256 },
			"D": func(v numbers) (int, bool) { return int(v.D), n >= 0 },
			"F": func(v numbers) (int, bool) { return int(v.F), math.Abs(float64(n)) <= 1<<53 },
		} {
			out, err := search.Set(numbers{}, map[string]any{field: n})
			got, fits := read(out)
			if fits != (err == nil) || fits && got != n {
				t.Fatalf("%s of %d is %d, %v", field, n, got, err)
			}
		}
	})
}
