package layers

import "github.com/engram-go/engram/graph"

// SpatialDropout1D sets whole features of a sample to zero at random during
// training, in all steps alike, and scales the others by 1/(1 − rate); at other
// times it does nothing (Tompson et al. 2014, "Efficient Object Localization
// Using Convolutional Networks"). Where neighbouring steps resemble each other,
// dropping single elements would hide nothing.
//
//	in, out: [batch, steps, features]
//
// A mask on the input rides on the output.
type SpatialDropout1D struct {
	Rate float64 // the part of the features that is dropped, 0 ≤ Rate < 1
	Seed *uint64 // of the masks, whatever the model's seed and the layer's place; the model's where nil
	Name string  // "spatial_dropout1d", numbered, where empty
}

var _ Resolver = SpatialDropout1D{}

// Resolve checks the rate.
func (l SpatialDropout1D) Resolve() (Layer, error) { return l, rate("SpatialDropout1D.Rate", l.Rate) }

// Call computes the layer.
func (l SpatialDropout1D) Call(s *graph.Scope, inputs ...graph.Value) []graph.Value {
	x, ok := sequenceInput(s, "SpatialDropout1D", inputs)
	if !ok {
		return inputs
	}
	y := x
	seeded(s, l.Seed, func() { y = drop(s, "mask", x, x.Shape().With(1, 1), l.Rate) }) // one mask [batch, 1, features]
	return []graph.Value{ride(x, y)}
}

// Stepwise passes the step on.
func (l SpatialDropout1D) Stepwise(in []graph.Value) ([]graph.Pace, error) { return stepByStep(l, in) }
