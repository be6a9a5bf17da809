package activations_test

import (
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/layers/activations"
	"gorgonia.org/tensor"
)

// embedding is a user's activation with another meaning than the one it embeds.
type embedding struct{ activations.ELU }

func (a embedding) Apply(x graph.Value) graph.Value { return a.ELU.Apply(x).Neg() }

func TestFunctionOf(t *testing.T) {
	for name, a := range elementwise {
		if _, ok := activations.FunctionOf(a); !ok {
			t.Errorf("%s is no function", name)
		}
	}
	none := []activations.Activation{nil, activations.Name("rellu"), activations.ELU{Alpha: -1}, embedding{}, &activations.ELU{}}
	for _, c := range alongAxis {
		none = append(none, c.activation)
	}
	for _, a := range none {
		if f, ok := activations.FunctionOf(a); ok {
			t.Errorf("%#v is the function %v", a, f)
		}
	}
}

// Losses find the logits behind a sigmoid that is applied as a function.
func TestFunctionKeepsLogits(t *testing.T) {
	params, err := graph.NewParams(tensor.Float32, 1)
	if err != nil {
		t.Fatal(err)
	}
	err = graph.Shapes(graph.Config{Params: params}, func(s *graph.Scope) {
		x := s.Input("x", graph.Shape{2, 3})
		for _, a := range []activations.Activation{activations.Sigmoid, activations.Tanh} {
			f, _ := activations.FunctionOf(a)
			if _, ok := x.Apply(f).SigmoidOf(); ok != (a == activations.Sigmoid) {
				t.Errorf("%v: logits are known: %v", a, ok)
			}
		}
	})
	if err != nil {
		t.Error(err)
	}
}
