// Package layertest has the checks that every layer must pass, Engram's and a user's.
package layertest

import (
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/graph/graphtest"
	"github.com/engram-go/engram/layers"
	"github.com/pkg/errors"
)

// Case is a layer and a batch to test it with.
type Case struct {
	Layer   layers.Layer
	Inputs  []graphtest.Array // the batch axis first; at least two samples
	Whole   []int             // which inputs are whole numbers, such as indices, so that no gradient goes to them
	Outputs []graph.Shape     // the shapes of its outputs for open batches
	Custom  []any             // values of the types in Layer that are not Engram's own
}

// checks are those of Check.
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

// Check tests what every layer must satisfy, each in a sub-test:
//
//   - shapes: those known without data equal those of the data.
//   - gradients: they equal finite differences.
//   - dtypes: float32 and float64 agree.
//   - bits: equal seeds give equal bits, also in training.
//   - samples: the output of a sample does not depend on the rest of the batch.
//   - steps: one step of a sequence at a time, if supported, gives the same outputs.
//   - training: a step down the gradient lowers a loss.
//   - config: encoded as JSON and decoded, it computes the same.
//   - weights: stored and restored, they give the same outputs.
//   - inputs: invalid ones are errors, and never a panic.
//
// It does not compare with other implementations, and has no masks. For configs that
// must be refused there is Invalid.
func Check(t *testing.T, c Case) {
	t.Helper()
	complete(t, c)
	for _, check := range checks {
		t.Run(check.name, func(t *testing.T) { check.run(t, c) })
	}
}

// complete refuses a case for which a check would test nothing.
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
// and is of the kind graph.ErrInput or graph.ErrNotFinite. Inputs are the shapes of
// inputs, for errors that depend on them.
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
