// Package train compiles models and fits them to data: Trainer with its Fit,
// Evaluate, Predict and Step, the History they write and the Callbacks they
// call.
package train

import (
	"fmt"
	"reflect"
	"slices"

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
	// OutputNames are each one's own, and begin the names of figures where there
	// are several outputs. A model that takes more layers has others.
	OutputNames() ([]string, error)
	Call(s *graph.Scope, inputs ...graph.Value) []graph.Value
}

// Config says how a model is trained. Where it has several outputs, Loss and
// Metrics are those of each of them, unless Outputs says otherwise.
//
// The loss of an output in a batch is, as in Keras ("sum_over_batch_size"),
//
//	Σ w·l / n
//
// with l what Loss gives for each sample, or for each of its steps, and w its
// weight: that of datasets.Batch.Weights times that of FitConfig.ClassWeight, 1
// where there is none. n counts the samples, or the steps of all samples. Where
// the output carries a mask, the sum and n go over the steps of the batch that are
// not masked alone; a batch in which all are masked has a loss of 0. The weights do
// not count in n: weights of 2 double the loss.
//
// What is trained on is the sum over the outputs, each times its Output.Weight,
// and of the penalties of the layers. The loss of an epoch is the mean over its
// batches, each of which counts by its samples, masked or not. Metrics go by the
// mean over the epoch, Σ w·m / Σ w, without masked steps and weights of classes.
type Config struct {
	Loss      losses.Loss          // required, where there are no Outputs
	Metrics   []metrics.Metric     // reported beside the loss
	Outputs   []Output             // one for each output of the model, in its order, in place of Loss and Metrics
	Optimizer optimizers.Optimizer // optimizers.Adam{}

	// CarryState lets the states of recurrent layers go on from batch to batch:
	// sample i of a batch is the next piece of the sequence that sample i of the
	// batch before was a piece of. Gradients stay within a batch, which is
	// truncated back-propagation through time (Williams & Peng 1990).
	//
	// All batches have one size then, which divides the number of samples, and
	// are not shuffled. Fit starts anew with every epoch and every pass over the
	// data, Evaluate, Predict and each validation with their first batch, and
	// Step after ResetStates. A sample that starts anew has the layer's initial
	// states, or those that the layer is given as inputs, which count for nothing
	// later on. Keras, where layers are stateful, starts anew only when it is told
	// to, and lets states that are given count always.
	CarryState bool
}

// Trainer trains one model. It serves one goroutine at a time; meanwhile the
// model may predict in others.
type Trainer struct {
	model       Model
	names       []string // of its outputs at Compile
	objectives  []objective
	params      *graph.Params
	known       []*graph.Param // at Compile
	trained     []*graph.Param // the trainable ones, as the optimizer knows them
	optimizer   *optimizers.State
	constrained []graph.Constrained
	programs    programs
	inputs      []named // of the model
	shapes      shapes  // room for those of a feed

	carry   bool     // states go on from batch to batch
	carried carrying // those of training
	probed  carrying // and of all else

	position position
	fit      *fitRun // that is running; nil outside Fit
}

// position is how far a trainer has come. Random draws depend on epoch and step.
type position struct {
	epoch  int // epochs begun over all calls of Fit
	step   int // steps done in that epoch
	resets int // of carried states, and states restored
}

func (p position) String() string { return fmt.Sprintf("epoch %d, step %d", p.epoch, p.step) }

// Compile prepares a model for training and reports what does not fit: a layer,
// the loss, the shapes. Graphs are compiled later, for each batch size that is
// met.
func Compile(m Model, cfg Config) (*Trainer, error) {
	if isNil(m) {
		return nil, graph.Error{Field: "model", Rule: "must not be nil"}
	}
	if isNil(cfg.Optimizer) {
		cfg.Optimizer = optimizers.Adam{}
	}
	t := &Trainer{model: m, carry: cfg.CarryState}
	var err error
	if t.params, err = m.Params(); err != nil {
		return nil, err
	}
	if t.objectives, err = t.resolve(cfg); err != nil {
		return nil, err
	}
	if err := t.checkNames(); err != nil {
		return nil, err
	}
	if err := t.checkShapes(); err != nil {
		return nil, err
	}
	t.known, t.trained = t.params.All(), trainable(t.params)
	if t.optimizer, err = optimizers.Start(cfg.Optimizer, t.trained); err != nil {
		return nil, errors.Wrap(err, m.Name())
	}
	return t, nil
}

// isNil tells whether x is nothing, or a pointer or function that is nothing.
func isNil(x any) bool {
	if x == nil {
		return true
	}
	v := reflect.ValueOf(x)
	return (v.Kind() == reflect.Pointer || v.Kind() == reflect.Func) && v.IsNil()
}

// checkShapes follows the shapes through model and loss.
func (t *Trainer) checkShapes() error {
	outputs, err := t.model.OutputShapes()
	if err != nil {
		return err
	}
	var sh shapes
	if sh.inputs, err = t.model.InputShapes(); err != nil {
		return err
	}
	for i, shape := range sh.inputs {
		t.inputs = append(t.inputs, named{inputName(i), shape})
	}
	for _, g := range t.objectives {
		sh.targets = append(sh.targets, g.targetShape(outputs[g.output]))
	}
	cfg := graph.Config{Params: t.params, Training: true, Seed: t.model.Seed()}
	if cfg.States, err = t.statesOf(training, 1); err != nil {
		return err
	}
	return graph.Shapes(cfg, func(s *graph.Scope) {
		d := t.describe(s, sh)
		t.constrained = s.Constrained()
		for _, g := range t.objectives {
			if s.Err() == nil {
				g.refuseConstant(s, d.outputs[g.output])
			}
		}
	})
}

func trainable(params *graph.Params) []*graph.Param {
	var out []*graph.Param
	for _, p := range params.All() {
		if p.Trainable() {
			out = append(out, p)
		}
	}
	return out
}

// Model is the model that Compile was given. A callback that saves it asserts
// what it needs of it:
//
//	if m, ok := e.Trainer.Model().(interface{ Save(path string) error }); ok {
//		return m.Save("best.safetensors")
//	}
func (t *Trainer) Model() Model { return t.model }

// Optimizer is the optimizer at work, with its learning rate and its memory.
func (t *Trainer) Optimizer() *optimizers.State { return t.optimizer }

// Params are the parameters that are trained.
func (t *Trainer) Params() *graph.Params { return t.params }

// checkLayers refuses a model that took more layers after Compile, of which the
// programs at hand know nothing. What is added comes last, under a name of its
// own, and so the outputs have other names.
func (t *Trainer) checkLayers() error {
	names, err := t.model.OutputNames()
	if err != nil {
		return err
	}
	if !slices.Equal(names, t.names) {
		return t.fail("model", "must keep its layers after Compile", names)
	}
	return nil
}

// checkFrozen refuses to go on with weights that were frozen, or without some
// that no longer are, since the optimizer was started for what was trainable
// then.
func (t *Trainer) checkFrozen() error {
	k := 0
	for _, p := range t.known {
		trained := k < len(t.trained) && t.trained[k] == p
		if trained != p.Trainable() {
			return t.fail("trainer", "must be compiled again after Freeze or Unfreeze", p.Path)
		}
		if trained {
			k++
		}
	}
	return nil
}
