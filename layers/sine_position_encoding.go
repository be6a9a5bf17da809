package layers

import (
	"math"

	"github.com/engram-go/engram/graph"
)

// SinePositionEncoding gives every step a pattern of waves that tells its place
// (Vaswani et al. 2017, "Attention Is All You Need"):
//
//	y[t, 2i]   = sin(t / wavelength^(2i/features))
//	y[t, 2i+1] = cos(t / wavelength^(2i/features))
//
//	in:  [batch, steps, features], of which only the shape counts
//	out: [batch, steps, features], to be added to the input
//
// Steps are counted from 0. A mask on the input rides on the output. The
// features must be known when the model is built, the steps may be open.
type SinePositionEncoding struct {
	MaxWavelength float64 // the longest wave, in units of 2π steps; 10000 where 0
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
		return []graph.Value{ride(x, s.Const(0, x.Shape()))}
	}
	if s.Stepping() {
		t := s.Count(x.Dim(0), graph.MaxMemory).Reshape(x.Dim(0), 1, 1).BroadcastTo(x.Shape()...) // [batch, 1, features]
		y := t.MapAxis("waves", -1, func(t, y []float64) { l.waves(t[0], y) }, noSlope)
		return []graph.Value{ride(x, y)}
	}
	steps := x.Dim(1)
	waves := make([]float64, steps*d)
	for t := range steps {
		l.waves(float64(t), waves[t*d:(t+1)*d])
	}
	y := s.Values(waves, graph.Shape{steps, d}).BroadcastTo(x.Shape()...) // [batch, steps, features]
	return []graph.Value{ride(x, y)}
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
