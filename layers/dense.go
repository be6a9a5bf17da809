package layers

import (
	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/layers/activations"
	"github.com/engram-go/engram/layers/initializers"
)

// Dense is the fully connected layer, on the last axis:
//
//	y = activation(x·kernel + bias)
//
//	in:      [batch, ..., features]
//	out:     [batch, ..., units]
//	weights: kernel [features, units], bias [units]
//
// The features must be known when the model is built; all axes before them may be
// open. The output has the mask of the input.
type Dense struct {
	Units               int                    // size of the output; required
	Activation          activations.Activation // activations.Linear
	NoBias              bool                   // leave the bias out
	KernelInitializer   graph.Initializer      // initializers.GlorotUniform
	BiasInitializer     graph.Initializer      // initializers.Zeros
	KernelRegularizer   graph.Regularizer      // nil: none
	BiasRegularizer     graph.Regularizer      // nil: none
	ActivityRegularizer graph.Regularizer      // of the output, divided by the batch size; nil: none
	KernelConstraint    graph.Constraint       // nil: none
	BiasConstraint      graph.Constraint       // nil: none
	Name                string                 // "dense", numbered, where empty
}

var _ Resolver = Dense{}

// Resolve fills in the defaults.
func (l Dense) Resolve() (Layer, error) {
	err := first(
		positive("Dense.Units", l.Units),
		activation("Dense.Activation", &l.Activation, activations.Linear),
		weightFields("Dense", "Kernel", &l.KernelInitializer, initializers.GlorotUniform, &l.KernelRegularizer, &l.KernelConstraint),
		weightFields("Dense", "Bias", &l.BiasInitializer, initializers.Zeros, &l.BiasRegularizer, &l.BiasConstraint),
		regularizer("Dense.ActivityRegularizer", &l.ActivityRegularizer),
	)
	return l, err
}

// Call computes the layer.
func (l Dense) Call(s *graph.Scope, inputs ...graph.Value) []graph.Value {
	x, ok := one(s, "Dense", inputs, 2)
	if !ok {
		return inputs
	}
	d, ok := features(s, "Dense", x)
	if !ok {
		return inputs
	}
	kernel := weight(s, "kernel", graph.Shape{d, l.Units}, l.KernelInitializer, l.KernelRegularizer, l.KernelConstraint)
	var bias *graph.Value
	if !l.NoBias {
		bias = new(weight(s, "bias", graph.Shape{l.Units}, l.BiasInitializer, l.BiasRegularizer, l.BiasConstraint))
	}
	f, fused := activations.FunctionOf(l.Activation)
	y := graph.Linear(x, 1, kernel, bias, f) // [batch, ..., units]
	if !fused {
		y = activate(s, l.Activation, x, y)
	}
	return addActivityPenalty(s, l.ActivityRegularizer, keepMask(x, y))
}

// Stepwise computes every step separately, if the last axis is not that of the steps.
func (l Dense) Stepwise(in []graph.Value) ([]graph.Pace, error) {
	if err := pointwise(l, l.Activation, in[0]); err != nil {
		return nil, err
	}
	return stepByStep(l, in, -1)
}
