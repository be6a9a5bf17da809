package train

import (
	"github.com/engram-go/engram/graph"
	"github.com/pkg/errors"
	"gorgonia.org/tensor"
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
	if value.Dtype() == tensor.Float64 {
		return c.Constraint.Constrain(c.Param.Shape.Clone(), value.Float64s())
	}
	to := value.Float32s()
	wide := make([]float64, len(to))
	for i, x := range to {
		wide[i] = float64(x)
	}
	err := c.Constraint.Constrain(c.Param.Shape.Clone(), wide)
	for i, x := range wide {
		to[i] = float32(x)
	}
	return err
}
