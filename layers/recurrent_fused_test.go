package layers_test

import (
	"fmt"
	"math"
	"path/filepath"
	"strings"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/graph/graphtest"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/layers/initializers"
	"gorgonia.org/tensor"
	"pgregory.net/rapid"
)

// fastRun is a run of a layer that the operation for whole sequences can
// compute too.
type fastRun struct {
	recurrentRun
	cell                         graph.RecurrentCell
	backwards, sequences, states bool
}

// layer is the layer; unrolled, its cell is written out for every step.
func (r fastRun) layer(unrolled bool) layers.Layer {
	r.unrolled = unrolled
	noBias := r.bias == nil
	switch r.cell {
	case graph.GRUCell:
		return r.gru(layers.GRU{NoBias: noBias, GoBackwards: r.backwards, ReturnSequences: r.sequences, ReturnState: r.states})
	case graph.SimpleRNNCell:
		return r.simpleRNN(layers.SimpleRNN{NoBias: noBias, GoBackwards: r.backwards, ReturnSequences: r.sequences, ReturnState: r.states})
	}
	return r.lstm(layers.LSTM{NoBias: noBias, GoBackwards: r.backwards, ReturnSequences: r.sequences, ReturnState: r.states})
}

// fastCells are the sizes of the cells' weights and states.
var fastCells = map[graph.RecurrentCell]struct{ gates, states, biasRows int }{
	graph.LSTMCell:      {4, 2, 1},
	graph.GRUCell:       {3, 1, 2},
	graph.SimpleRNNCell: {1, 1, 1},
}

// runFast runs the operation on the same weights.
func (r fastRun) runFast(t tester, dtype tensor.Dtype) map[string][]float64 {
	t.Helper()
	return r.run(t, dtype, func(s *graph.Scope, x graph.Value, initial []graph.Value) []graph.Value {
		cell := fastCells[r.cell]
		op := graph.Recurrent{
			Cell: r.cell, X: x, Initial: initial,
			Kernel:    s.Param("kernel", graph.Shape{r.features, cell.gates * r.units}, given(r.kernel)),
			Recurrent: s.Param("recurrent_kernel", graph.Shape{r.units, cell.gates * r.units}, given(r.recurrent)),
			Backwards: r.backwards, Sequence: r.sequences, ZeroMask: r.zeroMask, States: r.states,
		}
		if r.bias != nil {
			shape := graph.Shape{cell.gates * r.units}
			if cell.biasRows > 1 {
				shape = graph.Shape{cell.biasRows, cell.gates * r.units}
			}
			bias := s.Param("bias", shape, given(r.bias))
			op.Bias = &bias
		}
		for i := len(op.Initial); i < cell.states; i++ {
			op.Initial = append(op.Initial, s.Const(0, graph.Shape{r.batch, r.units}))
		}
		y, states := op.Run()
		return append([]graph.Value{y}, states...)
	})
}

// drawFast draws a run.
func drawFast(t *rapid.T) fastRun {
	size, yes := rapid.IntRange(1, 9), rapid.Bool()
	r := fastRun{
		cell:      rapid.SampledFrom([]graph.RecurrentCell{graph.LSTMCell, graph.GRUCell, graph.SimpleRNNCell}).Draw(t, "cell"),
		backwards: yes.Draw(t, "backwards"), sequences: yes.Draw(t, "sequences"), states: yes.Draw(t, "states"),
	}
	r.batch, r.steps, r.features = size.Draw(t, "batch"), size.Draw(t, "steps"), size.Draw(t, "features")
	r.units = rapid.SampledFrom([]int{1, 2, 3, 7, 8, 9, 16, 17, 33}).Draw(t, "units")
	seed := rapid.Uint64Max(1<<20).Draw(t, "seed")
	draw := func(i, n int, scale float64) []float64 { return graphtest.Uniform(seed+uint64(i), n, scale) }
	cell := fastCells[r.cell]
	cols := cell.gates * r.units
	r.x, r.kernel, r.recurrent = draw(0, r.batch*r.steps*r.features, 2), draw(1, r.features*cols, 0.5), draw(2, r.units*cols, 0.5)
	if yes.Draw(t, "bias") {
		r.bias = draw(3, cell.biasRows*cols, 0.5)
	}
	if yes.Draw(t, "initial states") {
		for i := range cell.states {
			r.initial = append(r.initial, draw(4+i, r.batch*r.units, 1))
		}
	}
	if yes.Draw(t, "masked") {
		r.mask = make([]float64, r.batch*r.steps)
		for i := range r.mask {
			r.mask[i] = float64(rapid.IntRange(0, 1).Draw(t, "mask"))
		}
		r.zeroMask = yes.Draw(t, "zero mask")
		if yes.Draw(t, "junk") { // in masked steps
			for i := range r.x {
				if r.mask[i/r.features] == 0 {
					r.x[i] = math.NaN()
				}
			}
		}
	}
	r.loss = func(i, n int) []float64 { return draw(6+i, n, 1) }
	return r
}

// The operation for whole sequences computes what the cells written out do, in
// float64 and in float32, whichever gradients are asked for, and the same
// outputs for inference, where it keeps less.
func TestRecurrentEqualsCells(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := drawFast(t)
		want := r.runLayer(t, tensor.Float64, r.layer(true))
		r.unasked = map[string]bool{}
		for _, name := range []string{"x", "h0", "c0", "kernel", "recurrent_kernel", "bias"} {
			r.unasked[name] = rapid.IntRange(0, 5).Draw(t, name) == 5
		}
		for dtype, tol := range tolerances {
			r.inference = false
			r.checkClose(t, r.runFast(t, dtype), want, tol)
			r.inference = true
			r.checkClose(t, r.runFast(t, dtype), want, tol)
		}
	})
}

// checkClose compares all outputs and the gradients that were asked for. The
// gradient of a bias of one element may be a small sum of large terms, so
// gradients are held to a part of their largest entry only where that is above
// one, the size of the terms.
func (r fastRun) checkClose(t tester, got, want map[string][]float64, tol float64) {
	t.Helper()
	for name, w := range want {
		gradient, ok := strings.CutPrefix(name, "grad_")
		if ok && (r.inference || r.unasked[gradient]) || strings.Contains(name, "/") { // a trace
			continue
		}
		g := got[name]
		if len(g) != len(w) {
			t.Fatalf("%s has %d elements, want %d", name, len(g), len(w))
		}
		unit := 1.0
		for _, x := range w {
			unit = math.Max(unit, math.Abs(x))
		}
		for i := range w {
			if !(math.Abs(g[i]-w[i]) <= tol*unit) {
				t.Fatalf("%s[%d] is %g, want %g", name, i, g[i], w[i])
			}
		}
	}
}

// Several backward passes through one run each give what they give alone, whichever
// gradients the earlier ones computed.
func TestRecurrentTwoPasses(t *testing.T) {
	pass := func(unrolled, xFirst bool) map[string][]float64 {
		return evaluate(t, config(t), graph.Tick{}, func(s *graph.Scope) {
			x := s.Values(graphtest.Uniform(1, 2*3*2, 1), graph.Shape{2, 3, 2})
			y := layers.Apply(s, "lstm", layers.LSTM{Units: 2, Unrolled: unrolled}, x)[0].Sum()
			kernel := s.Bound()[0].Value
			order := []graph.Value{kernel, x}
			if xFirst {
				order = []graph.Value{x, kernel}
			}
			for _, v := range order {
				name := "kernel"
				if v.Rank() == 3 {
					name = "x"
				}
				s.Output(name, s.Gradients(y, v)[0])
			}
		})
	}
	for _, xFirst := range []bool{false, true} {
		got, want := pass(false, xFirst), pass(true, xFirst)
		for _, name := range []string{"x", "kernel"} {
			graphtest.CheckGradient(t, name, got[name], want[name], graphtest.Tol64)
		}
	}
}

// Inputs that saturate every gate, and very small ones, give the same finite results as
// one operation and unrolled.
func TestRecurrentExtremes(t *testing.T) {
	for cell, sizes := range fastCells {
		for _, scale := range []float64{1e-30, 10, 100, 1e30} {
			for _, units := range []int{1, 33} { // less than a register, and several
				r := fastRun{cell: cell, sequences: true, states: true}
				r.batch, r.steps, r.features, r.units = 3, 4, 2, units
				cols := sizes.gates * units
				r.x = graphtest.Uniform(1, r.batch*r.steps*r.features, scale)
				r.kernel, r.recurrent = graphtest.Uniform(2, r.features*cols, 1), graphtest.Uniform(3, units*cols, 1)
				r.bias = graphtest.Uniform(4, sizes.biasRows*cols, 1)
				r.mask = []float64{0, 1, 1, 0, 1, 1, 1, 1, 0, 0, 0, 0}
				r.loss = func(i, n int) []float64 { return graphtest.Uniform(uint64(6+i), n, 1) }
				want := r.runLayer(t, tensor.Float64, r.layer(true))
				for dtype, tol := range tolerances {
					if dtype == tensor.Float32 && scale > 1 && scale < 1e6 {
						tol = 1e-4 // sums before the activations are rounded, and not yet saturated
					}
					r.checkClose(t, r.runFast(t, dtype), want, tol)
				}
			}
		}
	}
}

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

// withDirection lets a recurrent layer return all its outputs, in a direction.
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
