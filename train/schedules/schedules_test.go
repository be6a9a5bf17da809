package schedules_test

import (
	"math"
	"reflect"
	"testing"

	"github.com/engram-go/engram/graph/graphtest"
	"github.com/engram-go/engram/internal/conformance"
	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/errs/errtest"
	"github.com/engram-go/engram/train/optimizers"
	"github.com/engram-go/engram/train/schedules"
	"pgregory.net/rapid"
)

// specimen describes a schedule for the tests that every schedule must pass.
type specimen struct {
	// Golden has the schedules of testdata/schedules.npz, by name in
	// testdata/schedules.py, which writes it.
	Golden map[string]optimizers.Schedule
	// Bad has configs that are refused, by the field that the error names.
	Bad map[string]optimizers.Schedule
}

var specimens = []specimen{
	{map[string]optimizers.Schedule{
		"exponential":        schedules.ExponentialDecay{InitialLearningRate: 0.1, DecaySteps: 30, DecayRate: 0.5},
		"torch_exponential":  schedules.ExponentialDecay{InitialLearningRate: 0.1, DecaySteps: 30, DecayRate: 0.5},
		"exponential_stairs": schedules.ExponentialDecay{InitialLearningRate: 0.1, DecaySteps: 30, DecayRate: 0.5, Staircase: true},
	}, map[string]optimizers.Schedule{
		"InitialLearningRate": schedules.ExponentialDecay{DecaySteps: 30, DecayRate: 0.5},
		"DecaySteps":          schedules.ExponentialDecay{InitialLearningRate: 0.1, DecayRate: 0.5},
		"DecayRate":           schedules.ExponentialDecay{InitialLearningRate: 0.1, DecaySteps: 30, DecayRate: math.NaN()},
	}},
	{map[string]optimizers.Schedule{
		"inverse":        schedules.InverseTimeDecay{InitialLearningRate: 0.1, DecaySteps: 20, DecayRate: 0.5},
		"inverse_stairs": schedules.InverseTimeDecay{InitialLearningRate: 0.1, DecaySteps: 20, DecayRate: 0.5, Staircase: true},
	}, map[string]optimizers.Schedule{
		"InitialLearningRate": schedules.InverseTimeDecay{InitialLearningRate: math.Inf(1), DecaySteps: 20, DecayRate: 0.5},
		"DecaySteps":          schedules.InverseTimeDecay{InitialLearningRate: 0.1, DecaySteps: -1, DecayRate: 0.5},
		"DecayRate":           schedules.InverseTimeDecay{InitialLearningRate: 0.1, DecaySteps: 20},
	}},
	{map[string]optimizers.Schedule{
		"polynomial":         schedules.PolynomialDecay{InitialLearningRate: 0.1, DecaySteps: 120},
		"polynomial_options": schedules.PolynomialDecay{InitialLearningRate: 0.1, DecaySteps: 120, EndLearningRate: new(0.01), Power: 2.5},
		"polynomial_cycle":   schedules.PolynomialDecay{InitialLearningRate: 0.1, DecaySteps: 60, EndLearningRate: new(0.01), Power: 0.5, Cycle: true},
		"torch_polynomial":   schedules.PolynomialDecay{InitialLearningRate: 0.1, DecaySteps: 120, EndLearningRate: new(0.0), Power: 2},
	}, map[string]optimizers.Schedule{
		"InitialLearningRate": schedules.PolynomialDecay{InitialLearningRate: -1, DecaySteps: 120},
		"DecaySteps":          schedules.PolynomialDecay{InitialLearningRate: 0.1},
		"EndLearningRate":     schedules.PolynomialDecay{InitialLearningRate: 0.1, DecaySteps: 120, EndLearningRate: new(-1.0)},
		"Power":               schedules.PolynomialDecay{InitialLearningRate: 0.1, DecaySteps: 120, Power: -1},
	}},
	{map[string]optimizers.Schedule{
		"piecewise":       schedules.PiecewiseConstantDecay{Boundaries: []int{50, 51, 120}, Values: []float64{0.1, 0.02, 0.05, 0}},
		"torch_piecewise": schedules.PiecewiseConstantDecay{Boundaries: []int{50, 120}, Values: []float64{0.1, 0.01, 0.001}},
	}, map[string]optimizers.Schedule{
		"Values":        schedules.PiecewiseConstantDecay{},
		"Values[1]":     schedules.PiecewiseConstantDecay{Boundaries: []int{1}, Values: []float64{1, -1}},
		"Boundaries[1]": schedules.PiecewiseConstantDecay{Boundaries: []int{1, 1}, Values: []float64{1, 2, 3}},
	}},
	{map[string]optimizers.Schedule{
		"cosine":         schedules.CosineDecay{InitialLearningRate: 0.1, DecaySteps: 150},
		"cosine_options": schedules.CosineDecay{InitialLearningRate: 0.02, DecaySteps: 100, Alpha: 0.1, WarmupTarget: 0.1, WarmupSteps: 40},
	}, map[string]optimizers.Schedule{
		"InitialLearningRate": schedules.CosineDecay{DecaySteps: 150},
		"DecaySteps":          schedules.CosineDecay{InitialLearningRate: 0.1},
		"Alpha":               schedules.CosineDecay{InitialLearningRate: 0.1, DecaySteps: 150, Alpha: 1.5},
		"WarmupTarget":        schedules.CosineDecay{DecaySteps: 150, WarmupTarget: -1, WarmupSteps: 1},
		"WarmupSteps":         schedules.CosineDecay{InitialLearningRate: 0.1, DecaySteps: 150, WarmupSteps: 1},
	}},
	{map[string]optimizers.Schedule{
		"restarts":         schedules.CosineDecayRestarts{InitialLearningRate: 0.1, FirstDecaySteps: 30},
		"restarts_options": schedules.CosineDecayRestarts{InitialLearningRate: 0.1, FirstDecaySteps: 20, TMul: 1.5, MMul: 0.8, Alpha: 0.1},
		"torch_restarts":   schedules.CosineDecayRestarts{InitialLearningRate: 0.1, FirstDecaySteps: 25, TMul: 1, Alpha: 0.1},
		"torch_restarts_3": schedules.CosineDecayRestarts{InitialLearningRate: 0.1, FirstDecaySteps: 20, TMul: 3},
	}, map[string]optimizers.Schedule{
		"InitialLearningRate": schedules.CosineDecayRestarts{FirstDecaySteps: 30},
		"FirstDecaySteps":     schedules.CosineDecayRestarts{InitialLearningRate: 0.1},
		"TMul":                schedules.CosineDecayRestarts{InitialLearningRate: 0.1, FirstDecaySteps: 30, TMul: 0.5},
		"MMul":                schedules.CosineDecayRestarts{InitialLearningRate: 0.1, FirstDecaySteps: 30, MMul: -1},
		"Alpha":               schedules.CosineDecayRestarts{InitialLearningRate: 0.1, FirstDecaySteps: 30, Alpha: math.NaN()},
	}},
	{map[string]optimizers.Schedule{
		"onecycle":        schedules.OneCycle{MaxLearningRate: 0.1, TotalSteps: 200},
		"onecycle_linear": schedules.OneCycle{MaxLearningRate: 0.1, TotalSteps: 200, PctStart: 0.25, Linear: true, DivFactor: 10, FinalDivFactor: 100},
		"onecycle_three":  schedules.OneCycle{MaxLearningRate: 0.1, TotalSteps: 200, ThreePhase: true},
	}, map[string]optimizers.Schedule{
		"MaxLearningRate": schedules.OneCycle{TotalSteps: 200},
		"TotalSteps":      schedules.OneCycle{MaxLearningRate: 0.1, TotalSteps: 3},
		"PctStart":        schedules.OneCycle{MaxLearningRate: 0.1, TotalSteps: 200, PctStart: 1},
		"DivFactor":       schedules.OneCycle{MaxLearningRate: 0.1, TotalSteps: 200, DivFactor: -1},
		"FinalDivFactor":  schedules.OneCycle{MaxLearningRate: 0.1, TotalSteps: 200, FinalDivFactor: math.Inf(1)},
	}},
}

type checked interface {
	optimizers.Schedule
	Check() error
}

func TestEveryScheduleHasASpecimen(t *testing.T) {
	var described []string
	for _, s := range specimens {
		for _, g := range s.Golden {
			described = append(described, reflect.TypeOf(g).Name())
			break
		}
	}
	conformance.Described(t, "Rate", described, "Golden: schedules.%s{...}, ...", "schedules_test.go")
}

func TestGolden(t *testing.T) {
	golden := graphtest.Golden(t, "testdata/schedules.npz")
	for _, s := range specimens {
		for name, schedule := range s.Golden {
			if err := schedule.(checked).Check(); err != nil {
				t.Error(err)
			}
			want := golden[name].Data
			if len(want) != 200 {
				t.Fatalf("%s: %d rates", name, len(want))
			}
			got := make([]float64, len(want))
			for step := range got {
				got[step] = schedule.Rate(step)
			}
			graphtest.CheckOutput(t, name, got, want, 1e-12)
		}
	}
}

// Fields are refused by name, by Start as by Check, and a wrong schedule does not panic.
func TestBadFields(t *testing.T) {
	for _, s := range specimens {
		for field, schedule := range s.Bad {
			name := reflect.TypeOf(schedule).Name()
			errtest.Check(t, schedule.(checked).Check(), errs.Error{Field: name + "." + field})
			schedule.Rate(0)
			schedule.Rate(math.MaxInt)
		}
		for name, schedule := range s.Golden {
			zero := reflect.Zero(reflect.TypeOf(schedule)).Interface().(checked)
			if zero.Check() == nil {
				t.Errorf("%s: the zero value has no rate, but is accepted", name)
			}
			zero.Rate(5)
		}
	}
}

// Rates stay finite and within their limits however long a training is.
func TestLongTrainings(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		step := rapid.IntRange(0, math.MaxInt).Draw(t, "step")
		for _, s := range specimens {
			for name, schedule := range s.Golden {
				if rate := schedule.Rate(step); !(rate >= 0 && rate <= 0.1+1e-15) {
					t.Fatalf("%s: the rate of step %d is %v", name, step, rate)
				}
			}
		}
	})
}

// Every period begins at the full rate, at its first step.
func TestRestartsBeginExactly(t *testing.T) {
	for _, c := range []struct {
		mul   float64
		first int
	}{{1, 7}, {2, 1}, {2, 7}, {3, 7}, {5, 2}, {10, 3}} {
		s := schedules.CosineDecayRestarts{InitialLearningRate: 1, FirstDecaySteps: c.first, TMul: c.mul}
		for start, length := 0, c.first; start < 1000*c.first*int(c.mul); start, length = start+length, length*int(c.mul) {
			if rate := s.Rate(start); rate != 1 {
				t.Errorf("%+v: the rate of step %d is %v", s, start, rate)
			}
			if last := s.Rate(start + length - 1); length > 2 && !(last < 0.3) {
				t.Errorf("%+v: the rate of step %d is %v", s, start+length-1, last)
			}
		}
	}
}
