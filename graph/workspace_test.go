package graph_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/graph/graphtest"
	"github.com/engram-go/engram/internal/errs/errtest"
	"github.com/engram-go/engram/internal/kernels"
	"gorgonia.org/tensor"
)

// everyKind is a program of all operations that keep something between their
// forward and backward passes, and of some that do not, for a number of steps.
func everyKind(t *testing.T, cfg graph.Config, batch, steps, units int) *graph.Program {
	t.Helper()
	return program(t, cfg, func(s *graph.Scope) {
		x := s.Input("x", graph.Shape{batch, steps, units}).WithMask(s.Input("mask", graph.Shape{batch, steps}))
		wrt := []graph.Value{x}
		param := func(shape ...int) graph.Value {
			v := s.Param(fmt.Sprint("w", len(wrt)), shape, uniform{})
			wrt = append(wrt, v)
			return v
		}
		drop := func(shape ...int) *graph.Value {
			v := s.Random("drop", shape, func(r *rand.Rand) float64 { return float64(r.IntN(2)) })
			return &v
		}
		zero := func() graph.Value { return s.Const(0, graph.Shape{batch, units}) }
		for _, c := range []struct {
			cell          graph.RecurrentCell
			gates, states int
			drop          bool
		}{{graph.LSTMCell, 4, 2, false}, {graph.GRUCell, 3, 1, false}, {graph.SimpleRNNCell, 1, 1, false}, {graph.LSTMCell, 4, 2, true}} {
			op := graph.Recurrent{
				Cell: c.cell, X: x, Kernel: param(units, c.gates*units), Recurrent: param(units, c.gates*units),
				Sequence: true, States: true, Initial: slices.Repeat([]graph.Value{zero()}, c.states),
			}
			if c.drop {
				op.DropX, op.DropH = drop(c.gates, batch, units), drop(c.gates, batch, units)
			}
			y, states := op.Run()
			mask, _ := x.Mask()
			x = y.Add(states[0].Unsqueeze(1)).WithMask(mask)
		}
		heads := x.WithoutMask().Reshape(batch, steps, 1, units)
		x = graph.DotAttention{Query: heads, Key: heads, Value: heads, Scale: 0.5}.Run().Reshape(batch, steps, units)
		w := param(units, units)
		x, _ = graph.Scan{
			X: x, Initial: []graph.Value{zero()}, Sequence: true,
			Step: func(x graph.Value, states []graph.Value) (graph.Value, []graph.Value) {
				h := x.Add(states[0].MatMul(w)).Tanh().Times(*drop(batch, units))
				return h, []graph.Value{h}
			},
		}.Run()
		x = x.Windows(graph.Window{Size: 2, Stride: 1, Dilation: 1, Before: 1}).Max(2)
		bias := param(units)
		x = graph.Linear(x, 1, param(units, units), &bias, kernels.GELU.With())
		x = graph.Linear(x, 1, w.Add(w), nil, kernels.Tanh.With()) // of weights that are no parameter
		gamma, beta := param(units), param(units)
		x = x.LayerNorm(&gamma, &beta, 1e-3)
		window := graph.Window{Size: 3, Stride: 1, Dilation: 1, Before: 2}
		x = x.Convolve(param(3, units, units), &bias, window, 1, kernels.SiLU.With())
		x = x.Convolve(param(3, 1, units), &bias, window, units, kernels.ReLU.With())
		x = x.Add(x.CrossEntropy(x.Softmax(-1), 0.1).Unsqueeze(-1))
		s.Output("y", x)
		if s.Training() {
			for i, g := range s.Gradients(x.Square().Mean(), wrt...) {
				s.Output(fmt.Sprint("gradient ", i), g)
			}
		}
	})
}

// results are the bits of all outputs of a run.
func results(t *testing.T, p *graph.Program, batch, steps, units int, at graph.Tick) [][32]byte {
	t.Helper()
	mask := array{Shape: []int{batch, steps}, Data: make([]float64, batch*steps)}
	for i := range mask.Data {
		mask.Data[i] = float64(min(i%steps, 1)) // the first step is left out
	}
	dt := dtypeOf(p)
	for name, a := range map[string]array{"x": graphtest.Input(steps, batch, steps, units), "mask": mask} {
		if err := p.SetInput(name, dense(dt, a)); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.Run(at); err != nil {
		t.Fatal(err)
	}
	var sums [][32]byte
	for _, name := range p.Outputs() {
		out := output(t, p, name)
		if slices.ContainsFunc(out, math.IsNaN) {
			t.Errorf("%d steps: output %s has a NaN", steps, name)
		}
		sums = append(sums, checksum(out))
	}
	return sums
}

// Programs of several lengths in one workspace give the same bits as without it,
// although they overwrite each other's memory: one of them fills it with NaN.
func TestWorkspaceBits(t *testing.T) {
	const batch, units = 2, 3
	for _, dt := range dtypes {
		for _, training := range []bool{false, true} {
			cfg := config(t, dt)
			cfg.Training = training
			shared := cfg
			shared.Workspace = &graph.Workspace{}
			nan := program(t, shared, func(s *graph.Scope) { s.Output("y", s.Const(math.NaN(), graph.Shape{1 << 17}).Scale(1)) })
			lengths := []int{4, 9, 2, 6}
			var alone, together []*graph.Program
			for _, steps := range lengths {
				alone = append(alone, everyKind(t, cfg, batch, steps, units))
				together = append(together, everyKind(t, shared, batch, steps, units))
			}
			for round := range 3 {
				for i, steps := range lengths {
					if err := nan.Run(graph.Tick{}); err != nil {
						t.Fatal(err)
					}
					for repeat := range 2 { // and twice without another in between
						at := graph.Tick{Epoch: round, Step: repeat}
						want := results(t, alone[i], batch, steps, units, at)
						if got := results(t, together[i], batch, steps, units, at); !slices.Equal(got, want) {
							t.Errorf("%v, training %v, round %d, %d steps: other bits in a shared workspace", dt, training, round, steps)
						}
					}
				}
				// An update of the weights between two runs is seen.
				p := cfg.Params.All()[0]
				if err := cfg.Params.Set(map[string]*tensor.Dense{p.Path: dense(dt, array{Shape: p.Shape, Data: slices.Repeat([]float64{0.1 * float64(round)}, p.Shape.Size())})}); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
}

// Eight programs of many lengths take at most 1.5 times the memory of the largest,
// according to MemorySize and on the heap, without the inputs that each of them holds.
// Each has its own packed weights for inference, which are small here.
func TestWorkspaceMemory(t *testing.T) {
	const batch, units = 96, 16
	inputs := func(steps int) int64 { return batch * int64(steps) * (units + 1) * 4 }
	held := func() int64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.GC()
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	for _, training := range []bool{false, true} {
		cfg := config(t, tensor.Float32)
		cfg.Training = training
		before := held()
		largest := everyKind(t, cfg, batch, 160, units)
		results(t, largest, batch, 160, units, graph.Tick{})
		one := held() - before - inputs(160)
		account := largest.MemorySize() - inputs(160)
		if account < one/2 || account > one*2 {
			t.Errorf("training %v: a program of %d bytes says it has %d", training, one, account)
		}

		cfg.Workspace = &graph.Workspace{}
		before = held()
		var all []*graph.Program
		for n := range 8 {
			steps := 20 * (n + 1)
			all = append(all, everyKind(t, cfg, batch, steps, units))
			results(t, all[n], batch, steps, units, graph.Tick{})
			before += inputs(steps)
		}
		many, accounts := held()-before, cfg.Workspace.MemorySize()
		for n, p := range all {
			accounts += p.MemorySize() - inputs(20*(n+1))
		}
		if accounts > account*3/2 {
			t.Errorf("training %v: the largest program has %d bytes, all of them %d", training, account, accounts)
		}
		if many > one*3/2 {
			t.Errorf("training %v: the largest program has %d bytes on the heap, all of them %d", training, one, many)
		}
		runtime.KeepAlive(all)
		runtime.KeepAlive(largest)
	}
}

// A workspace refuses a second program while one runs in it, and a second dtype.
func TestWorkspaceRefuses(t *testing.T) {
	cfg := config(t, tensor.Float64)
	cfg.Workspace = &graph.Workspace{}
	double := func(s *graph.Scope) { s.Output("y", s.Const(1, graph.Shape{2}).Scale(2)) }
	other := program(t, cfg, double)
	var inner error
	p := program(t, cfg, func(s *graph.Scope) {
		s.Output("y", s.Random("x", graph.Shape{1}, func(*rand.Rand) float64 {
			inner = other.Run(graph.Tick{})
			return 1
		}))
	})
	run(t, p, nil)
	errtest.Check(t, inner, graph.Error{Field: "workspace", Kind: graph.ErrInput})
	run(t, other, nil)
	if got := output(t, other, "y"); !slices.Equal(got, []float64{2, 2}) {
		t.Errorf("got %v after a refusal, want [2 2]", got)
	}

	single := config(t, tensor.Float32)
	single.Workspace = cfg.Workspace
	_, err := graph.NewProgram(single, double)
	errtest.Check(t, err, graph.Error{Field: "workspace", Kind: graph.ErrInput, Value: tensor.Float32})
}

// A workspace does not keep an unused program alive.
func TestWorkspaceForgets(t *testing.T) {
	cfg := config(t, tensor.Float64)
	cfg.Workspace = &graph.Workspace{}
	gone := make(chan bool, 1)
	func() {
		p, err := graph.NewProgram(cfg, func(s *graph.Scope) { s.Output("y", s.Const(1, graph.Shape{2}).Scale(2)) })
		if err != nil {
			t.Fatal(err)
		}
		runtime.AddCleanup(p, func(c chan bool) { c <- true }, gone)
	}()
	for range 100 {
		runtime.GC()
		select {
		case <-gone:
			runtime.KeepAlive(cfg.Workspace)
			return
		default:
		}
	}
	t.Error("a program that nobody uses is still there")
}

// A program keeps what it reads.
func TestMemorySizeIncludesInputs(t *testing.T) {
	for _, dt := range []tensor.Dtype{tensor.Float32, tensor.Float64} {
		size := func(n int) int64 {
			cfg := config(t, dt)
			cfg.Workspace = &graph.Workspace{}
			p := program(t, cfg, func(s *graph.Scope) { s.Output("y", s.Input("x", graph.Shape{n}).Sum()) })
			return p.MemorySize()
		}
		if got, want := size(1000)-size(10), int64(990*dt.Size()); got != want {
			t.Errorf("%v: 990 more elements count as %d bytes, want %d", dt, got, want)
		}
	}
}
