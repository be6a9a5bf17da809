package layers

import (
	"slices"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/layers/initializers"
)

// RMSNormalization divides the features of every step of every sample by their root
// mean square, and multiplies them by a learned scale (Zhang & Sennrich 2019,
// "Root Mean Square Layer Normalization"):
//
//	y = x / √(mean(x²) + ε) ⊙ γ
//
// The mean is taken along the given axes, separately for every index of the others; γ has
// one number for every index along these axes.
//
//	in, out: [batch, ..., features], of at least two axes
//	weights: scale (γ), of the sizes of the axes in the order of the input, initially
//	         ones
//
// The output has the mask of the input; the axes must then not be those that the mask
// has, since padding would count.
type RMSNormalization struct {
	Axis    []int   // the axes, without the batch; a negative one counts from the end; [−1] where empty
	Epsilon float64 // ε, positive; 1e-6 where 0
	Name    string  // "rms_normalization", numbered, where empty
}

var _ Resolver = RMSNormalization{}

// Resolve fills in the defaults.
func (l RMSNormalization) Resolve() (Layer, error) {
	l.Axis = slices.Clone(l.Axis) // a copy, which the caller cannot change
	if len(l.Axis) == 0 {
		l.Axis = []int{-1}
	}
	return l, epsilon("RMSNormalization.Epsilon", &l.Epsilon, 1e-6)
}

// Call computes the layer.
func (l RMSNormalization) Call(s *graph.Scope, inputs ...graph.Value) []graph.Value {
	x, ok := one(s, "RMSNormalization", inputs, 2)
	if !ok {
		return inputs
	}
	axes, ok := normalizedAxes(s, "RMSNormalization.Axis", x, l.Axis)
	if !ok {
		return inputs
	}
	sizes, flat := alongSizes(x, axes)
	gamma := s.Param("scale", sizes, initializers.Ones).Reshape(flat) // [the product of the sizes]
	y := alongAxes(x, axes, func(v graph.Value) graph.Value { return v.RMSNorm(&gamma, l.Epsilon) })
	return []graph.Value{keepMask(x, y)}
}

// Stepwise normalises every step separately, if none of the axes is that of the steps.
func (l RMSNormalization) Stepwise(in []graph.Value) ([]graph.Pace, error) {
	return stepByStep(l, in, l.Axis...)
}
