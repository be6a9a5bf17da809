package layers_test

import (
	"math"
	"slices"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/graph/graphtest"
	"github.com/engram-go/engram/internal/layername"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/layers/layertest"
	"gorgonia.org/tensor"
	"pgregory.net/rapid"
)

// A layer drops the same elements, in values and in gradients, as one operation, as a
// scan and unrolled.
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

// Dropout of an LSTM draws the dropped features once for all steps of a sample.
// A dropped feature has no gradient.
func TestLSTMDropout(t *testing.T) {
	const batch, steps, features, rate = 6, 4, 5, 0.4
	x := graphtest.Uniform(1, batch*steps*features, 1)
	cfg := training(t)
	run := func(l layers.LSTM, x []float64, at graph.Tick) (y, dx []float64) {
		l.Units, l.ReturnSequences = 3, true
		out := evaluate(t, cfg, at, func(s *graph.Scope) {
			v := s.Values(x, graph.Shape{batch, steps, features})
			y := layers.Apply(s, "lstm", l, v)[0]
			s.Output("y", y)
			s.Output("dx", s.Gradients(y.Square().Sum(), v)[0])
		})
		return out["y"], out["dx"]
	}
	y, dx := run(layers.LSTM{Dropout: rate}, x, graph.Tick{})
	dropped, zeros := slices.Clone(x), 0
	for i := range x {
		n, d := i/(steps*features), i%features
		first := dx[n*steps*features+d]
		if (dx[i] == 0) != (first == 0) {
			t.Fatalf("sample %d: feature %d is not dropped at all steps or at none", n, d)
		}
		if first == 0 {
			dropped[i] = 0
			zeros++
		} else {
			dropped[i] /= 1 - rate
		}
	}
	if zeros == 0 || zeros == len(x) {
		t.Fatalf("%d of %d are dropped", zeros, len(x))
	}
	want, _ := run(layers.LSTM{}, dropped, graph.Tick{})
	graphtest.CheckOutput(t, "output", y, want, 1e-14)

	if other, _ := run(layers.LSTM{Dropout: rate}, x, graph.Tick{Step: 1}); slices.Equal(y, other) {
		t.Error("the next step has the same mask")
	}
	cfg.Training = false
	if other, _ := run(layers.LSTM{Dropout: rate}, x, graph.Tick{}); slices.Equal(y, other) {
		t.Error("dropout is applied outside training")
	}
}
