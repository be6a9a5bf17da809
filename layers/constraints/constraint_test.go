package constraints_test

import (
	"math"
	"slices"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/graph/graphtest"
	"github.com/engram-go/engram/layers/constraints"
	"github.com/google/go-cmp/cmp"
	"github.com/pkg/errors"
)

func TestGolden(t *testing.T) {
	golden := graphtest.Golden(t, "testdata/constraints.npz")
	square, cube := graph.Shape{4, 3}, graph.Shape{2, 3, 4}
	for name, c := range map[string]struct {
		constraint graph.Constraint
		shape      graph.Shape
	}{
		"max_norm":        {constraints.MaxNorm{}, square},
		"max_norm_rows":   {constraints.MaxNorm{MaxValue: 1.5, Axes: []int{1}}, square},
		"max_norm_3":      {constraints.MaxNorm{MaxValue: 1, Axes: []int{0, 1}}, cube},
		"max_norm_3_ends": {constraints.MaxNorm{MaxValue: 1, Axes: []int{2, 0}}, cube},
		"unit_norm":       {constraints.UnitNorm{}, square},
		"unit_norm_3":     {constraints.UnitNorm{Axes: []int{1}}, cube},
		"min_max_norm":    {constraints.MinMaxNorm{}, square},
		"min_max_norm_3":  {constraints.MinMaxNorm{MinValue: 1.75, MaxValue: 2.25, Rate: 0.25, Axes: []int{2}}, cube},
		"non_neg":         {constraints.NonNeg{}, square},
	} {
		w := graphtest.Uniform(uint64(c.shape.Rank()-1), c.shape.Size(), 2)
		if err := c.constraint.Constrain(c.shape, w); err != nil {
			t.Fatal(err)
		}
		graphtest.CheckOutput(t, name, w, golden[name].Data, graphtest.Tol64)
	}
}

// Zeros stay zeros, where a norm would be a division by 0.
func TestZeros(t *testing.T) {
	for _, c := range []graph.Constraint{constraints.MaxNorm{}, constraints.UnitNorm{}, constraints.MinMaxNorm{MinValue: 1}, constraints.NonNeg{}} {
		w := make([]float64, 6)
		if err := c.Constrain(graph.Shape{2, 3}, w); err != nil || !slices.Equal(w, make([]float64, 6)) {
			t.Errorf("%#v: got %v, %v", c, w, err)
		}
	}
}

func TestResolve(t *testing.T) {
	for _, c := range []struct{ given, want graph.Constraint }{
		{nil, nil},
		{constraints.MaxNorm{MaxValue: 1, Axes: []int{1, 0}}, constraints.MaxNorm{MaxValue: 1, Axes: []int{1, 0}}},
	} {
		got, err := constraints.Resolve(c.given)
		if err != nil || cmp.Diff(c.want, got) != "" {
			t.Errorf("Resolve(%#v) = %#v, %v, want %#v", c.given, got, err, c.want)
		}
	}
	axes := []int{1}
	c, err := constraints.Resolve(constraints.UnitNorm{Axes: axes})
	axes[0] = 7
	if err != nil || c.(constraints.UnitNorm).Axes[0] != 1 {
		t.Errorf("got %v, %v: a config must not change with what it was made of", c, err)
	}
}

func TestBadConfigs(t *testing.T) {
	cases := map[string][]graph.Constraint{
		"MaxNorm.Axes":        {constraints.MaxNorm{Axes: []int{-1}}, constraints.MaxNorm{Axes: []int{0, 0}}},
		"UnitNorm.Axes":       {constraints.UnitNorm{Axes: []int{-1}}},
		"MinMaxNorm.Axes":     {constraints.MinMaxNorm{Axes: []int{1, 0, 1}}},
		"MinMaxNorm.Rate":     {constraints.MinMaxNorm{Rate: 1.5}},
		"MinMaxNorm.MinValue": {constraints.MinMaxNorm{MinValue: 2}, constraints.MinMaxNorm{MinValue: -1}, constraints.MinMaxNorm{MinValue: math.NaN()}},
	}
	for _, x := range []float64{-1, math.Inf(1), math.Inf(-1), math.NaN()} {
		for field, c := range map[string]graph.Constraint{
			"MaxNorm.MaxValue":    constraints.MaxNorm{MaxValue: x},
			"MinMaxNorm.MaxValue": constraints.MinMaxNorm{MaxValue: x},
			"MinMaxNorm.Rate":     constraints.MinMaxNorm{Rate: x},
		} {
			cases[field] = append(cases[field], c)
		}
	}
	for field, cs := range cases {
		for _, c := range cs {
			_, err := constraints.Resolve(c)
			wantField(t, err, field)
			wantField(t, c.Constrain(graph.Shape{2, 2}, make([]float64, 4)), field)
		}
	}
	wantField(t, constraints.MaxNorm{Axes: []int{2}}.Constrain(graph.Shape{2, 2}, make([]float64, 4)), "MaxNorm.Axes")
	wantField(t, constraints.UnitNorm{}.Constrain(graph.Shape{}, make([]float64, 1)), "UnitNorm.Axes")
}

func wantField(t *testing.T, err error, field string) {
	t.Helper()
	var e graph.Error
	if !errors.As(err, &e) || e.Field != field || !errors.Is(err, graph.ErrInput) {
		t.Errorf("got %v, want an error of %s", err, field)
	}
}
