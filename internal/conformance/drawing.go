package conformance

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

// Drawn is a tensor of a random model and the shape of one sample of it.
type Drawn struct {
	models.Tensor
	Shape graph.Shape
}

// Tensors are those of drawn ones.
func Tensors(xs ...Drawn) []models.Tensor {
	var out []models.Tensor
	for _, x := range xs {
		out = append(out, x.Tensor)
	}
	return out
}

// Drawing draws a model layer by layer.
type Drawing struct {
	*rapid.T
	tensors []Drawn
	Words   models.Tensor             // indices below 5, [steps]; 0 is padding
	Frame   Drawn                     // a sequence of 3 steps
	handles map[string]*models.Handle // of Dense, by the size of what they take
	models  int
	set     map[string]bool // the fields that layers had, such as Dense.Units
}

// pick is one of the tensors of that many axes.
func (d *Drawing) pick(rank int) Drawn {
	var fit []Drawn
	for _, x := range d.tensors {
		if len(x.Shape) == rank {
			fit = append(fit, x)
		}
	}
	return rapid.SampledFrom(fit).Draw(d.T, "tensor")
}

// series and vector are inputs of a layer: [steps, features] and [features].
func (d *Drawing) Series() Drawn { return d.pick(2) }
func (d *Drawing) Vector() Drawn { return d.pick(1) }
func (d *Drawing) Either() Drawn { return d.pick(d.Number("rank", 1, 2)) }

func (d *Drawing) Number(what string, low, high int) int {
	return rapid.IntRange(low, high).Draw(d.T, what)
}
func (d *Drawing) Yes(what string) bool { return rapid.Bool().Draw(d.T, what) }
func (d *Drawing) Units() int           { return d.Number("units", 1, 3) }
func (d *Drawing) Rate() float64        { return OneOf(d, "rate", 0, 0.3) }
func (d *Drawing) Features(x Drawn) int { return x.Shape[len(x.Shape)-1] }
func (d *Drawing) Seed() *uint64        { return OneOf(d, "seed", nil, new(uint64(3))) }

// padding is one for windows that span so many steps, which a shorter sequence
// must be padded for.
func (d *Drawing) Padding(x Drawn, span int) layers.Padding {
	if steps := x.Shape[0]; steps != graph.Any && steps < span {
		return layers.Same
	}
	return OneOf(d, "padding", layers.Valid, layers.Same)
}

func OneOf[T any](d *Drawing, what string, values ...T) T {
	return values[d.Number(what, 0, len(values)-1)]
}

func (d *Drawing) activation() activations.Activation {
	return OneOf[activations.Activation](d, "activation", nil, activations.Tanh, activations.Sigmoid, activations.Softmax{}, activations.ELU{Alpha: 0.5})
}

func (d *Drawing) Regularizer() graph.Regularizer {
	return OneOf[graph.Regularizer](d, "regularizer", nil, regularizers.L2{}, regularizers.L1L2{L1: 0.1})
}

func (d *Drawing) constraint() graph.Constraint {
	return OneOf[graph.Constraint](d, "constraint", nil, constraints.MaxNorm{MaxValue: 0.5}, constraints.NonNeg{})
}

func (d *Drawing) initializer() graph.Initializer {
	return OneOf[graph.Initializer](d, "initializer", nil, initializers.HeNormal, initializers.RandomNormal{Stddev: 0.1})
}

func (d *Drawing) Initial(sizes ...int) layers.InitialState {
	fixed := layers.FixedState{}
	for _, n := range sizes {
		fixed.Elements = append(fixed.Elements, make([]float64, n))
		fixed.Elements[len(fixed.Elements)-1][0] = 0.5
	}
	return OneOf[layers.InitialState](d, "initial state", nil, layers.ZeroState{}, layers.RandomState{Stddev: 0.2}, fixed)
}

// add makes a tensor available to the layers that follow.
func (d *Drawing) Add(x models.Tensor, shape ...int) {
	d.tensors = append(d.tensors, Drawn{x, shape})
}

// call calls a layer, and remembers which fields it had.
func (d *Drawing) Call(l layers.Layer, in ...models.Tensor) models.Tensor {
	d.fields(reflect.ValueOf(l))
	return models.Use(l).Call(in...)
}

// use adds a layer whose output has that shape.
func (d *Drawing) Use(l layers.Layer, shape graph.Shape, in ...models.Tensor) {
	d.Add(d.Call(l, in...), shape...)
}

// pooled adds a layer that changes the number of steps, and takes their mean.
func (d *Drawing) Pooled(l layers.Layer, features int, in ...models.Tensor) {
	d.Use(layers.GlobalAveragePooling1D{}, graph.Shape{features}, d.Call(l, in...))
}

// alike is a tensor and all with its shape, itself among them.
func (d *Drawing) Alike() (x Drawn, all []models.Tensor) {
	x = d.Either()
	for _, y := range d.tensors {
		if y.Shape.Equal(x.Shape) {
			all = append(all, y.Tensor)
		}
	}
	return x, all
}

// merge adds a layer that takes inputs of one shape.
func (d *Drawing) Merge(l layers.Layer) {
	x, all := d.Alike()
	d.Use(l, x.Shape, all...)
}
