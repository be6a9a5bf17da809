package graph

import (
	"fmt"
	"slices"
)

// What a graph collects for whoever trains it or describes it, while its layers
// are built: losses, updates and notes here, and in regularize.go the bounds of
// parameters.

// AddLoss adds a single number to the loss that training lowers; within a step
// of a Scan, that of every step.
func (s *Scope) AddLoss(v Value) {
	if len(v.shape) != 0 {
		s.Failf("loss", "must be a single number", v.shape)
		return
	}
	v, ok := s.take("loss", v)
	switch {
	case !ok:
	case s.inStep():
		s.level.losses = append(s.level.losses, v.readable())
	default:
		s.losses = append(s.losses, v)
	}
}

// Losses are all that AddLoss was given.
func (s *Scope) Losses() []Value { return s.losses }

// Update is a change of a parameter that no gradient makes, such as a moving
// average: after a training step the parameter takes the value.
type Update struct {
	Path  string
	Value Value
}

// AddUpdate makes the parameter of that name in the layer at work take the
// value v after each training step, in place of what it was given before. One
// that is frozen keeps its value.
func (s *Scope) AddUpdate(name string, v Value) {
	if s.inStep() {
		s.Failf("update of "+name, "must not be asked for within a step of a scan", nil)
		return
	}
	b, ok := s.inLayer("update", name)
	if !ok {
		return
	}
	if want := b.Param.Shape; !v.shape.Matches(want) {
		s.Failf("update of "+name, fmt.Sprintf("must have the shape %v", want), v.shape)
		return
	}
	v, ok = s.take("update of "+name, v)
	if !ok || b.Param.Frozen() {
		return
	}
	path := join(s.path, name)
	if i := s.updateOf(path); i >= 0 {
		s.updates[i].Value = v
		return
	}
	s.updates = append(s.updates, Update{path, v})
}

// Updated is the value that the parameter of that name in the layer at work
// takes after the step, as far as is known: that of AddUpdate, or v, its own. A
// layer that stands in a model twice goes on from there, so that no update is
// lost.
func (s *Scope) Updated(name string, v Value) Value {
	if i := s.updateOf(join(s.path, name)); i >= 0 {
		return s.updates[i].Value
	}
	return v
}

func (s *Scope) updateOf(path string) int {
	return slices.IndexFunc(s.updates, func(u Update) bool { return u.Path == path })
}

// Updates are all that AddUpdate was given.
func (s *Scope) Updates() []Update { return s.updates }

// Note is a remark on the layer of that path, a predicate such as "runs as a
// scan over the steps".
type Note struct{ Path, Text string }

// Notes are the remarks on layers, each once.
func (s *Scope) Notes() []Note { return s.notes }

// Note adds a remark on the layer that is being built. A model's Summary prints
// it after the layer's name.
func (s *Scope) Note(text string) {
	if n := (Note{s.path, text}); !slices.Contains(s.notes, n) {
		s.notes = append(s.notes, n)
	}
}

func (s *Scope) note(how string) { s.Note("runs as " + how) }
