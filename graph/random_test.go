package graph_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/engram-go/engram/graph"
	"gorgonia.org/tensor"
)

// drawing is a program whose output of each name is drawn in the layer of that
// name.
func drawing(t *testing.T, dt tensor.Dtype, seed uint64, layers ...string) *graph.Program {
	cfg := config(t, dt)
	cfg.Seed = seed
	return program(t, cfg, func(s *graph.Scope) {
		for _, layer := range layers {
			s.Within(layer, func() {
				s.Output(layer, s.Random("mask", graph.Shape{2, 3}, (*rand.Rand).Float64))
			})
		}
	})
}

func draw(t *testing.T, p *graph.Program, name string, at graph.Tick) []float64 {
	t.Helper()
	if err := p.Run(at); err != nil {
		t.Fatal(err)
	}
	return output(t, p, name)
}

// A draw depends on seed, path and tick, and on nothing else.
func TestRandomDraws(t *testing.T) {
	at := graph.Tick{Epoch: 2, Step: 5}
	p := drawing(t, tensor.Float64, 1, "a", "b")
	want := draw(t, p, "a", at)
	others := map[string][]float64{
		"layer":         draw(t, p, "b", at),
		"step":          draw(t, p, "a", graph.Tick{Epoch: 2, Step: 6}),
		"epoch":         draw(t, p, "a", graph.Tick{Epoch: 3, Step: 5}),
		"tick, swapped": draw(t, p, "a", graph.Tick{Epoch: 5, Step: 2}),
		"seed":          draw(t, drawing(t, tensor.Float64, 2, "a"), "a", at),
	}
	for what, got := range others {
		if slices.Equal(got, want) {
			t.Errorf("another %s gives the same draws", what)
		}
	}
	same := map[string][]float64{
		"again":       draw(t, p, "a", at),
		"other order": draw(t, drawing(t, tensor.Float64, 1, "b", "a"), "a", at),
		"alone":       draw(t, drawing(t, tensor.Float64, 1, "a"), "a", at),
	}
	for what, got := range same {
		if !slices.Equal(got, want) {
			t.Errorf("%s: got %v, want %v", what, got, want)
		}
	}
	single := draw(t, drawing(t, tensor.Float32, 1, "a"), "a", at)
	if !slices.Equal(single, rounded(tensor.Float32, array{Shape: []int{6}, Data: want}).Data) {
		t.Errorf("float32 draws %v are not the float64 ones, rounded: %v", single, want)
	}
}

// The draws inside Seeded depend on its seed and the names in it, not on its position
// or the seed of the graph.
func TestSeeded(t *testing.T) {
	at := graph.Tick{Epoch: 2, Step: 5}
	seeded := func(seed, own uint64, layer string) *graph.Program {
		cfg := config(t, tensor.Float64)
		cfg.Seed = seed
		return program(t, cfg, func(s *graph.Scope) {
			mask := func(name string) graph.Value { return s.Random(name, graph.Shape{2, 3}, (*rand.Rand).Float64) }
			s.Within(layer, func() {
				s.Seeded(own, func() {
					s.Output("first", mask("mask"))
					s.Output("second", mask("mask"))
					s.Within("inner", func() { s.Output("inner", mask("mask")) })
					s.Seeded(own+1, func() { s.Output("nested", mask("mask")) })
				})
				s.Output("after", mask("mask"))
			})
		})
	}
	p := seeded(1, 7, "a")
	want := draw(t, p, "first", at)
	if !slices.Equal(want, draw(t, seeded(2, 7, "b"), "first", at)) {
		t.Error("the seed of the graph or the layer's place changes the draws")
	}
	for what, got := range map[string][]float64{
		"seed":   draw(t, seeded(1, 8, "a"), "first", at),
		"use":    draw(t, p, "second", at),
		"path":   draw(t, p, "inner", at),
		"part":   draw(t, p, "nested", at),
		"end":    draw(t, p, "after", at),
		"tick":   draw(t, p, "first", graph.Tick{Epoch: 2, Step: 6}),
		"nobody": draw(t, drawing(t, tensor.Float64, 7, "a"), "a", at),
	} {
		if slices.Equal(got, want) {
			t.Errorf("another %s gives the same draws", what)
		}
	}
	if slices.Equal(draw(t, p, "after", at), draw(t, seeded(2, 7, "a"), "after", at)) {
		t.Error("the seed outlives its part")
	}
}

func TestRand(t *testing.T) {
	first := func(seed uint64, purpose, path string, at graph.Tick) uint64 {
		return graph.Rand(seed, purpose, path, at).Uint64()
	}
	seen := map[uint64]bool{}
	for _, x := range []uint64{
		first(0, "", "", graph.Tick{}), first(1, "", "", graph.Tick{}), first(1, "a", "", graph.Tick{}),
		first(1, "", "a", graph.Tick{}), first(1, "a", "b", graph.Tick{}), first(1, "ab", "", graph.Tick{}),
		first(1, "a", "b", graph.Tick{Epoch: 1, Step: 11}), first(1, "a", "b", graph.Tick{Epoch: 11, Step: 1}),
		first(1, "a", "b", graph.Tick{Epoch: 1}), first(1, "a", "b", graph.Tick{Step: 1}),
		first(1, "a", "b", graph.Tick{Part: 1}), first(1, "a", "b", graph.Tick{Step: 1, Part: 1}),
	} {
		if seen[x] {
			t.Error("two places or moments share their numbers")
		}
		seen[x] = true
	}
}

// A draw that panics is an error of its layer.
func TestDrawPanics(t *testing.T) {
	p := program(t, config(t, tensor.Float32), func(s *graph.Scope) {
		s.Within("dropout", func() {
			s.Output("y", s.Random("mask", graph.Shape{2}, func(*rand.Rand) float64 { panic("boom") }))
		})
	})
	wantError(t, "draw", p.Run(graph.Tick{}), "dropout/mask: drawing panicked: boom")
}

// masking is a program whose output of each name is a mask drawn in the layer of that
// name.
func masking(t *testing.T, dt tensor.Dtype, seed uint64, rate float64, n int, layers ...string) *graph.Program {
	cfg := config(t, dt)
	cfg.Seed = seed
	return program(t, cfg, func(s *graph.Scope) {
		for _, layer := range layers {
			s.Within(layer, func() { s.Output(layer, s.DropoutMask("mask", graph.Shape{n}, rate)) })
		}
	})
}

// A mask has 0 and 1/(1 − rate) alone, with the right share of each. It depends on seed,
// path and tick: with another of these, it is as like it as an independent one.
func TestDropoutMask(t *testing.T) {
	const n, rate = 1 << 14, 0.3
	at := graph.Tick{Epoch: 2, Step: 5, Part: 1}
	p := masking(t, tensor.Float64, 1, rate, n, "a", "b")
	want := draw(t, p, "a", at)
	sum, squares := 0.0, 0.0
	for _, v := range want {
		if v != 0 && v != 1/(1-rate) {
			t.Fatalf("a mask has a %v", v)
		}
		sum, squares = sum+v, squares+(v-1)*(v-1)
	}
	// The variance of an element is rate/(1 − rate), that of its square is below 1.
	if mean := sum / n; math.Abs(mean-1) > 4.5*math.Sqrt(rate/(1-rate)/n) {
		t.Errorf("the mean of a mask is %v, want 1", mean)
	}
	if variance := squares / n; math.Abs(variance-rate/(1-rate)) > 4.5*math.Sqrt(1./n) {
		t.Errorf("the variance of a mask is %v, want %v", variance, rate/(1-rate))
	}
	for what, got := range map[string][]float64{
		"layer": draw(t, p, "b", at),
		"step":  draw(t, p, "a", graph.Tick{Epoch: 2, Step: 6, Part: 1}),
		"epoch": draw(t, p, "a", graph.Tick{Epoch: 3, Step: 5, Part: 1}),
		"part":  draw(t, p, "a", graph.Tick{Epoch: 2, Step: 5}),
		"seed":  draw(t, masking(t, tensor.Float64, 2, rate, n, "a"), "a", at),
	} {
		agree := 0
		for i, v := range got {
			if v == want[i] {
				agree++
			}
		}
		const both = rate*rate + (1-rate)*(1-rate)
		if off := (float64(agree) - n*both) / math.Sqrt(n*both*(1-both)); math.Abs(off) > 4.5 {
			t.Errorf("a mask of another %s agrees in %d of %d elements, %.1f standard deviations from independent ones", what, agree, n, off)
		}
	}
	for what, got := range map[string][]float64{
		"again":  draw(t, p, "a", at),
		"alone":  draw(t, masking(t, tensor.Float64, 1, rate, n, "a"), "a", at),
		"shared": draw(t, masking(t, tensor.Float64, 1, rate, n, "b", "a"), "a", at),
	} {
		if !slices.Equal(got, want) {
			t.Errorf("%s: another mask", what)
		}
	}
	single := draw(t, masking(t, tensor.Float32, 1, rate, n, "a"), "a", at)
	if !slices.Equal(single, rounded(tensor.Float32, array{Shape: []int{n}, Data: want}).Data) {
		t.Error("a mask in float32 is not that in float64, rounded")
	}
	if all := draw(t, masking(t, tensor.Float32, 1, 0, n, "a"), "a", at); slices.ContainsFunc(all, func(v float64) bool { return v != 1 }) {
		t.Error("a mask of rate 0 drops elements")
	}
}

func TestDropoutMaskErrors(t *testing.T) {
	for _, rate := range []float64{-0.1, 1, math.NaN(), math.Inf(1)} {
		_, err := graph.NewProgram(config(t, tensor.Float32), func(s *graph.Scope) {
			s.Within("layer", func() { s.Output("y", s.DropoutMask("mask", graph.Shape{2}, rate)) })
		})
		checkError(t, "mask", err, graph.Error{Path: "layer", Field: "mask"})
	}
}
