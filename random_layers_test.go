package engram_test

import (
	"fmt"
	"math"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/layers/activations"
	"github.com/engram-go/engram/models"
	"gorgonia.org/tensor"
)

// kinds add one layer of a type, or a layer with a value of it, by its name.
var kinds = map[string]func(d *drawing){
	"Activation": func(d *drawing) {
		x := d.either()
		d.use(layers.Activation{Function: activations.Softplus}, x.shape, x.Tensor)
	},
	"Add":     func(d *drawing) { d.merge(layers.Add{}) },
	"Average": func(d *drawing) { d.merge(layers.Average{}) },
	"Maximum": func(d *drawing) { d.merge(layers.Maximum{}) },
	"Minimum": func(d *drawing) { d.merge(layers.Minimum{}) },
	"Subtract": func(d *drawing) {
		x, all := d.alike()
		d.use(layers.Subtract{}, x.shape, x.Tensor, all[0])
	},
	"Multiply": func(d *drawing) {
		x, all := d.alike()
		d.use(layers.Multiply{}, x.shape, x.Tensor, all[0])
	},
	"Concatenate": func(d *drawing) {
		x, all := d.alike()
		if len(x.shape) == 2 && d.yes("steps") {
			d.pooled(layers.Concatenate{Axis: 1}, d.features(x), all...)
			return
		}
		d.use(layers.Concatenate{}, x.shape.With(len(x.shape)-1, len(all)*d.features(x)), all...)
	},
	"Dot": func(d *drawing) {
		x, all := d.alike()
		if len(x.shape) == 1 {
			d.use(layers.Dot{Axes: [2]int{1, -1}, Normalize: d.yes("normalize")}, graph.Shape{1}, x.Tensor, all[0])
			return
		}
		n := d.features(x)
		d.use(layers.Dot{Axes: [2]int{1, 1}}, graph.Shape{n, n}, x.Tensor, all[0])
	},
	"Attention": func(d *drawing) {
		x, all := d.alike()
		if len(x.shape) == 1 {
			x = d.series()
			all = []models.Tensor{x.Tensor}
		}
		l := layers.Attention{
			UseScale: d.yes("scale"), ScoreMode: oneOf(d, "mode", layers.ScoreDot, layers.ScoreConcat), Dropout: d.rate(), Seed: d.seed(),
			UseCausalMask: d.yes("causal"),
		}
		d.use(l, x.shape, x.Tensor, all[len(all)-1])
	},
	"AdditiveAttention": func(d *drawing) {
		x := d.series()
		l := layers.AdditiveAttention{NoScale: d.yes("no scale"), Dropout: d.rate(), UseCausalMask: d.yes("causal")}
		d.use(l, x.shape, x.Tensor, x.Tensor)
	},
	"MultiHeadAttention": func(d *drawing) {
		x, y := d.series(), d.series()
		l := layers.MultiHeadAttention{
			NumHeads: d.units(), KeyDim: d.units(), ValueDim: d.number("value", 0, 2), Dropout: d.rate(), NoBias: d.yes("no bias"),
			UseCausalMask: d.yes("causal"), ReturnAttentionScores: d.yes("scores"), KernelRegularizer: d.regularizer(), KernelConstraint: d.constraint(),
		}
		d.use(l, x.shape, x.Tensor, y.Tensor)
	},
	"AveragePooling1D": func(d *drawing) {
		x := d.series()
		d.pooled(layers.AveragePooling1D{PoolSize: 2, Strides: d.number("strides", 1, 2), Padding: d.padding()}, d.features(x), x.Tensor)
	},
	"MaxPooling1D": func(d *drawing) {
		x := d.series()
		d.pooled(layers.MaxPooling1D{Strides: d.number("strides", 1, 2), Padding: d.padding()}, d.features(x), x.Tensor)
	},
	"GlobalAveragePooling1D": func(d *drawing) {
		x := d.series()
		d.use(layers.GlobalAveragePooling1D{}, graph.Shape{d.features(x)}, x.Tensor)
	},
	"GlobalMaxPooling1D": func(d *drawing) {
		x := d.series()
		d.use(layers.GlobalMaxPooling1D{KeepDims: true}, graph.Shape{1, d.features(x)}, x.Tensor)
	},
	"Conv1D": func(d *drawing) {
		x, n := d.series(), d.units()
		d.pooled(layers.Conv1D{
			Filters: n, KernelSize: d.number("size", 1, 2), Strides: d.number("strides", 1, 2), NoBias: d.yes("no bias"),
			Padding: oneOf(d, "padding", layers.Same, layers.Causal), KernelConstraint: d.constraint(),
		}, n, x.Tensor)
	},
	"BatchNormalization": func(d *drawing) {
		x := d.either()
		d.use(layers.BatchNormalization{
			Momentum: oneOf(d, "momentum", nil, new(0.5)), NoCenter: d.yes("no center"), NoScale: d.yes("no scale"), GammaRegularizer: d.regularizer(),
		}, x.shape, x.Tensor)
	},
	"LayerNormalization": func(d *drawing) {
		x := d.either()
		d.use(layers.LayerNormalization{Epsilon: 0.1, NoCenter: d.yes("no center"), BetaConstraint: d.constraint()}, x.shape, x.Tensor)
	},
	"Dense": func(d *drawing) {
		x, n := d.either(), d.units()
		d.use(layers.Dense{
			Units: n, Activation: d.activation(), NoBias: d.yes("no bias"), KernelInitializer: d.initializer(),
			KernelRegularizer: d.regularizer(), ActivityRegularizer: d.regularizer(), KernelConstraint: d.constraint(), BiasConstraint: d.constraint(),
		}, x.shape.With(len(x.shape)-1, n), x.Tensor)
	},
	"Dropout": func(d *drawing) {
		x := d.either()
		d.use(layers.Dropout{Rate: d.rate(), Seed: d.seed()}, x.shape, x.Tensor)
	},
	"GaussianNoise": func(d *drawing) {
		x := d.either()
		d.use(layers.GaussianNoise{Stddev: d.rate(), Seed: d.seed()}, x.shape, x.Tensor)
	},
	"SpatialDropout1D": func(d *drawing) {
		x := d.series()
		d.use(layers.SpatialDropout1D{Rate: d.rate(), Seed: d.seed()}, x.shape, x.Tensor)
	},
	"Embedding": func(d *drawing) {
		n := d.units()
		d.pooled(layers.Embedding{InputDim: 5, OutputDim: n, MaskZero: d.yes("mask"), EmbeddingsRegularizer: d.regularizer()}, n, d.words)
	},
	"Masking": func(d *drawing) {
		x := d.series()
		d.use(layers.Masking{MaskValue: oneOf(d, "value", 0, math.Pi)}, x.shape, x.Tensor)
	},
	"PositionEmbedding": func(d *drawing) {
		x := d.series()
		d.use(layers.PositionEmbedding{SequenceLength: 8, Initializer: d.initializer()}, x.shape, x.Tensor)
	},
	"SinePositionEncoding": func(d *drawing) {
		x := d.series()
		d.use(layers.SinePositionEncoding{MaxWavelength: 100}, x.shape, x.Tensor)
	},
	"Flatten": func(d *drawing) { d.use(layers.Flatten{}, graph.Shape{d.frame.shape.Size()}, d.frame.Tensor) },
	"Permute": func(d *drawing) {
		d.use(layers.Permute{Dims: []int{2, 1}}, graph.Shape{d.frame.shape[1], d.frame.shape[0]}, d.frame.Tensor)
	},
	"Reshape": func(d *drawing) {
		d.use(layers.Reshape{TargetShape: graph.Shape{graph.Any, 1}}, graph.Shape{d.frame.shape.Size(), 1}, d.frame.Tensor)
	},
	"RepeatVector": func(d *drawing) {
		x := d.vector()
		d.use(layers.RepeatVector{N: 3}, graph.Shape{3, x.shape[0]}, x.Tensor)
	},
	"Lambda": func(d *drawing) {
		x := d.either()
		d.use(layers.Lambda{Function: same}, x.shape, x.Tensor)
	},
	"Input": func(*drawing) {}, // every model has some
	"TimeDistributed": func(d *drawing) {
		x, n := d.series(), d.units()
		d.use(layers.TimeDistributed{Layer: layers.Dense{Units: n, KernelRegularizer: d.regularizer()}}, x.shape.With(1, n), x.Tensor)
	},
	"LSTM": func(d *drawing) {
		n, sequences, states := d.units(), d.yes("sequences"), d.yes("states")
		d.recurrent(layers.LSTM{
			Units: n, Activation: d.activation(), Peepholes: d.yes("peepholes"), CoupledGates: d.yes("coupled"), LayerNorm: d.yes("norm"), NoBias: d.yes("no bias"),
			RecurrentRegularizer: d.regularizer(), KernelConstraint: d.constraint(), Dropout: d.rate(), RecurrentDropout: d.rate(), Seed: d.seed(),
			ReturnSequences: sequences, ReturnState: states, GoBackwards: d.yes("backwards"), ZeroOutputForMask: d.yes("zeros"), InitialState: d.initial(n, n),
		}, n, sequences, states)
	},
	"GRU": func(d *drawing) {
		n, sequences, states := d.units(), d.yes("sequences"), d.yes("states")
		d.recurrent(layers.GRU{
			Units: n, RecurrentActivation: d.activation(), ResetBefore: d.yes("reset before"), KernelRegularizer: d.regularizer(), BiasConstraint: d.constraint(),
			Dropout: d.rate(), RecurrentDropout: d.rate(), ReturnSequences: sequences, ReturnState: states, GoBackwards: d.yes("backwards"),
			InitialState: d.initial(n), Unrolled: d.number("unrolled", 0, 4) == 0,
		}, n, sequences, states)
	},
	"SimpleRNN": func(d *drawing) {
		x, v := d.series(), d.vector() // starts with a state
		l := layers.SimpleRNN{Units: v.shape[0], BiasRegularizer: d.regularizer(), RecurrentConstraint: d.constraint(), RecurrentDropout: d.rate()}
		d.use(l, v.shape, x.Tensor, v.Tensor)
	},
	"Bidirectional": func(d *drawing) {
		n, sequences := d.units(), d.yes("sequences")
		mode := oneOf(d, "mode", layers.MergeSum, layers.MergeMul, layers.MergeAve)
		inner := oneOf[layers.Layer](d, "layer", layers.LSTM{Units: n, ReturnSequences: sequences, Dropout: d.rate()},
			layers.GRU{Units: n, ReturnSequences: sequences}, layers.RNN{Cell: layers.SLSTMCell{Units: n}, ReturnSequences: sequences})
		d.recurrent(layers.Bidirectional{Layer: inner, MergeMode: mode}, n, sequences, false)
	},
	"RNN": func(d *drawing) { n := d.units(); d.cell(layers.SimpleRNNCell{Units: n, Dropout: d.rate()}, n) },
	"LSTMCell": func(d *drawing) {
		n := d.units()
		d.cell(layers.LSTMCell{Units: n, Peepholes: d.yes("peepholes"), KernelRegularizer: d.regularizer(), RecurrentDropout: d.rate()}, n)
	},
	"GRUCell": func(d *drawing) {
		n := d.units()
		d.cell(layers.GRUCell{Units: n, KernelConstraint: d.constraint()}, n)
	},
	"SimpleRNNCell": func(d *drawing) {
		n := d.units()
		d.cell(layers.SimpleRNNCell{Units: n, Activation: d.activation()}, n)
	},
	"SLSTMCell": func(d *drawing) {
		n := d.units()
		d.cell(layers.SLSTMCell{Units: 2 * n, Heads: 2, ExponentialForget: d.yes("exponential")}, 2*n)
	},
	"StackedRNNCells": func(d *drawing) {
		n := d.units()
		d.cell(layers.StackedRNNCells{Cells: []layers.Cell{layers.SLSTMCell{Units: n}, layers.GRUCell{Units: n}}}, n)
	},
	"ZeroState": func(d *drawing) {
		d.recurrent(layers.LSTM{Units: 2, InitialState: layers.ZeroState{}}, 2, false, false)
	},
	"RandomState": func(d *drawing) {
		d.recurrent(layers.GRU{Units: 2, InitialState: layers.RandomState{Stddev: 0.2}}, 2, false, false)
	},
	"FixedState": func(d *drawing) {
		d.recurrent(layers.GRU{Units: 2, InitialState: layers.FixedState{Elements: [][]float64{{0.5, -1}}}}, 2, false, false)
	},
}

// more are kinds that are no types of layers: a layer that is called at several
// places, and a model in the model.
var more = map[string]func(d *drawing){
	"shared": func(d *drawing) {
		x := d.either()
		key := fmt.Sprint(d.features(x))
		if d.handles[key] == nil {
			d.handles[key] = models.Use(layers.Dense{Units: 2, KernelRegularizer: d.regularizer()})
		}
		d.add(d.handles[key].Call(x.Tensor), x.shape.With(len(x.shape)-1, 2)...)
	},
	"model": func(d *drawing) {
		x, n := d.either(), d.units()
		d.models++
		inner := models.NewSequential(models.Config{Name: fmt.Sprint("part", d.models), Dtype: tensor.Float64},
			layers.Input{Shape: x.shape}, layers.Dense{Units: n}, layers.LayerNormalization{})
		d.use(inner, x.shape.With(len(x.shape)-1, n), x.Tensor)
	},
}
