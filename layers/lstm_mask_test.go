package layers_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/graph/graphtest"
	"github.com/engram-go/engram/layers"
)

// maskedRun gives the outputs of an LSTM with 2 units, and the gradients of
// their weighted sum to the input and the weights. A mask of nil is none.
func maskedRun(t *testing.T, l layers.LSTM, x, mask []float64, batch, steps int) map[string][]float64 {
	t.Helper()
	l.Units = 2
	l.ReturnState = true
	return evaluate(t, config(t), graph.Tick{}, func(s *graph.Scope) {
		v := s.Values(x, graph.Shape{batch, steps, 3})
		wrt := []graph.Value{v}
		if mask != nil {
			v = v.WithMask(s.Values(mask, graph.Shape{batch, steps}))
		}
		loss := s.Const(0, graph.Shape{})
		for i, y := range layers.Apply(s, "lstm", l, v) {
			s.Output([]string{"y", "h", "c"}[i], y)
			if m, ok := y.Mask(); ok {
				s.Output("mask", m)
			}
			if y.Rank() == 2 {
				loss = loss.Add(y.Times(s.Values([]float64{1, -2}, graph.Shape{1, 2})).Sum())
			}
		}
		for _, b := range s.Bound() {
			wrt = append(wrt, b.Value)
		}
		for i, g := range s.Gradients(loss, wrt...) {
			s.Output(fmt.Sprint("gradient ", i), g)
		}
	})
}

// A sample that is filled up with steps that do not count, in front or at the
// end, gives what it gives alone, and so do all gradients.
func TestLSTMPadding(t *testing.T) {
	const steps = 5
	lengths := []int{5, 2, 1}
	for i := range 8 {
		backwards, front := i&1 != 0, i&2 != 0
		for _, l := range []layers.LSTM{{}, {Peepholes: true, CoupledGates: true, LayerNorm: true}} {
			l.GoBackwards, l.ZeroOutputForMask = backwards, i&4 != 0 && front != backwards // then the last step to be computed counts
			junk := graphtest.Uniform(9, len(lengths)*steps*3, 64)
			x, mask := slices.Clone(junk), make([]float64, len(lengths)*steps)
			want := map[string][]float64{"gradient 0": make([]float64, len(x))}
			for n, length := range lengths {
				at := n * steps
				if front {
					at += steps - length
				}
				sample := graphtest.Uniform(uint64(n), length*3, 1)
				copy(x[at*3:], sample)
				for k := range length {
					mask[at+k] = 1
				}
				alone := maskedRun(t, l, sample, nil, 1, length)
				for _, name := range []string{"y", "h", "c"} {
					want[name] = append(want[name], alone[name]...)
				}
				copy(want["gradient 0"][at*3:], alone["gradient 0"])
				for i := 1; i <= 3; i++ { // of the weights, which the samples share
					name := fmt.Sprint("gradient ", i)
					if want[name] == nil {
						want[name] = make([]float64, len(alone[name]))
					}
					for k, g := range alone[name] {
						want[name][k] += g
					}
				}
			}
			got := maskedRun(t, l, x, mask, len(lengths), steps)
			for name := range want {
				graphtest.CheckOutput(t, fmt.Sprintf("backwards %v, front %v, %s", backwards, front, name), got[name], want[name], 1e-12)
			}
		}
	}
}

// A masked step repeats the output of the one before, in the order of
// computing; before the first the output is zero, whatever the states are.
func TestLSTMMaskedSteps(t *testing.T) {
	x := graphtest.Uniform(3, 5*3, 1)
	initial := layers.FixedState{Elements: [][]float64{{0.5, -0.5}, {1, 2}}}
	l := layers.LSTM{ReturnSequences: true, InitialState: initial}
	out := maskedRun(t, l, x, []float64{0, 1, 0, 1, 0}, 1, 5)
	y := func(t int) []float64 { return out["y"][2*t : 2*t+2] }
	if !slices.Equal(y(0), []float64{0, 0}) || !slices.Equal(y(1), y(2)) || !slices.Equal(y(3), y(4)) || slices.Equal(y(1), y(3)) {
		t.Errorf("got %v", out["y"])
	}
	if !slices.Equal(out["h"], y(4)) {
		t.Errorf("h is %v, the last output %v", out["h"], y(4))
	}
	graphtest.CheckOutput(t, "mask", out["mask"], []float64{0, 1, 0, 1, 0}, 0)

	l.GoBackwards = true
	out = maskedRun(t, l, x, []float64{1, 1, 0, 0, 0}, 1, 5)
	graphtest.CheckOutput(t, "mask backwards", out["mask"], []float64{0, 0, 0, 1, 1}, 0)
	if !slices.Equal(out["y"][:6], make([]float64, 6)) || slices.Equal(y(3), y(4)) {
		t.Errorf("backwards: got %v", out["y"])
	}

	out = maskedRun(t, l, x, make([]float64, 5), 1, 5)
	if !slices.Equal(out["y"], make([]float64, 10)) || !slices.Equal(out["h"], []float64{0.5, -0.5}) || !slices.Equal(out["c"], []float64{1, 2}) {
		t.Errorf("no step counts: got %v", out)
	}

	l.ReturnSequences = false
	if _, ok := maskedRun(t, l, x, make([]float64, 5), 1, 5)["mask"]; ok {
		t.Error("a single output must have no mask")
	}
}
