package train

import (
	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/internal/dense"
	"github.com/pkg/errors"
)

// constrain brings the parameters that were trained back to their constraints.
func (p *program) constrain() error {
	for _, c := range p.constrained {
		if !c.Param.Trainable() {
			continue
		}
		if err := constrain(c); err != nil {
			return errors.Wrap(err, c.Param.Path)
		}
	}
	return nil
}

func constrain(c graph.Constrained) error {
	value := c.Param.Value()
	elements := dense.ToFloat64(value)
	err := c.Constraint.Constrain(c.Param.Shape.Clone(), elements)
	dense.SetFloat64(value, elements)
	return err
}
