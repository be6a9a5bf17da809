package train

import (
	"fmt"
	"slices"

	"github.com/engram-go/engram/datasets"
	"github.com/engram-go/engram/graph"
	"github.com/pkg/errors"
	"gorgonia.org/tensor"
)

// purpose is what a program is compiled for.
type purpose string

const (
	training   purpose = "training"   // output, loss, gradients, updates
	evaluating purpose = "evaluating" // output, loss
	predicting purpose = "predicting" // output
)

// program is the compiled graph of a model for one purpose and one shape of
// batch. What it holds is that of the last run.
type program struct {
	key     string
	graph   *graph.Program
	output  *tensor.Dense
	loss    *tensor.Dense   // nil when predicting
	grads   []*tensor.Dense // of the trainable parameters, in their order
	updates []update

	constrained []graph.Constrained
}

// update is a parameter that takes a value after each step.
type update struct{ to, from *tensor.Dense }

// value is the loss as a number.
func (p *program) value() float64 {
	if p.loss.Dtype() == tensor.Float32 {
		return float64(p.loss.Float32s()[0])
	}
	return p.loss.Float64s()[0]
}

// update gives the parameters that no gradient changes their new values.
func (p *program) update() {
	for _, u := range p.updates {
		copyTo(u.to, 0, u.from)
	}
}

// constrain brings the parameters that were trained back to their constraints.
func (p *program) constrain() error {
	for _, c := range p.constrained {
		if !c.Param.Trainable {
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

// copyTo copies all elements of a tensor into another, from element i on.
func copyTo(to *tensor.Dense, i int, from *tensor.Dense) {
	if to.Dtype() == tensor.Float32 {
		copy(to.Float32s()[i:], from.Float32s())
	} else {
		copy(to.Float64s()[i:], from.Float64s())
	}
}

// set makes the program read a batch.
func (p *program) set(batch *datasets.Batch, sh shapes) error {
	for i, x := range batch.Inputs {
		if err := p.graph.SetInput(inputName(i), x); err != nil {
			return err
		}
	}
	if sh.target != nil {
		if err := p.graph.SetInput(targetName, batch.Targets[0]); err != nil {
			return err
		}
	}
	if sh.weights != nil {
		return p.graph.SetInput(weightsName, batch.Weights)
	}
	return nil
}

// maxPrograms bounds how many shapes of batch a trainer keeps programs for.
const maxPrograms = 8

// programs are those that a trainer has compiled, the last used at the end.
type programs []*program

func (ps *programs) get(key string, compile func() (*program, error)) (*program, error) {
	i := slices.IndexFunc(*ps, func(p *program) bool { return p.key == key })
	if i >= 0 {
		p := (*ps)[i]
		*ps = append(slices.Delete(*ps, i, i+1), p)
		return p, nil
	}
	p, err := compile()
	if err != nil {
		return nil, err
	}
	p.key = key
	*ps = append(*ps, p)
	if len(*ps) > maxPrograms {
		(*ps)[0].graph.Close()
		*ps = slices.Delete(*ps, 0, 1)
	}
	return p, nil
}

// run computes what the purpose asks for from a batch. Random draws depend on
// the moment.
func (t *Trainer) run(batch *datasets.Batch, why purpose, at graph.Tick) (*program, error) {
	sh, err := t.check(batch, why)
	if err != nil {
		return nil, err
	}
	p, err := t.programs.get(fmt.Sprint(why, sh), func() (*program, error) { return t.compile(sh, why) })
	if err != nil {
		return nil, err
	}
	if err := p.set(batch, sh); err != nil {
		return nil, errors.Wrap(err, t.model.Name())
	}
	if err := p.graph.Run(at); err != nil {
		return nil, err
	}
	if why != predicting && !finite(p.value()) {
		return nil, graph.Error{Path: t.model.Name(), Field: "loss", Rule: "must be finite", Value: p.value(), Kind: graph.ErrNotFinite}
	}
	return p, nil
}
