package activations

import (
	"math"

	"github.com/engram-go/engram/graph"
)

// LeakyReLU is x where x > 0 and NegativeSlope · x elsewhere.
type LeakyReLU struct {
	NegativeSlope float64 // positive; 0 means 0.2. For a slope of 0 there is ReLU.
}

// Resolve fills in the default.
func (a LeakyReLU) Resolve() (Activation, error) {
	err := a.fill()
	return a, err
}

func (a *LeakyReLU) fill() error {
	return fillPositive("LeakyReLU.NegativeSlope", &a.NegativeSlope, 0.2)
}

// Apply computes the activation.
func (a LeakyReLU) Apply(x graph.Value) graph.Value {
	x.Scope().Fail(a.fill())
	return x.Map("leaky_relu", func(x float64) float64 {
		if x <= 0 {
			return a.NegativeSlope * x
		}
		return x
	}, func(x, _ float64) float64 {
		if x <= 0 {
			return a.NegativeSlope
		}
		return 1
	})
}

// ELU is x where x > 0 and Alpha · (eˣ − 1) elsewhere (Clevert and others,
// 2016, https://arxiv.org/abs/1511.07289).
type ELU struct {
	Alpha float64 // positive; 0 means 1
}

// Resolve fills in the default.
func (a ELU) Resolve() (Activation, error) {
	err := a.fill()
	return a, err
}

func (a *ELU) fill() error { return fillPositive("ELU.Alpha", &a.Alpha, 1) }

// Apply computes the activation.
func (a ELU) Apply(x graph.Value) graph.Value {
	x.Scope().Fail(a.fill())
	return x.Map("elu", func(x float64) float64 {
		if x <= 0 {
			return a.Alpha * math.Expm1(x)
		}
		return x
	}, func(x, _ float64) float64 {
		if x <= 0 {
			return a.Alpha * math.Exp(x)
		}
		return 1
	})
}

// CELU is x where x > 0 and Alpha · (e^(x/Alpha) − 1) elsewhere: an ELU without
// a corner at 0 (Barron, 2017, https://arxiv.org/abs/1704.07483).
type CELU struct {
	Alpha float64 // positive; 0 means 1
}

// Resolve fills in the default.
func (a CELU) Resolve() (Activation, error) {
	err := a.fill()
	return a, err
}

func (a *CELU) fill() error { return fillPositive("CELU.Alpha", &a.Alpha, 1) }

// Apply computes the activation.
func (a CELU) Apply(x graph.Value) graph.Value {
	x.Scope().Fail(a.fill())
	return x.Map("celu", func(x float64) float64 {
		if x <= 0 {
			return a.Alpha * math.Expm1(x/a.Alpha)
		}
		return x
	}, func(x, _ float64) float64 {
		if x <= 0 {
			return math.Exp(x / a.Alpha)
		}
		return 1
	})
}
