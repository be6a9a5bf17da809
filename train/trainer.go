package train

import (
	"context"
	"fmt"
	"math"

	"github.com/engram-go/engram/datasets"
	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/train/losses"
	"github.com/engram-go/engram/train/metrics"
	"github.com/engram-go/engram/train/optimizers"
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
	Metrics   []metrics.Metric     // reported beside the loss
}

// Trainer trains one model. It serves one goroutine at a time; meanwhile the
// model may predict in others.
type Trainer struct {
	model     Model
	cfg       Config
	params    *graph.Params
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
	if err := metricNames(cfg.Metrics); err != nil {
		return nil, err
	}
	params, err := m.Params()
	if err != nil {
		return nil, err
	}
	outputs, err := m.OutputShapes()
	if err != nil {
		return nil, err
	}
	if len(outputs) != 1 {
		return nil, graph.Error{Path: m.Name(), Field: "model", Rule: "must have one output to be trained", Value: len(outputs)}
	}
	err = graph.Shapes(graph.Config{Params: params, Training: true, Seed: m.Seed()}, func(s *graph.Scope) {
		lossOf(s, cfg.Loss, s.Input("output", outputs[0]), s.Input("target", outputs[0]), graph.Value{}, false)
	})
	if err != nil {
		return nil, err
	}
	t := &Trainer{model: m, cfg: cfg, params: params}
	if t.optimizer, err = cfg.Optimizer.Start(trainable(params)); err != nil {
		return nil, err
	}
	return t, nil
}

func metricNames(ms []metrics.Metric) error {
	seen := map[string]bool{"loss": true}
	for i, m := range ms {
		if m == nil {
			return graph.Error{Field: fmt.Sprintf("Config.Metrics[%d]", i), Rule: "must not be nil"}
		}
		if seen[m.Name()] {
			return graph.Error{Field: "Config.Metrics", Rule: "must have names that differ", Value: m.Name()}
		}
		seen[m.Name()] = true
	}
	return nil
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
// gradient that is not finite is an error and changes nothing.
func (t *Trainer) Step(ctx context.Context, batch *datasets.Batch) (float64, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	p, err := t.train(batch)
	if err != nil {
		return 0, err
	}
	return p.value(), nil
}

// train does one step and returns the program, which holds loss and outputs
// until its next run.
func (t *Trainer) train(batch *datasets.Batch) (*program, error) {
	p, err := t.run(batch, true)
	if err != nil {
		return nil, err
	}
	if loss := p.value(); math.IsNaN(loss) || math.IsInf(loss, 0) {
		return nil, graph.Error{Path: t.model.Name(), Field: "loss", Rule: "must be finite", Value: loss, Kind: graph.ErrNotFinite}
	}
	t.step++
	return p, t.params.Update(func() error {
		if err := t.optimizer.Step(p.grads); err != nil {
			return err
		}
		p.update()
		return nil
	})
}
