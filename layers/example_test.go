package layers_test

import (
	"fmt"
	"log"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/internal/layername"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/layers/activations"
	"github.com/engram-go/engram/layers/initializers"
	"gorgonia.org/tensor"
)

// show prints the outputs of a layer, with their shapes.
func show(cfg graph.Config, l layers.Layer, shape graph.Shape, x ...float64) {
	var err error
	if cfg.Params, err = graph.NewParams(tensor.Float64, 1); err != nil {
		log.Fatal(err)
	}
	n := 0
	prog, err := graph.NewProgram(cfg, func(s *graph.Scope) {
		out := layers.Apply(s, "layer", l, s.Values(x, shape))
		for i, y := range out {
			s.Output(fmt.Sprint(i), y)
		}
		n = len(out)
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer prog.Close()
	if err := prog.Run(graph.Tick{}); err != nil {
		log.Fatal(err)
	}
	for i := range n {
		y, err := prog.Output(fmt.Sprint(i))
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%v %.4g\n", y.Shape(), y.Float64s())
	}
}

// One sample of 2 features: 1·3 + 2·3 + 0.5 for each unit.
func ExampleDense() {
	show(graph.Config{}, layers.Dense{
		Units:             3,
		KernelInitializer: initializers.Constant{Value: 3},
		BiasInitializer:   initializers.Constant{Value: 0.5},
	}, graph.Shape{1, 2}, 1, 2)
	show(graph.Config{}, layers.Dense{Units: -3}, graph.Shape{1, 2}, 1, 2)
	// Output:
	// (1, 3) [9.5 9.5 9.5]
	// layer: Dense.Units must be positive, got -3
}

// One sample of 2 steps and 1 feature. With all weights 1 and no bias, the
// first step is i = f = o = σ(1), g = tanh(1), c = i·g and h = o·tanh(c).
func ExampleLSTM() {
	show(graph.Config{}, layers.LSTM{
		Units:                1,
		NoBias:               true,
		KernelInitializer:    initializers.Ones,
		RecurrentInitializer: initializers.Ones,
		ReturnSequences:      true,
		ReturnState:          true,
	}, graph.Shape{1, 2, 1}, 1, 1)
	// Output:
	// (1, 2, 1) [0.3696 0.6505]
	// (1, 1) [0.6505]
	// (1, 1) [1.144]
}

// One sample of 2 steps and 1 feature. With all weights 1 and no bias, the
// first step is z = r = σ(1), g = tanh(1) and h = (1 − z)·g.
func ExampleGRU() {
	show(graph.Config{}, layers.GRU{
		Units:                1,
		NoBias:               true,
		KernelInitializer:    initializers.Ones,
		RecurrentInitializer: initializers.Ones,
		ReturnSequences:      true,
		ReturnState:          true,
	}, graph.Shape{1, 2, 1}, 1, 1)
	// Output:
	// (1, 2, 1) [0.2048 0.3468]
	// (1, 1) [0.3468]
}

// One sample of 2 steps and 1 feature. With all weights 1 and no bias, the
// first step is h = tanh(1), and the second h' = tanh(1 + h).
func ExampleSimpleRNN() {
	show(graph.Config{}, layers.SimpleRNN{
		Units:                1,
		NoBias:               true,
		KernelInitializer:    initializers.Ones,
		RecurrentInitializer: initializers.Ones,
		ReturnSequences:      true,
	}, graph.Shape{1, 2, 1}, 1, 1)
	// Output: (1, 2, 1) [0.7616 0.9427]
}

// In training about half of the elements are dropped, and the others are doubled.
// Otherwise the output is the input.
func ExampleDropout() {
	show(graph.Config{Training: true, Seed: 1}, layers.Dropout{Rate: 0.5}, graph.Shape{1, 6}, 1, 2, 3, 4, 5, 6)
	show(graph.Config{}, layers.Dropout{Rate: 0.5}, graph.Shape{1, 6}, 1, 2, 3, 4, 5, 6)
	// Output:
	// (1, 6) [0 4 0 8 10 0]
	// (1, 6) [1 2 3 4 5 6]
}

func ExampleActivation() {
	show(graph.Config{}, layers.Activation{Function: activations.ReLU}, graph.Shape{1, 3}, -1, 0, 2)
	show(graph.Config{}, layers.Activation{Function: activations.LeakyReLU{NegativeSlope: 0.5}}, graph.Shape{1, 3}, -1, 0, 2)
	// Output:
	// (1, 3) [0 0 2]
	// (1, 3) [-0.5 0 2]
}

func ExampleReLU() {
	show(graph.Config{}, layers.ReLU{MaxValue: new(6.0), NegativeSlope: 0.5, Threshold: 1}, graph.Shape{1, 4}, -1, 1, 2, 9)
	// Output: (1, 4) [-1 0 2 6]
}

// The slope below 0 is a weight, one for each feature, that here starts at 0.25.
func ExamplePReLU() {
	show(graph.Config{}, layers.PReLU{AlphaInitializer: initializers.Constant{Value: 0.25}}, graph.Shape{1, 3}, -4, 0, 2)
	// Output: (1, 3) [-1 0 2]
}

func ExampleFlatten() {
	show(graph.Config{}, layers.Flatten{}, graph.Shape{1, 2, 3}, 1, 2, 3, 4, 5, 6)
	// Output: (1, 6) [1 2 3 4 5 6]
}

// Samples of any number of steps with 1 feature each.
func ExampleInput() {
	show(graph.Config{}, layers.Input{Shape: graph.Shape{graph.Any, 1}}, graph.Shape{1, 3, 1}, 7, 8, 9)
	show(graph.Config{}, layers.Input{Shape: graph.Shape{graph.Any, 1}}, graph.Shape{1, 3}, 7, 8, 9)
	// Output:
	// (1, 3, 1) [7 8 9]
	// layer: Input must have samples of shape [any, 1], got [3]
}

// The default: without inputs or a bias the output stays 0.
func ExampleZeroState() {
	show(graph.Config{}, layers.GRU{Units: 2, InitialState: layers.ZeroState{}}, graph.Shape{1, 1, 1}, 0)
	// Output: (1, 2) [0 0]
}

// Each sample starts from its own numbers, so the outputs for equal inputs differ.
func ExampleRandomState() {
	show(graph.Config{Seed: 1}, layers.GRU{Units: 1, InitialState: layers.RandomState{Stddev: 0.5}}, graph.Shape{2, 1, 1}, 1, 1)
	// Output: (2, 1) [0.312 0.3841]
}

// Every sample starts with h = 1 and c = 0. As the kernel is all zeros, the
// input has no effect.
func ExampleFixedState() {
	show(graph.Config{}, layers.LSTM{
		Units:                1,
		NoBias:               true,
		KernelInitializer:    initializers.Zeros,
		RecurrentInitializer: initializers.Ones,
		InitialState:         layers.FixedState{Elements: [][]float64{{1}, {0}}},
	}, graph.Shape{2, 1, 1}, 5, 6)
	// Output: (2, 1) [0.3696 0.3696]
}

func ExampleResolve() {
	l, err := layers.Resolve(layers.Dense{Units: 2})
	fmt.Printf("%+v %v\n", l, err)
	// Output:
	// {Units:2 Activation:linear NoBias:false KernelInitializer:glorot_uniform BiasInitializer:zeros KernelRegularizer:<nil> BiasRegularizer:<nil> ActivityRegularizer:<nil> KernelConstraint:<nil> BiasConstraint:<nil> Name:} <nil>
}

// Three words of two numbers each, and two sentences of two words.
func ExampleEmbedding() {
	l := layers.Embedding{InputDim: 3, OutputDim: 2, EmbeddingsInitializer: initializers.Identity{}}
	show(graph.Config{}, l, graph.Shape{2, 2}, 0, 1, 1, 2)
	// Output: (2, 2, 2) [1 0 0 1 0 1 0 0]
}

// The last step is padding, which the LSTM passes over: what it says of the
// first two is what it says of them alone.
func ExampleMasking() {
	show(graph.Config{}, chain{layers.Masking{MaskValue: -1}, layers.LSTM{Units: 1}}, graph.Shape{1, 3, 1}, 3, 4, -1)
	show(graph.Config{}, chain{layers.LSTM{Units: 1}}, graph.Shape{1, 2, 1}, 3, 4)
	// Output:
	// (1, 1) [-0.1575]
	// (1, 1) [-0.1575]
}

// chain is a layer of several, one after the other.
type chain []layers.Layer

func (c chain) Call(s *graph.Scope, inputs ...graph.Value) []graph.Value {
	for _, l := range c {
		inputs = layers.Apply(s, layername.Default(l), l, inputs...)
	}
	return inputs
}

// With 1 in place of the steps, the mask is the same for all of them.
func ExampleDropout_noiseShape() {
	l := layers.Dropout{Rate: 0.5, NoiseShape: graph.Shape{graph.Any, 1, graph.Any}, Seed: new(uint64(7))}
	show(graph.Config{Training: true}, l, graph.Shape{1, 2, 4}, 1, 2, 3, 4, 5, 6, 7, 8)
	// Output: (1, 2, 4) [0 4 0 8 0 12 0 16]
}

// In training about half of the features go, in both steps alike.
func ExampleSpatialDropout1D() {
	l := layers.SpatialDropout1D{Rate: 0.5, Seed: new(uint64(7))}
	show(graph.Config{Training: true}, l, graph.Shape{1, 2, 4}, 1, 2, 3, 4, 5, 6, 7, 8)
	show(graph.Config{}, l, graph.Shape{1, 2, 4}, 1, 2, 3, 4, 5, 6, 7, 8)
	// Output:
	// (1, 2, 4) [0 4 0 8 0 12 0 16]
	// (1, 2, 4) [1 2 3 4 5 6 7 8]
}

func ExampleGaussianNoise() {
	l := layers.GaussianNoise{Stddev: 0.1, Seed: new(uint64(2))}
	show(graph.Config{Training: true}, l, graph.Shape{1, 3}, 1, 2, 3)
	show(graph.Config{}, l, graph.Shape{1, 3}, 1, 2, 3)
	// Output:
	// (1, 3) [0.9304 2.018 3.088]
	// (1, 3) [1 2 3]
}

// Two samples, each of which gets mean 0 and variance 1 by itself.
func ExampleLayerNormalization() {
	show(graph.Config{}, layers.LayerNormalization{}, graph.Shape{2, 2}, 1, 3, 10, 30)
	// Output: (2, 2) [-0.9995 0.9995 -1 1]
}

// The root mean square of 1 and 7 is 5.
func ExampleRMSNormalization() {
	show(graph.Config{}, layers.RMSNormalization{}, graph.Shape{1, 2}, 1, 7)
	// Output: (1, 2) [0.2 1.4]
}

// In training every feature, here the columns 1, 3 and 10, 30, gets mean 0 and
// variance 1 over the batch. Outside it is measured by the moving averages,
// which start with mean 0 and variance 1.
func ExampleBatchNormalization() {
	show(graph.Config{Training: true}, layers.BatchNormalization{}, graph.Shape{2, 2}, 1, 10, 3, 30)
	show(graph.Config{}, layers.BatchNormalization{}, graph.Shape{2, 2}, 1, 10, 3, 30)
	// Output:
	// (2, 2) [-0.9995 -1 0.9995 1]
	// (2, 2) [0.9995 9.995 2.999 29.99]
}

func ExampleReshape() {
	show(graph.Config{}, layers.Reshape{TargetShape: graph.Shape{graph.Any, 2}}, graph.Shape{1, 6}, 1, 2, 3, 4, 5, 6)
	show(graph.Config{}, layers.Reshape{TargetShape: graph.Shape{4}}, graph.Shape{1, 6}, 1, 2, 3, 4, 5, 6)
	// Output:
	// (1, 3, 2) [1 2 3 4 5 6]
	// layer: Reshape.TargetShape must keep the 6 elements of a sample of the shape [6], got [4]
}

func ExamplePermute() {
	show(graph.Config{}, layers.Permute{Dims: []int{2, 1}}, graph.Shape{1, 2, 3}, 1, 2, 3, 4, 5, 6)
	// Output: (1, 3, 2) [1 4 2 5 3 6]
}

func ExampleRepeatVector() {
	show(graph.Config{}, layers.RepeatVector{N: 3}, graph.Shape{1, 2}, 1, 2)
	// Output: (1, 3, 2) [1 2 1 2 1 2]
}

// Each of two steps is a table of two by two numbers, of which a Dense makes one.
func ExampleTimeDistributed() {
	inner := layers.Dense{Units: 1, KernelInitializer: initializers.Ones}
	show(graph.Config{}, layers.TimeDistributed{Layer: inner}, graph.Shape{1, 2, 2, 2}, 1, 2, 3, 4, 5, 6, 7, 8)
	// Output: (1, 2, 2, 1) [3 7 11 15]
}

// The last step less the first.
func ExampleLambda() {
	change := layers.NewFunction("change", func(_ *graph.Scope, inputs ...graph.Value) []graph.Value {
		x := inputs[0]                                              // [batch, steps, features]
		return []graph.Value{x.Reverse(1).At(1, 0).Sub(x.At(1, 0))} // [batch, features]
	})
	show(graph.Config{}, layers.Lambda{Function: change}, graph.Shape{1, 3, 1}, 1, 5, 9)
	// Output: (1, 1) [8]
}

// A mask that is a separate input: the last of three steps does not count.
func ExampleLambda_mask() {
	counting := layers.NewFunction("counting", func(_ *graph.Scope, inputs ...graph.Value) []graph.Value {
		x, mask := inputs[0].Unsqueeze(-1), inputs[1] // [batch, steps, 1], [batch, steps] of 1 and 0
		return []graph.Value{x.WithMask(mask)}
	})
	showAll(chain{layers.Lambda{Function: counting}, layers.GlobalAveragePooling1D{}}, []float64{1, 5, 99}, []float64{1, 1, 0})
	// Output: (1, 1) [3]
}
