package graph

import (
	"math/rand/v2"
	"runtime"
	"testing"

	"github.com/engram-go/engram/internal/exec"
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
		nodes = s.builder.Nodes()
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

// What depends on x and on values from outside alone leaves the step, so that it is
// computed once; what reads a state or a draw of a step stays.
func TestScanLifts(t *testing.T) {
	params, err := NewParams(tensor.Float32, 1)
	if err != nil {
		t.Fatal(err)
	}
	const batch, steps, features, units = 2, 5, 3, 4
	p, err := NewProgram(Config{Params: params}, func(s *Scope) {
		w := s.Const(0.1, Shape{features, units})
		u := s.Const(0.1, Shape{units, units})
		y, _ := Scan{
			X: s.Const(1, Shape{batch, steps, features}), Initial: []Value{s.Const(0, Shape{batch, units})},
			Step: func(x Value, states []Value) (Value, []Value) {
				in := func(v Value) bool { // whether an operation computes v in the step
					return s.level.g.Has(v.node) && exec.IsResult(v.node)
				}
				noise := s.StepRandom("noise", Shape{batch, features}, (*rand.Rand).Float64)
				for name, v := range map[string]Value{
					"product": x.Tanh().MatMul(w), "weight": w.Square().Add(w), "slice": x.Slice(1, 0, 1), "bias": x.MatMulAdd(w, w.Slice(0, 0, 1).Reshape(units)),
				} {
					if in(v) {
						t.Errorf("%s is computed in every step", name)
					}
				}
				for name, v := range map[string]Value{"state": states[0].Tanh(), "noise": noise.MatMul(w), "sum": x.MatMul(w).Add(states[0])} {
					if !in(v) {
						t.Errorf("%s is not computed in every step", name)
					}
				}
				h := x.MatMul(w).Add(states[0].MatMul(u))
				return h, []Value{h}
			},
		}.Run()
		s.Output("y", y)
	})
	if err != nil {
		t.Fatal(err)
	}
	p.Close()
}

// What a run of a scan keeps: for inference nothing that grows with the steps, for
// training the states and, in short sequences, the values that the backward pass reads.
func TestScanMemory(t *testing.T) {
	const batch, units = 8, 32
	held := func() int64 { // bytes that are in use
		var m runtime.MemStats
		runtime.GC()
		runtime.GC()
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	first := func(steps int, training bool) (bytes int64) {
		params, err := NewParams(tensor.Float32, 1)
		if err != nil {
			t.Fatal(err)
		}
		before := held()
		p, err := NewProgram(Config{Params: params}, func(s *Scope) {
			w := s.Const(0.1, Shape{units, units})
			y, _ := Scan{
				X: s.Const(1, Shape{batch, steps, 1}), Initial: []Value{s.Const(0, Shape{batch, units})},
				Step: func(x Value, states []Value) (Value, []Value) {
					h := states[0].MatMul(w).Add(x).Tanh().Square().Sigmoid()
					return h, []Value{h}
				},
			}.Run()
			s.Output("y", y)
			if training {
				s.Output("gradient", s.Gradients(y.Sum(), w)[0])
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		defer p.Close()
		if err := p.Run(Tick{}); err != nil {
			t.Fatal(err)
		}
		bytes = held() - before
		runtime.KeepAlive(p)
		return bytes
	}
	const steps, states = 2000, 2000 * batch * units * 4
	if grown := first(1000+steps, false) - first(1000, false); grown > states/4 {
		t.Errorf("for %d steps more, inference keeps %d bytes more", steps, grown)
	}
	const long = 40000 // more than 64 MB would be kept
	if grown := first(long+steps, true) - first(long, true); grown < states/2 || grown > states*2 {
		t.Errorf("for %d steps more, training keeps %d bytes more, where the states are %d", steps, grown, states)
	}
	if grown := first(1000+steps, true) - first(1000, true); grown < states*2 || grown > states*6 {
		t.Errorf("for %d steps more of a short sequence, training keeps %d bytes more, where the states are %d", steps, grown, states)
	}
}

// A step of a scan takes no memory when it runs, forwards or back: 100 steps
// allocate what 10 do, which is the tape machine's part.
func TestScanAllocations(t *testing.T) {
	if testing.Short() {
		t.Skip("the race detector, which runs short tests, allocates too")
	}
	allocations := func(steps int) float64 {
		params, err := NewParams(tensor.Float32, 1)
		if err != nil {
			t.Fatal(err)
		}
		p, err := NewProgram(Config{Params: params, Training: true}, func(s *Scope) {
			w := s.Const(0.1, Shape{8, 8})
			y, _ := Scan{
				X: s.Const(1, Shape{2, steps, 8}).WithMask(s.Const(1, Shape{2, steps})), Initial: []Value{s.Const(0, Shape{2, 8})}, Sequence: true,
				Step: func(x Value, states []Value) (Value, []Value) {
					h := x.MatMul(w).Add(states[0].MatMul(w)).Softmax(-1).Tanh().Times(x.Slice(1, 0, 1)).Sum(1).Unsqueeze(1).Add(states[0])
					return h, []Value{h}
				},
			}.Run()
			s.Output("gradient", s.Gradients(y.Sum(), w)[0])
		})
		if err != nil {
			t.Fatal(err)
		}
		defer p.Close()
		return testing.AllocsPerRun(10, func() {
			if err := p.Run(Tick{}); err != nil {
				t.Fatal(err)
			}
		})
	}
	if few, many := allocations(10), allocations(100); many > few+5 {
		t.Errorf("10 steps take %v allocations, 100 take %v", few, many)
	}
}
