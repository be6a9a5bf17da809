package layers

import (
	"fmt"
	"math"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/layers/initializers"
)

// PositionEmbedding has a learned vector for every position in a sequence (Gehring et
// al. 2017, "Convolutional Sequence to Sequence Learning").
//
//	in:      [batch, steps, features]; only the shape is used
//	out:     [batch, steps, features], the vectors alone: add them to the input with Add
//	weights: embeddings [sequence length, features]
//
// The output has the mask of the input. The features must be known when the model is
// built; the steps may be open, and are at most SequenceLength.
type PositionEmbedding struct {
	SequenceLength int               // largest number of steps; required
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
		return []graph.Value{keepMask(x, y)}
	}
	if steps == graph.Any {
		return []graph.Value{keepMask(x, s.Const(0, x.Shape()))}
	}
	y = y.Slice(0, 0, steps).BroadcastTo(x.Shape()...) // [batch, steps, features]
	return []graph.Value{keepMask(x, y)}
}

// Stepwise counts the steps.
func (l PositionEmbedding) Stepwise(in []graph.Value) ([]graph.Pace, error) { return stepByStep(l, in) }

// SinePositionEncoding encodes the position of every step by sines and cosines (Vaswani
// et al. 2017, "Attention Is All You Need"):
//
//	y[t, 2i]   = sin(t / wavelength^(2i/features))
//	y[t, 2i+1] = cos(t / wavelength^(2i/features))
//
//	in:  [batch, steps, features]; only the shape is used
//	out: [batch, steps, features], the encoding alone: add it to the input with Add
//
// Steps are counted from 0. The output has the mask of the input. The features must be
// known when the model is built; the steps may be open.
type SinePositionEncoding struct {
	MaxWavelength float64 // longest wavelength, in units of 2π steps; 10000 where 0
	Name          string  // "sine_position_encoding", numbered, where empty
}

var _ Resolver = SinePositionEncoding{}

// Resolve fills in the default.
func (l SinePositionEncoding) Resolve() (Layer, error) {
	if l.MaxWavelength == 0 {
		l.MaxWavelength = 10000
	}
	if !(l.MaxWavelength > 0) || math.IsInf(l.MaxWavelength, 0) {
		return nil, graph.Error{Field: "SinePositionEncoding.MaxWavelength", Rule: "must be finite and not negative", Value: l.MaxWavelength}
	}
	return l, nil
}

// Call computes the layer.
func (l SinePositionEncoding) Call(s *graph.Scope, inputs ...graph.Value) []graph.Value {
	x, ok := sequenceInput(s, "SinePositionEncoding", inputs)
	if !ok {
		return inputs
	}
	d, ok := features(s, "SinePositionEncoding", x)
	if !ok {
		return inputs
	}
	if s.Symbolic() {
		return []graph.Value{keepMask(x, s.Const(0, x.Shape()))}
	}
	if s.Stepping() {
		t := s.Count(x.Dim(0), graph.MaxMemory).Reshape(x.Dim(0), 1, 1).BroadcastTo(x.Shape()...) // [batch, 1, features]
		y := t.MapAxis("waves", -1, func(t, y []float64) { l.waves(t[0], y) }, noSlope)
		return []graph.Value{keepMask(x, y)}
	}
	steps := x.Dim(1)
	waves := make([]float64, steps*d)
	for t := range steps {
		l.waves(float64(t), waves[t*d:(t+1)*d])
	}
	y := s.Values(waves, graph.Shape{steps, d}).BroadcastTo(x.Shape()...) // [batch, steps, features]
	return []graph.Value{keepMask(x, y)}
}

// waves fills in the features of step t.
func (l SinePositionEncoding) waves(t float64, y []float64) {
	for i := range y {
		angle := t * math.Pow(l.MaxWavelength, -float64(i/2*2)/float64(len(y)))
		if i%2 == 0 {
			y[i] = math.Sin(angle)
		} else {
			y[i] = math.Cos(angle)
		}
	}
}

// Stepwise counts the steps.
func (l SinePositionEncoding) Stepwise(in []graph.Value) ([]graph.Pace, error) {
	return stepByStep(l, in)
}
