package layers_test

import (
	"math"
	"slices"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/graph/graphtest"
	"github.com/engram-go/engram/internal/conformance"
	"github.com/engram-go/engram/layers"
)

var _ = specimen(conformance.Layer{
	Value:    layers.ZeroState{},
	In:       inGRU,
	Inputs:   []graph.Shape{{4, 6}},
	Outputs:  []graph.Shape{{2}},
	Accepts:  "-+----",
	Compared: "TestZeroState",
	Draw: func(d *conformance.Drawing) {
		d.Use(layers.LSTM{Units: 2, InitialState: layers.ZeroState{}}, graph.Shape{2}, d.Series().Tensor)
	},
})

var _ = specimen(conformance.Layer{
	Value:    layers.RandomState{},
	In:       inGRU,
	Inputs:   []graph.Shape{{4, 6}},
	Outputs:  []graph.Shape{{2}},
	Defaults: layers.RandomState{Stddev: 1},
	Accepts:  "-+----",
	Compared: "TestRandomState",
	Draw: func(d *conformance.Drawing) {
		d.Use(layers.GRU{Units: 2, InitialState: layers.RandomState{Stddev: 0.2}}, graph.Shape{2}, d.Series().Tensor)
	},
})

var _ = specimen(conformance.Layer{
	Value:    layers.FixedState{Elements: [][]float64{{1, 2}}},
	In:       inGRU,
	Inputs:   []graph.Shape{{4, 6}},
	Outputs:  []graph.Shape{{2}},
	Accepts:  "-+----",
	Compared: "TestFixedState",
	Draw: func(d *conformance.Drawing) {
		d.Use(layers.GRU{Units: 2, InitialState: layers.FixedState{Elements: [][]float64{{0.5, -1}}}}, graph.Shape{2}, d.Series().Tensor)
	},
})

// initial gives the states that an initial state makes for sizes 3 and 2.
func initial(t *testing.T, cfg graph.Config, at graph.Tick, state layers.InitialState, batch int) (a, b []float64) {
	t.Helper()
	out := evaluate(t, cfg, at, func(s *graph.Scope) {
		states := state.States(s, batch, []int{3, 2})
		s.Output("a", states[0])
		s.Output("b", states[1])
	})
	return out["a"], out["b"]
}

func TestZeroState(t *testing.T) {
	a, b := initial(t, config(t), graph.Tick{}, layers.ZeroState{}, 2)
	if !slices.Equal(a, make([]float64, 6)) || !slices.Equal(b, make([]float64, 4)) {
		t.Errorf("got %v and %v", a, b)
	}
}

func TestFixedState(t *testing.T) {
	f := layers.FixedState{Elements: [][]float64{{1, 2, 3}, {-4, 0}}}
	a, b := initial(t, config(t), graph.Tick{}, f, 2)
	if !slices.Equal(a, []float64{1, 2, 3, 1, 2, 3}) || !slices.Equal(b, []float64{-4, 0, -4, 0}) {
		t.Errorf("got %v and %v", a, b)
	}
}

func TestRandomState(t *testing.T) {
	const batch = 5000
	r, err := layers.RandomState{Stddev: 0.5}.Resolve()
	if err != nil {
		t.Fatal(err)
	}
	a, b := initial(t, config(t), graph.Tick{}, r, batch)
	again, _ := initial(t, config(t), graph.Tick{}, r, batch)
	if !slices.Equal(a, again) {
		t.Error("the same tick gave other states")
	}
	if slices.Equal(a[:batch], b[:batch]) {
		t.Error("two states are the same")
	}
	for _, at := range []graph.Tick{{Epoch: 1}, {Step: 1}} {
		if other, _ := initial(t, config(t), at, r, batch); slices.Equal(a, other) {
			t.Errorf("the tick %v gave the same states", at)
		}
	}
	mean, square, n := 0.0, 0.0, float64(len(a))
	for _, x := range a {
		mean += x / n
		square += x * x / n
	}
	// Four standard deviations of the mean, and of the deviation.
	if math.Abs(mean) > 4*0.5/math.Sqrt(n) || math.Abs(math.Sqrt(square)-0.5) > 4*0.5/math.Sqrt(2*n) {
		t.Errorf("mean %g and deviation %g, want 0 and 0.5", mean, math.Sqrt(square))
	}
}

// Initial states that are inputs and those of the field agree.
func TestLSTMInitialStates(t *testing.T) {
	x, h, c := graphtest.Uniform(1, 2*3*4, 1), []float64{0.5, -1}, []float64{2, 0.25}
	out := evaluate(t, config(t), graph.Tick{}, func(s *graph.Scope) {
		v, state := s.Values(x, graph.Shape{2, 3, 4}), graph.Shape{2, 2}
		h2, c2 := s.Values(slices.Repeat(h, 2), state), s.Values(slices.Repeat(c, 2), state)
		zero := s.Const(0, state)
		lstm := layers.LSTM{Units: 2}
		fixed, random := lstm, lstm
		fixed.InitialState = layers.FixedState{Elements: [][]float64{h, c}}
		random.InitialState = layers.RandomState{}
		s.Output("fixed", layers.Apply(s, "lstm", fixed, v)[0])
		s.Output("given", layers.Apply(s, "lstm", lstm, v, h2, c2)[0])
		s.Output("given over fixed", layers.Apply(s, "lstm", fixed, v, zero, zero)[0])
		s.Output("zero", layers.Apply(s, "lstm", lstm, v)[0])
		s.Output("random", layers.Apply(s, "lstm", random, v)[0])
	})
	graphtest.CheckOutput(t, "fixed", out["fixed"], out["given"], 0)
	graphtest.CheckOutput(t, "inputs go before the field", out["given over fixed"], out["zero"], 0)
	if slices.Equal(out["fixed"], out["zero"]) || slices.Equal(out["random"], out["zero"]) {
		t.Error("the initial state has no effect")
	}
}
