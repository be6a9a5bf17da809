package graphtest

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/engram-go/engram/graph"
)

// Fatal stops like Fatalf.
func (r *recorder) Fatal(args ...any) { r.Fatalf("%v", args...) }

type half struct{}

func (half) Init(_ *rand.Rand, shape graph.Shape) ([]float64, error) {
	out := make([]float64, shape.Size())
	for i := range out {
		out[i] = 0.5
	}
	return out, nil
}

// CheckGrad must find every wrong gradient: of any input, of a parameter, of
// one element only, and one that is not a number.
func TestCheckGradFindsWrongGradients(t *testing.T) {
	square := func(v graph.Value, df func(x float64) float64) graph.Value {
		return v.Map("square", func(x float64) float64 { return x * x }, func(x, _ float64) float64 { return df(x) })
	}
	right := func(x float64) float64 { return 2 * x }
	one := Input(1, 2, 3)
	cases := map[string]struct {
		f    func(s *graph.Scope, in []graph.Value) graph.Value
		want string
	}{
		"right": {func(_ *graph.Scope, in []graph.Value) graph.Value { return square(in[0], right).Add(in[1]) }, ""},
		"too large": {func(_ *graph.Scope, in []graph.Value) graph.Value {
			return square(in[0], func(x float64) float64 { return 2 * x * (1 + 1e-5) }).Add(in[1])
		}, "gradient to input 0[0]"},
		"second input": {func(_ *graph.Scope, in []graph.Value) graph.Value {
			return in[0].Add(square(in[1], func(x float64) float64 { return x }))
		}, "gradient to input 1[0]"},
		"no gradient": {func(_ *graph.Scope, in []graph.Value) graph.Value {
			return in[0].Map("flat", func(x float64) float64 { return x * x }, nil)
		}, "gradient to input 0[0]"},
		"one element": {func(_ *graph.Scope, in []graph.Value) graph.Value {
			return square(in[0], func(x float64) float64 {
				if x == one.Data[4] {
					return 0
				}
				return 2 * x
			})
		}, "gradient to input 0[4]"},
		"not a number": {func(_ *graph.Scope, in []graph.Value) graph.Value {
			return square(in[0], func(x float64) float64 { return x / 0 * 0 })
		},
			"gradient to input 0[0]: got NaN"},
		"parameter": {func(s *graph.Scope, in []graph.Value) graph.Value {
			return in[0].Times(square(s.Param("w", graph.Shape{3}, half{}), func(x float64) float64 { return -2 * x }))
		}, "gradient to w[0]"},
		"rule": {func(_ *graph.Scope, in []graph.Value) graph.Value { return in[0].Sum(7) }, "building: sum axis must lie within"},
		"run":  {func(_ *graph.Scope, in []graph.Value) graph.Value { return in[0].Gather(in[1]) }, "running: index 0 must be a whole number"},
	}
	for name, c := range cases {
		got := failures(func(t testing.TB) { CheckGrad(t, c.f, one, Input(2, 2, 3)) })
		if !strings.HasPrefix(got, c.want) || (got == "") != (c.want == "") {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
}

// A tensor too large to be looked at in full is sampled from end to end.
func TestSample(t *testing.T) {
	if got := sample(3); len(got) != 3 || got[2] != 2 {
		t.Errorf("of 3 elements: %v", got)
	}
	if got := sample(6400); len(got) != 64 || got[0] != 0 || got[63] != 6300 {
		t.Errorf("of 6400 elements: %v", got)
	}
}

func TestInput(t *testing.T) {
	a, b, c := Input(1, 2, 3), Input(1, 2, 3), Input(2, 2, 3)
	for i, x := range a.Data {
		if x != b.Data[i] || x == c.Data[i] || x < -1 || x > 1 || i > 0 && x == a.Data[0] {
			t.Errorf("element %d: %v, %v and %v", i, x, b.Data[i], c.Data[i])
		}
	}
	if number := Input(1); len(number.Data) != 1 || len(number.Shape) != 0 {
		t.Errorf("a single number is %v", number)
	}
}
