package layers

import (
	"fmt"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/layers/initializers"
)

// PositionEmbedding gives every step a vector that is learned for its place
// (Gehring et al. 2017, "Convolutional Sequence to Sequence Learning").
//
//	in:      [batch, steps, features], of which only the shape counts
//	out:     [batch, steps, features], to be added to the input
//	weights: embeddings [sequence length, features]
//
// A mask on the input rides on the output. The features must be known when the
// model is built; the steps may be open, and are at most SequenceLength.
type PositionEmbedding struct {
	SequenceLength int               // the most steps that a sequence may have; required
	Initializer    graph.Initializer // initializers.GlorotUniform
	Name           string            // "position_embedding", numbered, where empty
}

var _ Resolver = PositionEmbedding{}

// Resolve fills in the default.
func (l PositionEmbedding) Resolve() (Layer, error) {
	err := first(
		positive("PositionEmbedding.SequenceLength", l.SequenceLength),
		initializer("PositionEmbedding.Initializer", &l.Initializer, initializers.GlorotUniform),
	)
	return l, err
}

// Call computes the layer.
func (l PositionEmbedding) Call(s *graph.Scope, inputs ...graph.Value) []graph.Value {
	x, ok := sequenceInput(s, "PositionEmbedding", inputs)
	if !ok {
		return inputs
	}
	d, ok := features(s, "PositionEmbedding", x)
	if !ok {
		return inputs
	}
	steps := x.Dim(1)
	if steps > l.SequenceLength {
		s.Failf("PositionEmbedding", fmt.Sprintf("must have an input of at most %d steps", l.SequenceLength), x.Shape())
		return inputs
	}
	y := s.Param("embeddings", graph.Shape{l.SequenceLength, d}, l.Initializer) // [sequence length, features]
	if s.Stepping() {
		y = y.Gather(s.Count(x.Dim(0), min(l.SequenceLength, graph.MaxMemory))).Unsqueeze(1) // [batch, 1, features]
		return []graph.Value{ride(x, y)}
	}
	if steps == graph.Any {
		return []graph.Value{ride(x, s.Const(0, x.Shape()))}
	}
	y = y.Slice(0, 0, steps).BroadcastTo(x.Shape()...) // [batch, steps, features]
	return []graph.Value{ride(x, y)}
}

// Stepwise counts the steps.
func (l PositionEmbedding) Stepwise(in []graph.Value) ([]graph.Pace, error) { return stepByStep(l, in) }
