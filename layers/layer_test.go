package layers_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/errs/errtest"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/layers/activations"
	"github.com/engram-go/engram/layers/initializers"
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
