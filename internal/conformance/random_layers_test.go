package conformance_test

import (
	"fmt"
	"math"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/layers/activations"
	"github.com/engram-go/engram/layers/initializers"
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
			d.use(rest(d, layers.Dot{Axes: [2]int{1, -1}}), graph.Shape{1}, x.Tensor, all[0])
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
		d.use(rest(d, layers.Attention{ScoreMode: oneOf(d, "mode", layers.ScoreDot, layers.ScoreConcat)}), x.shape, x.Tensor, all[len(all)-1])
	},
	"AdditiveAttention": func(d *drawing) {
		x := d.series()
		d.use(rest(d, layers.AdditiveAttention{}), x.shape, x.Tensor, x.Tensor)
	},
	"MultiHeadAttention": func(d *drawing) {
		x, y := d.series(), d.series()
		l := rest(d, layers.MultiHeadAttention{NumHeads: d.units(), KeyDim: d.units(), ValueDim: d.number("value", 0, 2), AttentionMask: d.yes("mask")})
		in := []models.Tensor{x.Tensor, y.Tensor}
		if l.AttentionMask {
			scores := d.call(layers.Dot{Axes: [2]int{2, 2}}, d.call(layers.Dense{Units: 2}, x.Tensor), d.call(layers.Dense{Units: 2}, y.Tensor))
			in = append(in, d.call(layers.Activation{Function: activations.ReLU}, scores)) // [batch, query steps, value steps]
		}
		if !d.yes("shape") {
			d.use(l, x.shape, in...)
			return
		}
		l.OutputShape = graph.Shape{2, d.units()}
		d.use(layers.TimeDistributed{Layer: layers.Flatten{}}, x.shape.With(1, l.OutputShape.Size()), d.call(l, in...))
	},
	"AveragePooling1D": func(d *drawing) {
		x := d.series()
		d.pooled(layers.AveragePooling1D{PoolSize: 2, Strides: d.number("strides", 1, 2), Padding: d.padding(x, 2)}, d.features(x), x.Tensor)
	},
	"MaxPooling1D": func(d *drawing) {
		x, n := d.series(), d.number("size", 0, 1)
		d.pooled(layers.MaxPooling1D{PoolSize: n, Strides: d.number("strides", 1, 2), Padding: d.padding(x, 2)}, d.features(x), x.Tensor)
	},
	"GlobalAveragePooling1D": func(d *drawing) {
		x := d.series()
		d.use(layers.GlobalAveragePooling1D{KeepDims: true}, graph.Shape{1, d.features(x)}, x.Tensor)
	},
	"GlobalMaxPooling1D": func(d *drawing) {
		x := d.series()
		d.use(layers.GlobalMaxPooling1D{KeepDims: true}, graph.Shape{1, d.features(x)}, x.Tensor)
	},
	"Conv1D": func(d *drawing) {
		x := d.series()
		l := layers.Conv1D{KernelSize: d.number("size", 1, 2), Groups: oneOf(d, "groups", 0, d.features(x))}
		l.Filters = d.units() * max(l.Groups, 1)
		span := l.KernelSize
		if d.yes("dilated") {
			l.DilationRate = 2
			span = 2*l.KernelSize - 1
		} else {
			l.Strides = d.number("strides", 1, 2)
		}
		l.Padding = oneOf(d, "padding", layers.Causal, d.padding(x, span))
		d.pooled(rest(d, l), l.Filters, x.Tensor)
	},
	"BatchNormalization": func(d *drawing) {
		x := d.either()
		l := layers.BatchNormalization{
			Momentum: oneOf(d, "momentum", nil, new(0.5)), Epsilon: oneOf(d, "epsilon", 0, 0.1),
			MovingVarianceInitializer: oneOf[graph.Initializer](d, "variance", initializers.Ones, initializers.Constant{Value: 2}),
		}
		if x.shape[0] != graph.Any {
			l.Axis = d.number("axis", -1, 1)
		}
		d.use(rest(d, l), x.shape, x.Tensor)
	},
	"LayerNormalization": func(d *drawing) {
		x, l := d.either(), layers.LayerNormalization{Epsilon: 0.1}
		if d.yes("axis") {
			x, l.Axis = d.frame, []int{2, 1} // which has no mask
		}
		d.use(rest(d, l), x.shape, x.Tensor)
	},
	"Dense": func(d *drawing) {
		x, n := d.either(), d.units()
		d.use(rest(d, layers.Dense{Units: n}), x.shape.With(len(x.shape)-1, n), x.Tensor)
	},
	"Dropout": func(d *drawing) {
		x, l := d.either(), layers.Dropout{Rate: d.rate()}
		if d.yes("noise") {
			l.NoiseShape = append(graph.Shape{graph.Any}, x.shape...).With(1, 1)
		}
		d.use(rest(d, l), x.shape, x.Tensor)
	},
	"GaussianNoise": func(d *drawing) {
		x := d.either()
		d.use(rest(d, layers.GaussianNoise{Stddev: d.rate()}), x.shape, x.Tensor)
	},
	"SpatialDropout1D": func(d *drawing) {
		x := d.series()
		d.use(rest(d, layers.SpatialDropout1D{Rate: d.rate()}), x.shape, x.Tensor)
	},
	"Embedding": func(d *drawing) {
		n := d.units()
		d.pooled(rest(d, layers.Embedding{InputDim: 5, OutputDim: n, MaskZero: d.yes("mask")}), n, d.words)
	},
	"Masking": func(d *drawing) {
		x := d.series()
		d.use(layers.Masking{MaskValue: oneOf(d, "value", 0, math.Pi)}, x.shape, x.Tensor)
	},
	"PositionEmbedding": func(d *drawing) {
		x := d.series()
		d.use(rest(d, layers.PositionEmbedding{SequenceLength: 8}), x.shape, x.Tensor)
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
		switch d.number("inside", 0, 2) {
		case 0:
			d.use(layers.TimeDistributed{Layer: rest(d, layers.Dense{Units: n})}, x.shape.With(1, n), x.Tensor)
		case 1:
			d.use(layers.TimeDistributed{Layer: layers.BatchNormalization{}}, x.shape, x.Tensor)
		default: // a sequence at every step
			deep := d.call(layers.TimeDistributed{Layer: layers.RepeatVector{N: 2}}, x.Tensor) // [batch, steps, 2, features]
			d.use(layers.TimeDistributed{Layer: rest(d, layers.GRU{Units: n})}, x.shape.With(1, n), deep)
		}
	},
	"LSTM": func(d *drawing) {
		n := d.units()
		d.recurrent(func(sequences, states bool) layers.Layer {
			return rest(d, layers.LSTM{Units: n, ReturnSequences: sequences, ReturnState: states, InitialState: d.initial(n, n)})
		}, n, n, n)
	},
	"GRU": func(d *drawing) {
		n := d.units()
		d.recurrent(func(sequences, states bool) layers.Layer {
			return rest(d, layers.GRU{Units: n, ReturnSequences: sequences, ReturnState: states, InitialState: d.initial(n)})
		}, n, n)
	},
	"SimpleRNN": func(d *drawing) {
		n := d.units()
		d.recurrent(func(sequences, states bool) layers.Layer {
			return rest(d, layers.SimpleRNN{Units: n, ReturnSequences: sequences, ReturnState: states, InitialState: d.initial(n)})
		}, n, n)
	},
	"Bidirectional": func(d *drawing) { d.bidirectional() },
	"RNN": func(d *drawing) {
		n, memory := d.units(), d.series()
		if d.yes("decoder") {
			d.cell(reader{Units: n}, n, []int{n}, memory.Tensor)
			return
		}
		d.cell(rest(d, layers.SimpleRNNCell{Units: n}), n, []int{n})
	},
	"LSTMCell": func(d *drawing) {
		n := d.units()
		d.cell(rest(d, layers.LSTMCell{Units: n}), n, []int{n, n})
	},
	"GRUCell": func(d *drawing) {
		n := d.units()
		d.cell(rest(d, layers.GRUCell{Units: n}), n, []int{n})
	},
	"SimpleRNNCell": func(d *drawing) {
		n := d.units()
		d.cell(rest(d, layers.SimpleRNNCell{Units: n}), n, []int{n})
	},
	"SLSTMCell": func(d *drawing) {
		n := 2 * d.units()
		d.cell(rest(d, layers.SLSTMCell{Units: n, Heads: 2}), n, []int{n, n, n, n})
	},
	"StackedRNNCells": func(d *drawing) {
		n := d.units()
		d.cell(layers.StackedRNNCells{Cells: []layers.Cell{layers.SLSTMCell{Units: n}, layers.GRUCell{Units: n}}}, n, []int{n, n, n, n, n})
	},
	"ZeroState": func(d *drawing) {
		d.use(layers.LSTM{Units: 2, InitialState: layers.ZeroState{}}, graph.Shape{2}, d.series().Tensor)
	},
	"RandomState": func(d *drawing) {
		d.use(layers.GRU{Units: 2, InitialState: layers.RandomState{Stddev: 0.2}}, graph.Shape{2}, d.series().Tensor)
	},
	"FixedState": func(d *drawing) {
		d.use(layers.GRU{Units: 2, InitialState: layers.FixedState{Elements: [][]float64{{0.5, -1}}}}, graph.Shape{2}, d.series().Tensor)
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
