package layers_test

import (
	"math/rand/v2"
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
)

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
