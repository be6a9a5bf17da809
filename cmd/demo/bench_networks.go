package main

import (
	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/layers/activations"
	"github.com/engram-go/engram/models"
	"github.com/engram-go/engram/train/losses"
)

// benchBlocks is the number of blocks of the transformer, benchClasses that of the
// classes of the convolutions and of the multilayer perceptron.
const (
	benchBlocks  = 2
	benchClasses = 10
)

// benchNetworks are models of words, of convolutions and of dense layers, with the
// cross-entropy of classes from logits.
func benchNetworks() []benchModel {
	convolutions := benchModel{
		letters: "T,B,D,H",
		values:  benchQuantity{"T·B·(5D + 15H)", func(s benchShape) int { return s[0] * s[1] * (5*s[2] + 15*s[3]) }},
		weights: benchQuantity{"5H·(D + 2H)", func(s benchShape) int { return 5 * s[3] * (s[2] + 2*s[3]) }},
	}
	conv, depthwise := convolutions, convolutions
	conv.name, conv.text, conv.standard = "conv", "three causal convolutions of 5 steps with dilations of 1, 2 and 4, and H filters", []benchShape{{500, 32, 8, 64}}
	conv.task = func(s benchShape, _ benchCell) benchTask { return convolve(s, 1, 1) }
	depthwise.name, depthwise.text, depthwise.standard = "depthwise", "the same with a group for each of D and then H features", []benchShape{{500, 32, 64, 64}}
	depthwise.ratio = [2]int{2, 3} // groups of D features must have equal numbers of filters
	depthwise.task = func(s benchShape, _ benchCell) benchTask { return convolve(s, s[2], s[3]) }

	language := benchModel{
		letters: "T,B,D,H,V", recurrent: true,
		values:  benchQuantity{"T·B·(D + 8H + V)", func(s benchShape) int { return s[0] * s[1] * (s[2] + 8*s[3] + s[4]) }},
		weights: benchQuantity{"V·(D + H) + 4H·(D + 3H)", func(s benchShape) int { return s[4]*(s[2]+s[3]) + 4*s[3]*(s[2]+3*s[3]) }},
		task:    nextWord,
	}
	lm, chars := language, language
	lm.name, lm.text, lm.standard = "lm", "the next word from an embedding of D and two recurrent layers", []benchShape{{35, 20, 256, 256, 10000}}
	chars.name, chars.text, chars.standard = "chars", "the same for the next character", []benchShape{{64, 32, 32, 512, 96}}

	return []benchModel{
		{
			name: "transformer", text: "a causal one of two blocks, 4 heads (1 where 4 do not divide D) and D features", letters: "T,B,D,V", standard: []benchShape{{128, 16, 128, 96}},
			values:  benchQuantity{"T·B·(32D + 8T + V)", func(s benchShape) int { return s[0] * s[1] * (32*s[2] + 8*s[0] + s[3]) }},
			weights: benchQuantity{"D·(24D + 2V + T)", func(s benchShape) int { return s[2] * (24*s[2] + 2*s[3] + s[0]) }},
			task:    transform,
		},
		conv, depthwise,
		{
			name: "mlp", text: "two dense layers", letters: "B,D,H", standard: []benchShape{{128, 784, 512}},
			values:  benchQuantity{"B·(D + 2H)", func(s benchShape) int { return s[0] * (s[1] + 2*s[2]) }},
			weights: benchQuantity{"H·(D + H)", func(s benchShape) int { return s[2] * (s[1] + s[2]) }},
			task: func(s benchShape, _ benchCell) benchTask {
				hidden := layers.Dense{Units: s[2], Activation: activations.ReLU}
				return classify(noise("x", s[1]), graph.Shape{s[1]}, hidden, hidden)
			},
		},
		lm, chars,
	}
}

// crossentropy is the loss of models that end without a softmax.
var crossentropy = losses.SparseCategoricalCrossentropy{FromLogits: true}

// classify is a task of ten classes, from inputs of the given shape.
func classify(input benchData, shape graph.Shape, all ...layers.Layer) benchTask {
	model := chain(shape, append(all, layers.Dense{Units: benchClasses})...)
	return benchTask{model, crossentropy, input, classes("y", benchClasses)}
}

// convolve is a task on sequences, T,B,D,H. The first convolution has the first number
// of groups, the others the second.
func convolve(s benchShape, first, others int) benchTask {
	l := layers.Conv1D{Filters: s[3], KernelSize: 5, Padding: layers.Causal, Activation: activations.ReLU}
	var all []layers.Layer
	for i, groups := range []int{first, others, others} {
		l.Groups, l.DilationRate = groups, 1<<i
		all = append(all, l)
	}
	return classify(noise("x", s[0], s[2]), graph.Shape{s[0], s[2]}, append(all, layers.GlobalAveragePooling1D{})...)
}

// nextWord is a task on sequences of words, T,B,D,H,V.
func nextWord(s benchShape, cell benchCell) benchTask {
	model := chain(graph.Shape{s[0]}, layers.Embedding{InputDim: s[4], OutputDim: s[2]},
		cell.layer(s[3], true, 0), cell.layer(s[3], true, 0), layers.Dense{Units: s[4]})
	return benchTask{model, crossentropy, classes("x", s[4], s[0]), classes("y", s[4], s[0])}
}

// transform is a task on sequences of words, T,B,D,V: a causal transformer with the
// normalization before each part of a block (Xiong et al. 2020, "On Layer Normalization
// in the Transformer Architecture").
func transform(s benchShape, _ benchCell) benchTask {
	steps, d, words := s[0], s[2], s[3]
	on := func(l layers.Layer, in ...models.Tensor) models.Tensor { return models.Use(l).Call(in...) }
	heads := headsOf(d)
	text := models.NewInput(layers.Input{Shape: graph.Shape{steps}})
	x := on(layers.Embedding{InputDim: words, OutputDim: d}, text)
	x = on(layers.Add{}, x, on(layers.PositionEmbedding{SequenceLength: steps}, x)) // [batch, steps, D]
	for range benchBlocks {
		seen := on(layers.MultiHeadAttention{NumHeads: heads, KeyDim: d / heads, UseCausalMask: true}, on(layers.LayerNormalization{}, x))
		x = on(layers.Add{}, x, seen)
		y := on(layers.Dense{Units: 4 * d, Activation: activations.GELU{}}, on(layers.LayerNormalization{}, x)) // [batch, steps, 4·D]
		x = on(layers.Add{}, x, on(layers.Dense{Units: d}, y))
	}
	y := on(layers.Dense{Units: words}, on(layers.LayerNormalization{}, x)) // [batch, steps, V]
	m := models.NewFunctional(models.Config{Seed: 1}, models.Inputs{text}, models.Outputs{y})
	return benchTask{&m.Model, crossentropy, classes("x", words, steps), classes("y", words, steps)}
}
