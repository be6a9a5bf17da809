package layers_test

import (
	"fmt"
	"path/filepath"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/graph/graphtest"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/layers/initializers"
)

// Going backwards is going forwards over the reversed input: in all outputs, in
// all states, and in the gradients to what is read.
func TestBackwardsIsReversed(t *testing.T) {
	own := ownLSTM{3, initializers.GlorotUniform, initializers.Orthogonal{}, initializers.RandomUniform{}}
	for name, c := range map[string]struct {
		layer  layers.Layer
		states int
	}{
		"lstm":             {layers.LSTM{Units: 3}, 2},
		"lstm zeros":       {layers.LSTM{Units: 3, ZeroOutputForMask: true}, 2},
		"peepholes":        {layers.LSTM{Units: 3, Peepholes: true}, 2},
		"layer norm":       {layers.LSTM{Units: 3, LayerNorm: true, CoupledGates: true}, 2},
		"gru":              {layers.GRU{Units: 3}, 1},
		"gru reset before": {layers.GRU{Units: 3, ResetBefore: true}, 1},
		"simple":           {layers.SimpleRNN{Units: 3}, 1},
		"own cell":         {layers.RNN{Cell: own}, 2},
		"own cell zeros":   {layers.RNN{Cell: own, ZeroOutputForMask: true}, 2},
		"slstm":            {layers.RNN{Cell: layers.SLSTMCell{Units: 3}}, 4},
	} {
		for _, unrolled := range []bool{false, true} {
			t.Run(fmt.Sprint(name, " ", unrolled), func(t *testing.T) {
				want := reversedRun(t, c.layer, c.states, false, unrolled)
				if len(want) < 3+2*c.states+2 { // output, mask, gradient to x; states; at least two weights
					t.Fatalf("got only %d values", len(want))
				}
				got := reversedRun(t, c.layer, c.states, true, unrolled)
				for part, w := range want {
					graphtest.CheckGradient(t, part, got[part], w, 1e-13)
				}
			})
		}
	}
}

// reversedRun runs a layer backwards, or forwards over the reversed input.
func reversedRun(t *testing.T, l layers.Layer, states int, backwards, unrolled bool) map[string][]float64 {
	t.Helper()
	return evaluate(t, training(t), graph.Tick{}, func(s *graph.Scope) {
		x := s.Values(graphtest.Uniform(1, 2*5*4, 1), graph.Shape{2, 5, 4})
		mask := s.Values([]float64{1, 0, 1, 1, 0, 1, 1, 1, 0, 0}, graph.Shape{2, 5})
		wrt, names := []graph.Value{x}, []string{"x"}
		in := []graph.Value{x.WithMask(mask)}
		if !backwards {
			in[0] = x.Reverse(1).WithMask(mask.Reverse(1))
		}
		for k := range states {
			v := s.Values(graphtest.Uniform(uint64(2+k), 2*3, 1), graph.Shape{2, 3}).AddConst(1.25) // above 0, as the n of an sLSTM
			in, wrt, names = append(in, v), append(wrt, v), append(names, fmt.Sprint("initial state ", k))
		}
		loss := s.Const(0, graph.Shape{})
		for k, y := range layers.Apply(s, "layer", withDirection(l, backwards, unrolled), in...) {
			s.Output(fmt.Sprint("output ", k), y)
			if m, ok := y.Mask(); ok {
				s.Output("mask", m)
			}
			loss = loss.Add(y.Times(s.Values(graphtest.Uniform(uint64(10+k), y.Shape().Size(), 1), y.Shape())).Sum())
		}
		for _, b := range s.Bound() {
			wrt, names = append(wrt, b.Value), append(names, filepath.Base(b.Param.Path))
		}
		for k, g := range s.Gradients(loss, wrt...) {
			s.Output("gradient of "+names[k], g)
		}
	})
}

// turned lets a recurrent layer give all that it can, in a direction.
func withDirection(l layers.Layer, backwards, unrolled bool) layers.Layer {
	switch l := l.(type) {
	case layers.LSTM:
		l.ReturnSequences, l.ReturnState, l.GoBackwards, l.Unrolled = true, true, backwards, unrolled
		return l
	case layers.GRU:
		l.ReturnSequences, l.ReturnState, l.GoBackwards, l.Unrolled = true, true, backwards, unrolled
		return l
	case layers.SimpleRNN:
		l.ReturnSequences, l.ReturnState, l.GoBackwards, l.Unrolled = true, true, backwards, unrolled
		return l
	case layers.RNN:
		l.ReturnSequences, l.ReturnState, l.GoBackwards, l.Unrolled = true, true, backwards, unrolled
		return l
	}
	return nil
}
