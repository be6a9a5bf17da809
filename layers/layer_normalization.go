package layers

import (
	"fmt"
	"slices"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/layers/initializers"
)

// LayerNormalization normalises the features of every step of every sample to mean 0
// and variance 1, and then applies a learned scale and shift (Ba et al. 2016, "Layer
// Normalization"):
//
//	y = γ ⊙ (x − mean(x)) / √(var(x) + ε) + β
//
// Mean and variance are taken along the given axes, separately for every index of the
// others; the variance is divided by the number of elements. γ and β have one number for
// every index along these axes.
//
//	in, out: [batch, ..., features], of at least two axes
//	weights: gamma and beta, of the sizes of the axes in the order of the input
//
// The output has the mask of the input; the axes must then not be those that the mask
// has, since padding would count.
type LayerNormalization struct {
	Axis             []int             // the axes, without the batch; a negative one counts from the end; [−1] where empty
	Epsilon          float64           // ε, positive; 1e-3 where 0
	NoCenter         bool              // leave β out
	NoScale          bool              // leave γ out
	GammaInitializer graph.Initializer // initializers.Ones
	BetaInitializer  graph.Initializer // initializers.Zeros
	GammaRegularizer graph.Regularizer // nil: none
	BetaRegularizer  graph.Regularizer // nil: none
	GammaConstraint  graph.Constraint  // nil: none
	BetaConstraint   graph.Constraint  // nil: none
	Name             string            // "layer_normalization", numbered, where empty
}

var _ Resolver = LayerNormalization{}

// Resolve fills in the defaults.
func (l LayerNormalization) Resolve() (Layer, error) {
	l.Axis = slices.Clone(l.Axis) // a copy, which the caller cannot change
	if len(l.Axis) == 0 {
		l.Axis = []int{-1}
	}
	err := first(
		epsilon("LayerNormalization.Epsilon", &l.Epsilon, 1e-3),
		weightFields("LayerNormalization", "Gamma", &l.GammaInitializer, initializers.Ones, &l.GammaRegularizer, &l.GammaConstraint),
		weightFields("LayerNormalization", "Beta", &l.BetaInitializer, initializers.Zeros, &l.BetaRegularizer, &l.BetaConstraint),
	)
	return l, err
}

// Call computes the layer.
func (l LayerNormalization) Call(s *graph.Scope, inputs ...graph.Value) []graph.Value {
	x, ok := one(s, "LayerNormalization", inputs, 2)
	if !ok {
		return inputs
	}
	axes, ok := normalizedAxes(s, "LayerNormalization.Axis", x, l.Axis)
	if !ok {
		return inputs
	}
	sizes, flat := alongSizes(x, axes)
	var gamma, beta *graph.Value // [the product of the sizes]
	if !l.NoScale {
		gamma = new(weight(s, "gamma", sizes, l.GammaInitializer, l.GammaRegularizer, l.GammaConstraint).Reshape(flat))
	}
	if !l.NoCenter {
		beta = new(weight(s, "beta", sizes, l.BetaInitializer, l.BetaRegularizer, l.BetaConstraint).Reshape(flat))
	}
	y := alongAxes(x, axes, func(v graph.Value) graph.Value { return v.LayerNorm(gamma, beta, l.Epsilon) })
	return []graph.Value{keepMask(x, y)}
}

// normalizedAxes are the axes of x that a field gives, in order and counted from the
// front. A mask must not extend along them.
func normalizedAxes(s *graph.Scope, field string, x graph.Value, given []int) ([]int, bool) {
	masked := 1
	if m, ok := x.Mask(); ok {
		masked = m.Rank()
	}
	var axes []int
	for _, a := range given {
		rule := ""
		if a < 0 {
			a += x.Rank()
		}
		switch {
		case a <= 0 || a >= x.Rank():
			rule = fmt.Sprintf("must be axes after the batch of %v", x.Shape())
		case slices.Contains(axes, a):
			rule = "must name every axis once"
		case x.Dim(a) == graph.Any:
			rule = fmt.Sprintf("must have known sizes in the shape %v", x.Shape())
		case a < masked:
			rule = "must not be an axis of the mask"
		default:
			axes = append(axes, a)
			continue
		}
		s.Failf(field, rule, given)
		return nil, false
	}
	slices.Sort(axes)
	return axes, true
}

// alongSizes are the sizes of the axes, and their product.
func alongSizes(x graph.Value, axes []int) (sizes graph.Shape, product int) {
	for _, a := range axes {
		sizes = append(sizes, x.Dim(a))
	}
	return sizes, sizes.Size()
}

// alongAxes applies f to x with the given axes, which are in order, joined to
// one at the end, and puts them back.
func alongAxes(x graph.Value, axes []int, f func(v graph.Value) graph.Value) graph.Value {
	var order []int
	for a := range x.Rank() {
		if !slices.Contains(axes, a) {
			order = append(order, a)
		}
	}
	others := len(order)
	order = append(order, axes...)
	back := make([]int, len(order))
	for i, a := range order {
		back[a] = i
	}
	moved := !slices.IsSorted(order)
	if moved {
		x = x.Transpose(order...)
	}
	shape := x.Shape()
	y := f(x.Reshape(append(shape[:others].Clone(), shape[others:].Size())...)).Reshape(shape...)
	if moved {
		y = y.Transpose(back...)
	}
	return y
}

// Stepwise normalises every step separately, if none of the axes is that of the steps.
func (l LayerNormalization) Stepwise(in []graph.Value) ([]graph.Pace, error) {
	return stepByStep(l, in, l.Axis...)
}
