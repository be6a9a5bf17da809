package optimizers_test

import (
	"errors"
	"math"
	"slices"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/graph/graphtest"
	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/errs/errtest"
	"github.com/engram-go/engram/train/optimizers"
	"github.com/google/go-cmp/cmp"
	"gorgonia.org/tensor"
	"pgregory.net/rapid"
)

// Float64 holds what float32 cannot.
func TestFloat64TakesSmallNumbers(t *testing.T) {
	params := declare(t, tensor.Float64, map[string]graphtest.Array{"w": graphtest.Input(1, 2)})
	begin(t, optimizers.Adam{LearningRate: 1e-50, Epsilon: 1e-50, ClipNorm: 1e50}, params)
}

func TestStartRefusesParameters(t *testing.T) {
	w32 := declare(t, tensor.Float32, map[string]graphtest.Array{"w": graphtest.Input(1, 2)}).Get("w")
	v64 := declare(t, tensor.Float64, map[string]graphtest.Array{"v": graphtest.Input(1, 2)}).Get("v")
	fixed, err := graph.NewParams(tensor.Float32, 1)
	if err != nil {
		t.Fatal(err)
	}
	err = graph.Shapes(graph.Config{Params: fixed}, func(s *graph.Scope) {
		s.State("average", graph.Shape{1}, given{1})
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range []optimizers.Optimizer{optimizers.Adam{}, optimizers.SGD{}} {
		for _, c := range []struct {
			params []*graph.Param
			want   errs.Error
		}{
			{nil, errs.Error{Field: "parameters"}},
			{[]*graph.Param{w32, nil}, errs.Error{Field: "parameter"}},
			{[]*graph.Param{{Path: "empty"}}, errs.Error{Field: "parameter"}},
			{[]*graph.Param{w32, w32}, errs.Error{Path: "w", Field: "parameter"}},
			{[]*graph.Param{w32, v64}, errs.Error{Path: "v", Field: "parameter", Value: "float64"}},
			{fixed.All(), errs.Error{Path: "average", Field: "parameter"}},
		} {
			s, err := optimizers.Start(o, c.params, optimizers.Config{})
			errtest.Check(t, err, c.want)
			if s != nil {
				t.Errorf("%T: a state with an error", o)
			}
		}
	}
}

func TestStartChangesNothing(t *testing.T) {
	params := declare(t, tensor.Float32, map[string]graphtest.Array{"w": graphtest.Input(1, 3)})
	before := numbers(params.Get("w").Value())
	s := begin(t, optimizers.Adam{}, params)
	if diff := cmp.Diff(before, numbers(params.Get("w").Value())); diff != "" || s.Iterations() != 0 {
		t.Errorf("after %d iterations: %s", s.Iterations(), diff)
	}
}

// A transposed gradient is read in the order of its elements.
func TestTransposedGradient(t *testing.T) {
	params := declare(t, tensor.Float64, map[string]graphtest.Array{"w": {Shape: []int{2, 3}, Data: make([]float64, 6)}})
	g := dense(tensor.Float64, []int{3, 2}, 1, 4, 2, 5, 3, 6)
	if err := g.T(); err != nil {
		t.Fatal(err)
	}
	step(t, begin(t, optimizers.SGD{LearningRate: 1}, params), params, g)
	if diff := cmp.Diff([]float64{-1, -2, -3, -4, -5, -6}, numbers(params.Get("w").Value())); diff != "" {
		t.Error(diff)
	}
}

func TestStepRefuses(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	adam, sgd := optimizers.Adam{}, optimizers.SGD{Momentum: 0.9}
	fine32, fine64 := dense(tensor.Float32, []int{2}, 1, 1), dense(tensor.Float64, []int{2}, 1, 1)
	f32 := func(data ...float64) *tensor.Dense { return dense(tensor.Float32, []int{len(data)}, data...) }
	f64 := func(data ...float64) *tensor.Dense { return dense(tensor.Float64, []int{len(data)}, data...) }
	for _, c := range []struct {
		o     optimizers.Optimizer
		dtype tensor.Dtype
		grads []*tensor.Dense
		want  errs.Error
	}{
		{adam, tensor.Float32, nil, errs.Error{Field: "gradients", Value: "0"}},
		{adam, tensor.Float32, []*tensor.Dense{fine32}, errs.Error{Field: "gradients", Value: "1"}},
		{adam, tensor.Float32, []*tensor.Dense{fine32, nil}, errs.Error{Path: "b", Field: "gradient's tensor"}},
		{adam, tensor.Float32, []*tensor.Dense{fine32, fine64}, errs.Error{Path: "b", Field: "gradient's dtype", Value: "float64"}},
		{sgd, tensor.Float64, []*tensor.Dense{fine64, fine32}, errs.Error{Path: "b", Field: "gradient's dtype", Value: "float32"}},
		{sgd, tensor.Float64, []*tensor.Dense{fine64, f64(1, 2, 3)}, errs.Error{Path: "b", Field: "gradient's shape", Value: "[3]"}},
		{sgd, tensor.Float64, []*tensor.Dense{fine64, dense(tensor.Float64, []int{2, 1})}, errs.Error{Path: "b", Field: "gradient's shape", Value: "[2, 1]"}},
		{adam, tensor.Float32, []*tensor.Dense{fine32, f32(1, nan)}, errs.Error{Path: "b", Field: "gradient's element [1]", Value: "NaN", Kind: graph.ErrNotFinite}},
		{sgd, tensor.Float64, []*tensor.Dense{fine64, f64(-inf, 1)}, errs.Error{Path: "b", Field: "gradient's element [0]", Value: "-Inf", Kind: graph.ErrNotFinite}},
		{sgd, tensor.Float32, []*tensor.Dense{f32(nan, 1e5), fine32}, errs.Error{Path: "a", Field: "gradient's element [0]", Value: "NaN", Kind: graph.ErrNotFinite}},
		{optimizers.SGD{ClipValue: 1}, tensor.Float32, []*tensor.Dense{fine32, f32(1, inf)}, errs.Error{Path: "b", Field: "gradient's element [1]", Value: "+Inf", Kind: graph.ErrNotFinite}},
		{adam, tensor.Float32, []*tensor.Dense{fine32, f32(1, -0x1p68)}, errs.Error{Path: "b", Field: "gradient", Value: "2.9514790517935283e+20", Kind: graph.ErrNotFinite}},
		{adam, tensor.Float64, []*tensor.Dense{fine64, f64(1, 1e200)}, errs.Error{Path: "b", Field: "gradient", Value: "1e+200", Kind: graph.ErrNotFinite}},
		{optimizers.SGD{ClipNorm: 1}, tensor.Float64, []*tensor.Dense{fine64, f64(1, 1e200)}, errs.Error{Path: "b", Field: "gradient", Value: "1e+200", Kind: graph.ErrNotFinite}},
		{optimizers.SGD{GlobalClipNorm: 1}, tensor.Float64, []*tensor.Dense{f64(1e154, 0), f64(1.5e154, 0)}, errs.Error{Path: "b", Field: "gradient", Value: "1.5e+154", Kind: graph.ErrNotFinite}},
		{optimizers.Adam{LearningRate: 3e38, Beta1: new(0.99999), Beta2: new(0.0)}, tensor.Float32, []*tensor.Dense{fine32, fine32}, errs.Error{Field: "learning rate", Value: "3e+38", Kind: graph.ErrNotFinite}},
	} {
		params := declare(t, c.dtype, map[string]graphtest.Array{"a": graphtest.Input(1, 2), "b": graphtest.Input(2, 2)})
		s := begin(t, c.o, params)
		before := snapshot(s, params)
		err := s.Step(c.grads)
		errtest.Check(t, err, c.want)
		if diff := cmp.Diff(before, snapshot(s, params)); diff != "" {
			t.Errorf("%#v: after %v: %s", c.o, err, diff)
		}
	}
}

func TestSetLearningRate(t *testing.T) {
	bothDtypes(t, func(t *testing.T, dtype tensor.Dtype, tol float64) {
		params := declare(t, dtype, map[string]graphtest.Array{"w": {Shape: []int{1}, Data: []float64{1}}})
		s := begin(t, optimizers.SGD{LearningRate: 0.5}, params)
		g := dense(dtype, []int{1}, 1)
		for _, c := range []struct{ rate, want float64 }{{0.25, 0.75}, {0, 0.75}, {1, -0.25}} {
			if err := s.SetLearningRate(c.rate); err != nil {
				t.Fatal(err)
			}
			if s.LearningRate() != c.rate {
				t.Errorf("learning rate: got %v, want %v", s.LearningRate(), c.rate)
			}
			step(t, s, params, g)
			graphtest.CheckOutput(t, "w", numbers(params.Get("w").Value()), []float64{c.want}, tol)
		}
		for _, bad := range []float64{-1, math.NaN(), math.Inf(1), math.Inf(-1)} {
			if err := s.SetLearningRate(bad); !errors.Is(err, graph.ErrInput) || s.LearningRate() != 1 {
				t.Errorf("%v: got %v and learning rate %v", bad, err, s.LearningRate())
			}
		}
		if err := s.SetLearningRate(1e39); (err == nil) != (dtype == tensor.Float64) {
			t.Errorf("1e39: got %v", err)
		}
	})
}

// A rule that lacks a part is refused by name.
func TestStartRefusesRules(t *testing.T) {
	params := declare(t, tensor.Float32, map[string]graphtest.Array{"w": graphtest.Input(1, 2)})
	good, err := optimizers.SGD{}.Rule(tensor.Float32)
	if err != nil {
		t.Fatal(err)
	}
	for field, spoil := range map[string]func(*optimizers.Rule){
		"LearningRate": func(r *optimizers.Rule) { r.LearningRate = 0 },
		"Rule.Name":    func(r *optimizers.Rule) { r.Name = "" },
		"Rule.Float32": func(r *optimizers.Rule) { r.Float32 = nil },
		"Rule.Float64": func(r *optimizers.Rule) { r.Float64 = nil },
		"Rule.Slots":   func(r *optimizers.Rule) { r.Slots = []optimizers.Slot{{Name: "m"}, {Name: "m"}} },
		"ClipNorm":     func(r *optimizers.Rule) { r.Clip = optimizers.Clip{ClipNorm: -1} },
	} {
		r := good
		spoil(&r)
		_, err := optimizers.Start(ruled{r}, params.All(), optimizers.Config{})
		errtest.Check(t, err, errs.Error{Field: "ruled." + field})
		_, err = optimizers.Start(&ruled{r}, params.All(), optimizers.Config{})
		errtest.Check(t, err, errs.Error{Field: "ruled." + field})
	}
	_, err = optimizers.Start(nil, params.All(), optimizers.Config{})
	errtest.Check(t, err, errs.Error{Field: "optimizer"})
}

// A rate of NaN is the fault of the rule, not of the learning rate.
func TestRateNaN(t *testing.T) {
	params := declare(t, tensor.Float32, map[string]graphtest.Array{"w": graphtest.Input(1, 2)})
	r, err := optimizers.SGD{}.Rule(tensor.Float32)
	if err != nil {
		t.Fatal(err)
	}
	r.Rate = func(float64, int) float64 { return math.NaN() }
	s := begin(t, ruled{r}, params)
	err = params.Update(func() error { return s.Step([]*tensor.Dense{dense(tensor.Float32, []int{2}, 1, 2)}) })
	errtest.Check(t, err, errs.Error{Field: "Rule.Rate", Value: math.NaN(), Kind: errs.ErrNotFinite})
}

// ruled is an optimizer of a given rule.
type ruled struct{ rule optimizers.Rule }

func (r ruled) Rule(tensor.Dtype) (optimizers.Rule, error) { return r.rule, nil }

// An update is given the path, the number of the step, and the rate of that step.
func TestUpdatesKnowTheStep(t *testing.T) {
	var got []optimizers.Step[float64]
	o := ruled{optimizers.Rule{
		Name: "own", LearningRate: 0.5,
		Rate:    func(learningRate float64, step int) float64 { return learningRate / float64(step) },
		Float32: func(optimizers.Step[float32]) {},
		Float64: func(s optimizers.Step[float64]) { got = append(got, s) },
	}}
	params := declare(t, tensor.Float64, map[string]graphtest.Array{"a": graphtest.Input(1, 2), "b": graphtest.Input(2, 2)})
	s := begin(t, o, params)
	for range 2 {
		step(t, s, params, dense(tensor.Float64, []int{2}, 1, 2), dense(tensor.Float64, []int{2}, 3, 4))
	}
	for i, want := range []struct {
		path     string
		number   int
		rate     float64
		gradient []float64
	}{{"a", 1, 0.5, []float64{1, 2}}, {"b", 1, 0.5, []float64{3, 4}}, {"a", 2, 0.25, []float64{1, 2}}, {"b", 2, 0.25, []float64{3, 4}}} {
		if s := got[i]; s.Path != want.path || s.Number != want.number || s.Rate != want.rate || !cmp.Equal(s.Gradient, want.gradient) {
			t.Errorf("%d: got %+v, want %+v", i, s, want)
		}
	}
}

// A gradient with a NaN or an infinity is refused and changes nothing; so is a huge
// one, unless everything is finite after its step. Where this fails for a huge one,
// a slot lacks Squares.
func TestBadGradients(t *testing.T) {
	forSpecimens(t, func(t *testing.T, s specimen, dtype tensor.Dtype, _ float64) {
		for o := range s.Slots {
			fine := dense(dtype, []int{2}, 1, -1)
			params := declare(t, dtype, map[string]graphtest.Array{"a": graphtest.Input(1, 2), "b": graphtest.Input(2, 2)})
			state := begin(t, o, params)
			step(t, state, params, fine, fine)
			before := snapshot(state, params)
			for _, x := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
				err := state.Step([]*tensor.Dense{fine, dense(dtype, []int{2}, 1, x)})
				errtest.Check(t, err, errs.Error{Path: "b", Field: "gradient's element [1]", Value: x, Kind: graph.ErrNotFinite})
			}
			huge := map[tensor.Dtype]float64{tensor.Float32: 1e20, tensor.Float64: 1e200}[dtype]
			if err := state.Step([]*tensor.Dense{fine, dense(dtype, []int{2}, 1, huge)}); err == nil {
				checkFinite(t, o, state, params)
				continue
			} else {
				errtest.Check(t, err, errs.Error{Path: "b", Field: "gradient", Kind: graph.ErrNotFinite})
			}
			if diff := cmp.Diff(before, snapshot(state, params)); diff != "" {
				t.Errorf("%#v: %s", o, diff)
			}
		}
	})
}

// checkFinite checks all weights and slots.
func checkFinite(t *testing.T, o optimizers.Optimizer, s *optimizers.State, params *graph.Params) {
	t.Helper()
	for name, x := range snapshot(s, params) {
		if slices.ContainsFunc(x, func(x float64) bool { return x-x != 0 }) {
			t.Errorf("%#v: %s is %v", o, name, x)
		}
	}
}

// A gradient is neither changed nor kept: what it contains after the step changes
// nothing.
func TestGradientsAreNotKept(t *testing.T) {
	forSpecimens(t, func(t *testing.T, s specimen, dtype tensor.Dtype, _ float64) {
		rapid.Check(t, func(r *rapid.T) {
			o := s.Draw(r)
			starts := map[string]graphtest.Array{"w": graphtest.Input(1, 2, 3)}
			reused, fresh := declare(r, dtype, starts), declare(r, dtype, starts)
			one, other := begin(r, o, reused), begin(r, o, fresh)
			g := dense(dtype, []int{2, 3})
			for k := range 3 {
				data := graphtest.Input(10+k, 6).Data
				if err := tensor.Copy(g, dense(dtype, []int{2, 3}, data...)); err != nil {
					r.Fatal(err)
				}
				step(r, one, reused, g)
				if !slices.Equal(numbers(g), numbers(dense(dtype, []int{2, 3}, data...))) {
					r.Fatal("the step changed its gradient")
				}
				g.Zero()
				step(r, other, fresh, dense(dtype, []int{2, 3}, data...))
			}
			if diff := cmp.Diff(snapshot(other, fresh), snapshot(one, reused)); diff != "" {
				r.Fatal(diff)
			}
		})
	})
}

// A parameter whose gradients are zero from the start stays as it is, but for weight decay.
func TestZeroGradients(t *testing.T) {
	forSpecimens(t, func(t *testing.T, s specimen, dtype tensor.Dtype, tol float64) {
		rapid.Check(t, func(r *rapid.T) {
			params := declare(r, dtype, map[string]graphtest.Array{"w": graphtest.Input(1, 4)})
			want, o := numbers(params.Get("w").Value()), s.Draw(r)
			rule, err := o.Rule(dtype)
			if err != nil {
				r.Fatal(err)
			}
			if rule.WeightDecay == 0 {
				tol = 0
			}
			state := begin(r, o, params)
			for range 3 {
				step(r, state, params, dense(dtype, []int{4}))
				for i := range want {
					want[i] -= want[i] * rule.WeightDecay * rule.LearningRate
				}
			}
			graphtest.CheckOutput(t, "w", numbers(params.Get("w").Value()), want, tol)
		})
	})
}

// A step allocates nothing.
func TestStepAllocatesNothing(t *testing.T) {
	forSpecimens(t, func(t *testing.T, s specimen, dtype tensor.Dtype, _ float64) {
		for o := range s.Slots {
			for _, o := range []optimizers.Optimizer{o, with(o, "GlobalClipNorm", 1), with(o, "ClipValue", 1)} {
				params := declare(t, dtype, map[string]graphtest.Array{"a": graphtest.Input(1, 8, 16), "b": graphtest.Input(2, 16)})
				state := begin(t, o, params)
				grads := []*tensor.Dense{dense(dtype, []int{8, 16}, 1), dense(dtype, []int{16}, 1)}
				if n := testing.AllocsPerRun(10, func() {
					if err := state.Step(grads); err != nil {
						t.Fatal(err)
					}
				}); n != 0 {
					t.Errorf("%#v: %v allocations a step", o, n)
				}
			}
		}
	})
}
