package layers

import "github.com/engram-go/engram/graph"

// Average is the average of its inputs, element by element. Shapes and masks are
// as Add has them; a masked step counts in the average, as in Keras.
//
//	in:  one or more values of one shape
//	out: that shape
type Average struct {
	Name string // "average", numbered, where empty
}

// Call computes the layer.
func (l Average) Call(s *graph.Scope, inputs ...graph.Value) []graph.Value {
	out := fold(s, "Average", inputs, graph.Value.Add)
	if s.Err() != nil {
		return inputs
	}
	return []graph.Value{ride(out[0], out[0].Scale(1/float64(len(inputs))))}
}

// Stepwise combines step by step.
func (l Average) Stepwise(in []graph.Value) ([]graph.Pace, error) { return mergedSteps(l, in) }
