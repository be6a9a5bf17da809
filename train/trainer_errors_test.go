package train_test

import (
	"context"
	"math"
	"testing"

	"github.com/engram-go/engram/datasets"
	"github.com/engram-go/engram/graph"
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
		want  string
	}{
		{"nil model", nil, ok, "model must not be nil"},
		{"typed nil model", (*models.Sequential)(nil), ok, "model must not be nil"},
		{"typed nil loss", linear(1), train.Config{Loss: (*panicking)(nil)}, "sequential: Config.Loss must be set"},
		{"typed nil metric", linear(1), metric((*named)(nil)), "sequential: Config.Metrics[0] must not be nil"},
		{"nil loss", linear(1), train.Config{}, "sequential: Config.Loss must be set"},
		{"nil metric", linear(1), metric(metrics.MAE{}, nil), "sequential: Config.Metrics[1] must not be nil"},
		{"metric that does not start", linear(1), metric(idle{}), "sequential: Config.Metrics[0].Start() must not be nil"},
		{"two metrics of one name", linear(1), metric(metrics.MAE{}, metrics.MAE{}), `sequential: Config.Metrics[1] must have a unique name, got "mae"`},
		{"metric called loss", linear(1), metric(named{metrics.MAE{}, "loss"}), `sequential: Config.Metrics[0] must have a unique name, got "loss"`},
		{"metric like one of validation", linear(1), metric(named{metrics.MAE{}, "val_loss"}), `must have a name that does not start with val_, got "val_loss"`},
		{"metric without name", linear(1), metric(named{metrics.MAE{}, ""}), `got ""`},
		{"negative learning rate", linear(1), rate(optimizers.SGD{LearningRate: -1}), "sequential: SGD.LearningRate must be finite and not negative, got -1"},
		{"NaN learning rate", linear(1), rate(optimizers.Adam{LearningRate: math.NaN()}), "sequential: Adam.LearningRate must be finite and not negative, got NaN"},
		{"infinite learning rate", linear(1), rate(optimizers.Adam{LearningRate: math.Inf(1)}), "got +Inf"},
		{"no layers", sequential(), ok, "sequential: model must have layers"},
		{"no input", sequential(layers.Dense{Units: 1}), ok, "first layer must be layers.Input"},
		{"bad layer", sequential(layers.Input{Shape: graph.Shape{3}}, layers.Dense{Units: -3}), ok, "sequential/dense: Dense.Units must be positive, got -3"},
		{"mask without steps", sequential(layers.Input{Shape: graph.Shape{3}}, masking{}), ok, "loss: output must carry a mask of as many steps as its loss has, [any], got [any]"},
		{"nothing to train", sequential(layers.Input{Shape: graph.Shape{3}}, layers.Dropout{Rate: 0.5}), ok, "must be at least one"},
		{"loss that panics", linear(1), train.Config{Loss: panicking{}}, "loss: building panicked: mine"},
	} {
		t.Run(c.name, func(t *testing.T) {
			trainer, err := train.Compile(c.model, c.cfg)
			if trainer != nil {
				t.Error("got a trainer beside the error")
			}
			wantError(t, err, c.want)
			if !errors.Is(err, graph.ErrInput) && c.name != "loss that panics" {
				t.Errorf("%v is not graph.ErrInput", err)
			}
		})
	}
}

func TestErrorsOfConfigs(t *testing.T) {
	data := table(t, 1, 10)
	none := &datasets.Samples{}
	for _, c := range []struct {
		name string
		data datasets.Data
		cfg  train.FitConfig
		want string
	}{
		{"nil data", nil, train.FitConfig{}, "sequential: data must not be nil"},
		{"empty data", none, train.FitConfig{}, "sequential: data must have samples, got 0"},
		{"negative epochs", data, train.FitConfig{Epochs: -1}, "sequential: FitConfig.Epochs must not be negative, got -1"},
		{"negative batch", data, train.FitConfig{BatchSize: -2}, "sequential: FitConfig.BatchSize must not be negative, got -2"},
		{"negative initial epoch", data, train.FitConfig{InitialEpoch: -1}, "sequential: FitConfig.InitialEpoch must not be negative, got -1"},
		{"initial epoch after the last", data, train.FitConfig{InitialEpoch: 2}, "sequential: FitConfig.InitialEpoch must be at most Epochs, 1, got 2"},
		{"huge initial epoch", data, train.FitConfig{InitialEpoch: math.MaxInt, Epochs: math.MaxInt}, "sequential: FitConfig.InitialEpoch must be at most 2147483648, got 9223372036854775807"},
		{"negative steps", data, train.FitConfig{StepsPerEpoch: -3}, "sequential: FitConfig.StepsPerEpoch must not be negative, got -3"},
		{"huge steps", data, train.FitConfig{StepsPerEpoch: math.MaxInt}, "sequential: FitConfig.StepsPerEpoch must be at most 2147483648, got 9223372036854775807"},
		{"negative validation steps", data, train.FitConfig{Validation: data, ValidationSteps: -1}, "sequential: FitConfig.ValidationSteps must not be negative, got -1"},
		{"validation steps of nothing", data, train.FitConfig{ValidationSteps: 1}, "sequential: FitConfig.ValidationSteps must be 0 where nothing is validated, got 1"},
		{"weight of no class", data, train.FitConfig{ClassWeight: map[int]float64{2: 1}}, "sequential: FitConfig.ClassWeight must be of classes from 0 to 1, got 2"},
		{"weight of a negative class", data, train.FitConfig{ClassWeight: map[int]float64{-1: 1}}, "sequential: FitConfig.ClassWeight must be of classes from 0 to 1, got -1"},
		{"negative weight of a class", data, train.FitConfig{ClassWeight: map[int]float64{1: -2}}, "sequential: FitConfig.ClassWeight[1] must be finite and not negative, got -2"},
		{"NaN weight of a class", data, train.FitConfig{ClassWeight: map[int]float64{0: math.NaN()}}, "sequential: FitConfig.ClassWeight[0] must be finite and not negative, got NaN"},
		{"weights of classes for numbers", data, train.FitConfig{ClassWeight: map[int]float64{0: 2}}, "epoch 1, batch 1: sequential: target must be one of 2 classes where FitConfig.ClassWeight is set, got ["},
		{"typed nil data", (*datasets.Samples)(nil), train.FitConfig{}, "sequential: data must not be nil"},
		{"typed nil validation", data, train.FitConfig{Validation: (*datasets.Samples)(nil)}, "sequential: FitConfig.Validation must not be nil"},
		{"typed nil callback", data, train.FitConfig{Callbacks: []train.Callback{(*diary)(nil)}}, "sequential: FitConfig.Callbacks[0] must not be nil"},
		{"negative split", data, train.FitConfig{ValidationSplit: -0.1}, "sequential: FitConfig.ValidationSplit must be at least 0 and less than 1, got -0.1"},
		{"whole split", data, train.FitConfig{ValidationSplit: 1}, "must be at least 0 and less than 1, got 1"},
		{"NaN split", data, train.FitConfig{ValidationSplit: math.NaN()}, "must be at least 0 and less than 1, got NaN"},
		{"nothing to validate", data, train.FitConfig{ValidationSplit: 1e-9}, "sequential: FitConfig.ValidationSplit: fraction must leave a sample on both sides of 10, got 1e-09"},
		{"nothing to train", table(t, 1, 1), train.FitConfig{ValidationSplit: 0.5}, "must leave a sample on both sides of 1, got 0.5"},
		{"both validations", data, train.FitConfig{ValidationSplit: 0.5, Validation: data}, "sequential: FitConfig.ValidationSplit must be 0 where Validation is set, got 0.5"},
		{"empty validation", data, train.FitConfig{Validation: none}, "sequential: FitConfig.Validation must have samples, got 0"},
		{"nil callback", data, train.FitConfig{Callbacks: []train.Callback{nil}}, "sequential: FitConfig.Callbacks[0] must not be nil"},
		{"nil function", data, train.FitConfig{Callbacks: []train.Callback{train.CallbackFunc(nil)}}, "sequential: FitConfig.Callbacks[0] must not be nil"},
		{"endless data", endless{}, train.FitConfig{}, "sequential: data must have at most 2147483648 samples, got 9223372036854775807"},
		{"endless validation", data, train.FitConfig{Validation: endless{}}, "sequential: FitConfig.Validation must have at most 2147483648 samples, got"},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := linear(1)
			before := hash(t, m)
			history, err := compile(t, m, train.Config{}).Fit(background, c.data, c.cfg)
			wantInput(t, err, c.want)
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
		want string
	}{
		{"nil data", nil, train.EvaluateConfig{}, "sequential: data must not be nil"},
		{"empty data", none, train.EvaluateConfig{}, "sequential: data must have samples, got 0"},
		{"endless data", endless{}, train.EvaluateConfig{}, "sequential: data must have at most 2147483648 samples, got 9223372036854775807"},
		{"negative batch", data, train.EvaluateConfig{BatchSize: -1}, "sequential: EvaluateConfig.BatchSize must not be negative, got -1"},
		{"nil callback", data, train.EvaluateConfig{Callbacks: []train.Callback{nil}}, "sequential: EvaluateConfig.Callbacks[0] must not be nil"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := trainer.Evaluate(background, c.data, c.cfg)
			wantInput(t, err, c.want)
			_, err = trainer.Predict(background, c.data, c.cfg)
			wantInput(t, err, c.want)
		})
	}
}

// A trainer that is no more than its zero value says so.
func TestZeroTrainer(t *testing.T) {
	const want = "trainer must be made by Compile"
	trainer, data := &train.Trainer{}, table(t, 1, 2)
	_, err := trainer.Fit(background, data, train.FitConfig{})
	wantInput(t, err, want)
	_, err = trainer.Evaluate(background, data, train.EvaluateConfig{})
	wantInput(t, err, want)
	_, err = trainer.Predict(background, data, train.EvaluateConfig{})
	wantInput(t, err, want)
	_, err = trainer.Step(background, &datasets.Batch{})
	wantInput(t, err, want)
}

func wantInput(t *testing.T, err error, want string) {
	t.Helper()
	wantError(t, err, want)
	var e graph.Error
	if !errors.Is(err, graph.ErrInput) || !errors.As(err, &e) {
		t.Errorf("%v is not a graph.Error of graph.ErrInput", err)
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
		want  string
	}{
		{"no inputs", datasets.Batch{Targets: list(y)}, "sequential: inputs of the batch must be 1, got 0"},
		{"two inputs", datasets.Batch{Inputs: list(x, x), Targets: list(y)}, "sequential: inputs of the batch must be 1, got 2"},
		{"nil input", datasets.Batch{Inputs: list(nil), Targets: list(y)}, "sequential: input 0 must not be nil"},
		{"input of other features", datasets.Batch{Inputs: list(zeros(4, 2)), Targets: list(y)}, "sequential: input 0: shape must be [any, 3], got [4, 2]"},
		{"input of other rank", datasets.Batch{Inputs: list(zeros(4, 3, 1)), Targets: list(y)}, "sequential: input 0: shape must be [any, 3], got [4, 3, 1]"},
		{"input of other dtype", datasets.Batch{Inputs: list(single), Targets: list(y)}, "sequential: input 0: dtype must be float64, got float32"},
		{"no targets", datasets.Batch{Inputs: list(x)}, "sequential: targets of the batch must be 1, got 0"},
		{"two targets", datasets.Batch{Inputs: list(x), Targets: list(y, y)}, "sequential: targets of the batch must be 1, got 2"},
		{"nil target", datasets.Batch{Inputs: list(x), Targets: list(nil)}, "sequential: target must not be nil"},
		{"fewer targets", datasets.Batch{Inputs: list(x), Targets: list(zeros(3, 1))}, "sequential: target must have 4 samples like input 0, got [3, 1]"},
		{"target without features", datasets.Batch{Inputs: list(x), Targets: list(zeros(4))}, "loss: target must have the shape of the output, [4, 1], got [4]"},
		{"target of more features", datasets.Batch{Inputs: list(x), Targets: list(zeros(4, 2))}, "loss: target must have the shape of the output, [4, 1], got [4, 2]"},
		{"target of other dtype", datasets.Batch{Inputs: list(x), Targets: list(tensor.New(tensor.Of(tensor.Float32), tensor.WithShape(4, 1)))}, "sequential: target: dtype must be float64, got float32"},
		{"target of integers", datasets.Batch{Inputs: list(x), Targets: list(tensor.New(tensor.Of(tensor.Int), tensor.WithShape(4, 1)))}, "sequential: target: dtype must be float64, got int"},
		{"fewer weights", datasets.Batch{Inputs: list(x), Targets: list(y), Weights: list(zeros(3))}, "sequential: sample weights must have 4 samples like input 0, got [3]"},
		{"weights of other rank", datasets.Batch{Inputs: list(x), Targets: list(y), Weights: list(zeros(4, 1))}, "loss: sample weights must be those of samples, or of steps, of a loss of the shape [4], got [4, 1]"},
		{"negative weights", datasets.Batch{Inputs: list(x), Targets: list(y), Weights: list(denseOf(tensor.Float64, []float64{1, 0, -2, -3}, 4))}, "sequential: sample weights must not be negative, got -3"},
		{"weights of other dtype", datasets.Batch{Inputs: list(x), Targets: list(y), Weights: list(tensor.New(tensor.Of(tensor.Float32), tensor.WithShape(4)))}, "sequential: sample weights: dtype must be float64, got float32"},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := linear(1)
			trainer := compile(t, m, train.Config{})
			before := hash(t, m)
			_, err := trainer.Step(background, &c.batch)
			wantInput(t, err, c.want)
			_, err = trainer.Fit(background, given{4, &c.batch, nil}, train.FitConfig{})
			wantInput(t, err, "epoch 1, batch 1: "+c.want)
			_, err = trainer.Evaluate(background, given{4, &c.batch, nil}, train.EvaluateConfig{})
			wantInput(t, err, "batch 1: "+c.want)
			if hash(t, m) != before || trainer.Optimizer().Iterations() != 0 {
				t.Error("the weights or the optimizer have changed")
			}
			_, err = trainer.Step(background, &datasets.Batch{Inputs: list(x), Targets: list(y)})
			check(t, err)
		})
	}
	trainer := compile(t, linear(1), train.Config{})
	_, err := trainer.Step(background, nil)
	wantInput(t, err, "sequential: batch must not be nil")
}

func TestErrorsOfData(t *testing.T) {
	broken := errors.New("the disk is gone")
	batch := &datasets.Batch{Inputs: []*tensor.Dense{zeros(3, 3)}, Targets: []*tensor.Dense{zeros(3, 1)}}
	for _, c := range []struct {
		name string
		data given
		want string
	}{
		{"Gather fails", given{4, batch, broken}, "batch 1: sequential: data: the disk is gone"},
		{"fewer samples than asked for", given{4, batch, nil}, "batch 1: sequential: input 0 must have the 4 samples that were asked for, got [3, 3]"},
		{"more samples than asked for", given{2, batch, nil}, "batch 1: sequential: input 0 must have the 2 samples that were asked for, got [3, 3]"},
		{"no batch", given{2, nil, nil}, "batch 1: sequential: inputs of the batch must be 1, got 0"},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := linear(1)
			trainer := compile(t, m, train.Config{})
			before := hash(t, m)
			good := table(t, 1, 4)
			errs := map[string]error{}
			_, errs["epoch 1, "] = trainer.Fit(background, c.data, train.FitConfig{})
			_, errs[""] = trainer.Evaluate(background, c.data, train.EvaluateConfig{})
			_, err := trainer.Predict(background, c.data, train.EvaluateConfig{})
			for place, err := range errs {
				wantError(t, err, place+c.want)
			}
			wantError(t, err, c.want)
			if c.data.err != nil && !errors.Is(err, broken) {
				t.Errorf("%v does not hold the error of Gather", err)
			}
			if hash(t, m) != before {
				t.Error("the weights have changed")
			}
			_, err = trainer.Fit(background, good, train.FitConfig{Validation: c.data})
			wantError(t, err, "validation of epoch 1: "+c.want)
		})
	}
}

func TestNilContext(t *testing.T) {
	trainer := compile(t, linear(1), train.Config{})
	data := table(t, 1, 4)
	var none context.Context
	const want = "sequential: ctx must not be nil"
	_, err := trainer.Fit(none, data, train.FitConfig{})
	wantInput(t, err, want)
	_, err = trainer.Evaluate(none, data, train.EvaluateConfig{})
	wantInput(t, err, want)
	_, err = trainer.Predict(none, data, train.EvaluateConfig{})
	wantInput(t, err, want)
	_, err = trainer.Step(none, batch(t, data))
	wantInput(t, err, want)
}
