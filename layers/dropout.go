package layers

import (
	"fmt"
	"math/rand/v2"

	"github.com/engram-go/engram/graph"
)

// Dropout sets random elements to zero in training, and scales the others by
// 1/(1 − rate), so that the expected sum stays; otherwise it returns its input
// (Srivastava et al. 2014, "Dropout: A Simple Way to Prevent
// Neural Networks from Overfitting").
//
//	in, out: any shape
//
// The output has the mask of the input.
type Dropout struct {
	Rate       float64     // fraction of the elements that is dropped, 0 ≤ Rate < 1; 0
	NoiseShape graph.Shape // shape of the random mask, which broadcasts: an axis of size 1 is dropped as a whole, and graph.Any is the size of the input; the shape of the input where empty
	Seed       *uint64     // dropout seed; nil derives it from the model's seed and the layer's path
	Name       string      // "dropout", numbered, where empty
}

var _ Resolver = Dropout{}

// Resolve checks the fields.
func (l Dropout) Resolve() (Layer, error) {
	for _, d := range l.NoiseShape {
		if d < graph.Any || d == 0 {
			return nil, graph.Error{Field: "Dropout.NoiseShape", Rule: "must have positive or open axes", Value: l.NoiseShape}
		}
	}
	l.NoiseShape = l.NoiseShape.Clone() // a copy, which the caller cannot change
	return l, rate("Dropout.Rate", l.Rate)
}

// Call computes the layer.
func (l Dropout) Call(s *graph.Scope, inputs ...graph.Value) []graph.Value {
	x, ok := one(s, "Dropout", inputs, 1)
	if !ok {
		return inputs
	}
	mask, ok := l.mask(x.Shape())
	if !ok {
		s.Failf("Dropout.NoiseShape", fmt.Sprintf("must have the axes of the input, %v, or 1 in their place", x.Shape()), l.NoiseShape)
		return inputs
	}
	y := x
	seeded(s, l.Seed, func() { y = drop(s, "mask", x, mask, l.Rate) })
	return []graph.Value{keepMask(x, y)}
}

// mask is the shape of the mask for an input of the given shape.
func (l Dropout) mask(x graph.Shape) (graph.Shape, bool) {
	if len(l.NoiseShape) == 0 {
		return x, true
	}
	if len(l.NoiseShape) != len(x) {
		return nil, false
	}
	mask := l.NoiseShape.Clone()
	for i, d := range mask {
		switch {
		case d == graph.Any:
			mask[i] = x[i]
		case d != 1 && d != x[i] && x[i] != graph.Any:
			return nil, false
		}
	}
	return mask, true
}

// seeded runs build with the given seed for its draws; nil for the model's.
func seeded(s *graph.Scope, seed *uint64, build func()) {
	if seed == nil {
		build()
		return
	}
	s.Seeded(*seed, build)
}

// drop applies dropout with one random mask of the given shape, which
// broadcasts to x: an axis of size 1 is dropped as a whole.
func drop(s *graph.Scope, name string, x graph.Value, mask graph.Shape, rate float64) graph.Value {
	if rate == 0 || !s.Training() {
		return x
	}
	return x.Times(s.DropoutMask(name, mask, rate))
}

// Stepwise computes every step separately.
func (l Dropout) Stepwise(in []graph.Value) ([]graph.Pace, error) { return stepByStep(l, in) }

// SpatialDropout1D sets random features of a sample to zero in all steps in training,
// and scales the others by 1/(1 − rate); otherwise it returns its input (Tompson et al.
// 2014, "Efficient Object Localization Using Convolutional Networks"). It is for
// sequences whose neighbouring steps are similar, where dropping single elements
// removes little information.
//
//	in, out: [batch, steps, features]
//
// The output has the mask of the input.
type SpatialDropout1D struct {
	Rate float64 // fraction of the features that is dropped, 0 ≤ Rate < 1; 0
	Seed *uint64 // dropout seed; nil derives it from the model's seed and the layer's path
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
	return []graph.Value{keepMask(x, y)}
}

// Stepwise computes every step separately.
func (l SpatialDropout1D) Stepwise(in []graph.Value) ([]graph.Pace, error) { return stepByStep(l, in) }

// GaussianNoise adds normally distributed numbers with mean 0 in training, drawn for
// every element of every batch; otherwise it returns its input.
//
//	in, out: any shape
//
// The output has the mask of the input.
type GaussianNoise struct {
	Stddev float64 // standard deviation of the noise, 0 ≤ Stddev ≤ 1; 0
	Seed   *uint64 // noise seed; nil derives it from the model's seed and the layer's path
	Name   string  // "gaussian_noise", numbered, where empty
}

var _ Resolver = GaussianNoise{}

// Resolve checks the deviation.
func (l GaussianNoise) Resolve() (Layer, error) {
	if !(l.Stddev >= 0 && l.Stddev <= 1) {
		return nil, graph.Error{Field: "GaussianNoise.Stddev", Rule: "must be at least 0 and at most 1", Value: l.Stddev}
	}
	return l, nil
}

// Call computes the layer.
func (l GaussianNoise) Call(s *graph.Scope, inputs ...graph.Value) []graph.Value {
	x, ok := one(s, "GaussianNoise", inputs, 1)
	if !ok || l.Stddev == 0 || !s.Training() {
		return inputs
	}
	y := x
	seeded(s, l.Seed, func() {
		y = x.Add(s.Random("noise", x.Shape(), func(r *rand.Rand) float64 { return l.Stddev * r.NormFloat64() }))
	})
	return []graph.Value{keepMask(x, y)}
}

// Stepwise computes every step separately.
func (l GaussianNoise) Stepwise(in []graph.Value) ([]graph.Pace, error) { return stepByStep(l, in) }
