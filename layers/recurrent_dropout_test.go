package layers_test

import (
	"math"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/graph/graphtest"
	"github.com/engram-go/engram/internal/layername"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/layers/layertest"
	"gorgonia.org/tensor"
	"pgregory.net/rapid"
)

// All ways to run a layer drop the same, in values and in gradients: as one
// operation, as a scan, and with its steps written out.
func TestRecurrentDropoutAgrees(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := drawFast(t)
		input := rapid.SampledFrom([]float64{0, 0.25, 0.5}).Draw(t, "dropout")
		state := rapid.SampledFrom([]float64{0, 0.25, 0.5}).Draw(t, "recurrent dropout")
		scans := rapid.Bool().Draw(t, "scans")
		layer := func(unrolled bool) layers.Layer {
			switch l := r.layer(unrolled).(type) {
			case layers.LSTM:
				l.Dropout, l.RecurrentDropout, l.LayerNorm = input, state, scans
				return l
			case layers.GRU:
				l.Dropout, l.RecurrentDropout, l.ResetBefore = input, state, scans
				if scans && r.bias != nil { // which then has one row
					l.BiasInitializer = given(r.bias[:3*r.units])
				}
				return l
			case layers.SimpleRNN:
				l.Dropout, l.RecurrentDropout = input, state
				return l
			}
			return nil
		}
		want := r.runLayer(t, tensor.Float64, layer(true))
		r.checkClose(t, r.runLayer(t, tensor.Float64, layer(false)), want, graphtest.Tol64)
		if !scans { // norms make more of the rounding of float32
			r.checkClose(t, r.runLayer(t, tensor.Float32, layer(false)), want, graphtest.Tol32)
		}
	})
}

// A layer applies dropout in training, with other masks at every tick, and not otherwise.
func TestRecurrentDropoutInTraining(t *testing.T) {
	x := graphtest.Uniform(1, 2*4*3, 1)
	for _, of := range []func(dropout float64) layers.Layer{
		func(p float64) layers.Layer { return layers.LSTM{Units: 4, RecurrentDropout: p} },
		func(p float64) layers.Layer { return layers.GRU{Units: 4, RecurrentDropout: p} },
		func(p float64) layers.Layer { return layers.SimpleRNN{Units: 4, RecurrentDropout: p} },
	} {
		run := func(cfg graph.Config, step int, p float64) float64 {
			return evaluate(t, cfg, graph.Tick{Step: step}, func(s *graph.Scope) {
				s.Output("y", layers.Apply(s, "layer", of(p), s.Values(x, graph.Shape{2, 4, 3}))[0])
			})["y"][0]
		}
		plain := run(config(t), 0, 0)
		if run(config(t), 0, 0.5) != plain {
			t.Errorf("%s drops when it is not trained", layername.Class(of(0)))
		}
		if a, b := run(training(t), 0, 0.5), run(training(t), 1, 0.5); a == plain || a == b {
			t.Errorf("%s gives %g and %g in training, and %g otherwise", layername.Class(of(0)), a, b, plain)
		}
	}
}

func TestRecurrentDropoutChecks(t *testing.T) {
	last := graph.Shape{graph.Any, 2}
	for _, l := range []layers.Layer{
		layers.LSTM{Units: 2, Dropout: 0.25, RecurrentDropout: 0.5, Seed: new(uint64(1))},
		layers.LSTM{Units: 2, RecurrentDropout: 0.5, Peepholes: true, CoupledGates: true},
		layers.GRU{Units: 2, RecurrentDropout: 0.25},
		layers.GRU{Units: 2, Dropout: 0.25, RecurrentDropout: 0.25, ResetBefore: true},
		layers.SimpleRNN{Units: 2, Dropout: 0.5, RecurrentDropout: 0.25},
	} {
		layertest.Check(t, layertest.Case{Layer: l, Inputs: []graphtest.Array{graphtest.Input(1, 2, 3, 4)}, Outputs: []graph.Shape{last}})
	}
	checkMasked(t, 2, layers.LSTM{Units: 2, ReturnSequences: true, ReturnState: true, Dropout: 0.25, RecurrentDropout: 0.5})
	checkMasked(t, 1, layers.GRU{Units: 2, ReturnSequences: true, ReturnState: true, GoBackwards: true, RecurrentDropout: 0.5})
	in := graph.Shape{graph.Any, 3, 4}
	for _, p := range []float64{-0.1, 1, math.NaN()} {
		layertest.Invalid(t, layers.LSTM{Units: 2, RecurrentDropout: p}, "LSTM.RecurrentDropout", in)
		layertest.Invalid(t, layers.GRU{Units: 2, RecurrentDropout: p}, "GRU.RecurrentDropout", in)
		layertest.Invalid(t, layers.SimpleRNN{Units: 2, RecurrentDropout: p}, "SimpleRNN.RecurrentDropout", in)
	}
}
