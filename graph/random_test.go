package graph_test

import (
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
