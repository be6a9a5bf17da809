package layertest_test

import (
	"fmt"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/graph/graphtest"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/layers/activations"
	"github.com/engram-go/engram/layers/layertest"
)

func ExampleCheck() {
	// In a test file, this is func TestDense(t *testing.T).
	_ = func(t *testing.T) {
		layertest.Check(t, layertest.Case{
			Layer:   layers.Dense{Units: 4, Activation: activations.Tanh},
			Inputs:  []graphtest.Array{graphtest.Input(1, 2, 3)}, // 2 samples of 3 features
			Outputs: []graph.Shape{{graph.Any, 4}},
		})
	}
}

// printer is a test that prints its failures, in place of the t of a test.
type printer struct{ testing.TB }

func (printer) Helper() {}

func (printer) Errorf(format string, args ...any) { fmt.Printf(format+"\n", args...) }

func ExampleInvalid() {
	var t printer
	good := graph.Shape{graph.Any, 3}
	layertest.Invalid(t, layers.Dropout{Rate: -0.5}, "Dropout.Rate", good) // is refused
	layertest.Invalid(t, layers.Dropout{Rate: 0.5}, "Dropout.Rate", good)
	// Output: {Rate:0.5 NoiseShape:[] Seed:<nil> Name:} must be refused for Dropout.Rate
}
