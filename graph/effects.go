package graph

import (
	"fmt"
	"slices"
)

// What layers ask of the trainer and of the summary: losses, updates, penalties
// and constraints of parameters, and notes.

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

// AddUpdate makes the parameter of that name in the current layer take the
// value v after each training step, in place of an earlier update. One
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

// Updated is the value that the parameter of that name in the current layer takes
// after the step: that of AddUpdate so far, or v, its own. A layer that is used
// twice in a model starts from it, so that no update is lost.
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

// Regularizer gives the penalty of a value, such as a parameter, that training
// adds to the loss.
type Regularizer interface {
	// Penalty is a single number.
	Penalty(x Value) Value
}

// Regularize adds the penalty of the parameter of that name in the current layer
// to the losses: once, however often the layer is called, and not at all where
// the parameter is not trained. A nil regularizer is none.
func (s *Scope) Regularize(name string, r Regularizer) {
	if r == nil {
		return
	}
	b, ok := s.inLayer("regularizer", name)
	if !ok || !b.Param.Trainable() || s.regularized[b.Param] {
		return
	}
	s.regularized[b.Param] = true
	s.inside(s.program(), func() { s.AddLoss(r.Penalty(b.Value)) }) // not at every step of a scan
}

// Constrain gives the parameter of that name in the current layer a constraint,
// which is applied after every training step, and not before the
// first. A nil constraint is none.
func (s *Scope) Constrain(name string, c Constraint) {
	if c == nil {
		return
	}
	b, ok := s.inLayer("constraint", name)
	if !ok {
		return
	}
	if s.Symbolic() { // a constraint that does not fit shows before anything is trained
		if err := c.Constrain(b.Param.Shape.Clone(), make([]float64, b.Param.Shape.Size())); err != nil {
			s.Fail(err)
			return
		}
	}
	for _, other := range s.constrained {
		if other.Param == b.Param {
			return
		}
	}
	s.constrained = append(s.constrained, Constrained{b.Param, c})
}

// Constrained are all that Constrain was given, each parameter once.
func (s *Scope) Constrained() []Constrained { return s.constrained }
