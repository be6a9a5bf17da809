package layers

import (
	"math/rand/v2"

	"github.com/engram-go/engram/graph"
)

// Dropout sets elements to zero at random during training, and scales the
// others by 1/(1 − rate), so that the expected sum stays; at other times it
// does nothing (Srivastava et al. 2014, "Dropout: A Simple Way to Prevent
// Neural Networks from Overfitting").
//
//	in, out: any shape
//
// A mask on the input rides on the output.
type Dropout struct {
	Rate float64 // the part of the elements that is dropped, 0 ≤ rate < 1
	Name string  // "dropout", numbered, where empty
}

var _ Resolver = Dropout{}

// Resolve checks the rate.
func (l Dropout) Resolve() (Layer, error) { return l, rate("Dropout.Rate", l.Rate) }

// Call computes the layer.
func (l Dropout) Call(s *graph.Scope, inputs ...graph.Value) []graph.Value {
	x, ok := one(s, "Dropout", inputs, 1)
	if !ok {
		return inputs
	}
	return []graph.Value{ride(x, drop(s, "mask", x, x.Shape(), l.Rate))}
}

// drop applies dropout with one random mask of the given shape, which
// broadcasts to x: an axis of size 1 is dropped as a whole.
func drop(s *graph.Scope, name string, x graph.Value, mask graph.Shape, rate float64) graph.Value {
	if rate == 0 || !s.Training() {
		return x
	}
	keep := 1 - rate
	return x.Times(s.Random(name, mask, func(r *rand.Rand) float64 {
		if r.Float64() < keep {
			return 1 / keep
		}
		return 0
	}))
}
