package graph_test

import (
	"fmt"
	"math"
	"runtime"
	"slices"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/graph/graphtest"
	"gorgonia.org/tensor"
	"pgregory.net/rapid"
)

// ctcOf is −log P by summing over every way to choose a class for each step, [steps][classes].
func ctcOf(logits [][]float64, labels []int, blank int) float64 {
	var logs []float64 // of the ways that read labels
	path := make([]int, len(logits))
	var walk func(t int, log float64)
	walk = func(t int, log float64) {
		if t < len(logits) {
			for k := range logits[t] {
				path[t] = k
				walk(t+1, log+logSoftmaxOf(logits[t], k))
			}
			return
		}
		var read []int
		for i, k := range path {
			if k != blank && (i == 0 || path[i-1] != k) {
				read = append(read, k)
			}
		}
		if slices.Equal(read, labels) {
			logs = append(logs, log)
		}
	}
	walk(0, 0)
	if len(logs) == 0 {
		return math.Inf(1)
	}
	most, total := slices.Max(logs), 0.0
	for _, log := range logs {
		total += math.Exp(log - most)
	}
	return -most - math.Log(total)
}

// All labels of few steps, with any blank, masked steps in any place, and labels that do not
// fit.
func TestCTC(t *testing.T) {
	inf := math.Inf(1)
	rapid.Check(t, func(t *rapid.T) {
		batch, steps, classes := rapid.IntRange(1, 3).Draw(t, "batch"), rapid.IntRange(1, 5).Draw(t, "steps"), rapid.IntRange(1, 3).Draw(t, "classes")
		room, blank := rapid.IntRange(1, 4).Draw(t, "room"), rapid.IntRange(0, classes-1).Draw(t, "blank")
		scale := rapid.SampledFrom([]float64{1, 30, 1000}).Draw(t, "scale")
		z := array{Shape: []int{batch, steps, classes}, Data: make([]float64, batch*steps*classes)}
		for i := range z.Data {
			z.Data[i] = scale * rapid.Float64Range(-1, 1).Draw(t, "logit")
		}
		mask, labels, want := make([]float64, batch*steps), make([]float64, batch*room), make([]float64, batch)
		for i := range batch {
			var chosen []int
			if classes > 1 {
				chosen = rapid.SliceOfN(rapid.IntRange(0, classes-1).Filter(func(k int) bool { return k != blank }), 0, room).Draw(t, "labels")
			}
			for j := range room {
				labels[i*room+j] = float64(blank)
				if j < len(chosen) {
					labels[i*room+j] = float64(chosen[j])
				}
			}
			var counted [][]float64
			for j := range steps {
				if rapid.IntRange(0, 3).Draw(t, "counts") > 0 {
					mask[i*steps+j] = 1
					counted = append(counted, z.Data[(i*steps+j)*classes:][:classes])
				}
			}
			want[i] = ctcOf(counted, chosen, blank)
		}
		each, grad := lossAndGradient(t, tensor.Float64, z, slices.Repeat([]float64{1}, batch), func(s *graph.Scope, z graph.Value) graph.Value {
			m := s.Values(mask, graph.Shape{batch, steps})
			return z.CTC(s.Values(labels, graph.Shape{batch, room}), &m, blank)
		})
		for i, x := range each {
			if !(math.Abs(x-want[i]) <= 1e-9*max(1, x)) && x != want[i] {
				t.Fatalf("sample %d: got %v, want %v", i, x, want[i])
			}
			for j := range steps {
				sum := 0.0
				for _, g := range grad[(i*steps+j)*classes:][:classes] {
					sum += g
					if !(math.Abs(g) <= 1+1e-12*x) && x < inf || g != 0 && (mask[i*steps+j] == 0 || x == inf) {
						t.Fatalf("sample %d of loss %v, step %d: gradient %v", i, x, j, g)
					}
				}
				if !(math.Abs(sum) <= 1e-9) { // the softmax does not change with the mean of its logits
					t.Fatalf("sample %d, step %d: gradients add up to %v", i, j, sum)
				}
			}
		}
	})
}

func TestCTCGradient(t *testing.T) {
	for i, labels := range [][]float64{{1, 2, 0, 2, 2, 1}, {1, 0, 0, 0, 0, 0}, {2, 1, 2, 3, 3, 0}} {
		graphtest.CheckGrad(t, func(s *graph.Scope, in []graph.Value) graph.Value {
			mask := s.Values([]float64{1, 1, 1, 1, 1, 0, 1, 1, 1, 1}, graph.Shape{2, 5})
			return in[0].Scale(3).CTC(s.Values(labels, graph.Shape{2, 3}), &mask, 0)
		}, graphtest.Input(i, 2, 5, 4))
	}
}

// What cannot be is infinite, and has no gradient; what is not a number shows; and a
// probability too small for a float64 has a logarithm.
func TestCTCOfExtremes(t *testing.T) {
	inf := math.Inf(1)
	for _, dt := range dtypes {
		for name, c := range map[string]struct {
			logits, labels []float64 // [2, classes] and [2]
			want           float64
			still          bool // no gradient
		}{
			"no step between equal labels": {[]float64{0, 0, 0, 0}, []float64{1, 1}, inf, true},
			"a class that cannot be":       {[]float64{0, -inf, 0, -inf}, []float64{1, 0}, inf, true},
			"certain":                      {[]float64{-500, 500, -500, 500}, []float64{1, 0}, 0, true},
			"nearly impossible":            {[]float64{5000, -5000, 5000, -5000}, []float64{1, 0}, 1e4 - math.Ln2, false},
			"no label":                     {[]float64{0, 0, 0, 0}, []float64{0, 0}, 2 * math.Ln2, false},
			"NaN":                          {[]float64{math.NaN(), 0, 0, 0}, []float64{1, 0}, math.NaN(), false},
			"+∞":                           {[]float64{inf, 0, 0, 0}, []float64{1, 0}, math.NaN(), false},
		} {
			classes := len(c.logits) / 2
			each, grad := lossAndGradient(t, dt, array{Shape: []int{1, 2, classes}, Data: c.logits}, []float64{1}, func(s *graph.Scope, z graph.Value) graph.Value {
				return z.CTC(s.Values(c.labels, graph.Shape{1, 2}), nil, 0)
			})
			if got := each[0]; !(math.Abs(got-c.want) <= 1e-6*c.want) && got != c.want && !(math.IsNaN(got) && math.IsNaN(c.want)) {
				t.Errorf("%v %s: got %v, want %v", dt, name, got, c.want)
			}
			for _, g := range grad {
				if still := g == 0; still != c.still || math.IsNaN(g) != math.IsNaN(c.want) {
					t.Errorf("%v %s: the gradient is %v", dt, name, grad)
					break
				}
			}
		}
	}
}

// Long sequences on several cores: the same bits on any number of them, and in float32 what
// float64 gives.
func TestCTCOnCores(t *testing.T) {
	const batch, steps, classes, room = 6, 150, 12, 40
	z := rounded(tensor.Float32, array{Shape: []int{batch, steps, classes}, Data: graphtest.Uniform(31, batch*steps*classes, 8)})
	labels := make([]float64, batch*room)
	for i := range labels {
		if n := i % room; n < 10+5*(i/room) {
			labels[i] = float64(1 + (n*n+i/room)%(classes-1))
		}
	}
	build := func(s *graph.Scope, z graph.Value) graph.Value {
		return z.CTC(s.Values(labels, graph.Shape{batch, room}), nil, 0)
	}
	ones := slices.Repeat([]float64{1}, batch)
	want, wantGrad := lossAndGradient(t, tensor.Float64, z, ones, build)
	var first [2][32]byte
	for _, cores := range []int{1, 2, 3} {
		before := runtime.GOMAXPROCS(cores)
		each, grad := lossAndGradient(t, tensor.Float32, z, ones, build)
		runtime.GOMAXPROCS(before)
		bits := [2][32]byte{checksum(each), checksum(grad)}
		if cores == 1 {
			first = bits
		}
		if bits != first {
			t.Errorf("other bits on %d cores", cores)
		}
		for i, x := range each {
			if !(math.Abs(x-want[i]) <= 1e-7*want[i]) {
				t.Errorf("sample %d: got %v, want %v", i, x, want[i])
			}
		}
		for i, x := range grad {
			if !(math.Abs(x-wantGrad[i]) <= 1e-7) {
				t.Fatalf("gradient %d: got %v, want %v", i, x, wantGrad[i])
			}
		}
	}
}

func TestCTCRefuses(t *testing.T) {
	for _, c := range []struct {
		labels []float64
		want   graph.Error
	}{
		{[]float64{1, 3}, graph.Error{Path: "net", Field: "target", Value: "3"}},
		{[]float64{-1, 0}, graph.Error{Path: "net", Field: "target", Value: "-1"}},
		{[]float64{0.5, 0}, graph.Error{Path: "net", Field: "target", Value: "0.5"}},
		{[]float64{0, 2}, graph.Error{Path: "net", Field: "target", Value: "2"}},
		{[]float64{math.NaN(), 2}, graph.Error{Path: "net", Field: "target", Value: "NaN"}},
	} {
		p := program(t, config(t, tensor.Float64), func(s *graph.Scope) {
			s.Within("net", func() {
				s.Output("loss", s.Const(0, graph.Shape{1, 4, 3}).CTC(s.Values(c.labels, graph.Shape{1, 2}), nil, 0))
			})
		})
		checkError(t, fmt.Sprint(c.labels), p.Run(graph.Tick{}), c.want)
	}
	for _, c := range []struct {
		z, labels, mask graph.Shape
		blank           int
		want            graph.Error
	}{
		{graph.Shape{4, 3}, graph.Shape{4, 2}, graph.Shape{4, 3}, 0, graph.Error{Field: "output", Value: "[4, 3]"}},
		{graph.Shape{4, 5, 3}, graph.Shape{4}, graph.Shape{4, 5}, 0, graph.Error{Field: "target", Value: "[4]"}},
		{graph.Shape{4, 5, 3}, graph.Shape{3, 2}, graph.Shape{4, 5}, 0, graph.Error{Field: "target", Value: "[3, 2]"}},
		{graph.Shape{4, 5, 3}, graph.Shape{4, 2}, graph.Shape{4, 3}, 0, graph.Error{Field: "mask", Value: "[4, 3]"}},
		{graph.Shape{4, 5, 3}, graph.Shape{4, 2}, graph.Shape{4, 5}, 3, graph.Error{Field: "blank", Value: "3"}},
		{graph.Shape{4, 5, 3}, graph.Shape{4, 2}, graph.Shape{4, 5}, -1, graph.Error{Field: "blank", Value: "-1"}},
	} {
		checkError(t, fmt.Sprint(c.z, c.labels), graph.Shapes(config(t, tensor.Float32), func(s *graph.Scope) {
			mask := s.Input("mask", c.mask)
			s.Input("z", c.z).CTC(s.Input("labels", c.labels), &mask, c.blank)
		}), c.want)
	}
}
