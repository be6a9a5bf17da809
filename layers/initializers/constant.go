package initializers

import (
	"math/rand/v2"

	"github.com/engram-go/engram/graph"
)

// Constant gives every element the same value.
type Constant struct {
	Value float64 // any finite number
}

// Resolve checks the value.
func (c Constant) Resolve() (graph.Initializer, error) {
	return c, checkFinite("Constant.Value", c.Value)
}

// Init makes the elements.
func (c Constant) Init(_ *rand.Rand, shape graph.Shape) ([]float64, error) {
	if err := checkFinite("Constant.Value", c.Value); err != nil {
		return nil, err
	}
	return draw(shape, func() float64 { return c.Value })
}

// Identity is a matrix with Gain on its diagonal and 0 elsewhere; it need not
// be square. Only a shape of two axes has it.
type Identity struct {
	Gain float64 // positive; 0 means 1
}

// Resolve fills in the default.
func (i Identity) Resolve() (graph.Initializer, error) {
	err := i.fill()
	return i, err
}

func (i *Identity) fill() error { return fillPositive("Identity.Gain", &i.Gain, 1) }

// Init makes the elements.
func (i Identity) Init(_ *rand.Rand, shape graph.Shape) ([]float64, error) {
	if err := i.fill(); err != nil {
		return nil, err
	}
	if shape.Rank() != 2 {
		return nil, graph.Error{Field: "Identity", Rule: "must have a shape of two axes", Value: shape.String()}
	}
	out, err := draw(shape, func() float64 { return 0 })
	for at := 0; at < min(len(out), shape[1]*shape[1]); at += shape[1] + 1 {
		out[at] = i.Gain
	}
	return out, err
}
