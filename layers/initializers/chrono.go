package initializers

import (
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/engram-go/engram/graph"
)

// Chrono is for the BiasInitializer of LSTM and GRU (Tallec & Ollivier 2018, "Can
// recurrent neural networks warp time?"): it lets the units of a new layer forget
// at very different rates, up to the longest dependency T that is expected,
//
//	b_f = log u, with u uniform on [1, T − 1]    b_i = −b_f
//
// since a unit whose forget gate is σ(b_f) remembers for about 1/(1 − σ(b_f)) =
// 1 + u steps. The biases of the other gates are 0. An LSTM with CoupledGates has
// b_i alone. In a GRU the part of the forget gate is played by z, so b_z = log u;
// this is the paper's formula for gated recurrent networks, −log(U(T_min, T_max) − 1)
// for the gate 1 − z, with T_min = 2.
//
// NoUnitForgetBias changes nothing then. In other layers every element is log u.
type Chrono struct {
	MaxSteps int // T, in steps; required, at least 2 and less than 2³¹
}

// Resolve checks the steps.
func (c Chrono) Resolve() (graph.Initializer, error) { return c, c.check() }

func (c Chrono) check() error {
	if c.MaxSteps < 2 || c.MaxSteps > math.MaxInt32 {
		return graph.Error{Field: "Chrono.MaxSteps", Rule: fmt.Sprintf("must be from 2 to %d", math.MaxInt32), Value: c.MaxSteps}
	}
	return nil
}

// Init makes the elements.
func (c Chrono) Init(r *rand.Rand, shape graph.Shape) ([]float64, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	return draw(shape, func() float64 { return math.Log(1 + r.Float64()*float64(c.MaxSteps-2)) })
}
