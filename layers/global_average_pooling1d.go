package layers

import "github.com/engram-go/engram/graph"

// GlobalAveragePooling1D takes the average over all steps, feature by feature.
//
//	in:  [batch, steps, features]
//	out: [batch, features]; [batch, 1, features] with KeepDims
//
// Steps that a mask on the input leaves out are left out of the sum and of the
// number it is divided by; a sample with none left has no average, and gives
// NaN, as in Keras. The mask ends here, as the output has no steps.
type GlobalAveragePooling1D struct {
	KeepDims bool   // keeps the axis of the steps, with size 1
	Name     string // "global_average_pooling1d", numbered, where empty
}

// Call computes the layer.
func (l GlobalAveragePooling1D) Call(s *graph.Scope, inputs ...graph.Value) []graph.Value {
	x, ok := sequenceInput(s, "GlobalAveragePooling1D", inputs)
	if !ok {
		return inputs
	}
	y := x
	if mask, ok := counted(s, "GlobalAveragePooling1D", x); ok { // [batch, steps, 1]
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
