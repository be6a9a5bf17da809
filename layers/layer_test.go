package layers_test

import (
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/graph/graphtest"
	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/errs/errtest"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/layers/activations"
	"github.com/engram-go/engram/layers/constraints"
	"github.com/engram-go/engram/layers/initializers"
	"github.com/engram-go/engram/layers/layertest"
	"github.com/engram-go/engram/layers/regularizers"
	"github.com/pkg/errors"
)

// stub is a layer with what its test needs.
type stub struct {
	Name    string
	resolve func() (layers.Layer, error)
}

func (stub) Call(_ *graph.Scope, inputs ...graph.Value) []graph.Value { return inputs }

func (l stub) Resolve() (layers.Layer, error) { return l.resolve() }

func TestResolveFillsInDefaults(t *testing.T) {
	for _, c := range []struct{ given, want layers.Layer }{
		{layers.Dense{Units: 2}, layers.Dense{
			Units: 2, Activation: activations.Linear,
			KernelInitializer: initializers.GlorotUniform, BiasInitializer: initializers.Zeros,
		}},
		{layers.LSTM{Units: 2}, layers.LSTM{
			Units: 2, Activation: activations.Tanh, RecurrentActivation: activations.Sigmoid,
			KernelInitializer: initializers.GlorotUniform, RecurrentInitializer: initializers.Orthogonal{Gain: 1},
			BiasInitializer: initializers.Zeros, InitialState: layers.ZeroState{},
		}},
		{layers.LSTM{Units: 2, Activation: activations.Name(""), InitialState: layers.RandomState{}}, layers.LSTM{
			Units: 2, Activation: activations.Tanh, RecurrentActivation: activations.Sigmoid,
			KernelInitializer: initializers.GlorotUniform, RecurrentInitializer: initializers.Orthogonal{Gain: 1},
			BiasInitializer: initializers.Zeros, InitialState: layers.RandomState{Stddev: 1},
		}},
		{layers.Activation{Function: activations.ELU{}}, layers.Activation{Function: activations.ELU{Alpha: 1}}},
		{layers.Dropout{}, layers.Dropout{}},
		{layers.Flatten{Name: "f"}, layers.Flatten{Name: "f"}},
		{&layers.Dropout{Rate: 0.5}, layers.Dropout{Rate: 0.5}},
	} {
		got, err := layers.Resolve(c.given)
		if err != nil || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%+v resolves to %+v, %v, want %+v", c.given, got, err, c.want)
		}
	}
}

func TestResolveReportsLayersThatAreNone(t *testing.T) {
	fault := errors.New("no such table")
	for _, c := range []struct {
		layer layers.Layer
		field string
	}{
		{nil, "layer"},
		{(*layers.Dense)(nil), "Dense.Resolve"},
		{layers.Dense{Units: 1, Activation: (*activations.ELU)(nil)}, "Dense.Resolve"},
		{stub{resolve: func() (layers.Layer, error) { return nil, nil }}, "stub.Resolve"},
	} {
		_, err := layers.Resolve(c.layer)
		errtest.Check(t, err, errs.Error{Field: c.field})
	}
	_, err := layers.Resolve(layers.Dense{Units: 1, KernelInitializer: failing{fault}})
	if !errors.Is(err, fault) || !strings.HasPrefix(err.Error(), "Dense.KernelInitializer: ") {
		t.Errorf("got %v, want the error of the initializer with its field", err)
	}
}

// failing is an initializer whose Resolve fails.
type failing struct{ err error }

func (f failing) Init(rnd, graph.Shape) ([]float64, error) { return nil, f.err }

func (f failing) Resolve() (graph.Initializer, error) { return nil, f.err }

func TestApplyNamesThePlace(t *testing.T) {
	err := graph.Shapes(config(t), func(s *graph.Scope) {
		x := s.Input("x", graph.Shape{graph.Any, 2})
		s.Within("outer", func() {
			layers.Apply(s, "first", layers.Dense{Units: 2}, x)
			layers.Apply(s, "second", layers.Dense{Units: -2}, x)
			layers.Apply(s, "third", layers.Dense{Units: -3}, x)
		})
	})
	errtest.Check(t, err, errs.Error{Path: "outer/second", Field: "Dense.Units", Value: -2})
}

// One name is one layer: it shares its weights.
func TestApplySharesWeights(t *testing.T) {
	cfg := config(t)
	out := evaluate(t, cfg, graph.Tick{}, func(s *graph.Scope) {
		x := s.Values([]float64{1, 2}, graph.Shape{1, 2})
		for i, name := range []string{"a", "a", "b"} {
			s.Output([]string{"0", "1", "2"}[i], layers.Apply(s, name, layers.Dense{Units: 2}, x)[0])
		}
	})
	if !slices.Equal(out["0"], out["1"]) || slices.Equal(out["0"], out["2"]) {
		t.Errorf("got %v", out)
	}
	var paths []string
	for _, p := range cfg.Params.All() {
		paths = append(paths, p.Path)
	}
	if want := []string{"a/kernel", "a/bias", "b/kernel", "b/bias"}; !slices.Equal(paths, want) {
		t.Errorf("weights %v, want %v", paths, want)
	}
}

// Types that extend one of the library, and have the Resolve of that.
type (
	ownDense       struct{ layers.Dense }
	ownCell        struct{ layers.GRUCell }
	ownActivation  struct{ activations.LeakyReLU }
	ownInitializer struct{ initializers.RandomNormal }
	ownRegularizer struct{ regularizers.L2 }
	ownConstraint  struct{ constraints.MaxNorm }
	ownState       struct{ layers.RandomState }
)

func (l ownDense) Call(s *graph.Scope, in ...graph.Value) []graph.Value {
	return []graph.Value{l.Dense.Call(s, in...)[0].Scale(2)}
}

func (ownActivation) Apply(x graph.Value) graph.Value { return x.Scale(7) }

func (ownInitializer) Init(_ *rand.Rand, shape graph.Shape) ([]float64, error) {
	return make([]float64, shape.Size()), nil
}

// None of them is replaced by what it embeds.
func TestResolveOfEmbeddedTypesIsRefused(t *testing.T) {
	inner := ownDense{layers.Dense{Units: 1}}
	for _, c := range []struct {
		layer layers.Layer
		field string
		got   string // the type that Resolve returns
	}{
		{inner, "ownDense.Resolve", "layers.Dense"},
		{layers.TimeDistributed{Layer: inner}, "TimeDistributed.Layer.Resolve", "layers.Dense"},
		{layers.RNN{Cell: ownCell{layers.GRUCell{Units: 1}}}, "RNN.Cell.Resolve", "layers.GRUCell"},
		{layers.Activation{Function: ownActivation{}}, "Activation.Function.Resolve", "activations.LeakyReLU"},
		{layers.Dense{Units: 1, KernelInitializer: ownInitializer{}}, "Dense.KernelInitializer.Resolve", "initializers.RandomNormal"},
		{layers.Dense{Units: 1, KernelRegularizer: ownRegularizer{}}, "Dense.KernelRegularizer.Resolve", "regularizers.L2"},
		{layers.Dense{Units: 1, KernelConstraint: ownConstraint{}}, "Dense.KernelConstraint.Resolve", "constraints.MaxNorm"},
		{layers.GRU{Units: 1, InitialState: ownState{}}, "ownState.Resolve", "layers.RandomState"},
	} {
		_, err := layers.Resolve(c.layer)
		errtest.Check(t, err, errs.Error{Field: c.field, Value: c.got})
	}
}

// Doubled has the Resolve that layers.Resolver shows.
type Doubled struct{ layers.Dense }

// Resolve fills in the defaults.
func (l Doubled) Resolve() (layers.Layer, error) {
	dense, err := layers.Resolve(l.Dense)
	if err != nil {
		return nil, err
	}
	return Doubled{dense.(layers.Dense)}, nil
}

// Call doubles what Dense gives.
func (l Doubled) Call(s *graph.Scope, in ...graph.Value) []graph.Value {
	out := l.Dense.Call(s, in...)
	return []graph.Value{out[0].Scale(2)}
}

func TestLayerThatEmbedsAnother(t *testing.T) {
	layertest.Check(t, layertest.Case{
		Layer:   Doubled{layers.Dense{Units: 2}},
		Inputs:  []graphtest.Array{graphtest.Input(1, 2, 3)},
		Outputs: []graph.Shape{{graph.Any, 2}},
		Custom:  []any{Doubled{}},
	})
	out := evaluate(t, config(t), graph.Tick{}, func(s *graph.Scope) {
		x := s.Values([]float64{1, 2}, graph.Shape{1, 2})
		s.Output("dense", layers.Apply(s, "layer", layers.Dense{Units: 1}, x)[0].Scale(2))
		s.Output("doubled", layers.Apply(s, "layer", Doubled{layers.Dense{Units: 1}}, x)[0])
	})
	if out["dense"][0] != out["doubled"][0] {
		t.Errorf("got %v, want the double of Dense, %v", out["doubled"], out["dense"])
	}
}
