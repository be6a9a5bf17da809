package activations

import (
	"math"

	"github.com/engram-go/engram/graph"
)

// clip is a straight line from the point (from, low) to the point (to, high),
// and flat outside.
func clip(name Name, from, to, low, high float64) func(graph.Value) graph.Value {
	a := (high - low) / (to - from)
	b := low - a*from
	return elementwise(name,
		func(x float64) float64 { return min(max(a*x+b, low), high) },
		func(x, _ float64) float64 {
			if x <= from || x >= to {
				return 0
			}
			return a
		})
}

func sparsePlus(x float64) float64 {
	switch {
	case x <= -1:
		return 0
	case x >= 1:
		return x
	}
	return (x + 1) * (x + 1) / 4
}

func sparsePlusSlope(x, _ float64) float64 { return min(max((x+1)/2, 0), 1) }

func hardSiLU(x float64) float64 {
	switch {
	case x <= -3:
		return 0
	case x >= 3:
		return x
	}
	return x * (x + 3) / 6
}

func hardSiLUSlope(x, _ float64) float64 {
	switch {
	case x <= -3:
		return 0
	case x >= 3:
		return 1
	}
	return (2*x + 3) / 6
}

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

// HardShrink is x where |x| > Threshold and 0 elsewhere.
type HardShrink struct {
	Threshold float64 // positive; 0 means 0.5
}

// Resolve fills in the default.
func (a HardShrink) Resolve() (Activation, error) {
	err := a.fill()
	return a, err
}

func (a *HardShrink) fill() error { return fillPositive("HardShrink.Threshold", &a.Threshold, 0.5) }

// Apply computes the activation.
func (a HardShrink) Apply(x graph.Value) graph.Value {
	x.Scope().Fail(a.fill())
	return x.Map("hard_shrink", func(x float64) float64 {
		if -a.Threshold <= x && x <= a.Threshold {
			return 0
		}
		return x
	}, a.slope)
}

func (a HardShrink) slope(x, _ float64) float64 {
	if -a.Threshold <= x && x <= a.Threshold {
		return 0
	}
	return 1
}

// SoftShrink moves x towards 0 by Threshold, and is 0 where |x| ≤ Threshold.
type SoftShrink struct {
	Threshold float64 // positive; 0 means 0.5
}

// Resolve fills in the default.
func (a SoftShrink) Resolve() (Activation, error) {
	err := a.fill()
	return a, err
}

func (a *SoftShrink) fill() error { return fillPositive("SoftShrink.Threshold", &a.Threshold, 0.5) }

// Apply computes the activation.
func (a SoftShrink) Apply(x graph.Value) graph.Value {
	x.Scope().Fail(a.fill())
	return x.Map("soft_shrink", func(x float64) float64 {
		return x - min(max(x, -a.Threshold), a.Threshold)
	}, HardShrink(a).slope)
}

// Threshold is x where x > Threshold and DefaultValue elsewhere. Both fields
// may be any finite number; with both 0 it is ReLU.
type Threshold struct {
	Threshold    float64
	DefaultValue float64
}

// Resolve checks the fields.
func (a Threshold) Resolve() (Activation, error) { return a, a.check() }

func (a Threshold) check() error {
	if err := checkFinite("Threshold.Threshold", a.Threshold); err != nil {
		return err
	}
	return checkFinite("Threshold.DefaultValue", a.DefaultValue)
}

// Apply computes the activation.
func (a Threshold) Apply(x graph.Value) graph.Value {
	x.Scope().Fail(a.check())
	return x.Map("threshold", func(x float64) float64 {
		if x <= a.Threshold {
			return a.DefaultValue
		}
		return x
	}, func(x, _ float64) float64 {
		if x <= a.Threshold {
			return 0
		}
		return 1
	})
}
