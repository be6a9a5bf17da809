package activations

import "github.com/engram-go/engram/graph"

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
