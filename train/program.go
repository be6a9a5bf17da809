package train

import (
	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/internal/dense"
	"github.com/engram-go/engram/internal/errs"
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

// program is the compiled graph of a model for one purpose and one shape of batch.
// Its tensors hold the results of the last run.
type program struct {
	why        purpose
	shapes     shapes
	graph      *graph.Program
	outputs    []*tensor.Dense
	loss       *tensor.Dense   // nil when predicting
	objectives []result        // of the outputs that are trained; none when predicting
	grads      []*tensor.Dense // of the trainable parameters, in their order
	handles    []graph.Result  // of grads
	gradRows   [][]int         // of grads, that may not be 0
	updates    []update
}

// rows are those of the gradients of the last run that may not be 0, as
// optimizers.State.StepRows takes them.
func (p *program) rows() [][]int {
	for i, r := range p.handles {
		p.gradRows[i] = p.graph.Rows(r)
	}
	return p.gradRows
}

// MemorySize is that of the graph.
func (p *program) MemorySize() int64 { return p.graph.MemorySize() }

// Close frees what the graph holds.
func (p *program) Close() error { return p.graph.Close() }

// result is what a run computed for one objective.
type result struct {
	output, loss *tensor.Dense
	weights      *tensor.Dense // of its metrics; nil if the output has no mask
}

// update is a new value of a parameter, such as a moving average, after a step.
type update struct {
	param *graph.Param
	from  *tensor.Dense
}

// set makes the program read a feed.
func (t *Trainer) set(p *program, f feed) error {
	for i, x := range f.Inputs {
		if err := p.graph.SetInput(t.inputs[i].name, x); err != nil {
			return err
		}
	}
	for i := range p.shapes.targets {
		if err := p.graph.SetInput(t.objectives[i].input, f.Targets[i]); err != nil {
			return err
		}
	}
	for i, shape := range p.shapes.weights {
		if shape == nil {
			continue
		}
		if err := p.graph.SetInput(weightsInput(i), f.Weights[i]); err != nil {
			return err
		}
	}
	for i, shape := range p.shapes.classWeights {
		if shape == nil {
			continue
		}
		if err := p.graph.SetInput(classWeightsInput(i), f.classWeights[i]); err != nil {
			return err
		}
	}
	return nil
}

// run runs the program for a feed, to evaluate or predict. Random draws depend on the
// tick.
func (t *Trainer) run(f feed, why purpose, at graph.Tick) (*program, error) {
	if err := t.enter(); err != nil {
		return nil, err
	}
	defer t.leave()
	return t.runEntered(f, why, at)
}

// runEntered is run after enter.
func (t *Trainer) runEntered(f feed, why purpose, at graph.Tick) (*program, error) {
	p, err := t.programFor(f, why)
	if err != nil {
		return nil, err
	}
	if err := t.execute(p, at); err != nil {
		return nil, err
	}
	t.commitStates(why, p)
	return p, nil
}

// programFor gives the program for a feed, which it is set to read.
func (t *Trainer) programFor(f feed, why purpose) (*program, error) {
	if err := t.checkLayers(); err != nil {
		return nil, err
	}
	sh, err := t.check(f, why)
	if err != nil {
		return nil, err
	}
	if _, err := t.statesOf(why, sh.inputs[0][0]); err != nil {
		return nil, err
	}
	p, err := t.programs.Get(func(p *program) bool { return p.why == why && p.shapes.equal(sh) }, func(w *graph.Workspace) (*program, error) {
		return t.compile(sh.clone(), why, w)
	})
	if err != nil {
		return nil, err
	}
	return p, errs.At(t.set(p, f), t.model.Name(), "")
}

// execute runs a program and checks what it gives.
func (t *Trainer) execute(p *program, at graph.Tick) error {
	if err := p.graph.Run(at); err != nil {
		return err
	}
	if p.loss != nil && !dense.Finite(dense.At(p.loss, 0)) {
		return graph.Error{Path: t.model.Name(), Field: "loss", Rule: "must be finite", Value: dense.At(p.loss, 0), Kind: graph.ErrNotFinite}
	}
	for _, u := range p.updates {
		if err := dense.CheckFinite(u.from); err != nil {
			return errors.Wrap(errs.At(err, u.param.Path, ""), "update")
		}
	}
	return nil
}
