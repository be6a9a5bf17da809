// Package schedules has learning rates that change with the steps of a training. A
// schedule is a plain config value, for the field Schedule of any optimizer:
//
//	optimizers.Adam{Schedule: schedules.CosineDecay{InitialLearningRate: 0.01, DecaySteps: 2000}}
//
// Names, defaults and formulas are those of Keras 3; OneCycle is PyTorch's. A step is a
// batch: an epoch of 3200 samples has 100 steps if a batch has 32. With
// train.Config.GradientAccumulationSteps, too, batches count. The first step is step 0.
// Compile checks all fields. A schedule of your own is a type with the method Rate of
// optimizers.Schedule; the package example has one.
package schedules

import (
	"math"

	"github.com/engram-go/engram/graph"
)

// All lists every schedule of this package, with zero fields. A registry of saved configs
// starts from it.
func All() []any {
	return []any{CosineDecay{}, CosineDecayRestarts{}, ExponentialDecay{}, InverseTimeDecay{}, OneCycle{}, PiecewiseConstantDecay{}, PolynomialDecay{}}
}

// fields checks the fields of a schedule. The first error is kept.
type fields struct {
	class string // such as "CosineDecay"
	err   error
}

func (f *fields) fail(name, rule string, value any) {
	if f.err == nil {
		f.err = graph.Error{Field: f.class + "." + name, Rule: rule, Value: value}
	}
}

func (f *fields) positive(name string, x float64) {
	if !(x > 0) || math.IsInf(x, 1) {
		f.fail(name, "must be finite and positive", x)
	}
}

func (f *fields) notNegative(name string, x float64) {
	if !(x >= 0) || math.IsInf(x, 1) {
		f.fail(name, "must be finite and not negative", x)
	}
}

func (f *fields) share(name string, x float64) {
	if !(x >= 0 && x <= 1) {
		f.fail(name, "must lie in [0, 1]", x)
	}
}

func (f *fields) steps(name string, n int) {
	if n < 1 {
		f.fail(name, "must be positive", n)
	}
}
