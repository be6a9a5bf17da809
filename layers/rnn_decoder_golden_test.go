package layers_test

import (
	"strings"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/graph/graphtest"
	"github.com/engram-go/engram/layers"
	"gorgonia.org/tensor"
)

// The golden files hold what PyTorch computes; testdata/attending.py made them.
func TestDecoderAgainstPyTorch(t *testing.T) {
	for _, file := range []string{"attending", "attending_masks"} {
		golden := graphtest.Golden(t, "testdata/"+file+".npz")
		want := map[string][]float64{}
		for name, a := range golden {
			if name != "seed" && !strings.HasSuffix(name, "_mask") {
				want[name] = a.Data
			}
		}
		if len(want) != 3+2+3+5 { // outputs, gradients to source and target, to the weights of both
			t.Fatalf("%s has %d arrays", file, len(want))
		}
		for _, captured := range []bool{false, true} {
			for dtype, tol := range tolerances {
				got := attendingRun(t, dtype, golden, captured)
				got["weights"] = got["decoder/weights"] // of all steps
				checkRun(t, got, want, tol)
			}
		}
	}
}

// attendingRun runs the decoder of the script; captured, as runDecoder does.
func attendingRun(t *testing.T, dtype tensor.Dtype, golden map[string]graphtest.Array, captured bool) map[string][]float64 {
	t.Helper()
	const B, S, T, U = 2, 5, 4, 3
	params, err := graph.NewParams(dtype, 1)
	if err != nil {
		t.Fatal(err)
	}
	draw := func(k uint64, scale float64, shape ...int) given {
		return graphtest.Uniform(uint64(golden["seed"].Data[0])+k, graph.Shape(shape).Size(), scale)
	}
	return evaluate(t, graph.Config{Params: params, Training: true}, graph.Tick{}, func(s *graph.Scope) {
		source, target := s.Values(draw(0, 2, B, S, 2), graph.Shape{B, S, 2}), s.Values(draw(1, 2, B, T, 3), graph.Shape{B, T, 3})
		from, to := source, target
		if m, ok := golden["source_mask"]; ok {
			from = source.WithMask(s.Values(m.Data, m.Shape))
			to = target.WithMask(s.Values(golden["target_mask"].Data, graph.Shape{B, T}))
		}
		encoder := recurrentRun{units: U, kernel: draw(2, 2, 2, 4*U), recurrent: draw(3, 2, U, 4*U), bias: draw(4, 1, 4*U)}
		encoded := layers.Apply(s, "encoder", encoder.lstm(layers.LSTM{ReturnSequences: true, ReturnState: true}), from)
		s.Within("decoder", func() { // what is declared here has its values before the cell asks for it
			s.Param("keys", graph.Shape{U, U}, draw(5, 4, U, U))
			s.Param("query", graph.Shape{U, U}, draw(6, 2, U, U))
			s.Param("scale", graph.Shape{U, 1}, draw(7, 4, U, 1))
			s.Param("kernel", graph.Shape{3 + U, U}, draw(8, 1, 3+U, U))
			s.Param("recurrent", graph.Shape{U, U}, draw(9, 1, U, U))
		})
		l := layers.RNN{Cell: decoder{U}, Constants: 1, ReturnSequences: true, ReturnState: true}
		in := []graph.Value{to, encoded[1], encoded[0]}
		if captured {
			l.Cell, l.Constants, in = capturing{decoder{U}, encoded[0]}, 0, in[:2]
		}
		out := layers.Apply(s, "decoder", l, in...)
		loss := s.Const(0, graph.Shape{})
		for k, y := range out {
			s.Output([]string{"output", "h"}[k], y)
			loss = loss.Add(y.Times(s.Values(draw(10+uint64(k), 1, y.Shape()...), y.Shape())).Sum())
		}
		wrt, names := []graph.Value{source, target}, []string{"source", "target"}
		for _, b := range s.Bound() {
			wrt, names = append(wrt, b.Value), append(names, strings.ReplaceAll(b.Param.Path, "/", "_"))
		}
		for k, g := range s.Gradients(loss, wrt...) {
			s.Output("grad_"+names[k], g)
		}
	})
}
