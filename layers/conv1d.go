package layers

import (
	"fmt"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/internal/shapes"
	"github.com/engram-go/engram/layers/activations"
	"github.com/engram-go/engram/layers/initializers"
)

// Conv1D slides its filters over the steps of a sequence:
//
//	y_t = activation(Σ_j x_{t·strides + j·dilation_rate − p}·kernel_j + bias)
//
//	in:      [batch, steps, features]
//	out:     [batch, steps', filters]; Padding says how many steps
//	weights: kernel [kernel size, features/groups, filters], bias [filters]
//
// where p is the number of steps of zeros that Padding adds before the first. Groups
// divides the features and the filters into groups of equal size, and each group of
// filters reads only its group of features; one group for each feature is a depthwise
// convolution. Causal padding and a dilation rate that doubles from layer to layer form
// the stack of van den Oord et al. 2016, "WaveNet: A Generative Model for Raw Audio".
//
// The features must be known when the model is built; steps may be open. Strides
// and DilationRate cannot both be above 1.
//
// The mask of the input ends here and padded steps count as data, as in Keras;
// Summary says so. It is not carried even with Causal or Same and strides of 1,
// since a filter reads padded steps too: with Causal those before a sequence, with
// Same those on both sides, and the output there is not that of the sequence
// alone. Where that does not matter, such as Causal with padding at the end, a Lambda
// can add the mask to the output again; see its example.
type Conv1D struct {
	Filters             int                    // size of the output; required
	KernelSize          int                    // steps that a filter reads; required
	Strides             int                    // steps from one output to the next; 1
	Padding             Padding                // Valid
	DilationRate        int                    // steps from one element of a filter to the next; 1
	Groups              int                    // groups of features and filters, a divisor of both; 1
	Activation          activations.Activation // activations.Linear
	NoBias              bool                   // leave the bias out
	KernelInitializer   graph.Initializer      // initializers.GlorotUniform
	BiasInitializer     graph.Initializer      // initializers.Zeros
	KernelRegularizer   graph.Regularizer      // nil: none
	BiasRegularizer     graph.Regularizer      // nil: none
	ActivityRegularizer graph.Regularizer      // of the output, divided by the batch size; nil: none
	KernelConstraint    graph.Constraint       // nil: none
	BiasConstraint      graph.Constraint       // nil: none
	Name                string                 // "conv1d", numbered, where empty
}

var _ Resolver = Conv1D{}

// Resolve fills in the defaults.
func (l Conv1D) Resolve() (Layer, error) {
	if l.Groups == 0 {
		l.Groups = 1
	}
	err := first(
		positive("Conv1D.Filters", l.Filters),
		positive("Conv1D.Groups", l.Groups),
		extent("Conv1D.KernelSize", &l.KernelSize, 0),
		extent("Conv1D.Strides", &l.Strides, 1),
		padding("Conv1D.Padding", &l.Padding, Valid, Same, Causal),
		extent("Conv1D.DilationRate", &l.DilationRate, 1),
		activation("Conv1D.Activation", &l.Activation, activations.Linear),
		weightFields("Conv1D", "Kernel", &l.KernelInitializer, initializers.GlorotUniform, &l.KernelRegularizer, &l.KernelConstraint),
		weightFields("Conv1D", "Bias", &l.BiasInitializer, initializers.Zeros, &l.BiasRegularizer, &l.BiasConstraint),
		regularizer("Conv1D.ActivityRegularizer", &l.ActivityRegularizer),
	)
	switch {
	case err != nil:
	case l.Filters%l.Groups != 0:
		err = graph.Error{Field: "Conv1D.Groups", Rule: fmt.Sprintf("must divide the %d filters", l.Filters), Value: l.Groups}
	case l.Strides > 1 && l.DilationRate > 1:
		err = graph.Error{Field: "Conv1D.DilationRate", Rule: fmt.Sprintf("must be 1 with strides of %d", l.Strides), Value: l.DilationRate}
	case l.KernelSize-1 > (shapes.MaxElements-1)/l.DilationRate:
		err = graph.Error{Field: "Conv1D.DilationRate", Rule: fmt.Sprintf("must let the %d elements of a filter span at most %d steps", l.KernelSize, shapes.MaxElements), Value: l.DilationRate}
	}
	return l, err
}

// Call computes the layer.
func (l Conv1D) Call(s *graph.Scope, inputs ...graph.Value) []graph.Value {
	w := graph.Window{Size: l.KernelSize, Stride: l.Strides, Dilation: l.DilationRate}
	if x, ok := sequenceInput(s, "Conv1D", inputs); ok && s.Stepping() {
		inputs, l.Padding = []graph.Value{l.recall(s, x, w.Span())}, Valid
	}
	x, w, ok := l.Padding.windows(s, "Conv1D", inputs, w)
	if !ok {
		return inputs
	}
	d, ok := features(s, "Conv1D", x)
	if !ok {
		return inputs
	}
	if d%l.Groups != 0 {
		s.Failf("Conv1D.Groups", fmt.Sprintf("must divide the features of the input %v", x.Shape()), l.Groups)
		return inputs
	}
	kernel := weight(s, "kernel", graph.Shape{l.KernelSize, d / l.Groups, l.Filters}, l.KernelInitializer, l.KernelRegularizer, l.KernelConstraint)
	var bias *graph.Value
	if !l.NoBias {
		bias = new(weight(s, "bias", graph.Shape{l.Filters}, l.BiasInitializer, l.BiasRegularizer, l.BiasConstraint))
	}
	f, fused := activations.FunctionOf(l.Activation)
	y := x.Convolve(kernel, bias, w, l.Groups, f) // [batch, steps', filters]
	if !fused {
		y = l.Activation.Apply(y)
	}
	return addActivityPenalty(s, l.ActivityRegularizer, y)
}

// Stepwise keeps the steps that later windows contain.
func (l Conv1D) Stepwise(in []graph.Value) ([]graph.Pace, error) {
	if l.Strides > 1 || l.KernelSize > 1 && l.Padding != Causal {
		return nil, notStepwise(l, "it has strides, or windows that are not causal")
	}
	if err := pointwise(l, l.Activation, in[0]); err != nil {
		return nil, err
	}
	return stepByStep(l, in)
}

// recall prepends the earlier steps of the window to x, which is one step.
func (l Conv1D) recall(s *graph.Scope, x graph.Value, span int) graph.Value {
	if span == 1 {
		return x
	}
	past, keep := s.Carry("past", s.Const(0, x.Shape().With(1, span-1)))
	x = graph.Concat(1, past, x) // [batch, span, features]
	keep(x.Slice(1, 1, span))
	return x
}
