package activations

import "github.com/engram-go/engram/graph"

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
func (a LeakyReLU) Apply(x graph.Value) graph.Value { return apply(a, a.fill(), x) }

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
func (a ELU) Apply(x graph.Value) graph.Value { return apply(a, a.fill(), x) }

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
func (a CELU) Apply(x graph.Value) graph.Value { return apply(a, a.fill(), x) }

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
func (a HardShrink) Apply(x graph.Value) graph.Value { return apply(a, a.fill(), x) }

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
func (a SoftShrink) Apply(x graph.Value) graph.Value { return apply(a, a.fill(), x) }

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
func (a Threshold) Apply(x graph.Value) graph.Value { return apply(a, a.check(), x) }
