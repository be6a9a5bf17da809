package train

import (
	"context"
	"fmt"
	"math"
	"strings"

	"github.com/engram-go/engram/datasets"
	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/train/losses"
	"github.com/engram-go/engram/train/metrics"
	"github.com/engram-go/engram/train/optimizers"
	"github.com/pkg/errors"
	"gorgonia.org/tensor"
)

// Model is what a trainer trains; models.Model is one.
type Model interface {
	Name() string
	Seed() uint64
	Dtype() tensor.Dtype
	Params() (*graph.Params, error)
	InputShapes() ([]graph.Shape, error)
	OutputShapes() ([]graph.Shape, error)
	Call(s *graph.Scope, inputs ...graph.Value) []graph.Value
}

// Config says how a model is trained.
type Config struct {
	Loss      losses.Loss          // required
	Optimizer optimizers.Optimizer // optimizers.Adam{}
	Metrics   []metrics.Metric     // reported beside the loss; weighted where samples are
}

// Trainer trains one model. It serves one goroutine at a time; meanwhile the
// model may predict in others.
type Trainer struct {
	model     Model
	cfg       Config
	params    *graph.Params
	trained   []*graph.Param // the trainable ones, as the optimizer knows them
	optimizer *optimizers.State
	programs  programs

	epoch int // epochs begun over all calls of Fit; random draws depend on it
	step  int // steps done in that epoch
}

// Compile prepares a model for training and reports what does not fit: a layer,
// the loss, the shapes. Graphs are compiled later, for each batch size that is
// met.
func Compile(m Model, cfg Config) (*Trainer, error) {
	if m == nil {
		return nil, graph.Error{Field: "model", Rule: "must not be nil"}
	}
	if cfg.Loss == nil {
		return nil, graph.Error{Path: m.Name(), Field: "Config.Loss", Rule: "must be set"}
	}
	if cfg.Optimizer == nil {
		cfg.Optimizer = optimizers.Adam{}
	}
	t := &Trainer{model: m, cfg: cfg}
	if err := t.checkMetrics(); err != nil {
		return nil, err
	}
	var err error
	if t.params, err = m.Params(); err != nil {
		return nil, err
	}
	if err := t.checkShapes(); err != nil {
		return nil, err
	}
	t.trained = trainable(t.params)
	if t.optimizer, err = cfg.Optimizer.Start(t.trained); err != nil {
		return nil, errors.Wrap(err, m.Name())
	}
	return t, nil
}

// checkMetrics keeps two figures from having one name.
func (t *Trainer) checkMetrics() error {
	seen := map[string]bool{"loss": true}
	for i, m := range t.cfg.Metrics {
		field := fmt.Sprintf("Config.Metrics[%d]", i)
		switch {
		case m == nil:
			return t.fail(field, "must not be nil", nil)
		case m.Name() == "" || strings.HasPrefix(m.Name(), validationPrefix):
			return t.fail(field, "must have a name that does not begin with "+validationPrefix, fmt.Sprintf("%q", m.Name()))
		case seen[m.Name()]:
			return t.fail(field, "must have a name of its own", fmt.Sprintf("%q", m.Name()))
		}
		seen[m.Name()] = true
	}
	return nil
}

// checkShapes follows the shapes through model and loss.
func (t *Trainer) checkShapes() error {
	outputs, err := t.model.OutputShapes()
	if err != nil {
		return err
	}
	if len(outputs) != 1 {
		return t.fail("model", "must have one output to be trained", len(outputs))
	}
	inputs, err := t.model.InputShapes()
	if err != nil {
		return err
	}
	cfg := graph.Config{Params: t.params, Training: true, Seed: t.model.Seed()}
	return graph.Shapes(cfg, func(s *graph.Scope) {
		t.describe(s, shapes{inputs: inputs, target: outputs[0]})
	})
}

func trainable(params *graph.Params) []*graph.Param {
	var out []*graph.Param
	for _, p := range params.All() {
		if p.Trainable {
			out = append(out, p)
		}
	}
	return out
}

// Optimizer is the optimizer at work, with its learning rate and its memory.
func (t *Trainer) Optimizer() *optimizers.State { return t.optimizer }

// Params are the parameters that are trained.
func (t *Trainer) Params() *graph.Params { return t.params }

// Step trains on one batch and returns its loss, before the step. It is what
// Fit does for every batch, for training loops of one's own. A loss or a
// gradient that is not finite is an error and changes nothing; so is a weight
// that is not finite after the step, which only an absurd learning rate brings
// about, but that weight stays.
func (t *Trainer) Step(ctx context.Context, batch *datasets.Batch) (float64, error) {
	if err := ctx.Err(); err != nil {
		return 0, errors.Wrapf(err, "%s: stopped before a step", t.model.Name())
	}
	p, err := t.train(batch)
	if err != nil {
		return 0, err
	}
	return p.value(), nil
}

// train does one step and returns the program, which holds loss and output
// until its next run.
func (t *Trainer) train(batch *datasets.Batch) (*program, error) {
	p, err := t.run(batch, training, graph.Tick{Epoch: t.epoch, Step: t.step})
	if err != nil {
		return nil, err
	}
	all := t.params.All()
	err = t.params.Update(func() error {
		if err := t.optimizer.Step(p.grads); err != nil {
			return err
		}
		p.update()
		if err := p.constrain(); err != nil {
			return err
		}
		return finiteWeights(all)
	})
	if err != nil {
		return nil, err
	}
	t.step++
	return p, nil
}

// finiteWeights finds a weight that a step took beyond what its type can hold.
// Not every such weight shows in the loss: behind a tanh it does not.
func finiteWeights(params []*graph.Param) error {
	for _, p := range params {
		if err := graph.CheckTensor(p.Value(), p.Value().Dtype(), graph.Shape(p.Value().Shape())); err != nil {
			return errors.Wrapf(err, "%s after the step", p.Path)
		}
	}
	return nil
}

func finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }
