package conformance_test

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/engram-go/engram/datasets"
	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/layers/constraints"
	"github.com/engram-go/engram/layers/regularizers"
	"github.com/engram-go/engram/models"
	"github.com/engram-go/engram/train"
	"github.com/engram-go/engram/train/losses"
	"github.com/engram-go/engram/train/optimizers"
	"github.com/pkg/errors"
	"gorgonia.org/tensor"
)

// badInput is something that a user may do wrong, and what the error must say.
type badInput struct {
	name  string
	do    func() error
	place string // where: part of what stands before the rule
	rule  string // part of the rule, with what breaks it
	value string // part of the value; empty where there is none to show
	kind  error  // graph.ErrInput where nil
}

// Whatever is wrong is an error that names the place, the rule and the value;
// nothing panics, and what was there before is still there.
func TestBadInput(t *testing.T) {
	for _, rows := range [][]badInput{badModels(), badTensors(), badData(), badTraining(), badCSV(t), badFiles(t)} {
		for _, row := range rows {
			t.Run(row.name, func(t *testing.T) { row.check(t) })
		}
	}
}

func (row badInput) check(t *testing.T) {
	err := row.do()
	var e graph.Error
	if !errors.As(err, &e) {
		t.Fatalf("want a graph.Error, got: %v", err)
	}
	if row.kind == nil {
		row.kind = graph.ErrInput
	}
	if !errors.Is(err, row.kind) {
		t.Errorf("want the kind %q, got: %v", row.kind, err)
	}
	text := err.Error()
	if before, _, ok := strings.Cut(text, e.Rule); !ok || !strings.Contains(before, row.place) {
		t.Errorf("the error must name %q before its rule, got: %s", row.place, text)
	}
	if rule := e.Field + " " + e.Rule; !strings.Contains(rule, row.rule) {
		t.Errorf("the rule must say %q, got: %s", row.rule, text)
	}
	switch {
	case row.value == "" && e.Value != nil:
		t.Errorf("want no value, got: %s", text)
	case row.value != "" && (!strings.Contains(fmt.Sprint(e.Value), row.value) || !strings.Contains(text, "got "+fmt.Sprint(e.Value))):
		t.Errorf("the value must be %s, got: %s", row.value, text)
	}
	if strings.Contains(text, "panicked") || strings.Contains(text, "PANIC") {
		t.Errorf("something panicked: %s", text)
	}
}

var (
	background = context.Background()
	series     = layers.Input{Shape: graph.Shape{4, 2}}
	row        = layers.Input{Shape: graph.Shape{2}}
	one        = layers.Dense{Units: 1}
)

func sequential(ls ...layers.Layer) *models.Sequential {
	return models.NewSequential(models.Config{Seed: 1}, ls...)
}

func badModels() []badInput {
	build := func(ls ...layers.Layer) func() error { return func() error { return sequential(ls...).Build() } }
	float := func(elements ...float32) *tensor.Dense {
		return tensor.New(tensor.WithShape(len(elements)), tensor.WithBacking(elements))
	}
	set := func(path string, value *tensor.Dense) func() error {
		m := sequential(row, one)
		return unchanged(m, func() error {
			good, err := m.Weight("sequential/dense/kernel")
			if err != nil {
				return err
			}
			good.Zero()
			return m.SetWeights(models.Weight{Path: "sequential/dense/kernel", Value: good}, models.Weight{Path: path, Value: value})
		})
	}
	x := models.NewInput(row)
	functional := func(out ...models.Tensor) func() error {
		return func() error { return models.NewFunctional(models.Config{}, models.Inputs{x}, out).Build() }
	}
	return []badInput{
		{"a functional model without outputs", functional(), "functional", "model must have an output", "", nil},
		{"a tensor of nothing", functional(models.Use(one).Call(models.Tensor{})), "functional", "input 0 of Dense must come from NewInput or Handle.Call", "", nil},
		{"an output that is not there", functional(models.Use(one).Call(x).Output(1)), "functional/dense", "output must be one of the layer's 1", "1", nil},
		{"an input that is not given", functional(models.Use(one).Call(models.NewInput(series))), "functional/input", "input must be among the inputs", "", nil},
		{"two shapes added", functional(models.Use(layers.Add{}).Call(models.Use(layers.Dense{Units: 3}).Call(x), x)), "functional/add", "Add must have inputs that broadcast to each other, beside [any, 3]", "[any, 2]", nil},
		{"freezing nothing", func() error { return sequential(row, one).Freeze("dens") }, "sequential/dens", "path must lead to weights", "", nil},
		{"negative units", build(series, layers.LSTM{Units: 3, ReturnSequences: true}, layers.LSTM{Units: -3}), "sequential/lstm_1", "LSTM.Units must be positive", "-3", nil},
		{"no units", build(row, layers.Dense{}), "sequential/dense", "Dense.Units must be positive", "0", nil},
		{"negative dropout", build(row, layers.Dropout{Rate: -0.5}), "sequential/dropout", "Dropout.Rate must be at least 0", "-0.5", nil},
		{"a dropout mask of no size", build(row, layers.Dropout{Rate: 0.5, NoiseShape: graph.Shape{graph.Any, 0}}), "sequential/dropout", "Dropout.NoiseShape must have positive or open axes", "[any, 0]", nil},
		{"a dropout mask of another rank", build(row, layers.Dropout{Rate: 0.5, NoiseShape: graph.Shape{1}}), "sequential/dropout", "Dropout.NoiseShape must have the axes of the input, [any, 2], or 1", "[1]", nil},
		{"spatial dropout above 1", build(series, layers.SpatialDropout1D{Rate: 1.5}), "sequential/spatial_dropout1d", "SpatialDropout1D.Rate must be at least 0", "1.5", nil},
		{"negative noise", build(row, layers.GaussianNoise{Stddev: -1}), "sequential/gaussian_noise", "GaussianNoise.Stddev must be at least 0", "-1", nil},
		{"an embedding of nothing", build(row, layers.Embedding{OutputDim: 2}), "sequential/embedding", "Embedding.InputDim must be positive", "0", nil},
		{"an embedding of more than there is room for", build(row, layers.Embedding{InputDim: 1 << 24, OutputDim: 1 << 24}), "sequential/embedding", "must have at most 2147483648 elements", "", nil},
		{"an embedding that masks features", build(series, layers.Embedding{InputDim: 3, OutputDim: 2, MaskZero: true}), "sequential/embedding", "Embedding.MaskZero must have an input of the shape [batch, steps]", "[any, 4, 2]", nil},
		{"masking of NaN", build(series, layers.Masking{MaskValue: math.NaN()}), "sequential/masking", "Masking.MaskValue must be finite", "NaN", graph.ErrNotFinite},
		{"masking without steps", build(row, layers.Masking{}), "sequential/masking", "Masking must have an input of the shape [batch, steps, features]", "[any, 2]", nil},
		{"layer normalization over the batch", build(row, layers.LayerNormalization{Axis: []int{0}}), "sequential/layer_normalization", "LayerNormalization.Axis must lie within the shape [any, 2], behind the batch", "[0]", nil},
		{"layer normalization over no axis", build(row, layers.LayerNormalization{Axis: []int{1, 5}}), "sequential/layer_normalization", "LayerNormalization.Axis must lie within the shape [any, 2]", "[1 5]", nil},
		{"layer normalization with a negative epsilon", build(row, layers.LayerNormalization{Epsilon: -1}), "sequential/layer_normalization", "LayerNormalization.Epsilon must be positive", "-1", nil},
		{"batch normalization along no axis", build(row, layers.BatchNormalization{Axis: 2}), "sequential/batch_normalization", "BatchNormalization.Axis must be an axis behind the batch of [any, 2]", "2", nil},
		{"batch normalization of a whole momentum", build(row, layers.BatchNormalization{Momentum: new(1.0)}), "sequential/batch_normalization", "BatchNormalization.Momentum must be at least 0 and less than 1", "1", nil},
		{"batch normalization with an epsilon of NaN", build(row, layers.BatchNormalization{Epsilon: math.NaN()}), "sequential/batch_normalization", "BatchNormalization.Epsilon must be positive", "NaN", nil},
		{"a layer over time without a layer", build(series, layers.TimeDistributed{}), "sequential/time_distributed", "TimeDistributed.Layer must be set", "", nil},
		{"a layer over time with a bad layer", build(series, layers.TimeDistributed{Layer: layers.Dense{Units: -1}}), "sequential/time_distributed", "TimeDistributed.Layer.Units must be positive", "-1", nil},
		{"a layer over time that wants more", build(series, layers.TimeDistributed{Layer: layers.LSTM{Units: 1}}), "sequential/time_distributed/lstm", "LSTM must have an input of the shape [batch, steps, features]", "[any, 2]", nil},
		{"a model over time", build(series, layers.TimeDistributed{Layer: sequential(row, one)}), "sequential/time_distributed", "TimeDistributed.Layer must be a value of a named type", "*models.Sequential", nil},
		{"a layer over no time", build(row, layers.TimeDistributed{Layer: one}), "sequential/time_distributed", "TimeDistributed must have an input of at least 3 axes", "[any, 2]", nil},
		{"a lambda without a function", build(row, layers.Lambda{}), "sequential/lambda", "Lambda.Function must be set", "", nil},
		{"dropout of NaN", build(series, layers.LSTM{Units: 1, Dropout: math.NaN()}), "sequential/lstm", "LSTM.Dropout must be at least 0", "NaN", nil},
		{"recurrent dropout of 1", build(series, layers.GRU{Units: 1, RecurrentDropout: 1}), "sequential/gru", "GRU.RecurrentDropout must be at least 0", "1", nil},
		{"a negative penalty", build(row, layers.Dense{Units: 1, KernelRegularizer: regularizers.L2{L2: -1}}), "sequential/dense", "Dense.KernelRegularizer.L2 must be finite and not negative", "-1", nil},
		{"a bound along an axis that is not there", build(row, layers.Dense{Units: 1, KernelConstraint: constraints.MaxNorm{Axes: []int{2}}}), "sequential/dense", "MaxNorm.Axes must lie within the shape [2, 1]", "2", nil},
		{"no heads", build(series, layers.MultiHeadAttention{KeyDim: 2}), "sequential/multi_head_attention", "MultiHeadAttention.NumHeads must be positive", "0", nil},
		{"an unknown score", build(series, layers.Attention{ScoreMode: "sum"}), "sequential/attention", "Attention.ScoreMode must be one of dot, concat", "sum", nil},
		{"more steps than positions", build(series, layers.PositionEmbedding{SequenceLength: 3}), "sequential/position_embedding", "PositionEmbedding must have an input of at most 3 steps", "4", nil},
		{"wrong rank between layers", build(series, layers.LSTM{Units: 3}, layers.LSTM{Units: 3}), "sequential/lstm_1", "LSTM must have an input of the shape [batch, steps, features], which a recurrent layer gives with ReturnSequences", "[any, 3]", nil},
		{"two layers of one direction", build(series, layers.Bidirectional{Layer: layers.LSTM{Units: 1}, BackwardLayer: layers.LSTM{Units: 1}}), "sequential/bidirectional", "Bidirectional.BackwardLayer must differ from Layer in GoBackwards", "GoBackwards false", nil},
		{"a layer that has no direction", build(series, layers.Bidirectional{Layer: one}), "sequential/bidirectional", "Bidirectional.Layer must be LSTM", "Dense", nil},
		{"no layers", build(), "sequential", "must have layers", "", nil},
		{"no input", build(one), "sequential", "first layer must be layers.Input", "Dense", nil},
		{"no input shape", build(layers.Input{}, one), "sequential/input", "Input.Shape must be given", "", nil},
		{"an input of no features", build(layers.Input{Shape: graph.Shape{3, 0}}, one), "sequential/input", "Input.Shape must have positive or open axes", "[3, 0]", nil},
		{"two layers of one name", build(row, layers.Dense{Units: 1, Name: "a"}, layers.Dense{Units: 1, Name: "a"}), "sequential", "layer name must be used once", `"a"`, nil},
		{"a layer named with /", build(row, layers.Dense{Units: 1, Name: "a/b"}), "sequential", "layer name must be one line of text without /", `"a/b"`, nil},
		{"a nil layer", build(row, nil), "sequential/layer 1", "layer must be a value", "<nil>", nil},
		{"a layer as a pointer", build(row, &one), "sequential/layer 1", "layer must be a value", "*layers.Dense", nil},
		{"a weight of the wrong shape", set("sequential/dense/bias", float(1, 2)), "sequential/dense/bias", "shape must be [1]", "[2]", nil},
		{"a weight of the wrong dtype", set("sequential/dense/bias", tensor.New(tensor.WithShape(1), tensor.Of(tensor.Float64))), "sequential/dense/bias", "dtype must be float32", "float64", nil},
		{"a weight of NaN", set("sequential/dense/bias", float(float32(math.NaN()))), "sequential/dense/bias", "element [0] must be finite", "NaN", graph.ErrNotFinite},
		{"a weight of no layer", set("sequential/dense/bios", float(1)), "sequential/dense/bios", "weight must belong to the model", "", nil},
	}
}

// unchanged adds to what do returns an error if it changed a weight.
func unchanged(m *models.Sequential, do func() error) func() error {
	return func() error {
		before, err := m.WeightsSHA256()
		if err != nil {
			return err
		}
		err = do()
		if after, hashErr := m.WeightsSHA256(); hashErr != nil || after != before {
			return errors.Errorf("the weights changed (%v) beside the error %v", hashErr, err)
		}
		return err
	}
}

func badTensors() []badInput {
	m := sequential(series, layers.LSTM{Units: 3}, one)
	predict := func(in ...*tensor.Dense) func() error {
		return unchanged(m, func() error { _, err := m.Predict(background, in...); return err })
	}
	zeros := func(dtype tensor.Dtype, shape ...int) *tensor.Dense {
		return tensor.New(tensor.WithShape(shape...), tensor.Of(dtype))
	}
	with := func(bad float64) *tensor.Dense {
		x := zeros(tensor.Float32, 3, 4, 2)
		x.Float32s()[11] = float32(bad)
		return x
	}
	words := sequential(layers.Input{Shape: graph.Shape{2}}, layers.Embedding{InputDim: 3, OutputDim: 2}, layers.Flatten{}, one)
	look := func(numbers ...float32) func() error {
		x := tensor.New(tensor.WithShape(1, 2), tensor.WithBacking(numbers))
		return unchanged(words, func() error { _, err := words.Predict(background, x); return err })
	}
	learn := func(numbers ...float64) func() error {
		return unchanged(words, func() error {
			data, err := datasets.FromSlices([][]float64{numbers}, [][]float64{{1}}, tensor.Float32)
			if err != nil {
				return err
			}
			trainer, err := train.Compile(words, train.Config{Loss: losses.MSE{}})
			if err != nil {
				return err
			}
			_, err = trainer.Fit(background, data, train.FitConfig{})
			return err
		})
	}
	return []badInput{
		{"an index that is too large", look(1, 3), "sequential/embedding", "index 1 must be a whole number from 0 to 2", "3", nil},
		{"an index below 0", look(-1, 2), "sequential/embedding", "index 0 must be a whole number from 0 to 2", "-1", nil},
		{"an index with a fraction", look(0.5, 2), "sequential/embedding", "index 0 must be a whole number from 0 to 2", "0.5", nil},
		{"an index that is too large to train on", learn(1, 3), "sequential/embedding", "index 1 must be a whole number from 0 to 2", "3", nil},
		{"wrong rank", predict(zeros(tensor.Float32, 3, 4)), "sequential: input 0", "shape must be [any, 4, 2]", "[3, 4]", nil},
		{"wrong number of features", predict(zeros(tensor.Float32, 3, 4, 1)), "sequential: input 0", "shape must be [any, 4, 2]", "[3, 4, 1]", nil},
		{"wrong number of steps", predict(zeros(tensor.Float32, 3, 5, 2)), "sequential: input 0", "shape must be [any, 4, 2]", "[3, 5, 2]", nil},
		{"wrong dtype", predict(zeros(tensor.Float64, 3, 4, 2)), "sequential: input 0", "dtype must be float32", "float64", nil},
		{"a tensor of integers", predict(zeros(tensor.Int, 3, 4, 2)), "sequential: input 0", "dtype must be float32", "int", nil},
		{"no tensor", predict(), "sequential", "inputs must be 1", "0", nil},
		{"two tensors", predict(with(0), with(0)), "sequential", "inputs must be 1", "2", nil},
		{"a nil tensor", predict(nil), "sequential: input 0", "must not be nil", "", nil},
		{"NaN to predict from", predict(with(math.NaN())), "sequential: input 0", "element [1 1 1] must be finite", "NaN", graph.ErrNotFinite},
		{"infinity to predict from", predict(with(math.Inf(1))), "sequential: input 0", "element [1 1 1] must be finite", "+Inf", graph.ErrNotFinite},
		{"a tensor that lies badly for its shape", predict(transposed(3, 4, 2)), "sequential: input 0", "shape must be [any, 4, 2]", "[2, 4, 3]", nil},
	}
}

func transposed(shape ...int) *tensor.Dense {
	x := tensor.New(tensor.WithShape(shape...), tensor.Of(tensor.Float32))
	for i := range x.Float32s() {
		x.Float32s()[i] = float32(i)
	}
	if err := x.T(); err != nil {
		panic(err)
	}
	return x
}

// Tensors that are transposed or sliced are taken, and give what their copies
// in plain order give, in prediction and in training.
func TestViewsAreRight(t *testing.T) {
	wide := tensor.New(tensor.WithShape(6, 9, 3), tensor.WithBacking(tensor.Range(tensor.Float32, 0, 6*9*3)))
	part, err := wide.Slice(tensor.S(1, 6), tensor.S(2, 6), tensor.S(1, 3))
	if err != nil {
		t.Fatal(err)
	}
	for name, x := range map[string]*tensor.Dense{"transposed": transposed(2, 4, 5), "sliced": part.(*tensor.Dense)} {
		t.Run(name, func(t *testing.T) {
			var plain []float32
			for i := range 5 {
				for k := range 4 {
					for f := range 2 {
						v, err := x.At(i, k, f)
						if err != nil {
							t.Fatal(err)
						}
						plain = append(plain, v.(float32)/100)
					}
				}
			}
			x, err := x.DivScalar(float32(100), true)
			if err != nil {
				t.Fatal(err)
			}
			y := tensor.New(tensor.WithShape(5, 1), tensor.WithBacking([]float32{1, 2, 3, 4, 5}))
			var results [2][]float32
			for i, in := range []*tensor.Dense{x, tensor.New(tensor.WithShape(5, 4, 2), tensor.WithBacking(plain))} {
				m := sequential(series, layers.LSTM{Units: 3}, one)
				before, err := m.Predict(background, in)
				if err != nil {
					t.Fatal(err)
				}
				data, err := datasets.FromTensors([]*tensor.Dense{in}, []*tensor.Dense{y})
				if err != nil {
					t.Fatal(err)
				}
				trainer, err := train.Compile(m, train.Config{Loss: losses.MSE{}})
				if err != nil {
					t.Fatal(err)
				}
				if _, err := trainer.Fit(background, data, train.FitConfig{Epochs: 2, BatchSize: 2}); err != nil {
					t.Fatal(err)
				}
				if _, err := trainer.Step(background, &datasets.Batch{Inputs: []*tensor.Dense{in}, Targets: []*tensor.Dense{y}}); err != nil {
					t.Fatal(err)
				}
				after, err := m.Predict(background, in)
				if err != nil {
					t.Fatal(err)
				}
				results[i] = append(before.Float32s(), after.Float32s()...)
			}
			if !slices.Equal(results[0], results[1]) {
				t.Errorf("got %v, want %v", results[0], results[1])
			}
		})
	}
}

func badData() []badInput {
	ramp := func(n int) []float64 {
		out := make([]float64, n)
		for i := range out {
			out[i] = float64(i)
		}
		return out
	}
	windows := func(values []float64, config datasets.WindowConfig) func() error {
		return func() error { _, err := datasets.Windows(datasets.FromSlice("prices", values), config); return err }
	}
	slicesOf := func(x, y [][]float64) func() error {
		return func() error { _, err := datasets.FromSlices(x, y, tensor.Float32); return err }
	}
	constant := slices.Repeat([]float64{7}, 50)
	broken := ramp(50)
	broken[11] = math.NaN()
	endless := ramp(50)
	endless[11] = math.Inf(-1)
	long := ramp(50)
	long[0] = -1
	return []badInput{
		{"steps longer than the series", windows(ramp(20), datasets.WindowConfig{Steps: 30}), "prices", "WindowConfig.Steps must be at most the 20 rows of the series", "30", nil},
		{"steps that leave nothing to forecast", windows(ramp(20), datasets.WindowConfig{Steps: 20}), "prices", "WindowConfig.Steps must leave room for a window", "20", nil},
		{"no steps", windows(ramp(20), datasets.WindowConfig{}), "prices", "WindowConfig.Steps must be positive", "0", nil},
		{"negative horizon", windows(ramp(20), datasets.WindowConfig{Steps: 3, Horizon: -1}), "prices", "WindowConfig.Horizon must be positive", "-1", nil},
		{"a test part of everything", windows(ramp(20), datasets.WindowConfig{Steps: 3, Test: 1}), "prices", "WindowConfig.Test must be at least 0 and below 1", "1", nil},
		{"a test part that leaves no training", windows(ramp(20), datasets.WindowConfig{Steps: 3, Test: 0.95}), "prices", "must leave a window to train on", "0.95", nil},
		{"a validation part without a window", windows(ramp(20), datasets.WindowConfig{Steps: 3, Horizon: 3, Validation: 0.1}), "prices", "WindowConfig.Validation must be large enough for a window", "0.1", nil},
		{"an unknown column", windows(ramp(20), datasets.WindowConfig{Steps: 3, Columns: []string{"DAX"}}), "prices", "WindowConfig.Columns[0] must be one of [prices]", "DAX", nil},
		{"a constant column into MinMax", windows(constant, datasets.WindowConfig{Steps: 3, Transform: datasets.MinMax{}}), "prices", "must vary in the training part", "7", nil},
		{"a constant column into Standard", windows(constant, datasets.WindowConfig{Steps: 3, Transform: datasets.Standard{}}), "prices", "must vary in the training part", "7", nil},
		{"log returns of what is not positive", windows(long, datasets.WindowConfig{Steps: 3, Transform: datasets.LogReturn{}}), "prices, row 0", "must be positive", "-1", nil},
		{"NaN in a series", windows(broken, datasets.WindowConfig{Steps: 3}), "prices, row 11", "must be finite", "NaN", graph.ErrNotFinite},
		{"infinity in a series", windows(endless, datasets.WindowConfig{Steps: 3}), "prices, row 11", "must be finite", "-Inf", graph.ErrNotFinite},
		{"an empty series", windows(nil, datasets.WindowConfig{Steps: 3}), "prices", "must", "", nil},
		{"no series", func() error { _, err := datasets.Windows(nil, datasets.WindowConfig{Steps: 3}); return err }, "", "series must not be nil", "", nil},
		{"x and y of different lengths", slicesOf([][]float64{{1}, {2}, {3}}, [][]float64{{1}, {2}}), "targets[0]", "samples must be 3, as in inputs[0]", "2", nil},
		{"rows of different lengths", slicesOf([][]float64{{1, 2}, {3}}, [][]float64{{1}, {2}}), "x", "rows[1] must have 2 numbers", "1", nil},
		{"empty data", slicesOf(nil, nil), "x", "rows must hold a number", "", nil},
		{"NaN in data", slicesOf([][]float64{{1}, {math.NaN()}}, [][]float64{{1}, {2}}), "x", "rows[1][0] must be finite", "NaN", graph.ErrNotFinite},
		{"infinity in targets", slicesOf([][]float64{{1}, {2}}, [][]float64{{1}, {math.Inf(1)}}), "y", "rows[1][0] must be finite", "+Inf", graph.ErrNotFinite},
		{"a number beyond float32", slicesOf([][]float64{{1e300}}, [][]float64{{1}}), "x", "rows[0][0] must be finite in float32", "1e+300", graph.ErrNotFinite},
	}
}

// samples are n rows of two numbers and their sum.
func samples(n int) *datasets.Samples {
	x, y := make([][]float64, n), make([][]float64, n)
	for i := range x {
		x[i] = []float64{float64(i), 1}
		y[i] = []float64{float64(i) + 1}
	}
	s, err := datasets.FromSlices(x, y, tensor.Float32)
	if err != nil {
		panic(err)
	}
	return s
}

// tampered is data of a user's own, which nobody has looked at before.
type tampered struct {
	datasets.Data
	change func(b *datasets.Batch)
}

func (d tampered) Gather(rows []int, into *datasets.Batch) error {
	err := d.Data.Gather(rows, into)
	d.change(into)
	return err
}

func badTraining() []badInput {
	m := sequential(row, one)
	compile := func(loss losses.Loss, o optimizers.Optimizer) (*train.Trainer, error) {
		return train.Compile(m, train.Config{Loss: loss, Optimizer: o})
	}
	optimizer := func(o optimizers.Optimizer) func() error {
		return unchanged(m, func() error { _, err := compile(losses.MSE{}, o); return err })
	}
	fit := func(data datasets.Data, config train.FitConfig) func() error {
		return unchanged(m, func() error {
			trainer, err := compile(losses.MSE{}, nil)
			if err != nil {
				return err
			}
			history, err := trainer.Fit(background, data, config)
			if history == nil || len(history.Epochs) != 0 {
				return errors.Errorf("the history holds %v beside the error %v", history, err)
			}
			return err
		})
	}
	// The second batch in order has the bad number, and nothing else is wrong.
	second := func(bad float64, input bool) datasets.Data {
		return tampered{samples(8), func(b *datasets.Batch) {
			if b.Inputs[0].Float32s()[0] != 4 {
				return
			}
			to := b.Targets[0]
			if input {
				to = b.Inputs[0]
			}
			to.Float32s()[0] = float32(bad)
		}}
	}
	fitNew := func(data datasets.Data, o optimizers.Optimizer, config train.FitConfig) func() error {
		return func() error {
			trainer, err := train.Compile(sequential(row, one), train.Config{Loss: losses.MSE{}, Optimizer: o})
			if err != nil {
				return err
			}
			config.NoShuffle, config.BatchSize = true, 4
			_, err = trainer.Fit(background, data, config)
			return err
		}
	}
	step := func(batch *datasets.Batch) func() error {
		return unchanged(m, func() error {
			trainer, err := compile(losses.MSE{}, nil)
			if err != nil {
				return err
			}
			_, err = trainer.Step(background, batch)
			return err
		})
	}
	zeros := func(shape ...int) []*tensor.Dense {
		return []*tensor.Dense{tensor.New(tensor.WithShape(shape...), tensor.Of(tensor.Float32))}
	}
	data := samples(8)
	return []badInput{
		{"negative learning rate", optimizer(optimizers.Adam{LearningRate: -0.1}), "", "Adam.LearningRate must be finite and not negative", "-0.1", nil},
		{"a learning rate of NaN", optimizer(optimizers.SGD{LearningRate: math.NaN()}), "", "SGD.LearningRate must be finite and not negative", "NaN", nil},
		{"an infinite learning rate", optimizer(optimizers.Adam{LearningRate: math.Inf(1)}), "", "Adam.LearningRate must be finite and not negative", "+Inf", nil},
		{"a decay of 1", optimizer(optimizers.Adam{Beta1: new(1.0)}), "", "Adam.Beta1 must lie in [0, 1)", "1", nil},
		{"no loss", func() error { _, err := compile(nil, nil); return err }, "sequential", "Config.Loss must be set", "", nil},
		{"a negative delta", func() error { _, err := compile(losses.Huber{Delta: -1}, nil); return err }, "", "Huber.Delta must be finite and not negative", "-1", nil},
		{"a model of negative units", func() error {
			_, err := train.Compile(sequential(series, layers.LSTM{Units: -3}), train.Config{Loss: losses.MSE{}})
			return err
		}, "sequential/lstm", "LSTM.Units must be positive", "-3", nil},
		{"negative epochs", fit(data, train.FitConfig{Epochs: -1}), "sequential", "FitConfig.Epochs must not be negative", "-1", nil},
		{"negative batch size", fit(data, train.FitConfig{BatchSize: -4}), "sequential", "FitConfig.BatchSize must not be negative", "-4", nil},
		{"negative batch size to evaluate", unchanged(m, func() error {
			trainer, err := compile(losses.MSE{}, nil)
			if err == nil {
				_, err = trainer.Evaluate(background, data, train.EvaluateConfig{BatchSize: -4})
			}
			return err
		}), "sequential", "EvaluateConfig.BatchSize must not be negative", "-4", nil},
		{"no data", fit(nil, train.FitConfig{}), "sequential", "data must not be nil", "", nil},
		{"data without samples", fit(&datasets.Samples{}, train.FitConfig{}), "sequential", "data must have samples", "0", nil},
		{"validation data without samples", fit(data, train.FitConfig{Validation: &datasets.Samples{}}), "sequential", "FitConfig.Validation must have samples", "0", nil},
		{"a validation split that leaves no training", fit(samples(2), train.FitConfig{ValidationSplit: 0.9}), "FitConfig.ValidationSplit", "must leave a sample on both sides of 2", "0.9", nil},
		{"a validation split that leaves no validation", fit(data, train.FitConfig{ValidationSplit: 1e-12}), "FitConfig.ValidationSplit", "must leave a sample on both sides of 8", "1e-12", nil},
		{"a validation split of 1", fit(data, train.FitConfig{ValidationSplit: 1}), "sequential", "FitConfig.ValidationSplit must be at least 0 and less than 1", "1", nil},
		{"a validation split of NaN", fit(data, train.FitConfig{ValidationSplit: math.NaN()}), "sequential", "FitConfig.ValidationSplit must be at least 0 and less than 1", "NaN", nil},
		{"NaN in the inputs of a batch", fitNew(second(math.NaN(), true), nil, train.FitConfig{}), "epoch 1, batch 2: sequential: input 0", "element [0 0] must be finite", "NaN", graph.ErrNotFinite},
		{"infinity in the targets of a batch", fitNew(second(math.Inf(1), false), nil, train.FitConfig{}), "epoch 1, batch 2: sequential: target", "element [0 0] must be finite", "+Inf", graph.ErrNotFinite},
		{"infinity in the loss", fitNew(second(3e38, false), nil, train.FitConfig{}), "epoch 1, batch 2: sequential", "loss must be finite", "+Inf", graph.ErrNotFinite},
		{"a loss that grows without bound", fitNew(data, optimizers.SGD{LearningRate: 1e15}, train.FitConfig{Epochs: 5}), "epoch 2, batch 1: sequential", "loss must be finite", "+Inf", graph.ErrNotFinite},
		{"a batch of the wrong rank", step(&datasets.Batch{Inputs: zeros(4, 2, 1), Targets: zeros(4, 1)}), "sequential: input 0", "shape must be [any, 2]", "[4, 2, 1]", nil},
		{"a batch of the wrong features", step(&datasets.Batch{Inputs: zeros(4, 3), Targets: zeros(4, 1)}), "sequential: input 0", "shape must be [any, 2]", "[4, 3]", nil},
		{"targets of another number", step(&datasets.Batch{Inputs: zeros(4, 2), Targets: zeros(3, 1)}), "sequential: target", "must", "[3, 1]", nil},
		{"targets that would broadcast", step(&datasets.Batch{Inputs: zeros(4, 2), Targets: zeros(4)}), "loss", "target must have the shape of the output, [4, 1]", "[4]", nil},
		{"no targets", step(&datasets.Batch{Inputs: zeros(4, 2)}), "sequential", "must be 1", "0", nil},
		{"no batch", step(nil), "sequential", "batch must not be nil", "", nil},
	}
}

func badCSV(t *testing.T) []badInput {
	path := filepath.Join(t.TempDir(), "prices.csv")
	load := func(text string, columns ...string) func() error {
		return func() error {
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				return err
			}
			_, err := datasets.LoadCSV(path, datasets.CSVConfig{Columns: columns})
			return err
		}
	}
	return []badInput{
		{"a CSV with a missing column", load("Date,Open\n1,2\n", "Close"), path + ":1", "CSVConfig.Columns[0] must be one of [Date, Open]", "Close", nil},
		{"a ragged line", load("Date,Close\n1,2\n3\n4,5\n"), path + ":3", "row must have 2 cells, as the header", "1", nil},
		{"a line that is too long", load("Date,Close\n1,2\n3,4,5\n"), path + ":3", "row must have 2 cells, as the header", "3", nil},
		{"a cell that is no number", load("Date,Close\n1,2\n3,n/a\n"), path + ":3", "Close must be a number", `"n/a"`, nil},
		{"an empty cell", load("Date,Close\n1,2\n3,\n"), path + ":3", "Close must be a number", `""`, nil},
		{"a cell of NaN", load("Date,Close\n1,2\n3,NaN\n"), path + ":3", "Close must be finite", "NaN", graph.ErrNotFinite},
		{"a CSV without rows", load("Date,Close\n"), path, "file must have a row below its header", "", nil},
		{"an empty CSV", load(""), path, "header must name the columns", "", nil},
		{"a CSV that is not there", func() error { _, err := datasets.LoadCSV(path+".gz", datasets.CSVConfig{}); return err }, path + ".gz", "file must be readable", "no such file", fs.ErrNotExist},
		{"a folder for a CSV", func() error { _, err := datasets.LoadCSV(filepath.Dir(path), datasets.CSVConfig{}); return err }, filepath.Dir(path), "file must be a regular file", "d", nil},
	}
}

// unheard is a layer that Load is not told of.
type unheard struct{}

func (unheard) Call(_ *graph.Scope, inputs ...graph.Value) []graph.Value { return inputs }

func badFiles(t *testing.T) []badInput {
	path := filepath.Join(t.TempDir(), "model.safetensors")
	save := func(ls ...layers.Layer) []byte {
		m := models.NewSequential(models.Config{Custom: []any{unheard{}}}, ls...)
		var b bytes.Buffer
		if _, err := m.WriteTo(&b); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	load := func(data []byte) func() error {
		return func() error {
			if err := os.WriteFile(path, data, 0o600); err != nil {
				return err
			}
			m, err := models.Load(path, models.LoadConfig{})
			if m != nil {
				return errors.Errorf("a model beside the error %v", err)
			}
			return err
		}
	}
	good := save(row, one)
	if err := load(good)(); err == nil || err.Error() != "a model beside the error <nil>" {
		t.Fatal(err)
	}
	return []badInput{
		{"a model file cut short in its numbers", load(good[:len(good)-1]), path, "data must be complete", "", nil},
		{"a model file cut short in its header", load(good[:len(good)/2]), path, "header must be complete", "", nil},
		{"an empty model file", load(nil), path, "header must be complete", "", nil},
		{"a model file that is too long", load(append(bytes.Clone(good), 0)), path, "file must end with its last tensor", "", nil},
		{"a model file with an unknown layer", load(save(row, unheard{}, one)), path + ": engram_config: config.layers[1].layer.class_name", "must name a registered layers.Layer", "unheard", nil},
		{"a model file of a later format", load(bytes.Replace(good, []byte(`"engram_format":"1"`), []byte(`"engram_format":"2"`), 1)), path, "engram_format must be", "2", nil},
		{"a file that is no model", load([]byte("this is a letter to my aunt")), path, "header must have at most 100000000 bytes, or the file is not in the safetensors format", "2338328219631577204", nil},
		{"a model file that is not there", func() error { _, err := models.Load(path+".old", models.LoadConfig{}); return err }, path + ".old", "file must be readable", "no such file", fs.ErrNotExist},
		{"a folder for a model file", func() error { _, err := models.Load(filepath.Dir(path), models.LoadConfig{}); return err }, filepath.Dir(path), "file must be a regular file", "a directory", nil},
		{"saving a function that is not registered", func() error {
			f := layers.NewFunction("mine", func(_ *graph.Scope, inputs ...graph.Value) []graph.Value { return inputs })
			return sequential(row, layers.Lambda{Function: f}).Save(path)
		}, "sequential/lambda", "must name a registered layers.Function", "mine", nil},
		{"saving what cannot be read again", func() error { return sequential(row, unheard{}).Save(path) }, "sequential/unheard", "unheard must be registered, or in Custom", "unheard", nil},
	}
}

// explosive is a layer whose kernel panics, long after it was built.
type explosive struct{}

func (explosive) Call(_ *graph.Scope, inputs ...graph.Value) []graph.Value {
	return []graph.Value{inputs[0].Map("explosion", func(float64) float64 { panic("boom") }, func(float64, float64) float64 { return 1 })}
}

// A kernel that panics is an error with the path of its layer, in prediction
// and in training, and no panic of the program.
func TestKernelThatPanics(t *testing.T) {
	m := sequential(row, one, explosive{})
	const want = "sequential/explosive: explosion panicked: boom"
	_, err := m.Predict(background, samples(3).X()...)
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want %s", err, want)
	}
	trainer, err := train.Compile(m, train.Config{Loss: losses.MSE{}})
	if err != nil {
		t.Fatal(err)
	}
	_, err = trainer.Fit(background, samples(3), train.FitConfig{})
	if err == nil || !strings.Contains(err.Error(), "epoch 1, batch 1: "+want) {
		t.Errorf("got %v, want %s", err, want)
	}
}
