package conformance_test

import (
	"reflect"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/layers/activations"
	"github.com/engram-go/engram/layers/constraints"
	"github.com/engram-go/engram/layers/initializers"
	"github.com/engram-go/engram/layers/regularizers"
	"github.com/engram-go/engram/models"
	"pgregory.net/rapid"
)

// drawn is a tensor of a random model and the shape of one sample of it.
type drawn struct {
	models.Tensor
	shape graph.Shape
}

// drawing draws a model layer by layer.
type drawing struct {
	*rapid.T
	tensors []drawn
	words   models.Tensor             // indices below 5, [steps]; 0 is padding
	frame   drawn                     // a sequence of 3 steps
	handles map[string]*models.Handle // of Dense, by the size of what they take
	models  int
	set     map[string]bool // the fields that layers had, such as Dense.Units
}

// pick is one of the tensors of that many axes.
func (d *drawing) pick(rank int) drawn {
	var fit []drawn
	for _, x := range d.tensors {
		if len(x.shape) == rank {
			fit = append(fit, x)
		}
	}
	return rapid.SampledFrom(fit).Draw(d.T, "tensor")
}

// series and vector are inputs of a layer: [steps, features] and [features].
func (d *drawing) series() drawn { return d.pick(2) }
func (d *drawing) vector() drawn { return d.pick(1) }
func (d *drawing) either() drawn { return d.pick(d.number("rank", 1, 2)) }

func (d *drawing) number(what string, low, high int) int {
	return rapid.IntRange(low, high).Draw(d.T, what)
}
func (d *drawing) yes(what string) bool { return rapid.Bool().Draw(d.T, what) }
func (d *drawing) units() int           { return d.number("units", 1, 3) }
func (d *drawing) rate() float64        { return oneOf(d, "rate", 0, 0.3) }
func (d *drawing) features(x drawn) int { return x.shape[len(x.shape)-1] }
func (d *drawing) seed() *uint64        { return oneOf(d, "seed", nil, new(uint64(3))) }

// padding is one for windows that span so many steps, which a shorter sequence
// must be padded for.
func (d *drawing) padding(x drawn, span int) layers.Padding {
	if steps := x.shape[0]; steps != graph.Any && steps < span {
		return layers.Same
	}
	return oneOf(d, "padding", layers.Valid, layers.Same)
}

func oneOf[T any](d *drawing, what string, values ...T) T {
	return values[d.number(what, 0, len(values)-1)]
}

func (d *drawing) activation() activations.Activation {
	return oneOf[activations.Activation](d, "activation", nil, activations.Tanh, activations.Sigmoid, activations.Softmax{}, activations.ELU{Alpha: 0.5})
}

func (d *drawing) regularizer() graph.Regularizer {
	return oneOf[graph.Regularizer](d, "regularizer", nil, regularizers.L2{}, regularizers.L1L2{L1: 0.1})
}

func (d *drawing) constraint() graph.Constraint {
	return oneOf[graph.Constraint](d, "constraint", nil, constraints.MaxNorm{MaxValue: 0.5}, constraints.NonNeg{})
}

func (d *drawing) initializer() graph.Initializer {
	return oneOf[graph.Initializer](d, "initializer", nil, initializers.HeNormal, initializers.RandomNormal{Stddev: 0.1})
}

func (d *drawing) initial(sizes ...int) layers.InitialState {
	fixed := layers.FixedState{}
	for _, n := range sizes {
		fixed.Elements = append(fixed.Elements, make([]float64, n))
		fixed.Elements[len(fixed.Elements)-1][0] = 0.5
	}
	return oneOf[layers.InitialState](d, "initial state", nil, layers.ZeroState{}, layers.RandomState{Stddev: 0.2}, fixed)
}

// add makes a tensor available to the layers that follow.
func (d *drawing) add(x models.Tensor, shape ...int) {
	d.tensors = append(d.tensors, drawn{x, shape})
}

// call calls a layer, and remembers which fields it had.
func (d *drawing) call(l layers.Layer, in ...models.Tensor) models.Tensor {
	d.fields(reflect.ValueOf(l))
	return models.Use(l).Call(in...)
}

// use adds a layer whose output has that shape.
func (d *drawing) use(l layers.Layer, shape graph.Shape, in ...models.Tensor) {
	d.add(d.call(l, in...), shape...)
}

// pooled adds a layer that changes the number of steps, and takes their mean.
func (d *drawing) pooled(l layers.Layer, features int, in ...models.Tensor) {
	d.use(layers.GlobalAveragePooling1D{}, graph.Shape{features}, d.call(l, in...))
}

// alike is a tensor and all with its shape, itself among them.
func (d *drawing) alike() (x drawn, all []models.Tensor) {
	x = d.either()
	for _, y := range d.tensors {
		if y.shape.Equal(x.shape) {
			all = append(all, y.Tensor)
		}
	}
	return x, all
}

// merge adds a layer that takes inputs of one shape.
func (d *drawing) merge(l layers.Layer) {
	x, all := d.alike()
	d.use(l, x.shape, all...)
}
