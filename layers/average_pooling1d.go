package layers

import "github.com/engram-go/engram/graph"

// AveragePooling1D takes the average of every window over the steps, feature
// by feature.
//
//	in:  [batch, steps, features]
//	out: [batch, steps', features]; Padding says how many steps
//
// What Same pads is of no account: a window at an end is divided by the number of
// its steps.
//
// The mask of the input ends here and padded steps count as data, as in Keras;
// Summary says so. It is not carried even with Same and strides of 1, since a
// window at the end of a sequence sees padded steps too.
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
