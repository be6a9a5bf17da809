package initializers

import (
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/engram-go/engram/graph"
)

// RandomNormal draws from a normal distribution.
type RandomNormal struct {
	Mean   float64 // any finite number
	Stddev float64 // standard deviation, positive; 0 means 0.05
}

// Resolve fills in the default.
func (n RandomNormal) Resolve() (graph.Initializer, error) {
	err := n.fill()
	return n, err
}

func (n *RandomNormal) fill() error {
	if err := checkFinite("RandomNormal.Mean", n.Mean); err != nil {
		return err
	}
	return fillPositive("RandomNormal.Stddev", &n.Stddev, 0.05)
}

// Init makes the elements.
func (n RandomNormal) Init(r *rand.Rand, shape graph.Shape) ([]float64, error) {
	if err := n.fill(); err != nil {
		return nil, err
	}
	return draw(shape, func() float64 { return n.Mean + n.Stddev*r.NormFloat64() })
}

// TruncatedNormal draws from a normal distribution, and again wherever a draw
// is more than two standard deviations from the mean. The result has 0.88 times the
// deviation.
type TruncatedNormal struct {
	Mean   float64 // any finite number
	Stddev float64 // standard deviation before the cut, positive; 0 means 0.05
}

// Resolve fills in the default.
func (n TruncatedNormal) Resolve() (graph.Initializer, error) {
	err := n.fill()
	return n, err
}

func (n *TruncatedNormal) fill() error {
	if err := checkFinite("TruncatedNormal.Mean", n.Mean); err != nil {
		return err
	}
	return fillPositive("TruncatedNormal.Stddev", &n.Stddev, 0.05)
}

// Init makes the elements.
func (n TruncatedNormal) Init(r *rand.Rand, shape graph.Shape) ([]float64, error) {
	if err := n.fill(); err != nil {
		return nil, err
	}
	return draw(shape, func() float64 {
		z := r.NormFloat64()
		for math.Abs(z) > 2 {
			z = r.NormFloat64()
		}
		return n.Mean + n.Stddev*z
	})
}

// RandomUniform draws from a uniform distribution from Min to Max.
type RandomUniform struct {
	Min, Max float64 // Min < Max; both 0 mean −0.05 and 0.05
}

// Resolve fills in the default.
func (u RandomUniform) Resolve() (graph.Initializer, error) {
	err := u.fill()
	return u, err
}

func (u *RandomUniform) fill() error {
	if u.Min == 0 && u.Max == 0 {
		u.Min, u.Max = -0.05, 0.05
	}
	if err := checkFinite("RandomUniform.Min", u.Min); err != nil {
		return err
	}
	if err := checkFinite("RandomUniform.Max", u.Max); err != nil {
		return err
	}
	if u.Min >= u.Max {
		return graph.Error{Field: "RandomUniform.Max", Rule: "must be greater than Min", Value: u.Max}
	}
	return nil
}

// Init makes the elements.
func (u RandomUniform) Init(r *rand.Rand, shape graph.Shape) ([]float64, error) {
	if err := u.fill(); err != nil {
		return nil, err
	}
	return draw(shape, func() float64 {
		x := r.Float64()
		return u.Min*(1-x) + u.Max*x // Max − Min could overflow
	})
}

// Chrono is for the BiasInitializer of LSTM and GRU (Tallec & Ollivier 2018, "Can
// recurrent neural networks warp time?"): the units of a new layer forget at different
// rates, up to the longest expected dependency T,
//
//	b_f = log u, with u uniform on [1, T − 1]    b_i = −b_f
//
// since a unit whose forget gate is σ(b_f) remembers for about 1/(1 − σ(b_f)) =
// 1 + u steps. The biases of the other gates are 0. An LSTM with CoupledGates has
// b_i only. In a GRU z is the gate that keeps the state, so b_z = log u; this is the
// paper's formula for gated recurrent networks, −log(U(T_min, T_max) − 1) for the gate
// 1 − z, with T_min = 2.
//
// NoUnitForgetBias has no effect then. In other layers every element is log u.
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
