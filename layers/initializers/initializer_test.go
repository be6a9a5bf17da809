package initializers_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/errs/errtest"
	"github.com/engram-go/engram/layers/initializers"
	"github.com/google/go-cmp/cmp"
	"github.com/pkg/errors"
	"gorgonia.org/tensor"
	"pgregory.net/rapid"
)

func source(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 1)) }

// reporter is a testing.T or a rapid.T.
type reporter interface {
	Helper()
	Fatalf(format string, args ...any)
}

func mustInit(t reporter, i graph.Initializer, seed uint64, shape ...int) []float64 {
	t.Helper()
	out, err := i.Init(source(seed), shape)
	if err != nil {
		t.Fatalf("%#v of %v: %v", i, shape, err)
	}
	return out
}

func TestConstants(t *testing.T) {
	for _, c := range []struct {
		init  graph.Initializer
		shape graph.Shape
		want  []float64
	}{
		{initializers.Zeros, graph.Shape{2, 2}, []float64{0, 0, 0, 0}},
		{initializers.Ones, graph.Shape{3}, []float64{1, 1, 1}},
		{initializers.Ones, graph.Shape{}, []float64{1}},
		{initializers.Constant{}, graph.Shape{2}, []float64{0, 0}},
		{initializers.Constant{Value: -2.5}, graph.Shape{1, 1, 2}, []float64{-2.5, -2.5}},
		{initializers.Identity{}, graph.Shape{1, 1}, []float64{1}},
		{initializers.Identity{}, graph.Shape{2, 2}, []float64{1, 0, 0, 1}},
		{initializers.Identity{Gain: 3}, graph.Shape{2, 3}, []float64{3, 0, 0, 0, 3, 0}},
		{initializers.Identity{}, graph.Shape{3, 2}, []float64{1, 0, 0, 1, 0, 0}},
		{initializers.Identity{}, graph.Shape{3, 1}, []float64{1, 0, 0}},
		{initializers.Identity{}, graph.Shape{1, 3}, []float64{1, 0, 0}},
	} {
		got, err := c.init.Init(nil, c.shape)
		if err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%#v of %v = %v, %v, want %v", c.init, c.shape, got, err, c.want)
		}
	}
}

func TestResolve(t *testing.T) {
	for _, c := range []struct{ given, fallback, want graph.Initializer }{
		{nil, initializers.GlorotUniform, initializers.GlorotUniform},
		{initializers.Name(""), initializers.Zeros, initializers.Zeros},
		{nil, initializers.Orthogonal{}, initializers.Orthogonal{Gain: 1}},
		{initializers.Ones, initializers.Zeros, initializers.Ones},
		{initializers.Orthogonal{Gain: 2}, nil, initializers.Orthogonal{Gain: 2}},
		{initializers.RandomNormal{Mean: -1}, nil, initializers.RandomNormal{Mean: -1, Stddev: 0.05}},
		{initializers.RandomUniform{Max: 1}, nil, initializers.RandomUniform{Max: 1}},
		{initializers.RandomUniform{Min: -1}, nil, initializers.RandomUniform{Min: -1}},
		{ramp{}, nil, ramp{}},
	} {
		got, err := initializers.Resolve(c.given, c.fallback)
		if err != nil || cmp.Diff(c.want, got) != "" {
			t.Errorf("Resolve(%#v, %v) = %#v, %v, want %#v", c.given, c.fallback, got, err, c.want)
		}
	}
}

// The struct with zero fields does what the one with the defaults does.
func TestInitFillsDefaults(t *testing.T) {
	for _, a := range initializers.All() {
		i := a.(graph.Initializer)
		resolved, err := initializers.Resolve(i, nil)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := mustInit(t, i, 3, 4, 4), mustInit(t, resolved, 3, 4, 4); !slices.Equal(got, want) {
			t.Errorf("%#v: got %v, want %v", i, got, want)
		}
	}
}

func TestBadConfigs(t *testing.T) {
	cases := map[string][]graph.Initializer{
		"initializer": {initializers.Name("glorot"), initializers.Name("GlorotUniform"), initializers.Name("orthogonal")},
		"RandomUniform.Max": {
			initializers.RandomUniform{Min: 1}, initializers.RandomUniform{Min: 2, Max: 2}, initializers.RandomUniform{Max: -1},
		},
		"Chrono.MaxSteps":              {initializers.Chrono{}, initializers.Chrono{MaxSteps: 1}, initializers.Chrono{MaxSteps: -3}},
		"VarianceScaling.Mode":         {initializers.VarianceScaling{Mode: "fan"}},
		"VarianceScaling.Distribution": {initializers.VarianceScaling{Distribution: "normal"}},
	}
	for _, x := range []float64{-1, math.Inf(1), math.Inf(-1), math.NaN()} {
		for field, i := range map[string]graph.Initializer{
			"Identity.Gain":          initializers.Identity{Gain: x},
			"Orthogonal.Gain":        initializers.Orthogonal{Gain: x},
			"RandomNormal.Stddev":    initializers.RandomNormal{Stddev: x},
			"TruncatedNormal.Stddev": initializers.TruncatedNormal{Stddev: x},
			"VarianceScaling.Scale":  initializers.VarianceScaling{Scale: x},
		} {
			cases[field] = append(cases[field], i)
		}
		if x == -1 {
			continue
		}
		for field, i := range map[string]graph.Initializer{
			"Constant.Value":       initializers.Constant{Value: x},
			"RandomNormal.Mean":    initializers.RandomNormal{Mean: x},
			"TruncatedNormal.Mean": initializers.TruncatedNormal{Mean: x},
			"RandomUniform.Min":    initializers.RandomUniform{Min: x, Max: 1},
			"RandomUniform.Max":    initializers.RandomUniform{Max: x},
		} {
			cases[field] = append(cases[field], i)
		}
	}
	for field, configs := range cases {
		for _, i := range configs {
			_, err := initializers.Resolve(i, nil)
			wantError(t, i, err, field)
			_, err = i.Init(source(1), graph.Shape{2, 2})
			wantError(t, i, err, field)
		}
	}
	_, err := initializers.Resolve(nil, nil)
	wantError(t, nil, err, "initializer")
	_, err = initializers.Name("").Init(source(1), graph.Shape{2})
	wantError(t, initializers.Name(""), err, "initializer")

	_, err = initializers.Resolve(initializers.Name("glorot"), nil)
	for _, part := range []string{"zeros, ones, ", "lecun_normal", `"glorot"`} {
		if !strings.Contains(fmt.Sprint(err), part) {
			t.Errorf("%q does not say %q", err, part)
		}
	}
}

func wantError(t *testing.T, i graph.Initializer, err error, field string) {
	t.Helper()
	var e graph.Error
	if !errors.As(err, &e) || e.Field != field || !errors.Is(err, graph.ErrInput) {
		t.Errorf("%#v: got error %v, want one of %s", i, err, field)
	}
}

func TestBadShapes(t *testing.T) {
	for _, shape := range []graph.Shape{{0, 2}, {2, 0}, {graph.Any, 2}, {2, -5}, {1 << 30, 4}, {math.MaxInt/2 + 1, math.MaxInt/2 + 1}, {math.MaxInt, 3}} {
		for _, a := range initializers.All() {
			_, err := a.(graph.Initializer).Init(source(1), shape)
			wantError(t, a.(graph.Initializer), err, "shape")
		}
	}
	for _, shape := range []graph.Shape{{}, {3}} {
		_, err := initializers.Orthogonal{}.Init(source(1), shape)
		wantError(t, initializers.Orthogonal{}, err, "Orthogonal")
	}
	for _, shape := range []graph.Shape{{}, {3}, {2, 2, 2}} {
		_, err := initializers.Identity{}.Init(source(1), shape)
		wantError(t, initializers.Identity{}, err, "Identity")
	}
}

// An error of an initializer comes out with the path of the layer.
func TestErrorsCarryThePath(t *testing.T) {
	params, err := graph.NewParams(tensor.Float32, 1)
	if err != nil {
		t.Fatal(err)
	}
	err = graph.Shapes(graph.Config{Params: params}, func(s *graph.Scope) {
		s.Within("dense", func() { s.Param("bias", graph.Shape{3}, initializers.Orthogonal{}) })
	})
	errtest.Check(t, err, errs.Error{Path: "dense", Field: "Orthogonal", Value: "[3]"})
}

// Any shape gets as many finite elements as it has places, the same for equal
// sources and others for another, or an error where its rank is wrong.
func checkShape(t reporter, i graph.Initializer, seed uint64, shape graph.Shape) {
	t.Helper()
	got, err := i.Init(source(seed), shape)
	if err != nil {
		switch i.(type) {
		case initializers.Orthogonal:
			if len(shape) < 2 {
				return
			}
		case initializers.Identity:
			if len(shape) != 2 {
				return
			}
		}
		t.Fatalf("%#v of %v: %v", i, shape, err)
	}
	if len(got) != shape.Size() {
		t.Fatalf("%#v of %v: got %d elements", i, shape, len(got))
	}
	for _, x := range got {
		if math.IsNaN(x) || math.IsInf(x, 0) {
			t.Fatalf("%#v of %v: got %v", i, shape, x)
		}
	}
	if again := mustInit(t, i, seed, shape...); !slices.Equal(again, got) {
		t.Fatalf("%#v of %v: not the same twice", i, shape)
	}
	if !isFixed(i) && len(got) > 1 && slices.Equal(mustInit(t, i, seed+1, shape...), got) {
		t.Fatalf("%#v of %v: the same from another source", i, shape)
	}
}

func isFixed(i graph.Initializer) bool {
	switch i.(type) {
	case initializers.Constant, initializers.Identity:
		return true
	}
	return i == initializers.Zeros || i == initializers.Ones
}

func TestShapes(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		i := rapid.SampledFrom(initializers.All()).Draw(r, "initializer").(graph.Initializer)
		shape := rapid.SliceOfN(rapid.IntRange(1, 9), 0, 4).Draw(r, "shape")
		checkShape(r, i, rapid.Uint64().Draw(r, "seed"), shape)
	})
}

// Whatever the numbers, there are elements or an error.
func FuzzVarianceScaling(f *testing.F) {
	f.Add(uint64(1), 2, 3, 4, 1.0, "fan_avg", "uniform")
	f.Add(uint64(2), 1, 1, 1, 5e-324, "", "")
	f.Add(uint64(3), -1, 0, math.MaxInt, math.MaxFloat64, "fan_out", "untruncated_normal")
	f.Fuzz(func(t *testing.T, seed uint64, a, b, c int, scale float64, mode, distribution string) {
		v := initializers.VarianceScaling{Scale: scale, Mode: initializers.Mode(mode), Distribution: initializers.Distribution(distribution)}
		shape := graph.Shape{a, b, c}
		for i, d := range shape {
			shape[i] = min(d, 16)
			if d > 1<<30 {
				shape[i] = d // far too large
			}
		}
		if _, err := v.Init(source(seed), shape); err != nil {
			if !errors.Is(err, graph.ErrInput) {
				t.Fatal(err)
			}
			return
		}
		checkShape(t, v, seed, shape)
	})
}
