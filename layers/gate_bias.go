package layers

import (
	"math/rand/v2"
	"slices"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/layers/initializers"
)

// gateBias makes the bias of all gates of a recurrent layer, one part of the given
// number of units after the other.
//
//   - Chrono makes the parts of the forget and input gates, and the others are 0.
//   - Initializers of Keras are called for the parts before and after the forget gate
//     separately, as in Keras, for the same random numbers.
//   - Any other is called once, for the whole bias, so that it can treat the gates
//     differently.
//
// Then the part of the forget gate is 1 if one is set, so that a new layer remembers
// (Gers et al. 2000; Jozefowicz et al. 2015). Chrono sets that part itself.
type gateBias struct {
	initializer   graph.Initializer
	units         int
	input, forget int  // the indices of these gates; none for no such gate
	one           bool // the bias of the forget gate starts at 1
}

const none = -1 // no such gate

// Init makes the bias.
func (b gateBias) Init(r *rand.Rand, shape graph.Shape) ([]float64, error) {
	switch init := b.initializer.(type) {
	case initializers.Chrono:
		return b.chrono(init, r, shape)
	case initializers.Name, initializers.Constant, initializers.Identity, initializers.RandomNormal, initializers.TruncatedNormal,
		initializers.RandomUniform, initializers.VarianceScaling, initializers.Orthogonal:
		if b.one {
			return b.parts(r, shape)
		}
	}
	bias, err := b.initializer.Init(r, shape)
	if err == nil && b.one && len(bias) == shape.Size() { // another length is an error of the parameter
		copy(b.part(bias, b.forget), slices.Repeat([]float64{1}, b.units))
	}
	return bias, err
}

// part is the bias of one gate.
func (b gateBias) part(bias []float64, gate int) []float64 { return bias[gate*b.units:][:b.units] }

// parts makes the parts before and after the forget gate by themselves.
func (b gateBias) parts(r *rand.Rand, shape graph.Shape) ([]float64, error) {
	before, err := b.initializer.Init(r, graph.Shape{b.forget * b.units})
	if err != nil {
		return nil, err
	}
	after, err := b.initializer.Init(r, graph.Shape{shape.Size() - (b.forget+1)*b.units})
	if err != nil {
		return nil, err
	}
	return slices.Concat(before, slices.Repeat([]float64{1}, b.units), after), nil
}

// chrono makes the bias of the forget gate, and that of the input gate, which is
// its negative.
func (b gateBias) chrono(c initializers.Chrono, r *rand.Rand, shape graph.Shape) ([]float64, error) {
	forget, err := c.Init(r, graph.Shape{b.units})
	if err != nil {
		return nil, err
	}
	bias := make([]float64, shape.Size())
	for i, x := range forget {
		if b.forget != none {
			b.part(bias, b.forget)[i] = x
		}
		if b.input != none {
			b.part(bias, b.input)[i] = -x
		}
	}
	return bias, nil
}
