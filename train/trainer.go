// Package train trains models: Compile makes a Trainer, which has Fit, Evaluate,
// Predict, Step, Gradients and Apply. Callbacks receive the events of a run, Fit
// returns a History, and State holds everything that a training needs to continue.
package train

import (
	"fmt"
	"reflect"
	"slices"
	"sync/atomic"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/programs"
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
	// OutputNames are distinct, and prefix the names of losses and metrics if there
	// are several outputs. They change when layers are added.
	OutputNames() ([]string, error)
	Call(s *graph.Scope, inputs ...graph.Value) []graph.Value
}

// Config says how a model is trained. If it has several outputs, Loss and Metrics
// apply to each of them, unless Outputs is set.
//
// The loss of an output in a batch is, as in Keras ("sum_over_batch_size"),
//
//	Σ w·l / n
//
// with l the loss of each sample, or of each of its steps, and w its weight: that
// of datasets.Batch.Weights times that of FitConfig.ClassWeight, each 1 by
// default. n counts the samples, or the steps of all samples. If the output has a
// mask, the sum and n cover only the steps that are not masked; a batch in which
// all are masked has a loss of 0. A losses.MaskReader, such as CTC, has one l for
// each sample, and n counts samples. Weights do not count in n: weights of 2 double
// the loss.
//
// The total loss is the sum over the outputs, each times its Output.Weight, plus
// the penalties of the layers. The loss of an epoch is the mean over its batches,
// weighted by their numbers of samples, masked or not. A metric is the mean over
// the epoch, Σ w·m / Σ w, without masked steps and without class weights.
type Config struct {
	Loss      losses.Loss          // required unless Outputs is set
	Metrics   []metrics.Metric     // reported with the loss
	Outputs   []Output             // one for each output of the model, in its order, instead of Loss and Metrics
	Optimizer optimizers.Optimizer // optimizers.Adam{}

	// Groups give the weights of some paths other learning rates or weight decays.
	Groups []optimizers.Group

	// GradientAccumulationSteps is the number of batches that make one step of the
	// optimizer, with the mean of their gradients; default 1. As in Keras, every batch
	// counts alike, a Schedule counts batches, and batches at the end of Fit that are too
	// few for a step wait for the next call of Fit or Step. They are part of State. The
	// moving averages of BatchNormalization take a step with every batch.
	GradientAccumulationSteps int

	// EMA keeps moving averages of the trained weights, which become the weights at the
	// end of Fit, before TrainEnd; nil for none. A callback that restores weights at
	// TrainEnd, such as EarlyStopping, replaces them. See SwapAverages.
	EMA *optimizers.EMA

	// CarryState keeps the states of recurrent layers from batch to batch: sample i
	// of a batch continues the sequence of sample i of the previous batch.
	// Gradients stay within a batch, which is truncated back-propagation through
	// time (Williams & Peng 1990).
	//
	// All batches must then have the same size, which divides the number of
	// samples, and must not be shuffled. Sequences start in Fit with every epoch and
	// every pass over the data, in Evaluate, Predict and each validation with the
	// first batch, and in Step after ResetStates. A sequence starts from the layer's
	// initial states, or from those that the layer is given as inputs, which are
	// ignored in later batches. Keras' stateful layers restart only when told to,
	// and always use states that are given.
	CarryState bool
}

// Trainer trains one model. It must be used by one goroutine at a time; the model
// may predict in others meanwhile.
type Trainer struct {
	model       Model
	config      Config   // with its defaults filled in
	names       []string // of its outputs at Compile
	objectives  []objective
	params      *graph.Params
	known       []*graph.Param // at Compile
	trained     []*graph.Param // the trainable ones, in the order of the optimizer
	optimizer   *optimizers.State
	constrained []graph.Constrained
	programs    programs.Set[*program]
	inputs      []named // of the model
	shapes      shapes  // reused for those of a feed

	carry     bool          // states are kept from batch to batch
	carried   carriedStates // those of training
	evaluated carriedStates // those of evaluation and prediction

	position position
	fit      *fitRun     // that is running; nil outside Fit
	busy     atomic.Bool // in a batch or a step
}

// enter begins work on a batch or a step, which leave ends. A second goroutine is
// refused: the programs would mix the batches of both.
func (t *Trainer) enter() error {
	if !t.busy.CompareAndSwap(false, true) {
		return t.fail("trainer", "must be used by one goroutine at a time", nil)
	}
	return nil
}

func (t *Trainer) leave() { t.busy.Store(false) }

// position is how far a trainer has come. Random draws depend on epoch and step.
type position struct {
	epoch  int // epochs begun over all calls of Fit
	step   int // steps done in that epoch
	resets int // of carried states, and states restored
}

func (p position) String() string { return fmt.Sprintf("epoch %d, step %d", p.epoch, p.step) }

// Compile prepares a model for training. Errors of layers, losses, metrics and
// shapes are reported here. Graphs are compiled later, once for each batch size.
func Compile(m Model, cfg Config) (*Trainer, error) {
	if isNil(m) {
		return nil, graph.Error{Field: "model", Rule: "must not be nil"}
	}
	if isNil(cfg.Optimizer) {
		cfg.Optimizer = optimizers.Adam{}
	}
	t := &Trainer{model: m, config: cfg, carry: cfg.CarryState}
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
	around := optimizers.Config{Groups: cfg.Groups, GradientAccumulationSteps: cfg.GradientAccumulationSteps, EMA: cfg.EMA}
	if t.optimizer, err = optimizers.Start(cfg.Optimizer, t.trained, around); err != nil {
		return nil, errs.At(err, m.Name(), "")
	}
	return t, nil
}

// isNil tells whether x is nil, or a nil pointer or function.
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
		s.Within(t.model.Name(), func() {
			for _, g := range t.objectives {
				if s.Err() == nil {
					g.refuseConstant(s, d.outputs[g.output])
				}
			}
		})
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

// Model is the model that Compile was given. A callback that saves it needs a type
// assertion:
//
//	if m, ok := e.Trainer.Model().(interface{ Save(path string) error }); ok {
//		return m.Save("best.safetensors")
//	}
func (t *Trainer) Model() Model { return t.model }

// Optimizer is the state of the optimizer, with its learning rate and slots.
func (t *Trainer) Optimizer() *optimizers.State { return t.optimizer }

// Params are the parameters that are trained.
func (t *Trainer) Params() *graph.Params { return t.params }

// checkLayers refuses a model to which layers were added after Compile, since
// compiled programs lack them. An added layer comes last and has a new name, so
// the names of the outputs show it.
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

// checkFrozen refuses a model whose weights were frozen or unfrozen after Compile,
// since the optimizer was started for those that were trainable then.
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
