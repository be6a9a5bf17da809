package main

import (
	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/layers/initializers"
	"github.com/engram-go/engram/train/losses"
)

// benchHeads is the number of attention heads if it divides the units, otherwise 1 is
// used.
const benchHeads = 4

// headsOf is the number of attention heads for a number of units.
func headsOf(units int) int {
	if units%benchHeads != 0 {
		return 1
	}
	return benchHeads
}

// benchCell makes a recurrent layer and its cell. The layer returns the outputs of
// all steps or of the last one; recurrent is its recurrent dropout.
type benchCell struct {
	layer func(units int, sequences bool, recurrent float64) layers.Layer
	step  func(units int) layers.Cell
}

// benchCells are the layers that --cell selects.
var benchCells = map[string]benchCell{
	"lstm": {
		layer: func(units int, sequences bool, recurrent float64) layers.Layer {
			return layers.LSTM{Units: units, ReturnSequences: sequences, RecurrentDropout: recurrent}
		},
		step: func(units int) layers.Cell { return layers.LSTMCell{Units: units} },
	},
	"gru": {
		layer: func(units int, sequences bool, recurrent float64) layers.Layer {
			return layers.GRU{Units: units, ReturnSequences: sequences, RecurrentDropout: recurrent}
		},
		step: func(units int) layers.Cell { return layers.GRUCell{Units: units} },
	},
	"rnn": {
		layer: func(units int, sequences bool, recurrent float64) layers.Layer {
			return layers.SimpleRNN{Units: units, ReturnSequences: sequences, RecurrentDropout: recurrent}
		},
		step: func(units int) layers.Cell { return layers.SimpleRNNCell{Units: units} },
	},
}

// benchDefaults are the shapes of the table in docs/bench.
var benchDefaults = []benchShape{{30, 32, 1, 50}, {50, 32, 8, 64}, {100, 64, 16, 128}, {100, 64, 64, 256}, {20, 20, 200, 200}}

// benchRecurrent are models of recurrent layers before Dense(1), with the mean squared
// error.
func benchRecurrent() []benchModel {
	model := func(name, text string, inner func(cell benchCell, units int) []layers.Layer) benchModel {
		return benchModel{
			name: name, text: text, letters: "T,B,D,H", standard: benchDefaults, recurrent: true,
			values:  benchQuantity{"T·B·(D + 4H)", func(s benchShape) int { return s[0] * s[1] * (s[2] + 4*s[3]) }},
			weights: benchQuantity{"4H·(D + H)", func(s benchShape) int { return 4 * s[3] * (s[2] + s[3]) }},
			task: func(s benchShape, cell benchCell) benchTask {
				return regression(s, append(inner(cell, s[3]), layers.Dense{Units: 1})...)
			},
		}
	}
	all := []benchModel{
		model("single", "one recurrent layer", func(cell benchCell, units int) []layers.Layer {
			return []layers.Layer{cell.layer(units, false, 0)}
		}),
		model("scan", "its cell as a scan", func(cell benchCell, units int) []layers.Layer {
			return []layers.Layer{layers.RNN{Cell: cell.step(units)}}
		}),
		model("dropout", "one with a recurrent dropout of 0.2", func(cell benchCell, units int) []layers.Layer {
			return []layers.Layer{cell.layer(units, false, 0.2)}
		}),
		model("stacked", "two of it", func(cell benchCell, units int) []layers.Layer {
			return []layers.Layer{cell.layer(units, true, 0), cell.layer(units, false, 0)}
		}),
		model("bidirectional", "both directions", func(cell benchCell, units int) []layers.Layer {
			return []layers.Layer{layers.Bidirectional{Layer: cell.layer(units, false, 0)}}
		}),
		model("attention", "one with self-attention of 4 heads behind it (1 where 4 do not divide H)", func(cell benchCell, units int) []layers.Layer {
			heads := headsOf(units)
			return []layers.Layer{cell.layer(units, true, 0), layers.MultiHeadAttention{NumHeads: heads, KeyDim: units / heads}, layers.Flatten{}}
		}),
	}
	// Attention also stores a score for every pair of steps.
	all[len(all)-1].values = benchQuantity{"T·B·(D + 4H + 4T)", func(s benchShape) int { return s[0] * s[1] * (s[2] + 4*s[3] + benchHeads*s[0]) }}
	return append(all, benchModel{
		name: "mgu", text: "a minimal gated unit, a user's cell as a scan", letters: "T,B,D,H", standard: []benchShape{{100, 64, 16, 128}},
		values:  benchQuantity{"T·B·(D + 4H)", func(s benchShape) int { return s[0] * s[1] * (s[2] + 4*s[3]) }},
		weights: benchQuantity{"2H·(D + H)", func(s benchShape) int { return 2 * s[3] * (s[2] + s[3]) }},
		task: func(s benchShape, _ benchCell) benchTask {
			return regression(s, layers.RNN{Cell: mgu{units: s[3]}}, layers.Dense{Units: 1})
		},
	})
}

// regression is a task on sequences of numbers, T,B,D,H, with one output.
func regression(s benchShape, all ...layers.Layer) benchTask {
	return benchTask{chain(graph.Shape{s[0], s[2]}, all...), losses.MSE{}, noise("x", s[0], s[2]), noise("y", 1)}
}

// mgu is the minimal gated unit (Zhou et al. 2016, "Minimal Gated Unit for Recurrent
// Neural Networks"), as docs/adding-a-layer.md writes it:
//
//	f  = σ(x·W_f + h·U_f + b_f)
//	g  = tanh(x·W_g + (f ⊙ h)·U_g + b_g)
//	h' = (1 − f) ⊙ h + f ⊙ g
type mgu struct{ units int }

func (c mgu) States() []int { return []int{c.units} } // h

func (c mgu) Step(s *graph.Scope, x graph.Value, states, _ []graph.Value) (graph.Value, []graph.Value) {
	h := states[0] // [batch, units]
	sum := func(name string, h graph.Value) graph.Value {
		w := s.Param(name+"_kernel", graph.Shape{x.Dim(1), c.units}, initializers.GlorotUniform)
		u := s.Param(name+"_recurrent_kernel", graph.Shape{c.units, c.units}, initializers.Orthogonal{})
		b := s.Param(name+"_bias", graph.Shape{c.units}, initializers.Zeros)
		return x.MatMul(w).Add(h.MatMul(u)).Add(b) // [batch, units]
	}
	f := sum("forget", h).Sigmoid()           // [batch, units]
	g := sum("new", f.Times(h)).Tanh()        // [batch, units]
	h = f.OneMinus().Times(h).Add(f.Times(g)) // [batch, units]
	return h, []graph.Value{h}
}
