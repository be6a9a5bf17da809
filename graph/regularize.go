package graph

// Regularizer puts a price on a value, such as a parameter, that training has
// to pay beside the loss.
type Regularizer interface {
	// Penalty is a single number.
	Penalty(x Value) Value
}

// Constraint keeps a parameter within bounds.
type Constraint interface {
	// Constrain changes the elements of a parameter, in row-major order, so that
	// they keep to the constraint.
	Constrain(shape Shape, elements []float64) error
}

// Constrained is a parameter and what it is held to.
type Constrained struct {
	Param      *Param
	Constraint Constraint
}

// Regularize adds the penalty of the parameter of that name in the layer at work
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

// Constrain holds the parameter of that name in the layer at work to a
// constraint, which is applied after every training step, and not before the
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
