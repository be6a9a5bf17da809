package layers

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/layers/initializers"
	"github.com/pkg/errors"
	"gorgonia.org/tensor"
)

type initFunc func(shape graph.Shape) ([]float64, error)

func (f initFunc) Init(_ *rand.Rand, shape graph.Shape) ([]float64, error) { return f(shape) }

// firstBias is the bias that a layer or cell starts with.
func firstBias(t *testing.T, l Layer, seed uint64) []float64 {
	t.Helper()
	params, err := graph.NewParams(tensor.Float64, seed)
	if err != nil {
		t.Fatal(err)
	}
	err = graph.Shapes(graph.Config{Params: params}, func(s *graph.Scope) {
		Apply(s, "layer", l, s.Input("x", graph.Shape{graph.Any, graph.Any, 3}))
	})
	if err != nil {
		t.Fatal(err)
	}
	return params.Get("layer/bias").Value().Float64s()
}

// The forget gate's bias starts at 1, unless that is turned off; the
// initializer sets the rest.
func TestLSTMBias(t *testing.T) {
	half := initializers.Constant{Value: 0.5}
	for _, c := range []struct {
		layer LSTM
		want  []float64
	}{
		{LSTM{}, []float64{0, 0, 1, 1, 0, 0, 0, 0}},
		{LSTM{BiasInitializer: half}, []float64{0.5, 0.5, 1, 1, 0.5, 0.5, 0.5, 0.5}},
		{LSTM{NoUnitForgetBias: true}, make([]float64, 8)},
		{LSTM{NoUnitForgetBias: true, BiasInitializer: half}, slices.Repeat([]float64{0.5}, 8)},
	} {
		c.layer.Units = 2
		if got := firstBias(t, c.layer, 1); !slices.Equal(got, c.want) {
			t.Errorf("%+v: the bias starts with %v, want %v", c.layer, got, c.want)
		}
	}
	random := firstBias(t, LSTM{Units: 2, BiasInitializer: initializers.RandomNormal{}}, 1)
	if slices.Equal(random[:2], random[4:6]) || slices.Equal(random[4:6], random[6:]) {
		t.Errorf("the gates share random numbers: %v", random)
	}
}

// An initializer that is not Keras' is called once for the whole bias and sees all
// gates; then the part of the forget gate is set. Its errors are returned.
func TestBiasInitializerSeesAllGates(t *testing.T) {
	var calls []graph.Shape
	ramp := initFunc(func(shape graph.Shape) ([]float64, error) {
		calls = append(calls, shape)
		out := make([]float64, shape.Size())
		for i := range out {
			out[i] = float64(10 + i)
		}
		return out, nil
	})
	for name, c := range map[string]struct {
		layer Layer
		want  []float64
	}{
		"lstm":        {LSTM{Units: 2, BiasInitializer: ramp}, []float64{10, 11, 1, 1, 14, 15, 16, 17}},
		"without 1":   {LSTM{Units: 2, BiasInitializer: ramp, NoUnitForgetBias: true}, []float64{10, 11, 12, 13, 14, 15, 16, 17}},
		"coupled":     {LSTM{Units: 2, BiasInitializer: ramp, CoupledGates: true}, []float64{10, 11, 12, 13, 14, 15}},
		"lstm cell":   {RNN{Cell: LSTMCell{Units: 1, BiasInitializer: ramp}}, []float64{10, 1, 12, 13}},
		"slstm":       {RNN{Cell: SLSTMCell{Units: 1, BiasInitializer: ramp}}, []float64{10, 1, 12, 13}},
		"gru":         {GRU{Units: 1, BiasInitializer: ramp}, []float64{10, 11, 12, 13, 14, 15}},
		"gru, before": {GRU{Units: 1, BiasInitializer: ramp, ResetBefore: true}, []float64{10, 11, 12}},
	} {
		calls = nil
		if got := firstBias(t, c.layer, 1); !slices.Equal(got, c.want) || len(calls) != 1 || calls[0].Size() != len(c.want) {
			t.Errorf("%s: got %v from calls with %v, want %v from one", name, got, calls, c.want)
		}
	}
	fault := errors.New("no numbers")
	for _, init := range []graph.Initializer{initFunc(func(graph.Shape) ([]float64, error) { return nil, fault }), initializers.Chrono{}, initializers.Orthogonal{}} {
		_, err := gateBias{initializer: init, units: 2, forget: 1, one: true}.Init(nil, graph.Shape{8})
		if err == nil {
			t.Errorf("%T: no error", init)
		}
	}
}

// Keras' initializers draw what Keras draws: the parts before and after the forget
// gate one after the other, each as a parameter of that size.
func TestBiasOfKerasInitializers(t *testing.T) {
	for _, init := range []graph.Initializer{
		initializers.Zeros, initializers.GlorotUniform, initializers.Constant{Value: 3}, initializers.RandomNormal{},
		initializers.TruncatedNormal{}, initializers.RandomUniform{}, initializers.VarianceScaling{Mode: initializers.FanOut},
	} {
		r := graph.Rand(1, "init", "layer/bias", graph.Tick{})
		input, err := init.Init(r, graph.Shape{2})
		if err != nil {
			t.Fatal(err)
		}
		rest, err := init.Init(r, graph.Shape{4})
		if err != nil {
			t.Fatal(err)
		}
		want := slices.Concat(input, []float64{1, 1}, rest)
		if got := firstBias(t, LSTM{Units: 2, BiasInitializer: init}, 1); !slices.Equal(got, want) {
			t.Errorf("%v: got %v, want %v", init, got, want)
		}
	}
}

// The biases are those of Tallec & Ollivier 2018: exp(b_f) is uniform on [1, T − 1]
// (the empirical distribution of eight layers is within the Kolmogorov-Smirnov bound of
// 1 in 10⁶),
// b_i = −b_f, and a new unit's forget gate keeps a state for 1/(1 − σ(b_f)) = 1 + u
// steps, at most T. The other gates have 0.
func TestChronoBias(t *testing.T) {
	const seeds, units, most = 8, 250, 500
	chrono, zeros := initializers.Chrono{MaxSteps: most}, initializers.Zeros
	for name, c := range map[string]struct {
		layer         Layer
		gates         int
		input, forget int // −1 for none
	}{
		"lstm":            {LSTM{Units: units, RecurrentInitializer: zeros, BiasInitializer: chrono}, 4, 0, 1},
		"lstm, without 1": {LSTM{Units: units, RecurrentInitializer: zeros, BiasInitializer: chrono, NoUnitForgetBias: true}, 4, 0, 1},
		"coupled":         {LSTM{Units: units, RecurrentInitializer: zeros, BiasInitializer: chrono, CoupledGates: true}, 3, 0, -1},
		"cell":            {RNN{Cell: LSTMCell{Units: units, RecurrentInitializer: zeros, BiasInitializer: chrono}}, 4, 0, 1},
		"gru":             {GRU{Units: units, RecurrentInitializer: zeros, BiasInitializer: chrono}, 6, -1, 0},
		"gru, before":     {GRU{Units: units, RecurrentInitializer: zeros, BiasInitializer: chrono, ResetBefore: true}, 3, -1, 0},
	} {
		var u []float64 // e to the power of b_f, or of −b_i
		for seed := range seeds {
			bias := firstBias(t, c.layer, uint64(seed))
			if len(bias) != c.gates*units {
				t.Fatalf("%s: got %d elements", name, len(bias))
			}
			for gate := range c.gates {
				for i, b := range bias[gate*units:][:units] {
					switch {
					case gate == c.forget:
						u = append(u, math.Exp(b))
					case gate == c.input && c.forget < 0:
						u = append(u, math.Exp(-b))
					case gate == c.input:
						if b != -bias[c.forget*units+i] {
							t.Fatalf("%s: b_i is %v, and b_f %v", name, b, bias[c.forget*units+i])
						}
					case b != 0:
						t.Fatalf("%s: gate %d has the bias %v", name, gate, b)
					}
				}
			}
		}
		slices.Sort(u)
		for i, x := range u {
			uniform := (x - 1) / (most - 2)
			if n := float64(len(u)); math.Abs(uniform-float64(i)/n) > 2.7/math.Sqrt(n) {
				t.Fatalf("%s: %d of %g draws are below %v, which is not uniform on [1, %d]", name, i, n, x, most-1)
			}
		}
		if u[0] < 1-1e-12 || u[len(u)-1] > most-1+1e-9 {
			t.Errorf("%s: draws from %v to %v", name, u[0], u[len(u)-1])
		}
	}
}
