package layers

import (
	"github.com/engram-go/engram/graph"
)

// MaxPooling1D is the largest element of every window over the steps, for each feature.
//
//	in:  [batch, steps, features]
//	out: [batch, steps', features]; Padding says how many steps
//
// Steps that Same adds are ignored. The first of equal elements gets the gradient.
//
// The mask of the input ends here and padded steps count as data, as in Keras;
// Summary says so. The output has no mask even with Same and strides of 1, since a
// window at the end of a sequence contains padded steps too.
type MaxPooling1D struct {
	PoolSize int     // steps in a window; 2
	Strides  int     // steps from one window to the next; PoolSize
	Padding  Padding // Valid, or Same
	Name     string  // "max_pooling1d", numbered, where empty
}

var _ Resolver = MaxPooling1D{}

// Resolve fills in the defaults.
func (l MaxPooling1D) Resolve() (Layer, error) {
	err := extent("MaxPooling1D.PoolSize", &l.PoolSize, 2)
	err = first(err,
		extent("MaxPooling1D.Strides", &l.Strides, l.PoolSize),
		padding("MaxPooling1D.Padding", &l.Padding, Valid, Same),
	)
	return l, err
}

// Call computes the layer.
func (l MaxPooling1D) Call(s *graph.Scope, inputs ...graph.Value) []graph.Value {
	x, w, ok := l.Padding.windows(s, "MaxPooling1D", inputs, graph.Window{Size: l.PoolSize, Stride: l.Strides, Dilation: 1})
	if !ok {
		return inputs
	}
	return []graph.Value{x.MaxPool(w)}
}

// AveragePooling1D is the mean of every window over the steps, for each feature.
//
//	in:  [batch, steps, features]
//	out: [batch, steps', features]; Padding says how many steps
//
// Steps that Same adds are ignored: a window at an end is divided by the number of its
// other steps.
//
// The mask of the input ends here and padded steps count as data, as in Keras;
// Summary says so. The output has no mask even with Same and strides of 1, since a
// window at the end of a sequence contains padded steps too.
type AveragePooling1D struct {
	PoolSize int     // steps in a window; 2
	Strides  int     // steps from one window to the next; PoolSize
	Padding  Padding // Valid, or Same
	Name     string  // "average_pooling1d", numbered, where empty
}

var _ Resolver = AveragePooling1D{}

// Resolve fills in the defaults.
func (l AveragePooling1D) Resolve() (Layer, error) {
	err := extent("AveragePooling1D.PoolSize", &l.PoolSize, 2)
	err = first(err,
		extent("AveragePooling1D.Strides", &l.Strides, l.PoolSize),
		padding("AveragePooling1D.Padding", &l.Padding, Valid, Same),
	)
	return l, err
}

// Call computes the layer.
func (l AveragePooling1D) Call(s *graph.Scope, inputs ...graph.Value) []graph.Value {
	x, w, ok := l.Padding.windows(s, "AveragePooling1D", inputs, graph.Window{Size: l.PoolSize, Stride: l.Strides, Dilation: 1})
	if !ok {
		return inputs
	}
	return []graph.Value{x.MeanPool(w)}
}

// GlobalMaxPooling1D is the largest element over all steps, for each feature. Equal
// ones share the gradient.
//
//	in:  [batch, steps, features]
//	out: [batch, features]; [batch, 1, features] with KeepDims
//
// The mask of the input ends here and padded steps count as data, as in Keras;
// Summary says so.
type GlobalMaxPooling1D struct {
	KeepDims bool   // keep the axis of the steps, with size 1
	Name     string // "global_max_pooling1d", numbered, where empty
}

// Call computes the layer.
func (l GlobalMaxPooling1D) Call(s *graph.Scope, inputs ...graph.Value) []graph.Value {
	x, ok := sequenceInput(s, "GlobalMaxPooling1D", inputs)
	if !ok {
		return inputs
	}
	y := x.Max(1) // [batch, features]
	if l.KeepDims {
		y = y.Unsqueeze(1) // [batch, 1, features]
	}
	return []graph.Value{y}
}

// GlobalAveragePooling1D is the mean over all steps, for each feature.
//
//	in:  [batch, steps, features]
//	out: [batch, features]; [batch, 1, features] with KeepDims
//
// Masked steps count neither in the sum nor in the number it is divided by; a sample
// whose steps are all masked gives NaN, as in Keras. The output has no mask, as it has
// no steps.
type GlobalAveragePooling1D struct {
	KeepDims bool   // keep the axis of the steps, with size 1
	Name     string // "global_average_pooling1d", numbered, where empty
}

// Call computes the layer.
func (l GlobalAveragePooling1D) Call(s *graph.Scope, inputs ...graph.Value) []graph.Value {
	x, ok := sequenceInput(s, "GlobalAveragePooling1D", inputs)
	if !ok {
		return inputs
	}
	y := x
	if mask, ok := broadcastMask(s, "GlobalAveragePooling1D", x); ok { // [batch, steps, 1]
		kept := graph.Where(mask, x, s.Const(0, graph.Shape{1})) // [batch, steps, features]
		y = kept.Sum(1).Div(mask.Sum(1))                         // [batch, features]
	} else {
		y = x.Mean(1) // [batch, features]
	}
	if l.KeepDims {
		y = y.Unsqueeze(1) // [batch, 1, features]
	}
	return []graph.Value{y}
}
