package graph

import (
	"testing"

	"gorgonia.org/tensor"
)

// sizeOf counts the nodes that a scan of so many steps, with its gradient, adds
// to all graphs.
func sizeOf(t *testing.T, steps int, unrolled bool) (nodes int) {
	t.Helper()
	params, err := NewParams(tensor.Float32, 1)
	if err != nil {
		t.Fatal(err)
	}
	p, err := NewProgram(Config{Params: params, Training: true}, func(s *Scope) {
		x := s.Const(1, Shape{2, steps, 3}).WithMask(s.Const(1, Shape{2, steps}))
		w := s.Const(0.1, Shape{3, 3})
		y, _ := Scan{
			X: x, Initial: []Value{s.Const(0, Shape{2, 3})}, Sequence: true, Unrolled: unrolled,
			Step: func(x Value, states []Value) (Value, []Value) {
				h := x.MatMul(w).Add(states[0].MatMul(w)).Tanh()
				return h, []Value{h}
			},
		}.Run()
		s.Output("gradient", s.Gradients(y.Sum(), w)[0])
		for _, g := range s.graphs {
			nodes += len(g.AllNodes())
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	p.Close()
	return nodes
}

// The graphs of a scan, and so the time to build and compile it, do not depend
// on the number of steps.
func TestScanSize(t *testing.T) {
	short, long := sizeOf(t, 3, false), sizeOf(t, 1000, false)
	if short != long {
		t.Errorf("3 steps make %d nodes, 1000 make %d", short, long)
	}
	if written := sizeOf(t, 40, true); written < 40*10 {
		t.Errorf("40 steps that are written out make only %d nodes", written)
	}
}
