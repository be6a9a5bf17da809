package optimizers

import (
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
// "adam/iterations" and "adam/learning_rate", [1] in float64. A state of an equal
// optimizer that restores them continues with the same bits.
func (s *State) Tensors() map[string]*tensor.Dense {
	out := map[string]*tensor.Dense{
		s.iterationsName():   dense.Of([]float64{float64(s.iterations)}, 1),
		s.learningRateName(): dense.Of([]float64{s.learningRate}, 1),
	}
	s.each(func(name string, i, j int) { out[name] = s.elements.slot(i, j) })
	return out
}

// Restore sets the state to what Tensors gave, including the learning rate. It
// must be given exactly the names of Tensors, with equal shapes and dtypes and
// valid elements. An error changes nothing.
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
	iterations := dense.Contiguous(tensors[s.iterationsName()]).Float64s()[0]
	if iterations < 0 || iterations > maxIterations || iterations != math.Trunc(iterations) {
		return graph.Error{Path: s.iterationsName(), Field: "element", Rule: "must be a number of steps", Value: iterations}
	}
	if err := s.SetLearningRate(dense.Contiguous(tensors[s.learningRateName()]).Float64s()[0]); err != nil {
		return errs.At(err, s.learningRateName(), "")
	}
	s.iterations = int(iterations)
	s.each(func(name string, i, j int) { s.elements.setSlot(i, j, tensors[name]) })
	return nil
}

// checkSquares reports the first negative square, whose root a step would take.
func (s *State) checkSquares(tensors map[string]*tensor.Dense) (err error) {
	s.each(func(name string, _, j int) {
		if err != nil || !s.rule.Slots[j].Squares {
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

// each calls f for slot j of parameter i under its name.
func (s *State) each(f func(name string, i, j int)) {
	for i, p := range s.params {
		for j, slot := range s.rule.Slots {
			f(s.rule.Name+"/"+slot.Name+"/"+p.Path, i, j)
		}
	}
}
