package optimizers

import (
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/internal/dense"
	"github.com/engram-go/engram/internal/errs"
	"gorgonia.org/tensor"
)

// maxIterations is the largest count up to which float64 and int hold every integer.
const maxIterations = min(1<<53, math.MaxInt)

// Tensors are copies of everything that the state holds: the slots of each
// parameter, such as "adam/m/<path>", of the parameter's shape and dtype; and
// "adam/iterations" and "adam/learning_rate", [1] in float64. With
// Config.GradientAccumulationSteps and Config.EMA there are also
// "adam/gradient_accumulator/<path>", "adam/average/<path>", "adam/accumulated" and
// "adam/swapped". A state of an equal optimizer and Config that restores them continues
// with the same bits.
func (s *State) Tensors() map[string]*tensor.Dense {
	out := map[string]*tensor.Dense{}
	for name, value := range s.numbers() {
		out[name] = dense.Of([]float64{value}, 1)
	}
	s.each(func(name string, i, j int) { out[name] = s.elements.slot(i, j).Clone().(*tensor.Dense) })
	return out
}

// numbers are what the state holds beside the slots, by the names of tensors.
func (s *State) numbers() map[string]float64 {
	out := map[string]float64{s.iterationsName(): float64(s.iterations), s.learningRateName(): s.LearningRate()}
	if s.accumulator != nil {
		out[s.accumulatedName()] = float64(s.accumulator.done)
	}
	if s.average.slot >= 0 {
		out[s.swappedName()] = 0
		if s.swapped {
			out[s.swappedName()] = 1
		}
	}
	return out
}

// Restore sets the state to what Tensors gave, including the learning rate unless there
// is a Schedule, which gives it. It must be given exactly the names of Tensors, with equal
// shapes and dtypes and valid elements. An error changes nothing.
func (s *State) Restore(tensors map[string]*tensor.Dense) error {
	want := s.Tensors()
	for _, name := range slices.Sorted(maps.Keys(tensors)) {
		if want[name] == nil {
			return graph.Error{Path: name, Field: "tensor", Rule: "must belong to the optimizer and its parameters"}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(want)) {
		t, ok := tensors[name]
		if !ok {
			return graph.Error{Path: name, Field: "tensor", Rule: "must be present"}
		}
		if err := dense.Check(t, want[name].Dtype(), graph.Shape(want[name].Shape())); err != nil {
			return errs.At(err, name, "")
		}
	}
	if err := s.checkSquares(tensors); err != nil {
		return err
	}
	number := func(name string) float64 { return dense.Contiguous(tensors[name]).Float64s()[0] }
	counts := map[string]int{}
	for name, most := range s.counts() {
		x := number(name)
		if x < 0 || x > float64(most) || x != math.Trunc(x) {
			return graph.Error{Path: name, Field: "element", Rule: fmt.Sprintf("must be a whole number from 0 to %d", most), Value: x}
		}
		counts[name] = int(x)
	}
	rate := number(s.learningRateName())
	if !s.valid(rate) {
		return graph.Error{Path: s.learningRateName(), Field: "learning rate", Rule: "must be finite and not negative", Value: rate}
	}
	s.learningRate, s.iterations, s.swapped = rate, counts[s.iterationsName()], counts[s.swappedName()] == 1
	if s.accumulator != nil {
		s.accumulator.restored(counts[s.accumulatedName()])
	}
	s.each(func(name string, i, j int) { s.elements.setSlot(i, j, tensors[name]) })
	return nil
}

// counts are the numbers of the state that count, each with the most that it may be.
func (s *State) counts() map[string]int {
	out := map[string]int{s.iterationsName(): maxIterations}
	if s.accumulator != nil {
		out[s.iterationsName()] = maxIterations / s.accumulator.steps
		out[s.accumulatedName()] = s.accumulator.steps - 1
	}
	if s.average.slot >= 0 {
		out[s.swappedName()] = 1
	}
	return out
}

// checkSquares reports the first negative square, whose root a step would take.
func (s *State) checkSquares(tensors map[string]*tensor.Dense) (err error) {
	s.each(func(name string, _, j int) {
		if err != nil || !s.slots[j].Squares {
			return
		}
		if least := dense.Min(tensors[name]); least < 0 {
			err = graph.Error{Path: name, Field: "element", Rule: "must not be negative", Value: least}
		}
	})
	return err
}

func (s *State) iterationsName() string   { return s.rule.Name + "/iterations" }
func (s *State) learningRateName() string { return s.rule.Name + "/learning_rate" }
func (s *State) accumulatedName() string  { return s.rule.Name + "/accumulated" }
func (s *State) swappedName() string      { return s.rule.Name + "/swapped" }

// each calls f for slot j of parameter i under its name.
func (s *State) each(f func(name string, i, j int)) {
	for i, p := range s.params {
		for j, slot := range s.slots {
			f(s.rule.Name+"/"+slot.Name+"/"+p.Path, i, j)
		}
	}
}
