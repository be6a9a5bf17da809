package schedules

import (
	"cmp"
	"fmt"
	"math"
	"sort"

	"github.com/engram-go/engram/train/optimizers"
)

var (
	_ optimizers.Schedule = ExponentialDecay{}
	_ optimizers.Schedule = InverseTimeDecay{}
	_ optimizers.Schedule = PolynomialDecay{}
	_ optimizers.Schedule = PiecewiseConstantDecay{}
)

// ExponentialDecay multiplies the rate by DecayRate in every DecaySteps steps:
//
//	InitialLearningRate · DecayRate^(step/DecaySteps)
//
// With Staircase the exponent is rounded down, so that the rate falls at once.
type ExponentialDecay struct {
	InitialLearningRate float64 // required, positive
	DecaySteps          int     // required, positive
	DecayRate           float64 // required, positive
	Staircase           bool
}

// Rate is the learning rate of a step, from 0.
func (d ExponentialDecay) Rate(step int) float64 {
	return d.InitialLearningRate * math.Pow(d.DecayRate, passed(step, d.DecaySteps, d.Staircase))
}

// Check reports a field that is not valid.
func (d ExponentialDecay) Check() error {
	f := fields{class: "ExponentialDecay"}
	f.positive("InitialLearningRate", d.InitialLearningRate)
	f.steps("DecaySteps", d.DecaySteps)
	f.positive("DecayRate", d.DecayRate)
	return f.err
}

// passed is how many times a number of steps has passed.
func passed(step, steps int, staircase bool) float64 {
	if p := float64(step) / float64(steps); !staircase {
		return p
	}
	return float64(step / max(1, steps))
}

// InverseTimeDecay divides the rate by a number that grows with the steps:
//
//	InitialLearningRate / (1 + DecayRate·step/DecaySteps)
//
// With Staircase the quotient step/DecaySteps is rounded down.
type InverseTimeDecay struct {
	InitialLearningRate float64 // required, positive
	DecaySteps          int     // required, positive
	DecayRate           float64 // required, positive
	Staircase           bool
}

// Rate is the learning rate of a step, from 0.
func (d InverseTimeDecay) Rate(step int) float64 {
	return d.InitialLearningRate / (1 + d.DecayRate*passed(step, d.DecaySteps, d.Staircase))
}

// Check reports a field that is not valid.
func (d InverseTimeDecay) Check() error {
	f := fields{class: "InverseTimeDecay"}
	f.positive("InitialLearningRate", d.InitialLearningRate)
	f.steps("DecaySteps", d.DecaySteps)
	f.positive("DecayRate", d.DecayRate)
	return f.err
}

// PolynomialDecay lowers the rate to EndLearningRate within DecaySteps steps:
//
//	(InitialLearningRate − EndLearningRate) · (1 − step/DecaySteps)^Power + EndLearningRate
//
// and keeps it there. With Cycle, the rate rises again and reaches its end at the next
// multiple of DecaySteps, which takes the place of DecaySteps in the equation.
type PolynomialDecay struct {
	InitialLearningRate float64  // required, positive
	DecaySteps          int      // required, positive
	EndLearningRate     *float64 // nil means 0.0001
	Power               float64  // default 1, a straight line
	Cycle               bool
}

// Rate is the learning rate of a step, from 0.
func (d PolynomialDecay) Rate(step int) float64 {
	at, steps := float64(step), float64(d.DecaySteps)
	if d.Cycle {
		steps *= max(1, math.Ceil(at/steps))
	}
	end := d.end()
	return (d.InitialLearningRate-end)*math.Pow(1-min(at, steps)/steps, cmp.Or(d.Power, 1)) + end
}

func (d PolynomialDecay) end() float64 {
	if d.EndLearningRate == nil {
		return 1e-4
	}
	return *d.EndLearningRate
}

// Check reports a field that is not valid.
func (d PolynomialDecay) Check() error {
	f := fields{class: "PolynomialDecay"}
	f.positive("InitialLearningRate", d.InitialLearningRate)
	f.steps("DecaySteps", d.DecaySteps)
	f.notNegative("EndLearningRate", d.end())
	f.positive("Power", cmp.Or(d.Power, 1))
	return f.err
}

// PiecewiseConstantDecay has a rate for each of several ranges of steps: Values[0] up to
// and with step Boundaries[0], then Values[1] up to and with step Boundaries[1], and so on.
type PiecewiseConstantDecay struct {
	Boundaries []int     // ascending
	Values     []float64 // required, one more than Boundaries
}

// Rate is the learning rate of a step, from 0.
func (d PiecewiseConstantDecay) Rate(step int) float64 {
	i := sort.SearchInts(d.Boundaries, step)
	if i >= len(d.Values) {
		return math.NaN() // Check refuses it
	}
	return d.Values[i]
}

// Check reports a field that is not valid.
func (d PiecewiseConstantDecay) Check() error {
	f := fields{class: "PiecewiseConstantDecay"}
	if len(d.Values) != len(d.Boundaries)+1 {
		f.fail("Values", fmt.Sprintf("must be one more than the %d Boundaries", len(d.Boundaries)), len(d.Values))
	}
	for i, b := range d.Boundaries {
		if i > 0 && b <= d.Boundaries[i-1] || b < 0 {
			f.fail(fmt.Sprintf("Boundaries[%d]", i), "must not be negative, and larger than the one before", b)
		}
	}
	for i, v := range d.Values {
		f.notNegative(fmt.Sprintf("Values[%d]", i), v)
	}
	return f.err
}
