package layers

import (
	"fmt"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/layers/initializers"
	"gorgonia.org/tensor"
)

// Embedding turns every whole number of its input into a row of its weights,
// which are learned: words, for example, into vectors.
//
//	y[n, t] = embeddings[x[n, t]]
//
//	in:      [batch, steps] or other axes; whole numbers from 0 to InputDim − 1
//	out:     [batch, steps, outputDim]
//	weights: embeddings [inputDim, outputDim]
//
// The numbers come as floats, like all input. One that has a fraction, or for
// which there is no row, is an error of the run.
//
// With MaskZero the steps of number 0 are padding, and a mask that leaves them
// out rides on the output; 0 then stands for nothing else. A step that a mask on
// the input leaves out stays out; Keras forgets that mask.
type Embedding struct {
	InputDim              int               // how many numbers there are; required; at most 2²⁴ in float32, which does not hold every larger one
	OutputDim             int               // size of the vectors; required
	EmbeddingsInitializer graph.Initializer // initializers.RandomUniform{}, within ±0.05
	EmbeddingsRegularizer graph.Regularizer // nil: none
	EmbeddingsConstraint  graph.Constraint  // nil: none
	MaskZero              bool              // masks the steps of number 0; needs an input [batch, steps]
	Name                  string            // "embedding", numbered, where empty
}

var _ Resolver = Embedding{}

// Resolve fills in the defaults.
func (l Embedding) Resolve() (Layer, error) {
	err := first(
		positive("Embedding.InputDim", l.InputDim),
		positive("Embedding.OutputDim", l.OutputDim),
		weightFields("Embedding", "Embeddings", &l.EmbeddingsInitializer, initializers.RandomUniform{}, &l.EmbeddingsRegularizer, &l.EmbeddingsConstraint),
	)
	return l, err
}

// maxWhole32 is where float32 begins to lack whole numbers: one that it lacks
// would look like its neighbour.
const maxWhole32 = 1 << 24

// Call computes the layer.
func (l Embedding) Call(s *graph.Scope, inputs ...graph.Value) []graph.Value {
	x, ok := one(s, "Embedding", inputs, 1)
	if !ok {
		return inputs
	}
	if s.Dtype() == tensor.Float32 && l.InputDim > maxWhole32 {
		s.Failf("Embedding.InputDim", fmt.Sprintf("must be at most %d in float32", maxWhole32), l.InputDim)
		return inputs
	}
	table := weight(s, "embeddings", graph.Shape{l.InputDim, l.OutputDim}, l.EmbeddingsInitializer, l.EmbeddingsRegularizer, l.EmbeddingsConstraint)
	y := ride(x, table.Gather(x)) // [batch, steps, outputDim]
	if !l.MaskZero {
		return []graph.Value{y}
	}
	if x.Rank() != 2 {
		s.Failf("Embedding.MaskZero", "must have an input of the shape [batch, steps]", x.Shape())
		return inputs
	}
	return []graph.Value{alsoMask(y, differs(x, 0))}
}

// Stepwise looks every step up by itself.
func (l Embedding) Stepwise(in []graph.Value) ([]graph.Pace, error) { return stepByStep(l, in) }
