package train_test

import (
	"context"
	"math"
	"strings"
	"testing"

	"github.com/engram-go/engram/datasets"
	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/internal/errs/errtest"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/layers/initializers"
	"github.com/engram-go/engram/models"
	"github.com/engram-go/engram/train"
	"github.com/engram-go/engram/train/losses"
	"github.com/engram-go/engram/train/metrics"
	"github.com/engram-go/engram/train/optimizers"
	"github.com/pkg/errors"
	"gorgonia.org/tensor"
)

// named is a metric of another name.
type named struct {
	metrics.Metric
	name string
}

func (n named) Name() string { return n.name }

// endless is data of more samples than can be counted.
type endless struct{}

func (endless) Len() int                                { return math.MaxInt }
func (endless) Gather(_ []int, _ *datasets.Batch) error { return nil }

// idle is a metric that does not start.
type idle struct{ metrics.MAE }

func (idle) Start() metrics.Accumulator { return nil }

// panicking is a loss with a fault.
type panicking struct{}

func (panicking) Loss(_, _ graph.Value) graph.Value { panic("mine") }

// masking is a layer that masks nothing, and has a weight.
type masking struct{}

func (masking) Call(s *graph.Scope, in ...graph.Value) []graph.Value {
	w := s.Param("w", graph.Shape{1}, initializers.Zeros)
	return []graph.Value{in[0].Add(w).WithMask(in[0].Mean(-1))}
}

func TestErrorsOfCompile(t *testing.T) {
	ok := train.Config{Loss: losses.MSE{}}
	with := func(change func(c *train.Config)) train.Config {
		c := ok
		change(&c)
		return c
	}
	rate := func(o optimizers.Optimizer) train.Config {
		return with(func(c *train.Config) { c.Optimizer = o })
	}
	metric := func(ms ...metrics.Metric) train.Config {
		return with(func(c *train.Config) { c.Metrics = ms })
	}
	sequential := func(ls ...layers.Layer) train.Model {
		return models.NewSequential(models.Config{}, ls...)
	}
	for _, c := range []struct {
		name  string
		model train.Model
		cfg   train.Config
		want  graph.Error
	}{
		{"nil model", nil, ok, graph.Error{Field: "model"}},
		{"typed nil model", (*models.Sequential)(nil), ok, graph.Error{Field: "model"}},
		{"typed nil loss", linear(1), train.Config{Loss: (*panicking)(nil)}, graph.Error{Path: "sequential", Field: "Config.Loss"}},
		{"typed nil metric", linear(1), metric((*named)(nil)), graph.Error{Path: "sequential", Field: "Config.Metrics[0]"}},
		{"nil loss", linear(1), train.Config{}, graph.Error{Path: "sequential", Field: "Config.Loss"}},
		{"nil metric", linear(1), metric(metrics.MAE{}, nil), graph.Error{Path: "sequential", Field: "Config.Metrics[1]"}},
		{"metric that does not start", linear(1), metric(idle{}), graph.Error{Path: "sequential", Field: "Config.Metrics[0].Start()"}},
		{"two metrics of one name", linear(1), metric(metrics.MAE{}, metrics.MAE{}), graph.Error{Path: "sequential", Field: "Config.Metrics[1]", Value: "\"mae\""}},
		{"metric called loss", linear(1), metric(named{metrics.MAE{}, "loss"}), graph.Error{Path: "sequential", Field: "Config.Metrics[0]", Value: "\"loss\""}},
		{"metric like one of validation", linear(1), metric(named{metrics.MAE{}, "val_loss"}), graph.Error{Path: "sequential", Field: "Config.Metrics[0]", Value: "\"val_loss\""}},
		{"metric without name", linear(1), metric(named{metrics.MAE{}, ""}), graph.Error{Path: "sequential", Field: "Config.Metrics[0]", Value: "\"\""}},
		{"negative learning rate", linear(1), rate(optimizers.SGD{LearningRate: -1}), graph.Error{Field: "SGD.LearningRate", Value: "-1"}},
		{"NaN learning rate", linear(1), rate(optimizers.Adam{LearningRate: math.NaN()}), graph.Error{Field: "Adam.LearningRate", Value: "NaN"}},
		{"infinite learning rate", linear(1), rate(optimizers.Adam{LearningRate: math.Inf(1)}), graph.Error{Field: "Adam.LearningRate", Value: "+Inf"}},
		{"no layers", sequential(), ok, graph.Error{Path: "sequential", Field: "model"}},
		{"no input", sequential(layers.Dense{Units: 1}), ok, graph.Error{Path: "sequential", Field: "first layer", Value: "Dense"}},
		{"bad layer", sequential(layers.Input{Shape: graph.Shape{3}}, layers.Dense{Units: -3}), ok, graph.Error{Path: "sequential/dense", Field: "Dense.Units", Value: "-3"}},
		{"mask without steps", sequential(layers.Input{Shape: graph.Shape{3}}, masking{}), ok, graph.Error{Path: "loss", Field: "output", Value: "[any]"}},
		{"nothing to train", sequential(layers.Input{Shape: graph.Shape{3}}, layers.Dropout{Rate: 0.5}), ok, graph.Error{Field: "parameters"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			trainer, err := train.Compile(c.model, c.cfg)
			if trainer != nil {
				t.Error("got a trainer together with the error")
			}
			errtest.Check(t, err, c.want)
		})
	}
	_, err := train.Compile(linear(1), train.Config{Loss: panicking{}})
	wantError(t, err, "loss: building panicked: mine")
}

func TestErrorsOfConfigs(t *testing.T) {
	data := table(t, 1, 10)
	none := &datasets.Samples{}
	for _, c := range []struct {
		name string
		data datasets.Data
		cfg  train.FitConfig
		want graph.Error
	}{
		{"nil data", nil, train.FitConfig{}, graph.Error{Path: "sequential", Field: "data"}},
		{"empty data", none, train.FitConfig{}, graph.Error{Path: "sequential", Field: "data", Value: "0"}},
		{"negative epochs", data, train.FitConfig{Epochs: -1}, graph.Error{Path: "sequential", Field: "FitConfig.Epochs", Value: "-1"}},
		{"negative batch", data, train.FitConfig{BatchSize: -2}, graph.Error{Path: "sequential", Field: "FitConfig.BatchSize", Value: "-2"}},
		{"negative initial epoch", data, train.FitConfig{InitialEpoch: -1}, graph.Error{Path: "sequential", Field: "FitConfig.InitialEpoch", Value: "-1"}},
		{"initial epoch after the last", data, train.FitConfig{InitialEpoch: 2}, graph.Error{Path: "sequential", Field: "FitConfig.InitialEpoch", Value: "2"}},
		{"huge initial epoch", data, train.FitConfig{InitialEpoch: math.MaxInt, Epochs: math.MaxInt}, graph.Error{Path: "sequential", Field: "FitConfig.InitialEpoch", Value: "9223372036854775807"}},
		{"negative steps", data, train.FitConfig{StepsPerEpoch: -3}, graph.Error{Path: "sequential", Field: "FitConfig.StepsPerEpoch", Value: "-3"}},
		{"huge steps", data, train.FitConfig{StepsPerEpoch: math.MaxInt}, graph.Error{Path: "sequential", Field: "FitConfig.StepsPerEpoch", Value: "9223372036854775807"}},
		{"negative validation steps", data, train.FitConfig{Validation: data, ValidationSteps: -1}, graph.Error{Path: "sequential", Field: "FitConfig.ValidationSteps", Value: "-1"}},
		{"validation steps of nothing", data, train.FitConfig{ValidationSteps: 1}, graph.Error{Path: "sequential", Field: "FitConfig.ValidationSteps", Value: "1"}},
		{"weight of no class", data, train.FitConfig{ClassWeight: map[int]float64{2: 1}}, graph.Error{Path: "sequential", Field: "FitConfig.ClassWeight", Value: "2"}},
		{"weight of a negative class", data, train.FitConfig{ClassWeight: map[int]float64{-1: 1}}, graph.Error{Path: "sequential", Field: "FitConfig.ClassWeight", Value: "-1"}},
		{"negative weight of a class", data, train.FitConfig{ClassWeight: map[int]float64{1: -2}}, graph.Error{Path: "sequential", Field: "FitConfig.ClassWeight[1]", Value: "-2"}},
		{"NaN weight of a class", data, train.FitConfig{ClassWeight: map[int]float64{0: math.NaN()}}, graph.Error{Path: "sequential", Field: "FitConfig.ClassWeight[0]", Value: "NaN"}},
		{"weights of classes for numbers", data, train.FitConfig{ClassWeight: map[int]float64{0: 2}}, graph.Error{Path: "sequential", Field: "target", Value: "[0.42754149436950684]"}},
		{"typed nil data", (*datasets.Samples)(nil), train.FitConfig{}, graph.Error{Path: "sequential", Field: "data"}},
		{"typed nil validation", data, train.FitConfig{Validation: (*datasets.Samples)(nil)}, graph.Error{Path: "sequential", Field: "FitConfig.Validation"}},
		{"typed nil callback", data, train.FitConfig{Callbacks: []train.Callback{(*diary)(nil)}}, graph.Error{Path: "sequential", Field: "FitConfig.Callbacks[0]"}},
		{"negative split", data, train.FitConfig{ValidationSplit: -0.1}, graph.Error{Path: "sequential", Field: "FitConfig.ValidationSplit", Value: "-0.1"}},
		{"whole split", data, train.FitConfig{ValidationSplit: 1}, graph.Error{Path: "sequential", Field: "FitConfig.ValidationSplit", Value: "1"}},
		{"NaN split", data, train.FitConfig{ValidationSplit: math.NaN()}, graph.Error{Path: "sequential", Field: "FitConfig.ValidationSplit", Value: "NaN"}},
		{"nothing to validate", data, train.FitConfig{ValidationSplit: 1e-9}, graph.Error{Field: "fraction", Value: "1e-09"}},
		{"nothing to train", table(t, 1, 1), train.FitConfig{ValidationSplit: 0.5}, graph.Error{Field: "fraction", Value: "0.5"}},
		{"both validations", data, train.FitConfig{ValidationSplit: 0.5, Validation: data}, graph.Error{Path: "sequential", Field: "FitConfig.ValidationSplit", Value: "0.5"}},
		{"empty validation", data, train.FitConfig{Validation: none}, graph.Error{Path: "sequential", Field: "FitConfig.Validation", Value: "0"}},
		{"nil callback", data, train.FitConfig{Callbacks: []train.Callback{nil}}, graph.Error{Path: "sequential", Field: "FitConfig.Callbacks[0]"}},
		{"nil function", data, train.FitConfig{Callbacks: []train.Callback{train.CallbackFunc(nil)}}, graph.Error{Path: "sequential", Field: "FitConfig.Callbacks[0]"}},
		{"endless data", endless{}, train.FitConfig{}, graph.Error{Path: "sequential", Field: "data", Value: "9223372036854775807"}},
		{"endless validation", data, train.FitConfig{Validation: endless{}}, graph.Error{Path: "sequential", Field: "FitConfig.Validation", Value: "9223372036854775807"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := linear(1)
			before := hash(t, m)
			history, err := compile(t, m, train.Config{}).Fit(background, c.data, c.cfg)
			errtest.Check(t, err, c.want)
			if history == nil || len(history.Epochs) != 0 || hash(t, m) != before {
				t.Errorf("history %+v, or the weights have changed", history)
			}
		})
	}
	trainer := compile(t, linear(1), train.Config{})
	for _, c := range []struct {
		name string
		data datasets.Data
		cfg  train.EvaluateConfig
		want graph.Error
	}{
		{"nil data", nil, train.EvaluateConfig{}, graph.Error{Path: "sequential", Field: "data"}},
		{"empty data", none, train.EvaluateConfig{}, graph.Error{Path: "sequential", Field: "data", Value: "0"}},
		{"endless data", endless{}, train.EvaluateConfig{}, graph.Error{Path: "sequential", Field: "data", Value: "9223372036854775807"}},
		{"negative batch", data, train.EvaluateConfig{BatchSize: -1}, graph.Error{Path: "sequential", Field: "EvaluateConfig.BatchSize", Value: "-1"}},
		{"nil callback", data, train.EvaluateConfig{Callbacks: []train.Callback{nil}}, graph.Error{Path: "sequential", Field: "EvaluateConfig.Callbacks[0]"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := trainer.Evaluate(background, c.data, c.cfg)
			errtest.Check(t, err, c.want)
			_, err = trainer.Predict(background, c.data, c.cfg)
			errtest.Check(t, err, c.want)
		})
	}
}

// A zero Trainer is an error.
func TestZeroTrainer(t *testing.T) {
	want := graph.Error{Field: "trainer"}
	trainer, data := &train.Trainer{}, table(t, 1, 2)
	_, err := trainer.Fit(background, data, train.FitConfig{})
	errtest.Check(t, err, want)
	_, err = trainer.Evaluate(background, data, train.EvaluateConfig{})
	errtest.Check(t, err, want)
	_, err = trainer.Predict(background, data, train.EvaluateConfig{})
	errtest.Check(t, err, want)
	_, err = trainer.Step(background, &datasets.Batch{})
	errtest.Check(t, err, want)
}

// wantWithin fails the test unless err is the error that is wanted, at a place of
// the run that its text begins with.
func wantWithin(t *testing.T, err error, place string, want graph.Error) {
	t.Helper()
	errtest.Check(t, err, want)
	if err != nil && !strings.HasPrefix(err.Error(), place) {
		t.Errorf("%v does not begin with %q", err, place)
	}
}

// given is data that gives whatever batch it is told to.
type given struct {
	n     int
	batch *datasets.Batch
	err   error
}

func (d given) Len() int { return d.n }

func (d given) Gather(_ []int, into *datasets.Batch) error {
	if d.batch != nil {
		*into = *d.batch
	}
	return d.err
}

func zeros(shape ...int) *tensor.Dense {
	return tensor.New(tensor.Of(tensor.Float64), tensor.WithShape(shape...))
}

func TestErrorsOfBatches(t *testing.T) {
	x, y, single := zeros(4, 3), zeros(4, 1), tensor.New(tensor.Of(tensor.Float32), tensor.WithShape(4, 3))
	for _, c := range []struct {
		name  string
		batch datasets.Batch
		want  graph.Error
	}{
		{"no inputs", datasets.Batch{Targets: list(y)}, graph.Error{Path: "sequential", Field: "inputs of the batch", Value: "0"}},
		{"two inputs", datasets.Batch{Inputs: list(x, x), Targets: list(y)}, graph.Error{Path: "sequential", Field: "inputs of the batch", Value: "2"}},
		{"nil input", datasets.Batch{Inputs: list(nil), Targets: list(y)}, graph.Error{Path: "sequential", Field: "input 0"}},
		{"input of other features", datasets.Batch{Inputs: list(zeros(4, 2)), Targets: list(y)}, graph.Error{Field: "shape", Value: "[4, 2]"}},
		{"input of other rank", datasets.Batch{Inputs: list(zeros(4, 3, 1)), Targets: list(y)}, graph.Error{Field: "shape", Value: "[4, 3, 1]"}},
		{"input of other dtype", datasets.Batch{Inputs: list(single), Targets: list(y)}, graph.Error{Field: "dtype", Value: "float32"}},
		{"no targets", datasets.Batch{Inputs: list(x)}, graph.Error{Path: "sequential", Field: "targets of the batch", Value: "0"}},
		{"two targets", datasets.Batch{Inputs: list(x), Targets: list(y, y)}, graph.Error{Path: "sequential", Field: "targets of the batch", Value: "2"}},
		{"nil target", datasets.Batch{Inputs: list(x), Targets: list(nil)}, graph.Error{Path: "sequential", Field: "target"}},
		{"fewer targets", datasets.Batch{Inputs: list(x), Targets: list(zeros(3, 1))}, graph.Error{Path: "sequential", Field: "target", Value: "[3, 1]"}},
		{"target without features", datasets.Batch{Inputs: list(x), Targets: list(zeros(4))}, graph.Error{Path: "loss", Field: "target", Value: "[4]"}},
		{"target of more features", datasets.Batch{Inputs: list(x), Targets: list(zeros(4, 2))}, graph.Error{Path: "loss", Field: "target", Value: "[4, 2]"}},
		{"target of other dtype", datasets.Batch{Inputs: list(x), Targets: list(tensor.New(tensor.Of(tensor.Float32), tensor.WithShape(4, 1)))}, graph.Error{Field: "dtype", Value: "float32"}},
		{"target of integers", datasets.Batch{Inputs: list(x), Targets: list(tensor.New(tensor.Of(tensor.Int), tensor.WithShape(4, 1)))}, graph.Error{Field: "dtype", Value: "int"}},
		{"fewer weights", datasets.Batch{Inputs: list(x), Targets: list(y), Weights: list(zeros(3))}, graph.Error{Path: "sequential", Field: "sample weights", Value: "[3]"}},
		{"weights of other rank", datasets.Batch{Inputs: list(x), Targets: list(y), Weights: list(zeros(4, 1))}, graph.Error{Path: "loss", Field: "sample weights", Value: "[4, 1]"}},
		{"negative weights", datasets.Batch{Inputs: list(x), Targets: list(y), Weights: list(denseOf(tensor.Float64, []float64{1, 0, -2, -3}, 4))}, graph.Error{Path: "sequential", Field: "sample weights", Value: "-2"}},
		{"weights of other dtype", datasets.Batch{Inputs: list(x), Targets: list(y), Weights: list(tensor.New(tensor.Of(tensor.Float32), tensor.WithShape(4)))}, graph.Error{Field: "dtype", Value: "float32"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := linear(1)
			trainer := compile(t, m, train.Config{})
			before := hash(t, m)
			_, err := trainer.Step(background, &c.batch)
			errtest.Check(t, err, c.want)
			_, err = trainer.Fit(background, given{4, &c.batch, nil}, train.FitConfig{})
			wantWithin(t, err, "epoch 1, batch 1: ", c.want)
			_, err = trainer.Evaluate(background, given{4, &c.batch, nil}, train.EvaluateConfig{})
			wantWithin(t, err, "batch 1: ", c.want)
			if hash(t, m) != before || trainer.Optimizer().Iterations() != 0 {
				t.Error("the weights or the optimizer have changed")
			}
			_, err = trainer.Step(background, &datasets.Batch{Inputs: list(x), Targets: list(y)})
			check(t, err)
		})
	}
	trainer := compile(t, linear(1), train.Config{})
	_, err := trainer.Step(background, nil)
	errtest.Check(t, err, graph.Error{Path: "sequential", Field: "batch"})
}

func TestErrorsOfData(t *testing.T) {
	broken := errors.New("the disk is gone")
	batch := &datasets.Batch{Inputs: []*tensor.Dense{zeros(3, 3)}, Targets: []*tensor.Dense{zeros(3, 1)}}
	number := graph.Error{Path: "sequential", Field: "input 0", Value: graph.Shape{3, 3}}
	for _, c := range []struct {
		name string
		data given
		want graph.Error // where Gather does not fail
	}{
		{"Gather fails", given{4, batch, broken}, graph.Error{}},
		{"fewer samples than asked for", given{4, batch, nil}, number},
		{"more samples than asked for", given{2, batch, nil}, number},
		{"no batch", given{2, nil, nil}, graph.Error{Path: "sequential", Field: "inputs of the batch", Value: 0}},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := linear(1)
			trainer := compile(t, m, train.Config{})
			before := hash(t, m)
			good := table(t, 1, 4)
			wantFault := func(err error, place string) {
				t.Helper()
				if c.data.err == nil {
					wantWithin(t, err, place, c.want)
				} else if !errors.Is(err, broken) || !strings.HasPrefix(err.Error(), place+"sequential: data: ") {
					t.Errorf("%v does not hold the error of Gather in %s", err, place)
				}
			}
			_, err := trainer.Fit(background, c.data, train.FitConfig{})
			wantFault(err, "epoch 1, batch 1: ")
			_, err = trainer.Evaluate(background, c.data, train.EvaluateConfig{})
			wantFault(err, "batch 1: ")
			_, err = trainer.Predict(background, c.data, train.EvaluateConfig{})
			wantFault(err, "batch 1: ")
			if hash(t, m) != before {
				t.Error("the weights have changed")
			}
			_, err = trainer.Fit(background, good, train.FitConfig{Validation: c.data})
			wantFault(err, "validation of epoch 1: batch 1: ")
		})
	}
}

func TestNilContext(t *testing.T) {
	trainer := compile(t, linear(1), train.Config{})
	data := table(t, 1, 4)
	var none context.Context
	want := graph.Error{Path: "sequential", Field: "ctx"}
	_, err := trainer.Fit(none, data, train.FitConfig{})
	errtest.Check(t, err, want)
	_, err = trainer.Evaluate(none, data, train.EvaluateConfig{})
	errtest.Check(t, err, want)
	_, err = trainer.Predict(none, data, train.EvaluateConfig{})
	errtest.Check(t, err, want)
	_, err = trainer.Step(none, batch(t, data))
	errtest.Check(t, err, want)
}
