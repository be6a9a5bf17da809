package graph

import (
	"fmt"
	"slices"
)

// Effects of layers besides their outputs: losses, updates, penalties and constraints
// of parameters for the trainer, and notes for the summary.

// AddLoss adds a single number to the training loss. In a step of a Scan it adds the
// number of every step.
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

// Losses are the arguments of AddLoss.
func (s *Scope) Losses() []Value { return s.losses }

// AddUpdate assigns v to the named parameter of the current layer after each training
// step. It replaces an earlier update. Frozen parameters keep their values.
func (s *Scope) AddUpdate(name string, v Value) {
	if s.inStep() {
		s.Failf("update of "+name, "must not be made in a step of a scan", nil)
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

// Updated is the value of the last AddUpdate for the named parameter of the current
// layer, or v if there is none. A layer that a model uses twice starts from it, so
// that no update is lost.
func (s *Scope) Updated(name string, v Value) Value {
	if i := s.updateOf(join(s.path, name)); i >= 0 {
		return s.updates[i].Value
	}
	return v
}

func (s *Scope) updateOf(path string) int {
	return slices.IndexFunc(s.updates, func(u Update) bool { return u.Path == path })
}

// Updates are the arguments of AddUpdate, with the paths of the parameters.
func (s *Scope) Updates() []Update { return s.updates }

// Notes are the distinct remarks on layers.
func (s *Scope) Notes() []Note { return s.notes }

// Note adds a remark on the current layer. A model's Summary prints it after the
// layer's name.
func (s *Scope) Note(text string) {
	if n := (Note{s.path, text}); !slices.Contains(s.notes, n) {
		s.notes = append(s.notes, n)
	}
}

func (s *Scope) note(how string) { s.Note("runs as " + how) }

// Regularizer computes a penalty of a value, such as a parameter, for the training
// loss.
type Regularizer interface {
	// Penalty is a single number.
	Penalty(x Value) Value
}

// Regularize adds the penalty of the named parameter of the current layer to the
// losses, once even if the layer is called several times. It does nothing if the
// parameter is not trained or r is nil.
func (s *Scope) Regularize(name string, r Regularizer) {
	if r == nil {
		return
	}
	b, ok := s.inLayer("regularizer", name)
	if !ok || !b.Param.Trainable() || s.regularized[b.Param] {
		return
	}
	s.regularized[b.Param] = true
	s.inside(s.program(), func() { s.AddLoss(r.Penalty(b.Value)) }) // once, not in every step of a scan
}

// Constrain sets a constraint for the named parameter of the current layer. The
// trainer applies it after every training step, but not to the initial value. A nil
// constraint does nothing.
func (s *Scope) Constrain(name string, c Constraint) {
	if c == nil {
		return
	}
	b, ok := s.inLayer("constraint", name)
	if !ok {
		return
	}
	if s.Symbolic() { // reports an unsuitable constraint before training
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

// Constrained are the constrained parameters, each one once.
func (s *Scope) Constrained() []Constrained { return s.constrained }
