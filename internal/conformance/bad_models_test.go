package conformance_test

import (
	"math"
	"testing"

	"github.com/engram-go/engram/datasets"
	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/layers/constraints"
	"github.com/engram-go/engram/layers/regularizers"
	"github.com/engram-go/engram/models"
	"github.com/engram-go/engram/train"
	"github.com/engram-go/engram/train/losses"
	"gorgonia.org/tensor"
)

func TestBadModels(t *testing.T) { checkBadInput(t, badModels()) }

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
		{"a functional model without outputs", functional(), "", errs.Error{Path: "functional", Field: "model"}},
		{"a tensor of nothing", functional(models.Use(one).Call(models.Tensor{})), "", errs.Error{Path: "functional", Field: "input 0 of Dense"}},
		{"an output that is not there", functional(models.Use(one).Call(x).Output(1)), "", errs.Error{Path: "functional/dense", Field: "output", Value: 1}},
		{"an input that is not given", functional(models.Use(one).Call(models.NewInput(series))), "", errs.Error{Path: "functional/input", Field: "input"}},
		{"two shapes added", functional(models.Use(layers.Add{}).Call(models.Use(layers.Dense{Units: 3}).Call(x), x)), "", errs.Error{Path: "functional/add", Field: "Add", Value: "[any, 2]"}},
		{"freezing nothing", func() error { return sequential(row, one).Freeze("dens") }, "", errs.Error{Path: "dens", Field: "path"}},
		{"negative units", build(series, layers.LSTM{Units: 3, ReturnSequences: true}, layers.LSTM{Units: -3}), "", errs.Error{Path: "sequential/lstm_1", Field: "LSTM.Units", Value: -3}},
		{"no units", build(row, layers.Dense{}), "", errs.Error{Path: "sequential/dense", Field: "Dense.Units", Value: 0}},
		{"negative dropout", build(row, layers.Dropout{Rate: -0.5}), "", errs.Error{Path: "sequential/dropout", Field: "Dropout.Rate", Value: -0.5}},
		{"a dropout mask of no size", build(row, layers.Dropout{Rate: 0.5, NoiseShape: graph.Shape{graph.Any, 0}}), "", errs.Error{Path: "sequential/dropout", Field: "Dropout.NoiseShape", Value: "[any, 0]"}},
		{"a dropout mask of another rank", build(row, layers.Dropout{Rate: 0.5, NoiseShape: graph.Shape{1}}), "", errs.Error{Path: "sequential/dropout", Field: "Dropout.NoiseShape", Value: "[1]"}},
		{"spatial dropout above 1", build(series, layers.SpatialDropout1D{Rate: 1.5}), "", errs.Error{Path: "sequential/spatial_dropout1d", Field: "SpatialDropout1D.Rate", Value: 1.5}},
		{"negative noise", build(row, layers.GaussianNoise{Stddev: -1}), "", errs.Error{Path: "sequential/gaussian_noise", Field: "GaussianNoise.Stddev", Value: -1}},
		{"an embedding of nothing", build(row, layers.Embedding{OutputDim: 2}), "", errs.Error{Path: "sequential/embedding", Field: "Embedding.InputDim", Value: 0}},
		{"an embedding that is too large", build(row, layers.Embedding{InputDim: 1 << 24, OutputDim: 1 << 24}), "", errs.Error{Path: "sequential/embedding", Field: "shape [16777216, 16777216]"}},
		{"an embedding that masks features", build(series, layers.Embedding{InputDim: 3, OutputDim: 2, MaskZero: true}), "", errs.Error{Path: "sequential/embedding", Field: "Embedding.MaskZero", Value: "[any, 4, 2]"}},
		{"masking of NaN", build(series, layers.Masking{MaskValue: math.NaN()}), "", errs.Error{Path: "sequential/masking", Field: "Masking.MaskValue", Value: "NaN", Kind: graph.ErrNotFinite}},
		{"masking without steps", build(row, layers.Masking{}), "", errs.Error{Path: "sequential/masking", Field: "Masking", Value: "[any, 2]"}},
		{"layer normalization over the batch", build(row, layers.LayerNormalization{Axis: []int{0}}), "", errs.Error{Path: "sequential/layer_normalization", Field: "LayerNormalization.Axis", Value: "[0]"}},
		{"layer normalization over no axis", build(row, layers.LayerNormalization{Axis: []int{1, 5}}), "", errs.Error{Path: "sequential/layer_normalization", Field: "LayerNormalization.Axis", Value: "[1 5]"}},
		{"layer normalization with a negative epsilon", build(row, layers.LayerNormalization{Epsilon: -1}), "", errs.Error{Path: "sequential/layer_normalization", Field: "LayerNormalization.Epsilon", Value: -1}},
		{"batch normalization along no axis", build(row, layers.BatchNormalization{Axis: 2}), "", errs.Error{Path: "sequential/batch_normalization", Field: "BatchNormalization.Axis", Value: 2}},
		{"batch normalization of a whole momentum", build(row, layers.BatchNormalization{Momentum: new(1.0)}), "", errs.Error{Path: "sequential/batch_normalization", Field: "BatchNormalization.Momentum", Value: 1}},
		{"batch normalization with an epsilon of NaN", build(row, layers.BatchNormalization{Epsilon: math.NaN()}), "", errs.Error{Path: "sequential/batch_normalization", Field: "BatchNormalization.Epsilon", Value: "NaN"}},
		{"a layer over time without a layer", build(series, layers.TimeDistributed{}), "", errs.Error{Path: "sequential/time_distributed", Field: "TimeDistributed.Layer"}},
		{"a layer over time with a bad layer", build(series, layers.TimeDistributed{Layer: layers.Dense{Units: -1}}), "", errs.Error{Path: "sequential/time_distributed", Field: "TimeDistributed.Layer.Units", Value: -1}},
		{"a layer over time that wants more", build(series, layers.TimeDistributed{Layer: layers.LSTM{Units: 1}}), "", errs.Error{Path: "sequential/time_distributed/lstm", Field: "LSTM", Value: "[any, 2]"}},
		{"a model over time", build(series, layers.TimeDistributed{Layer: sequential(row, one)}), "", errs.Error{Path: "sequential/time_distributed", Field: "TimeDistributed.Layer", Value: "*models.Sequential"}},
		{"a layer over no time", build(row, layers.TimeDistributed{Layer: one}), "", errs.Error{Path: "sequential/time_distributed", Field: "TimeDistributed", Value: "[any, 2]"}},
		{"a lambda without a function", build(row, layers.Lambda{}), "", errs.Error{Path: "sequential/lambda", Field: "Lambda.Function"}},
		{"dropout of NaN", build(series, layers.LSTM{Units: 1, Dropout: math.NaN()}), "", errs.Error{Path: "sequential/lstm", Field: "LSTM.Dropout", Value: "NaN"}},
		{"recurrent dropout of 1", build(series, layers.GRU{Units: 1, RecurrentDropout: 1}), "", errs.Error{Path: "sequential/gru", Field: "GRU.RecurrentDropout", Value: 1}},
		{"a negative penalty", build(row, layers.Dense{Units: 1, KernelRegularizer: regularizers.L2{L2: -1}}), "", errs.Error{Path: "sequential/dense", Field: "Dense.KernelRegularizer.L2", Value: -1}},
		{"a bound along an axis that is not there", build(row, layers.Dense{Units: 1, KernelConstraint: constraints.MaxNorm{Axes: []int{2}}}), "", errs.Error{Path: "sequential/dense", Field: "MaxNorm.Axes", Value: 2}},
		{"no heads", build(series, layers.MultiHeadAttention{KeyDim: 2}), "", errs.Error{Path: "sequential/multi_head_attention", Field: "MultiHeadAttention.NumHeads", Value: 0}},
		{"an unknown score", build(series, layers.Attention{ScoreMode: "sum"}), "", errs.Error{Path: "sequential/attention", Field: "Attention.ScoreMode", Value: "sum"}},
		{"more steps than positions", build(series, layers.PositionEmbedding{SequenceLength: 3}), "", errs.Error{Path: "sequential/position_embedding", Field: "PositionEmbedding", Value: "[any, 4, 2]"}},
		{"wrong rank between layers", build(series, layers.LSTM{Units: 3}, layers.LSTM{Units: 3}), "", errs.Error{Path: "sequential/lstm_1", Field: "LSTM", Value: "[any, 3]"}},
		{"two layers of one direction", build(series, layers.Bidirectional{Layer: layers.LSTM{Units: 1}, BackwardLayer: layers.LSTM{Units: 1}}), "", errs.Error{Path: "sequential/bidirectional", Field: "Bidirectional.BackwardLayer", Value: "GoBackwards false, ReturnSequences false, ReturnState false, Constants 0"}},
		{"a layer that has no direction", build(series, layers.Bidirectional{Layer: one}), "", errs.Error{Path: "sequential/bidirectional", Field: "Bidirectional.Layer", Value: "Dense"}},
		{"no layers", build(), "", errs.Error{Path: "sequential", Field: "model"}},
		{"no input", build(one), "", errs.Error{Path: "sequential", Field: "first layer", Value: "Dense"}},
		{"no input shape", build(layers.Input{}, one), "", errs.Error{Path: "sequential/input", Field: "Input.Shape"}},
		{"an input of no features", build(layers.Input{Shape: graph.Shape{3, 0}}, one), "", errs.Error{Path: "sequential/input", Field: "Input.Shape", Value: "[3, 0]"}},
		{"two layers of one name", build(row, layers.Dense{Units: 1, Name: "a"}, layers.Dense{Units: 1, Name: "a"}), "", errs.Error{Path: "sequential", Field: "layer name", Value: `"a"`}},
		{"a layer named with /", build(row, layers.Dense{Units: 1, Name: "a/b"}), "", errs.Error{Path: "sequential", Field: "layer name", Value: `"a/b"`}},
		{"a nil layer", build(row, nil), "", errs.Error{Path: "sequential/layer 1", Field: "layer", Value: "<nil>"}},
		{"a layer as a pointer", build(row, &one), "", errs.Error{Path: "sequential/layer 1", Field: "layer", Value: "*layers.Dense"}},
		{"a weight of the wrong shape", set("sequential/dense/bias", float(1, 2)), "", errs.Error{Path: "sequential/dense/bias", Field: "shape", Value: "[2]"}},
		{"a weight of the wrong dtype", set("sequential/dense/bias", tensor.New(tensor.WithShape(1), tensor.Of(tensor.Float64))), "", errs.Error{Path: "sequential/dense/bias", Field: "dtype", Value: "float64"}},
		{"a weight of NaN", set("sequential/dense/bias", float(float32(math.NaN()))), "", errs.Error{Path: "sequential/dense/bias", Field: "element [0]", Value: "NaN", Kind: graph.ErrNotFinite}},
		{"a weight of no layer", set("sequential/dense/bios", float(1)), "", errs.Error{Path: "sequential/dense/bios", Field: "weight"}},
	}
}

func TestBadTensors(t *testing.T) { checkBadInput(t, badTensors()) }

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
		{"an index that is too large", look(1, 3), "", errs.Error{Path: "sequential/embedding", Field: "index 1", Value: 3}},
		{"an index below 0", look(-1, 2), "", errs.Error{Path: "sequential/embedding", Field: "index 0", Value: -1}},
		{"an index with a fraction", look(0.5, 2), "", errs.Error{Path: "sequential/embedding", Field: "index 0", Value: 0.5}},
		{"an index that is too large to train on", learn(1, 3), "epoch 1, batch 1", errs.Error{Path: "sequential/embedding", Field: "index 1", Value: 3}},
		{"wrong rank", predict(zeros(tensor.Float32, 3, 4)), "sequential: input 0", errs.Error{Field: "shape", Value: "[3, 4]"}},
		{"wrong number of features", predict(zeros(tensor.Float32, 3, 4, 1)), "sequential: input 0", errs.Error{Field: "shape", Value: "[3, 4, 1]"}},
		{"wrong number of steps", predict(zeros(tensor.Float32, 3, 5, 2)), "sequential: input 0", errs.Error{Field: "shape", Value: "[3, 5, 2]"}},
		{"wrong dtype", predict(zeros(tensor.Float64, 3, 4, 2)), "sequential: input 0", errs.Error{Field: "dtype", Value: "float64"}},
		{"a tensor of integers", predict(zeros(tensor.Int, 3, 4, 2)), "sequential: input 0", errs.Error{Field: "dtype", Value: "int"}},
		{"no tensor", predict(), "", errs.Error{Path: "sequential", Field: "inputs", Value: 0}},
		{"two tensors", predict(with(0), with(0)), "", errs.Error{Path: "sequential", Field: "inputs", Value: 2}},
		{"a nil tensor", predict(nil), "sequential: input 0", errs.Error{Field: "tensor"}},
		{"NaN to predict from", predict(with(math.NaN())), "sequential: input 0", errs.Error{Field: "element [1, 1, 1]", Value: "NaN", Kind: graph.ErrNotFinite}},
		{"infinity to predict from", predict(with(math.Inf(1))), "sequential: input 0", errs.Error{Field: "element [1, 1, 1]", Value: "+Inf", Kind: graph.ErrNotFinite}},
		{"a transposed tensor of another shape", predict(transposed(3, 4, 2)), "sequential: input 0", errs.Error{Field: "shape", Value: "[2, 4, 3]"}},
	}
}
