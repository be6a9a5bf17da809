package layers

import (
	"fmt"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/layers/initializers"
	"gorgonia.org/tensor"
)

// Embedding replaces every whole number of its input, such as the index of a word, by
// a row of its weights.
//
//	y[n, t] = embeddings[x[n, t]]
//
//	in:      [batch, steps] or other axes; whole numbers from 0 to InputDim − 1
//	out:     [batch, steps, outputDim]
//	weights: embeddings [inputDim, outputDim]
//
// The numbers are floats, like all inputs. One that has a fraction, or no row, is an
// error when the graph runs.
//
// With MaskZero the number 0 is padding and nothing else, and the output has a mask
// that leaves its steps out. A step that the mask of the input leaves out stays masked;
// Keras drops that mask.
type Embedding struct {
	InputDim              int               // number of rows; required, at most 2²⁴ in float32, which cannot represent all larger whole numbers
	OutputDim             int               // size of the vectors; required
	EmbeddingsInitializer graph.Initializer // initializers.RandomUniform{}, within ±0.05
	EmbeddingsRegularizer graph.Regularizer // nil: none
	EmbeddingsConstraint  graph.Constraint  // nil: none
	MaskZero              bool              // mask the steps of number 0; needs an input [batch, steps]
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

// maxWhole32 is the largest number up to which float32 represents all whole numbers.
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
	y := keepMask(x, table.Gather(x)) // [batch, steps, outputDim]
	if !l.MaskZero {
		return []graph.Value{y}
	}
	if x.Rank() != 2 {
		s.Failf("Embedding.MaskZero", "must have an input of the shape [batch, steps]", x.Shape())
		return inputs
	}
	return []graph.Value{addMask(y, differs(x, 0))}
}

// Stepwise looks up every step separately.
func (l Embedding) Stepwise(in []graph.Value) ([]graph.Pace, error) { return stepByStep(l, in) }
