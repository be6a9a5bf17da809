package optimizers_test

import (
	"errors"
	"math"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/graph/graphtest"
	"github.com/engram-go/engram/train/optimizers"
	"github.com/google/go-cmp/cmp"
	"gorgonia.org/tensor"
)

func TestStartRefusesConfigs(t *testing.T) {
	type (
		adam = optimizers.Adam
		sgd  = optimizers.SGD
	)
	for _, c := range []struct {
		o    optimizers.Optimizer
		want string
	}{
		{adam{LearningRate: -1}, "Adam.LearningRate must be finite and not negative, got -1"},
		{adam{LearningRate: math.NaN()}, "Adam.LearningRate must be finite and not negative, got NaN"},
		{adam{LearningRate: math.Inf(1)}, "Adam.LearningRate must be finite and not negative, got +Inf"},
		{adam{LearningRate: 1e-50}, "Adam.LearningRate must be within the range of float32, got 1e-50"},
		{adam{LearningRate: 1e50}, "Adam.LearningRate must be within the range of float32, got 1e+50"},
		{adam{Beta1: new(-0.1)}, "Adam.Beta1 must lie in [0, 1), got -0.1"},
		{adam{Beta1: new(1.0)}, "Adam.Beta1 must lie in [0, 1), got 1"},
		{adam{Beta2: new(math.NaN())}, "Adam.Beta2 must lie in [0, 1), got NaN"},
		{adam{Beta2: new(math.Inf(1))}, "Adam.Beta2 must lie in [0, 1), got +Inf"},
		{adam{Epsilon: -1e-7}, "Adam.Epsilon must be finite and not negative, got -1e-07"},
		{adam{Epsilon: 1e-50}, "Adam.Epsilon must be within the range of float32, got 1e-50"},
		{adam{ClipValue: -1}, "Adam.ClipValue must be finite and not negative, got -1"},
		{adam{ClipNorm: math.NaN()}, "Adam.ClipNorm must be finite and not negative, got NaN"},
		{adam{GlobalClipNorm: math.Inf(1)}, "Adam.GlobalClipNorm must be finite and not negative, got +Inf"},
		{adam{ClipValue: 1, ClipNorm: 2}, "Adam.ClipNorm must not be set together with ClipValue, got 2"},
		{adam{ClipValue: 1, GlobalClipNorm: 2}, "Adam.GlobalClipNorm must not be set together with ClipValue or ClipNorm, got 2"},
		{sgd{ClipNorm: 1, GlobalClipNorm: 2}, "SGD.GlobalClipNorm must not be set together with ClipValue or ClipNorm, got 2"},
		{sgd{LearningRate: -1}, "SGD.LearningRate must be finite and not negative, got -1"},
		{sgd{Momentum: -0.5}, "SGD.Momentum must be finite and not negative, got -0.5"},
		{sgd{Momentum: math.NaN()}, "SGD.Momentum must be finite and not negative, got NaN"},
		{sgd{Momentum: 1.5}, "SGD.Momentum must be at most 1, got 1.5"},
		{sgd{LearningRate: -1, ClipValue: -1}, "SGD.LearningRate must be finite and not negative, got -1"},
	} {
		params := declare(t, tensor.Float32, map[string]graphtest.Array{"w": graphtest.Input(1, 2)})
		s, err := optimizers.Start(c.o, params.All())
		var e graph.Error
		if s != nil || err == nil || err.Error() != c.want || !errors.As(err, &e) || !errors.Is(err, graph.ErrInput) {
			t.Errorf("%#v: got %v, want %s", c.o, err, c.want)
		}
	}
}

// What float32 cannot hold, float64 can.
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
			want   string
		}{
			{nil, "parameters must be at least one to train"},
			{[]*graph.Param{w32, nil}, "parameter must not be nil"},
			{[]*graph.Param{{Path: "empty"}}, "parameter must not be nil"},
			{[]*graph.Param{w32, w32}, "w: parameter must be given once"},
			{[]*graph.Param{w32, v64}, "v: parameter must have the dtype of the others, got float64"},
			{fixed.All(), "average: parameter must be trainable"},
		} {
			s, err := optimizers.Start(o, c.params)
			if s != nil || err == nil || err.Error() != c.want || !errors.Is(err, graph.ErrInput) {
				t.Errorf("%T: got %v, want %s", o, err, c.want)
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
