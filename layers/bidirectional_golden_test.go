package layers_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/graph/graphtest"
	"github.com/engram-go/engram/layers"
	"gorgonia.org/tensor"
)

// TestBidirectionalAgainstPyTorch compares with the golden files, which
// testdata/bidirectional.py made.
func TestBidirectionalAgainstPyTorch(t *testing.T) {
	for file, c := range map[string]bidirectionalGolden{
		"lstm": {}, "lstm_lengths": {}, "gru": {}, "gru_lengths": {},
		"lstm_sum":         {mode: layers.MergeSum},
		"lstm_mul":         {mode: layers.MergeMul},
		"lstm_ave":         {mode: layers.MergeAve},
		"lstm_concat_last": {last: true},
		"lstm_sum_last":    {mode: layers.MergeSum, last: true},
		"lstm_mul_last":    {mode: layers.MergeMul, last: true},
		"lstm_ave_last":    {mode: layers.MergeAve, last: true},
	} {
		for _, c.unrolled = range []bool{false, true} {
			t.Run(fmt.Sprint(file, " ", c.unrolled), func(t *testing.T) {
				for dtype, tol := range tolerances {
					c.check(t, dtype, tol, file)
				}
			})
		}
	}
}

// bidirectionalGolden says how the layer of a golden file is set.
type bidirectionalGolden struct {
	mode           layers.MergeMode
	last, unrolled bool // the outputs of the last steps alone; steps written out
}

func (c bidirectionalGolden) check(t *testing.T, dtype tensor.Dtype, tol float64, file string) {
	const T, B, D, U = 5, 3, 2, 4
	cell, _, masked := strings.Cut(file, "_") // all but the first of a cell have samples of several lengths
	gates := map[string]int{"lstm": 4, "gru": 3}[cell]
	file = "testdata/bidirectional_" + file
	golden := graphtest.Golden(t, file+".npz")
	draw := func(k, n int, scale float64) []float64 {
		return graphtest.Uniform(uint64(golden["seed"].Data[0])+uint64(k), n, scale)
	}
	layer := func(d int) layers.Layer {
		r := recurrentRun{
			units: U, unrolled: c.unrolled,
			kernel: draw(1+10*d, D*gates*U, 0.5), recurrent: draw(2+10*d, U*gates*U, 0.5),
			bias: draw(3+10*d, len(golden["grad_bias_0"].Data), 0.5),
		}
		if cell == "lstm" {
			return r.lstm(layers.LSTM{ReturnSequences: !c.last, ReturnState: true, GoBackwards: d == 1})
		}
		return r.gru(layers.GRU{ReturnSequences: !c.last, ReturnState: true, GoBackwards: d == 1})
	}
	params, err := graph.NewParams(dtype, 1)
	if err != nil {
		t.Fatal(err)
	}
	got := evaluate(t, graph.Config{Params: params, Training: true}, graph.Tick{}, func(s *graph.Scope) {
		x := s.Values(draw(0, B*T*D, 2), graph.Shape{B, T, D})
		wrt, names := []graph.Value{x}, []string{"grad_x"}
		if masked {
			mask := make([]float64, B*T)
			for i, n := range golden["lengths"].Data {
				for k := range int(n) {
					mask[i*T+k] = 1
				}
			}
			x = x.WithMask(s.Values(mask, graph.Shape{B, T}))
		}
		in := []graph.Value{x}
		for d := range 2 {
			for k, name := range []string{"h0", "c0"}[:gates-2] {
				if cell == "gru" && k > 0 {
					break
				}
				v := s.Values(draw(4+k+10*d, B*U, 1), graph.Shape{B, U})
				in, wrt, names = append(in, v), append(wrt, v), append(names, fmt.Sprintf("grad_%s_%d", name, d))
			}
		}
		out := layers.Apply(s, "layer", layers.Bidirectional{Layer: layer(0), BackwardLayer: layer(1), MergeMode: c.mode}, in...)
		if _, ok := out[0].Mask(); ok != (masked && !c.last) {
			t.Errorf("the output has a mask: %v", ok)
		}
		loss := s.Const(0, graph.Shape{})
		for k, y := range out {
			loss = loss.Add(y.Times(s.Values(draw(30+k, y.Shape().Size(), 1), y.Shape())).Sum())
			name := "output"
			if k > 0 {
				name = fmt.Sprintf("state_%d", k-1)
			}
			s.Output(name, y)
		}
		for d, under := range []string{"layer/forward_" + cell, "layer/backward_" + cell} {
			for _, name := range []string{"kernel", "recurrent_kernel", "bias"} {
				i := slices.IndexFunc(s.Bound(), func(b graph.Bound) bool { return b.Param.Path == under+"/"+name })
				wrt, names = append(wrt, s.Bound()[i].Value), append(names, fmt.Sprintf("grad_%s_%d", name, d))
			}
		}
		for i, g := range s.Gradients(loss, wrt...) {
			s.Output(names[i], g)
		}
	})
	want := map[string][]float64{}
	for name, a := range golden {
		if name != "seed" && name != "lengths" {
			want[name] = a.Data
		}
	}
	if len(want) < 1+2+1+6+2 {
		t.Fatalf("%s has only %d arrays", file, len(want))
	}
	checkRun(t, got, want, tol)
}

// Bidirectional's merge modes, compared with another implementation of Keras' semantics;
// testdata/tfjs_bidirectional.js made the file.
func TestBidirectionalAgainstTensorFlow(t *testing.T) {
	const B, T, D, U = 2, 4, 3, 3
	cells := map[string]struct {
		gates int
		layer func(r recurrentRun, sequences, backwards bool) layers.Layer
	}{
		"lstm": {4, func(r recurrentRun, sequences, backwards bool) layers.Layer {
			return r.lstm(layers.LSTM{ReturnSequences: sequences, GoBackwards: backwards})
		}},
		"gru": {3, func(r recurrentRun, sequences, backwards bool) layers.Layer {
			return r.gru(layers.GRU{ResetBefore: true, ReturnSequences: sequences, GoBackwards: backwards})
		}},
		"simple_rnn": {1, func(r recurrentRun, sequences, backwards bool) layers.Layer {
			return r.simpleRNN(layers.SimpleRNN{ReturnSequences: sequences, GoBackwards: backwards})
		}},
	}
	for _, want := range tfjsCases(t, "tfjs_bidirectional", 24) {
		t.Run(fmt.Sprint(want.Cell, " ", want.Mode, " ", want.Sequences), func(t *testing.T) {
			cell := cells[want.Cell]
			direction := func(d int) layers.Layer {
				draw := func(k, n int) []float64 { return graphtest.Uniform(uint64(k+10*d), n, 1) }
				r := recurrentRun{units: U, kernel: draw(2, D*cell.gates*U), recurrent: draw(3, U*cell.gates*U), bias: draw(4, cell.gates*U)}
				return cell.layer(r, want.Sequences, d == 1)
			}
			both := applied{
				layer:  layers.Bidirectional{Layer: direction(0), BackwardLayer: direction(1), MergeMode: layers.MergeMode(want.Mode)},
				inputs: []graphtest.Array{drawn(1, 2, B, T, D)},
			}
			for dtype := range tolerances {
				checkTFJS(t, dtype.String(), both.run(t, dtype)["output"], want.Output)
			}
		})
	}
}
