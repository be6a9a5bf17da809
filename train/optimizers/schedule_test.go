package optimizers_test

import (
	"math"
	"testing"

	"github.com/engram-go/engram/graph/graphtest"
	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/errs/errtest"
	"github.com/engram-go/engram/train/optimizers"
	"gorgonia.org/tensor"
)

// halving is a schedule that is valid where it is positive.
type halving float64

func (h halving) Rate(step int) float64 { return float64(h) / math.Exp2(float64(step)) }

func (h halving) Check() error {
	if h < 0 {
		return errs.Error{Field: "halving.Rate", Rule: "must not be negative", Value: float64(h)}
	}
	return nil
}

// bySteps is a schedule without a check.
type bySteps func(step int) float64

func (f bySteps) Rate(step int) float64 { return f(step) }

// pointed is a schedule by its pointer.
type pointed struct{ rate float64 }

func (p *pointed) Rate(int) float64 { return p.rate }

func TestSchedule(t *testing.T) {
	forSpecimens(t, func(t *testing.T, s specimen, dtype tensor.Dtype, _ float64) {
		o := withSchedule(s.zero(), halving(0.5))
		starts := map[string]graphtest.Array{"w": graphtest.Input(1, 3)}
		params, byHand := declare(t, dtype, starts), declare(t, dtype, starts)
		scheduled, set := begin(t, o, params), begin(t, s.zero(), byHand)
		for k := range 4 {
			want := 0.5 / math.Exp2(float64(k))
			if got := scheduled.LearningRate(); got != want {
				t.Errorf("%T: step %d has the rate %v, want %v", o, k, got, want)
			}
			if err := set.SetLearningRate(want); err != nil {
				t.Fatal(err)
			}
			g := dense(dtype, []int{3}, graphtest.Input(k+2, 3).Data...)
			step(t, scheduled, params, g)
			step(t, set, byHand, g)
			sameBits(t, "w", numbers(params.Get("w").Value()), numbers(byHand.Get("w").Value()))
			if k == 1 { // another state goes on
				params, scheduled = resume(t, o, dtype, starts, params, scheduled)
			}
		}
		errtest.Check(t, scheduled.SetLearningRate(0.1), errs.Error{Field: "learning rate", Value: 0.1})
	})
}

// withSchedule is an optimizer with a schedule.
func withSchedule(o optimizers.Optimizer, s optimizers.Schedule) optimizers.Optimizer {
	return withField(o, "Schedule", s)
}

func TestBadSchedules(t *testing.T) {
	each(t, func(t *testing.T, s specimen) {
		params := declare(t, tensor.Float32, map[string]graphtest.Array{"w": graphtest.Input(1, 2)})
		refused := func(o optimizers.Optimizer, want errs.Error) {
			t.Helper()
			_, err := optimizers.Start(o, params.All(), optimizers.Config{})
			errtest.Check(t, err, want)
		}
		refused(withSchedule(s.zero(), halving(-1)), errs.Error{Field: s.class() + ".Schedule.Rate", Value: -1})
		refused(withSchedule(with(s.zero(), "LearningRate", 0.5), halving(1)), errs.Error{Field: s.class() + ".LearningRate", Value: 0.5})
		refused(withSchedule(s.zero(), (*pointed)(nil)), errs.Error{Field: s.class() + ".Schedule"})

		// A rate that is wrong in the third step is an error of that step.
		for _, bad := range []float64{-1, math.NaN(), math.Inf(1), 1e50} {
			state := begin(t, withSchedule(s.zero(), bySteps(func(step int) float64 {
				if step == 2 {
					return bad
				}
				return 0.1
			})), params)
			g := dense(tensor.Float32, []int{2}, 1, 2)
			step(t, state, params, g)
			step(t, state, params, g)
			before := numbers(params.Get("w").Value())
			errtest.Check(t, state.Step([]*tensor.Dense{g}), errs.Error{Field: "Schedule", Value: bad})
			sameBits(t, "w", numbers(params.Get("w").Value()), before)
		}
	})
}
