// Package layertest holds what every layer must pass, for Engram's layers and
// for a user's own.
package layertest

import (
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/graph/graphtest"
	"github.com/engram-go/engram/layers"
	"github.com/pkg/errors"
)

// Case is a layer and a batch to try it on.
type Case struct {
	Layer   layers.Layer
	Inputs  []graphtest.Array // the batch axis first; at least two samples
	Whole   []int             // which inputs are whole numbers, such as indices, so that no gradient goes to them
	Outputs []graph.Shape     // the shapes of its outputs for open batches
	Custom  []any             // values of the types in Layer that are not Engram's own
}

// checks are what Check holds a layer to.
var checks = []struct {
	name string
	run  func(t testing.TB, c Case)
}{
	{"shapes", checkShapes},
	{"gradients", checkGradients},
	{"dtypes", checkDtypes},
	{"bits", checkBits},
	{"samples", checkSamples},
	{"steps", checkSteps},
	{"training", checkTraining},
	{"config", checkConfig},
	{"weights", checkWeights},
	{"inputs", checkInputs},
}

// Check holds a layer to what every layer promises, each in a sub-test:
//
//   - shapes: those that are known without data are those of the data.
//   - gradients: they are those of finite differences.
//   - dtypes: float32 and float64 agree.
//   - bits: equal seeds give equal bits, also in training.
//   - samples: one gives the same alone and in a batch, whatever the others are.
//   - steps: where it runs one step of a sequence at a time, it gives the same.
//   - training: a step down the gradient lowers a loss.
//   - config: it goes to JSON and back, and with it all that the layer computes.
//   - weights: a layer that takes over the stored ones computes the same.
//   - inputs: those that do not fit are errors, and never a panic.
//
// Numbers from elsewhere, and masks, are for tests of the layer's own; for
// configs that must be refused there is Invalid.
func Check(t *testing.T, c Case) {
	t.Helper()
	complete(t, c)
	for _, check := range checks {
		t.Run(check.name, func(t *testing.T) { check.run(t, c) })
	}
}

// complete refuses a case on which a check could pass without a look.
func complete(t testing.TB, c Case) {
	t.Helper()
	if len(c.Inputs) == 0 || len(c.Outputs) == 0 {
		t.Fatal("a case must have inputs and outputs")
	}
	for i, a := range c.Inputs {
		if len(a.Shape) == 0 || a.Shape[0] < 2 || a.Shape[0] != c.Inputs[0].Shape[0] {
			t.Fatalf("input %d must have at least two samples, as many as the others, got the shape %v", i, a.Shape)
		}
	}
}

// Invalid checks that a config is refused, with an error that names the field
// and is of the kind graph.ErrInput or graph.ErrNotFinite. Inputs are the
// shapes of good inputs, for what only shows beside them.
func Invalid(t testing.TB, l layers.Layer, field string, inputs ...graph.Shape) {
	t.Helper()
	err := shapes(l, inputs, nil)
	var e graph.Error
	switch {
	case err == nil:
		t.Errorf("%+v must be refused for %s", l, field)
	case !errors.As(err, &e) || e.Field != field:
		t.Errorf("%+v must be refused for %s, got: %v", l, field, err)
	case !errors.Is(err, graph.ErrInput) && !errors.Is(err, graph.ErrNotFinite):
		t.Errorf("the error must be of a known kind, got: %v", err)
	}
}
