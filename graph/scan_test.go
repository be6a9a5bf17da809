package graph_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/graph/graphtest"
	"gorgonia.org/tensor"
	"pgregory.net/rapid"
)

// scanCase is a scan whose step has two states of different shapes, uses
// values from outside, draws, traces and adds to the loss.
type scanCase struct {
	batch, steps, features, units int

	backwards, sequence, zeroMask, masked, random, nested, lifted bool
}

func drawScan(t *rapid.T) scanCase {
	size, yes := rapid.IntRange(1, 4), rapid.Bool()
	return scanCase{
		batch: size.Draw(t, "batch"), steps: rapid.IntRange(1, 20).Draw(t, "steps"),
		features: size.Draw(t, "features"), units: size.Draw(t, "units"),
		backwards: yes.Draw(t, "backwards"), sequence: yes.Draw(t, "sequence"),
		zeroMask: yes.Draw(t, "zero mask"), masked: yes.Draw(t, "masked"),
		random: yes.Draw(t, "random"), nested: yes.Draw(t, "nested"), lifted: yes.Draw(t, "lifted"),
	}
}

// build gives the loss and all that it has gradients for, by name.
func (c scanCase) build(s *graph.Scope, unrolled bool) (loss graph.Value, wrt map[string]graph.Value) {
	x := s.Values(graphtest.Uniform(1, c.batch*c.steps*c.features, 1), graph.Shape{c.batch, c.steps, c.features})
	outer := s.Values(graphtest.Uniform(2, c.batch*c.units, 1), graph.Shape{c.batch, c.units}) // of another part of the model
	h := s.Values(graphtest.Uniform(3, c.batch*c.units, 1), graph.Shape{c.batch, c.units})
	n := s.Values(graphtest.Uniform(4, c.batch*2*3, 1), graph.Shape{c.batch, 2, 3})
	wrt = map[string]graph.Value{"x": x, "outer": outer, "h": h, "n": n}
	deep := outer.Tanh()
	if c.masked {
		mask := make([]float64, c.batch*c.steps)
		for i, u := range graphtest.Uniform(5, len(mask), 1) {
			if u > -0.3 {
				mask[i] = 1
			}
		}
		x = x.WithMask(s.Values(mask, graph.Shape{c.batch, c.steps}))
	}
	y, states := graph.Scan{
		X: x, Initial: []graph.Value{h, n}, Backwards: c.backwards, Sequence: c.sequence, ZeroMask: c.zeroMask, Unrolled: unrolled,
		Step: func(x graph.Value, states []graph.Value) (graph.Value, []graph.Value) {
			h, n := states[0], states[1]
			w := s.Param("w", graph.Shape{c.features, c.units}, uniform{})
			u := s.Param("u", graph.Shape{c.units, c.units}, uniform{})
			wrt["w"], wrt["u"] = w, u
			if c.random {
				h = h.Times(s.Random("noise", graph.Shape{c.batch, 1}, (*rand.Rand).Float64))
				h = h.Times(s.DropoutMask("mask", h.Shape(), 0.3))
				h = h.Add(s.StepRandom("step noise", h.Shape(), (*rand.Rand).Float64))
			}
			if c.nested { // each step scans over the second axis of n, with a weight and a state of the outer step
				inner, _ := graph.Scan{
					X: n, Initial: []graph.Value{h}, Sequence: true, Unrolled: unrolled,
					Step: func(x graph.Value, states []graph.Value) (graph.Value, []graph.Value) {
						h := states[0].MatMul(u).Add(x.Mean(1).Unsqueeze(1)).Add(h).Add(deep).Tanh()
						if c.random {
							h = h.Add(s.StepRandom("inner noise", h.Shape(), (*rand.Rand).Float64))
						}
						s.AddLoss(h.Square().Mean().Scale(0.1))
						return h, []graph.Value{h}
					},
				}.Run()
				h = inner.Mean(1)
			}
			if c.lifted { // much of this is computed for all steps at once
				v := x.Tanh().MatMulAdd(w, outer).Add(w.Square().Slice(0, 0, 1)) // [batch, units]
				row := x.Slice(1, 0, 1).Reshape(c.batch)                         // [batch]
				both := graph.Einsum("bi,bj->bij", x.Square(), x)                // [batch, features, features]
				all := graph.Einsum("bu,cu->bc", outer, outer).Add(row)          // [batch, batch]
				s.Trace("v", v)
				s.AddLoss(v.Square().Mean().Scale(0.1))
				v = v.Add(graph.Einsum("bi,bij->bj", x, both).MatMul(w)).Add(graph.EinsumAdd("bc,cu->bu", all, outer, v))
				h = h.Add(v.Scale(0.1)).Add(x.Add(x.Exp()).MatMulAdd(w, h))
			}
			h = x.MatMul(w).Add(h.MatMul(u)).Add(deep).Add(outer).Tanh() // [batch, units]
			n = n.Add(x.Mean(1).Reshape(c.batch, 1, 1)).Sigmoid()
			s.Trace("h", h)
			s.AddLoss(h.Square().Mean())
			return h.Add(n.Mean(1, 2).Unsqueeze(1)), []graph.Value{h, n}
		},
	}.Run()
	loss = s.Const(0, graph.Shape{})
	for i, v := range append([]graph.Value{y}, states...) {
		s.Output(fmt.Sprint("out", i), v)
		loss = loss.Add(v.Times(s.Values(graphtest.Uniform(uint64(8+i), v.Shape().Size(), 1), v.Shape())).Sum())
	}
	for _, l := range s.Losses() {
		loss = loss.Add(l)
	}
	return loss, wrt
}

// run gives all outputs, with gradients where it trains.
func (c scanCase) run(t tester, dt tensor.Dtype, unrolled, gradients bool) map[string][]float64 {
	t.Helper()
	p, err := graph.NewProgram(config(t, dt), func(s *graph.Scope) {
		loss, wrt := c.build(s, unrolled)
		s.Output("loss", loss)
		if gradients {
			for name, v := range wrt {
				s.Output("gradient of "+name, s.Gradients(loss, v)[0])
			}
		}
	})
	if err != nil {
		t.Fatalf("%v", err)
	}
	defer p.Close()
	out := map[string][]float64{}
	for range 2 { // a second run finds nothing of the first
		run(t, p, nil)
		for _, name := range p.Outputs() {
			out[name] = output(t, p, name)
		}
	}
	return out
}

// A scan computes what its steps compute, written out, forwards and back.
func TestScanEqualsUnrolled(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := drawScan(t)
		if c.nested {
			c.steps = min(c.steps, 5)
		}
		for _, dt := range dtypes {
			want := c.run(t, dt, true, true)
			// The gradient of a weight sums terms as large as the other gradients. Where
			// they cancel, their rounding remains.
			var all []float64
			for name, w := range want {
				if strings.HasPrefix(name, "gradient") {
					all = append(all, w...)
				}
			}
			tol := 1e-12
			if dt == tensor.Float32 {
				tol = graphtest.Tol32
			}
			for _, gradients := range []bool{true, false} {
				got := c.run(t, dt, false, gradients)
				for name, g := range got {
					w, ok := want[name]
					if !ok || name == "h" || name == "v" {
						continue
					}
					near(t, name, inUnits(g, unit(name, all)), inUnits(w, unit(name, all)), tol)
				}
				for k := range c.steps { // traces
					for _, name := range []string{"h", "v"} {
						step := name
						if k > 0 {
							step = fmt.Sprint(name, "_", k)
						}
						for i, w := range want[step] {
							b, u := i/c.units, i%c.units
							if g := got[name][(b*c.steps+k)*c.units+u]; !(abs(g-w) <= tol*max(1, abs(w))) {
								t.Fatalf("trace %s of step %d: got %v, want %v", name, k, g, w)
							}
						}
					}
				}
			}
		}
	})
}

// unit is what a tolerance is a part of: the largest element of a gradient.
func unit(name string, want []float64) float64 {
	largest := 0.0
	for _, w := range want {
		largest = max(largest, abs(w))
	}
	if largest == 0 || !strings.HasPrefix(name, "gradient") {
		return 1
	}
	return largest
}

func inUnits(data []float64, unit float64) array {
	out := array{Shape: []int{len(data)}}
	for _, x := range data {
		out.Data = append(out.Data, x/unit)
	}
	return out
}

func abs(x float64) float64 { return max(x, -x) }

// The gradients of a scan are those of finite differences.
func TestScanGradient(t *testing.T) {
	for _, sequence := range []bool{false, true} {
		graphtest.CheckGrad(t, func(s *graph.Scope, in []graph.Value) graph.Value {
			x, h, w := in[0], in[1], in[2]
			y, states := graph.Scan{
				X: x, Initial: []graph.Value{h}, Sequence: sequence,
				Step: func(x graph.Value, states []graph.Value) (graph.Value, []graph.Value) {
					h := states[0].MatMul(w).Add(x).Tanh()
					return h.Square(), []graph.Value{h}
				},
			}.Run()
			if sequence {
				return y.Mean(1).Add(states[0])
			}
			return y.Add(states[0])
		}, graphtest.Input(1, 2, 4, 3), graphtest.Input(2, 2, 3), graphtest.Input(3, 3, 3))
	}
}

// Random draws once for all steps, StepRandom for each. Another run has other draws.
func TestScanDraws(t *testing.T) {
	p := program(t, config(t, tensor.Float64), func(s *graph.Scope) {
		draw := func(name string, random func(string, graph.Shape, func(*rand.Rand) float64) graph.Value) {
			y, _ := graph.Scan{X: s.Const(0, graph.Shape{1, 4, 1}), Sequence: true,
				Step: func(x graph.Value, _ []graph.Value) (graph.Value, []graph.Value) {
					return x.Add(random("noise", graph.Shape{1, 1}, (*rand.Rand).Float64)), nil
				}}.Run()
			s.Output(name, y)
		}
		draw("sequence", s.Random)
		draw("step", s.StepRandom)
		s.Output("outside", s.StepRandom("noise", graph.Shape{2}, (*rand.Rand).Float64))
	})
	seen := map[float64]bool{}
	for step := range 2 {
		if err := p.Run(graph.Tick{Step: step}); err != nil {
			t.Fatal(err)
		}
		all := append(output(t, p, "step"), output(t, p, "outside")...)
		once := output(t, p, "sequence")
		if len(once) != 4 || once[0] != once[1] || once[0] != once[3] {
			t.Errorf("a draw for the sequence is %v", once)
		}
		for _, x := range append(all, once[0]) {
			if seen[x] {
				t.Errorf("%v was drawn twice", x)
			}
			seen[x] = true
		}
	}
	if len(seen) != 14 {
		t.Errorf("got %d draws, want 14", len(seen))
	}
}

// The backward pass of a scan gives the same bits with kept values and, where they would
// be too large, with values that it computes again: for all samples at once and for each
// half of them.
func TestScanKeepsOrComputesAgain(t *testing.T) {
	const batch, steps, units = 32, 1000, 64
	x := graphtest.Uniform(1, batch*steps*units, 1)
	w := graphtest.Uniform(2, units*units, 0.2)
	gradient := func(from, to int) (dx []float64, bytes int64) {
		shape := graph.Shape{to - from, steps, units}
		p := program(t, config(t, tensor.Float32), func(s *graph.Scope) {
			x := s.Values(x[from*steps*units:to*steps*units], shape)
			w := s.Values(w, graph.Shape{units, units})
			y, _ := graph.Scan{
				X: x, Initial: []graph.Value{s.Const(0, graph.Shape{to - from, units})}, Sequence: true,
				Step: func(x graph.Value, states []graph.Value) (graph.Value, []graph.Value) {
					h := states[0].MatMul(w).Add(x).Tanh()
					for range 5 {
						h = h.Square().Sigmoid().Tanh()
					}
					return h, []graph.Value{h}
				},
			}.Run()
			s.Output("dx", s.Gradients(y.Square().Sum(), x)[0])
		})
		run(t, p, nil)
		return output(t, p, "dx"), p.MemorySize()
	}
	all, size := gradient(0, batch)
	var halves []float64
	for _, from := range []int{0, batch / 2} {
		half, halfSize := gradient(from, from+batch/2)
		halves = append(halves, half...)
		if halfSize < size {
			t.Errorf("a half takes %d bytes, all samples %d: they keep their values too", halfSize, size)
		}
	}
	if !slices.Equal(all, halves) {
		t.Error("all samples have another gradient than each half")
	}
}
