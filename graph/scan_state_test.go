package graph_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/graph/graphtest"
	"github.com/engram-go/engram/internal/kernels"
	"gorgonia.org/tensor"
)

// statefulSteps are steps with an operation whose kernel keeps something for its backward
// pass, and with those that are easily taken for one. Each gives the next state [batch, 4]
// from h of that shape; weight gives a parameter.
var statefulSteps = map[string]func(s *graph.Scope, h graph.Value, weight func(shape ...int) graph.Value) graph.Value{
	"layer norm": func(_ *graph.Scope, h graph.Value, weight func(...int) graph.Value) graph.Value {
		gamma, beta := weight(4), weight(4)
		return h.LayerNorm(&gamma, &beta, 0.01)
	},
	"rms norm": func(_ *graph.Scope, h graph.Value, weight func(...int) graph.Value) graph.Value {
		gamma := weight(4)
		return h.RMSNorm(&gamma, 0.01)
	},
	"linear": func(_ *graph.Scope, h graph.Value, weight func(...int) graph.Value) graph.Value {
		bias := weight(5)
		h = graph.Linear(h, 1, weight(4, 5), &bias, kernels.GELU.With())
		return graph.Linear(h, 1, weight(5, 4), nil, kernels.Tanh.With())
	},
	"attention": func(_ *graph.Scope, h graph.Value, weight func(...int) graph.Value) graph.Value {
		all := graph.Linear(h.Unsqueeze(2), 1, weight(1, 2), nil, graph.Function{}).Unsqueeze(2) // [batch, 4, 1, 2]
		y := graph.DotAttention{Query: all, Key: all.Tanh(), Value: all.Square(), Scale: 0.7, Causal: true}.Run()
		return y.Sum(2, 3)
	},
	"recurrent": func(_ *graph.Scope, h graph.Value, weight func(...int) graph.Value) graph.Value {
		y, states := graph.Recurrent{
			Cell: graph.LSTMCell, X: h.Unsqueeze(2), Kernel: weight(1, 8), Recurrent: weight(2, 8), // 2 units
			Initial: []graph.Value{h.Slice(1, 0, 2), h.Slice(1, 1, 3)}, Sequence: true, States: true,
		}.Run()
		return y.Sum(2).Add(states[1].Sum(1).Unsqueeze(1))
	},
	"convolution": func(_ *graph.Scope, h graph.Value, weight func(...int) graph.Value) graph.Value {
		bias := weight(2)
		w := graph.Window{Size: 3, Stride: 1, Dilation: 1, Before: 1, After: 1}
		return h.Unsqueeze(2).Convolve(weight(3, 1, 2), &bias, w, 1, kernels.GELU.With()).Sum(2)
	},
	"pools": func(_ *graph.Scope, h graph.Value, _ func(...int) graph.Value) graph.Value {
		w := graph.Window{Size: 2, Stride: 1, Dilation: 1, Before: 1}
		return h.Unsqueeze(2).MaxPool(w).Add(h.Unsqueeze(2).MeanPool(w)).Sum(2)
	},
	"cross-entropy": func(s *graph.Scope, h graph.Value, _ func(...int) graph.Value) graph.Value {
		loss := h.CrossEntropy(h.Neg().Softmax(-1), 0.1).Add(h.ClassCrossEntropy(s.Values([]float64{3, 1, 0}, graph.Shape{3}))) // [batch]
		return h.Times(loss.Unsqueeze(1))
	},
	"softmax": func(_ *graph.Scope, h graph.Value, _ func(...int) graph.Value) graph.Value {
		return h.Softmax(-1).Add(h.LogSoftmax(-1).Scale(0.1))
	},
	"maximum": func(_ *graph.Scope, h graph.Value, _ func(...int) graph.Value) graph.Value {
		return graph.Where(h.Tanh(), h.Sub(h.Max(1).Unsqueeze(1)), h.Maximum(h.Square()))
	},
	"gather": func(s *graph.Scope, h graph.Value, weight func(...int) graph.Value) graph.Value {
		rows := h.Gather(s.Values([]float64{2, 0, 2}, graph.Shape{3})).Add(weight(5, 4).Gather(s.Values([]float64{4, 4, 1}, graph.Shape{3})))
		return h.Times(rows).Add(rows.Pick(s.Values([]float64{2, 0, 2}, graph.Shape{3})).Unsqueeze(1))
	},
	"masks": func(s *graph.Scope, h graph.Value, _ func(...int) graph.Value) graph.Value {
		return h.Times(s.DropoutMask("mask", h.Shape(), 0.3)).Add(s.StepRandom("noise", h.Shape(), (*rand.Rand).Float64)).Times(h)
	},
	"scan": func(_ *graph.Scope, h graph.Value, weight func(...int) graph.Value) graph.Value {
		gamma := weight(4)
		y, _ := graph.Scan{
			X: h.Unsqueeze(2), Initial: []graph.Value{h}, Sequence: true,
			Step: func(x graph.Value, states []graph.Value) (graph.Value, []graph.Value) {
				h := graph.Linear(states[0].Add(x), 1, weight(4, 4), nil, kernels.GELU.With()).LayerNorm(&gamma, nil, 0.01)
				return h, []graph.Value{h}
			},
		}.Run()
		return y.Mean(1)
	},
}

// A scan keeps results of every step for its backward pass. What the kernel of an
// operation keeps is that of the last step only, so that operation must run again.
func TestScanOfStatefulSteps(t *testing.T) {
	for name, step := range statefulSteps {
		t.Run(name, func(t *testing.T) {
			for _, masked := range []bool{false, true} {
				want := runScan(t, 2, 3, 5, 4, step, masked, true)
				got := runScan(t, 2, 3, 5, 4, step, masked, false)
				for name, w := range want {
					near(t, fmt.Sprintf("%s, masked %v", name, masked), inUnits(got[name], unit(name, w)), inUnits(w, unit(name, w)), 1e-12)
				}
			}
		})
	}
}

// runScan gives the output of a scan of such steps, and all gradients, in the last run. A
// mask needs 3 samples of 5 steps.
func runScan(t *testing.T, runs, batch, steps, size int, step func(*graph.Scope, graph.Value, func(...int) graph.Value) graph.Value, masked, unrolled bool) map[string][]float64 {
	t.Helper()
	p := program(t, config(t, tensor.Float64), func(s *graph.Scope) {
		x := s.Values(graphtest.Uniform(1, batch*steps*size, 1), graph.Shape{batch, steps, size})
		h := s.Values(graphtest.Uniform(2, batch*size, 1), graph.Shape{batch, size})
		wrt := map[string]graph.Value{"x": x, "h": h}
		if masked {
			x = x.WithMask(s.Values([]float64{1, 1, 0, 1, 1, 0, 1, 1, 1, 0, 1, 1, 1, 1, 1}, graph.Shape{batch, steps}))
		}
		y, _ := graph.Scan{
			X: x, Initial: []graph.Value{h}, Sequence: true, Unrolled: unrolled,
			Step: func(x graph.Value, states []graph.Value) (graph.Value, []graph.Value) {
				n := 0
				weight := func(shape ...int) graph.Value {
					n++
					name := fmt.Sprint("w", n)
					w := s.Param(name, graph.Shape(shape), uniform{})
					wrt[name] = w
					return w
				}
				h := step(s, states[0].Add(x), weight).Add(states[0].Scale(0.5)).Tanh()
				return h, []graph.Value{h}
			},
		}.Run()
		s.Output("y", y)
		loss := y.Times(s.Values(graphtest.Uniform(3, y.Shape().Size(), 1), y.Shape())).Sum()
		names := slices.Sorted(maps.Keys(wrt))
		values := make([]graph.Value, len(names))
		for i, name := range names {
			values[i] = wrt[name]
		}
		for i, g := range s.Gradients(loss, values...) {
			s.Output("gradient of "+names[i], g)
		}
	})
	defer p.Close()
	out := map[string][]float64{}
	for range runs {
		run(t, p, nil)
	}
	for _, name := range p.Outputs() {
		out[name] = output(t, p, name)
	}
	return out
}
