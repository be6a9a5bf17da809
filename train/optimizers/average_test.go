package optimizers_test

import (
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/graph/graphtest"
	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/errs/errtest"
	"github.com/engram-go/engram/train/optimizers"
	"gorgonia.org/tensor"
)

// The averages are those of Keras' formula, in a plain loop.
func TestAverages(t *testing.T) {
	bothDtypes(t, func(t *testing.T, dtype tensor.Dtype, tol float64) {
		for _, every := range []int{0, 1, 3} {
			starts := map[string]graphtest.Array{"w": graphtest.Input(1, 20)}
			params, plain := declare(t, dtype, starts), declare(t, dtype, starts)
			s := beginWith(t, optimizers.SGD{LearningRate: 0.1, Momentum: 0.5}, params, optimizers.Config{EMA: &optimizers.EMA{Momentum: new(0.9), OverwriteFrequency: every}})
			other := begin(t, optimizers.SGD{LearningRate: 0.1, Momentum: 0.5}, plain)
			average := make([]float64, 20)
			for k := range 200 {
				g := gradients(dtype, params, k)
				step(t, s, params, g...)
				step(t, other, plain, g...)
				momentum := 0.9
				if k == 0 {
					momentum = 0
				}
				w := numbers(plain.Get("w").Value())
				for i := range average {
					average[i] = momentum*average[i] + (1-momentum)*w[i]
				}
				if every > 0 && (k+1)%every == 0 {
					if err := plain.Set(map[string]*tensor.Dense{"w": dense(dtype, []int{20}, average...)}); err != nil {
						t.Fatal(err)
					}
				}
				graphtest.CheckOutput(t, "average", numbers(s.Tensors()["sgd/average/w"]), average, tol)
				graphtest.CheckOutput(t, "w", numbers(params.Get("w").Value()), numbers(plain.Get("w").Value()), tol)
			}
		}
	})
}

// With a momentum of 0 the averages are the weights, to the bit.
func TestAveragesWithoutMomentum(t *testing.T) {
	params := declare(t, tensor.Float32, map[string]graphtest.Array{"w": {Shape: graph.Shape{1}, Data: []float64{0}}})
	s := beginWith(t, optimizers.SGD{}, params, optimizers.Config{EMA: &optimizers.EMA{Momentum: new(0.0)}})
	for _, w := range []float64{1, 1e8, 1.3} {
		if err := params.Set(map[string]*tensor.Dense{"w": dense(tensor.Float32, []int{1}, w)}); err != nil {
			t.Fatal(err)
		}
		step(t, s, params, dense(tensor.Float32, []int{1}, 0))
		sameBits(t, "average", numbers(s.Tensors()["sgd/average/w"]), numbers(params.Get("w").Value()))
	}
}

func TestSwap(t *testing.T) {
	params := declare(t, tensor.Float64, map[string]graphtest.Array{"w": {Shape: graph.Shape{1}, Data: []float64{1}}})
	w := func() float64 { return numbers(params.Get("w").Value())[0] }
	swap := func(s *optimizers.State) {
		t.Helper()
		if err := params.Update(s.Swap); err != nil {
			t.Fatal(err)
		}
	}
	s := begin(t, optimizers.SGD{}, params)
	errtest.Check(t, s.Swap(), errs.Error{Field: "EMA"})
	if err := s.Finish(); err != nil || w() != 1 {
		t.Errorf("%v, the weight is %v", err, w())
	}

	o, cfg := optimizers.SGD{LearningRate: 1}, optimizers.Config{EMA: &optimizers.EMA{Momentum: new(0.75)}}
	s = beginWith(t, o, params, cfg)
	swap(s)
	if w() != 1 {
		t.Errorf("before the first step the average is %v", w())
	}
	swap(s)
	g := dense(tensor.Float64, []int{1}, -4)
	step(t, s, params, g) // 5 and 5
	step(t, s, params, g) // 9 and 6
	swap(s)
	if w() != 6 || !s.Swapped() {
		t.Errorf("the weight is %v, want the average 6", w())
	}
	errtest.Check(t, s.Step([]*tensor.Dense{g}), errs.Error{Field: "weights"})
	other := beginWith(t, o, params, cfg)
	if err := other.Restore(s.Tensors()); err != nil {
		t.Fatal(err)
	}
	if s = other; !s.Swapped() {
		t.Error("a state that is restored has forgotten that the weights are averages")
	}
	swap(s)
	if w() != 9 || s.Swapped() {
		t.Errorf("the weight is %v, want 9", w())
	}
	for _, swapped := range []bool{false, true} {
		step(t, s, params, dense(tensor.Float64, []int{1}, 0))
		if swapped {
			swap(s)
		}
		if err := params.Update(s.Finish); err != nil || s.Swapped() {
			t.Errorf("%v, swapped is %v", err, s.Swapped())
		}
		if average := numbers(s.Tensors()["sgd/average/w"])[0]; average != w() || w() != 6.75 {
			t.Errorf("the weight is %v and the average %v, want 6.75", w(), average)
		}
	}
}
