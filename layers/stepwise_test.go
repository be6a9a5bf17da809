package layers_test

import (
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/graph/graphtest"
	"github.com/engram-go/engram/internal/errs/errtest"
	"github.com/engram-go/engram/layers/activations"
	"github.com/engram-go/engram/layers/layertest"
)

// private is an activation that nothing is known of.
type private struct{}

func (private) Apply(x graph.Value) graph.Value { return x }

// plainLayer is a layer that nothing is known of.
type plainLayer struct{}

func (plainLayer) Call(_ *graph.Scope, in ...graph.Value) []graph.Value { return in }

// A layer that does not say whether it looks at other steps is refused one step at a
// time.
func TestUnknownLayerIsNotStepwise(t *testing.T) {
	err := layertest.Steps(t, layertest.Case{Layer: plainLayer{}, Inputs: []graphtest.Array{graphtest.Input(1, 2, 4, 3)}})
	errtest.Check(t, err, graph.Error{Field: "plainLayer"})
}

// Of the activations, too, it is known whether they look at other steps.
func TestAlong(t *testing.T) {
	for _, v := range activations.All() {
		if _, ok := activations.Along(v.(activations.Activation)); !ok {
			t.Errorf("nothing is known of %v", v)
		}
	}
}
