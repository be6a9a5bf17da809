package layers

import "github.com/engram-go/engram/graph"

// GlobalMaxPooling1D takes the largest element over all steps, feature by
// feature. Equal ones share the gradient.
//
//	in:  [batch, steps, features]
//	out: [batch, features]; [batch, 1, features] with KeepDims
//
// The mask of the input ends here and padded steps count as data, as in Keras;
// Summary says so.
type GlobalMaxPooling1D struct {
	KeepDims bool   // keeps the axis of the steps, with size 1
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
