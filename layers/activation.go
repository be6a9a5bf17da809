package layers

import (
	"fmt"
	"math"
	"slices"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/internal/kernels"
	"github.com/engram-go/engram/layers/activations"
	"github.com/engram-go/engram/layers/initializers"
)

// Activation applies an activation function to its input.
//
//	y = function(x)
//
//	in:  [batch, ...]
//	out: the same shape, unless the function changes it, as activations.GLU does
//
// The output has the mask of the input. Functions along an axis, such as
// activations.Softmax, need an axis besides the batch. Along the steps they count masked
// steps as data; Summary says so.
type Activation struct {
	Function activations.Activation // required
	Name     string                 // "activation", numbered, where empty
}

var _ Resolver = Activation{}

// Resolve fills in the function's defaults.
func (l Activation) Resolve() (Layer, error) {
	err := activation("Activation.Function", &l.Function, nil)
	return l, err
}

// Call computes the layer.
func (l Activation) Call(s *graph.Scope, inputs ...graph.Value) []graph.Value {
	rank := 1
	if axis, ok := activations.Along(l.Function); ok && axis != 0 {
		rank = 2 // the only axis of a single number per sample is the batch
	}
	x, ok := one(s, "Activation", inputs, rank)
	if !ok {
		return inputs
	}
	return []graph.Value{activate(s, l.Function, x, x)}
}

// Stepwise computes every step separately, if the function does not combine steps.
func (l Activation) Stepwise(in []graph.Value) ([]graph.Pace, error) {
	if err := pointwise(l, l.Function, in[0]); err != nil {
		return nil, err
	}
	return stepByStep(l, in)
}

// ReLU is a rectified linear unit with a threshold, a slope below it and a largest
// value:
//
//	y = min(x, MaxValue)                   where x > Threshold
//	y = NegativeSlope · (x − Threshold)    elsewhere
//
//	in, out: [batch, ...]
//
// The output has the mask of the input. The field Activation of another
// layer takes activations.ReLU, ReLU6 and LeakyReLU.
type ReLU struct {
	MaxValue      *float64 // the largest output above the threshold, at least 0; no bound where nil
	NegativeSlope float64  // at least 0; 0
	Threshold     float64  // at least 0; 0
	Name          string   // "re_lu", numbered, where empty
}

var _ Resolver = ReLU{}

// Resolve checks the numbers.
func (l ReLU) Resolve() (Layer, error) {
	err := first(size("ReLU.NegativeSlope", l.NegativeSlope), size("ReLU.Threshold", l.Threshold))
	if err == nil && l.MaxValue != nil {
		l.MaxValue = new(*l.MaxValue) // a copy, which the caller cannot change
		err = size("ReLU.MaxValue", *l.MaxValue)
	}
	return l, err
}

// size checks a number that may be 0.
func size(field string, x float64) error {
	if !(x >= 0) || math.IsInf(x, 0) {
		return graph.Error{Field: field, Rule: "must be finite and at least 0", Value: x}
	}
	return nil
}

// Call computes the layer.
func (l ReLU) Call(s *graph.Scope, inputs ...graph.Value) []graph.Value {
	x, ok := one(s, "ReLU", inputs, 1)
	if !ok {
		return inputs
	}
	most := math.Inf(1)
	if l.MaxValue != nil {
		most = *l.MaxValue
	}
	y := x.Apply(kernels.Rectifier.With(l.Threshold, l.NegativeSlope, most))
	return []graph.Value{keepMask(x, y)}
}

// Stepwise computes every step separately.
func (l ReLU) Stepwise(in []graph.Value) ([]graph.Pace, error) { return stepByStep(l, in) }

// PReLU is a rectified linear unit whose slope below 0 is learned (He et al. 2015,
// "Delving Deep into Rectifiers"):
//
//	y = x        where x > 0
//	y = α ⊙ x    elsewhere
//
//	in, out: [batch, ...]
//	weights: alpha, the shape of a sample with size 1 for the shared axes
//
// The axes that are not shared must be known when the model is built: a sequence
// whose number of steps is open needs SharedAxes: []int{1}. The output has the mask of
// the input.
type PReLU struct {
	AlphaInitializer graph.Initializer // initializers.Zeros
	AlphaRegularizer graph.Regularizer // nil: none
	AlphaConstraint  graph.Constraint  // nil: none
	SharedAxes       []int             // axes along which α is the same, each once, counted from 1, as 0 is the batch; none where empty
	Name             string            // "p_re_lu", numbered, where empty
}

var _ Resolver = PReLU{}

// Resolve fills in the defaults.
func (l PReLU) Resolve() (Layer, error) {
	for i, a := range l.SharedAxes {
		if a < 1 || a > mostAxes || slices.Contains(l.SharedAxes[:i], a) {
			return nil, graph.Error{Field: "PReLU.SharedAxes", Rule: fmt.Sprintf("must name axes from 1 to %d, each once", mostAxes), Value: l.SharedAxes}
		}
	}
	l.SharedAxes = slices.Clone(l.SharedAxes) // a copy, which the caller cannot change
	err := first(
		weightFields("PReLU", "Alpha", &l.AlphaInitializer, initializers.Zeros, &l.AlphaRegularizer, &l.AlphaConstraint),
	)
	return l, err
}

// Call computes the layer.
func (l PReLU) Call(s *graph.Scope, inputs ...graph.Value) []graph.Value {
	x, ok := one(s, "PReLU", inputs, 2)
	if !ok {
		return inputs
	}
	shape := x.Shape()[1:]
	for _, a := range l.SharedAxes {
		if a > len(shape) {
			s.Failf("PReLU.SharedAxes", fmt.Sprintf("must be axes of the input %v", x.Shape()), l.SharedAxes)
			return inputs
		}
		shape[a-1] = 1
	}
	if !shape.Known() {
		s.Failf("PReLU", "must have an input whose axes are known, or named in SharedAxes", x.Shape())
		return inputs
	}
	alpha := weight(s, "alpha", shape, l.AlphaInitializer, l.AlphaRegularizer, l.AlphaConstraint)
	return []graph.Value{keepMask(x, x.PReLU(alpha))}
}

// Stepwise computes every step separately, if the steps share the slopes.
func (l PReLU) Stepwise(in []graph.Value) ([]graph.Pace, error) {
	if !slices.Contains(l.SharedAxes, 1) {
		return nil, notStepwise(l, "each step has separate slopes, without 1 in SharedAxes")
	}
	return stepByStep(l, in)
}
