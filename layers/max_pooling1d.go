package layers

import "github.com/engram-go/engram/graph"

// MaxPooling1D takes the largest element of every window over the steps, feature
// by feature.
//
//	in:  [batch, steps, features]
//	out: [batch, steps', features]; Padding says how many steps
//
// What Same pads is of no account. The first of equal elements gets the
// gradient.
//
// The mask of the input ends here and padded steps count as data, as in Keras;
// Summary says so. It is not carried even with Same and strides of 1, since a
// window at the end of a sequence sees padded steps too.
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
