package graph_test

import (
	"slices"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/graph/graphtest"
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// A graph gives the same bits with the tape machine, which training uses, and
// without, and after a change of input or parameter too.
func TestDirectEqualsMachine(t *testing.T) {
	for _, stock := range []bool{false, true} {
		var results [2][]float64
		for i, training := range []bool{false, true} {
			params, err := graph.NewParams(tensor.Float64, 1)
			if err != nil {
				t.Fatal(err)
			}
			prog, err := graph.NewProgram(graph.Config{Params: params, Training: training}, func(s *graph.Scope) {
				x := s.Input("x", graph.Shape{2, 3})
				h := x.MatMul(s.Param("w", graph.Shape{3, 4}, uniform{})).Tanh() // [2, 4]
				if stock {
					node, err := gorgonia.Square(h.Node())
					if err != nil {
						s.Fail(err)
						return
					}
					h = s.FromNode(node, h.Shape())
				}
				s.Output("y", graph.Concat(1, h, x.Reshape(2, 3), h.Slice(1, 1, 3)).Softmax(-1))
			})
			if err != nil {
				t.Fatal(err)
			}
			defer prog.Close()
			x := tensor.New(tensor.WithShape(2, 3), tensor.WithBacking(graphtest.Input(1, 2, 3).Data))
			for range 2 {
				if err := prog.SetInput("x", x); err != nil {
					t.Fatal(err)
				}
				if err := prog.Run(graph.Tick{}); err != nil {
					t.Fatal(err)
				}
				y, err := prog.Output("y")
				if err != nil {
					t.Fatal(err)
				}
				results[i] = append(results[i], y.Float64s()...)
				x.Float64s()[0]++
				params.All()[0].Value().Float64s()[0]--
			}
		}
		if !slices.Equal(results[0], results[1]) {
			t.Errorf("stock operations %v: direct %v, machine %v", stock, results[0], results[1])
		}
		if slices.Equal(results[0][:18], results[0][18:]) {
			t.Error("a change of the input must show")
		}
	}
}
