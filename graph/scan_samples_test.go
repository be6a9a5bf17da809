package graph_test

import (
	"runtime"
	"slices"
	"testing"

	"github.com/engram-go/engram/graph"
)

// sampleSteps are steps whose operations the cores share by samples, except those that read
// other samples, or a result of the same step in another order. Each gives the next state
// [batch, 128] from h of that shape.
var sampleSteps = map[string]func(s *graph.Scope, h graph.Value, weight func(shape ...int) graph.Value) graph.Value{
	"gated": func(_ *graph.Scope, h graph.Value, weight func(...int) graph.Value) graph.Value {
		f := h.MatMul(weight(128, 128)).Add(weight(128)).Sigmoid()
		c := f.Times(h).MatMul(weight(128, 128)).Add(weight(128)).Tanh()
		return f.OneMinus().Times(h).Add(f.Times(c))
	},
	"gates in one product": func(_ *graph.Scope, h graph.Value, weight func(...int) graph.Value) graph.Value {
		z := h.MatMul(weight(128, 256)).Add(weight(256)).Tanh()
		return z.Slice(1, 0, 128).Times(z.Slice(1, 128, 256)).Add(z.Reshape(h.Dim(0), 2, 128).Sum(1))
	},
	"a row of all samples": func(_ *graph.Scope, h graph.Value, weight func(...int) graph.Value) graph.Value {
		h = h.MatMul(weight(128, 128)).Tanh()
		return h.Sub(h.Mean(0).Tanh()).Times(h.Max(0).Square()).MatMul(weight(128, 128)).Add(h.Mean(1).Unsqueeze(1))
	},
	"samples in another order": func(_ *graph.Scope, h graph.Value, weight func(...int) graph.Value) graph.Value {
		y := h.MatMul(weight(128, 128)).Tanh()
		y = y.Add(y.Reverse(0)).Add(y.Reshape(128, h.Dim(0)).Transpose(1, 0)).MatMul(weight(128, 128))
		n := h.Dim(0)
		first, second := y.Slice(0, 0, n/2), y.Slice(0, n/2, n)
		return graph.Concat(0, second.Tanh(), first.Sigmoid()).MatMul(weight(128, 128))
	},
	"a product of results": func(_ *graph.Scope, h graph.Value, weight func(...int) graph.Value) graph.Value {
		y := h.MatMul(weight(128, 128)).Tanh()
		square := y.Transpose(1, 0).MatMul(y).Scale(0.01) // [128, 128], of all samples
		return y.MatMul(square).Add(h.MatMul(weight(128, 128).Tanh()))
	},
}

// The cores share the samples of a step. The results are those of written-out steps, and
// have the same bits on any number of cores. In a first run, a result that is read before it
// is there is not that of the run before.
func TestScanSharesSamples(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	for name, step := range sampleSteps {
		t.Run(name, func(t *testing.T) {
			runtime.GOMAXPROCS(3)
			want := runScan(t, 1, 64, 3, 128, step, false, true)
			got := runScan(t, 1, 64, 3, 128, step, false, false)
			runtime.GOMAXPROCS(1)
			alone := runScan(t, 1, 64, 3, 128, step, false, false)
			for name, w := range want {
				near(t, name, inUnits(got[name], unit(name, w)), inUnits(w, unit(name, w)), 1e-11)
				if !slices.Equal(got[name], alone[name]) {
					t.Errorf("%s has other bits on one core", name)
				}
			}
		})
	}
}
