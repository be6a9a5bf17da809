package graph_test

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/graph/graphtest"
	"gorgonia.org/tensor"
	"pgregory.net/rapid"
)

// equation draws the terms of a product: every letter in two of them or in all
// three, each term in an order of its own.
func equation(t *rapid.T) (a, b, out string) {
	terms := [3][]rune{}
	for i, r := range []rune("abcde")[:rapid.IntRange(1, 5).Draw(t, "letters")] {
		without := rapid.IntRange(0, 3).Draw(t, fmt.Sprint("letter ", i)) // 3 is in all
		for k := range terms {
			if k != without {
				terms[k] = append(terms[k], r)
			}
		}
	}
	text := func(k int) string {
		if len(terms[k]) == 0 {
			return ""
		}
		return string(rapid.Permutation(terms[k]).Draw(t, fmt.Sprint("term ", k)))
	}
	return text(0), text(1), text(2)
}

// einsumOf adds up one product for every place of all letters.
func einsumOf(a, b, out string, sizes map[rune]int, in []array) array {
	names := ""
	var all []int
	for r, n := range sizes {
		names, all = names+string(r), append(all, n)
	}
	place := func(term string, at []int) []int {
		var p []int
		for _, r := range term {
			p = append(p, at[strings.IndexRune(names, r)])
		}
		return p
	}
	y := tabulate(shapeFor(out, sizes), func([]int) float64 { return 0 })
	index := func(at []int) int {
		i := 0
		for k, x := range at {
			i = i*y.Shape[k] + x
		}
		return i
	}
	tabulate(all, func(at []int) float64 {
		y.Data[index(place(out, at))] += pick(in[0], place(a, at)) * pick(in[1], place(b, at))
		return 0
	})
	return y
}

func shapeFor(term string, sizes map[rune]int) []int {
	s := []int{}
	for _, r := range term {
		s = append(s, sizes[r])
	}
	return s
}

func TestEinsumValues(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b, out := equation(t)
		sizes, terms := map[rune]int{}, 1
		for _, r := range a + b {
			if sizes[r] == 0 {
				sizes[r] = rapid.IntRange(1, 4).Draw(t, string(r))
				terms *= sizes[r]
			}
		}
		text := fmt.Sprintf("%s,%s->%s", a, b, out)
		in := []array{filled(t, "a", tame, shapeFor(a, sizes)), filled(t, "b", tame, shapeFor(b, sizes))}
		checkSums(t, text, terms,
			func(_ *graph.Scope, in []graph.Value) graph.Value { return graph.Einsum(text, in[0], in[1]) },
			func(in []array) array { return einsumOf(a, b, out, sizes, in) }, in...)
		plus := out[rapid.IntRange(0, len(out)).Draw(t, "axes of the term"):]
		checkSums(t, text+" + "+plus, terms+1,
			func(_ *graph.Scope, in []graph.Value) graph.Value {
				return graph.EinsumAdd(text, in[0], in[1], in[2])
			},
			func(in []array) array {
				y := einsumOf(a, b, out, sizes, in)
				for i := range y.Data {
					y.Data[i] += in[2].Data[i%len(in[2].Data)]
				}
				return y
			}, append(in, filled(t, "c", tame, shapeFor(plus, sizes)))...)
	})
}

// Those of attention, products that lie badly, and sizes of 1.
func TestEinsumGradients(t *testing.T) {
	for _, text := range []string{
		"btd,dhk->bthk", "bthk,bshk->bhts", "bhts,bshk->bthk", "bthk,hkd->btd",
		"ij,kj->ki", "ab,ba->", ",ab->ba", "a,b->ba", "a,a->a", "ba,bca->cab", "abc,cab->b", "abdc,cba->d",
	} {
		in, out, _ := strings.Cut(text, "->")
		a, b, _ := strings.Cut(in, ",")
		for _, sizes := range []map[rune]int{
			{'a': 2, 'b': 3, 'c': 2, 'd': 4, 'h': 2, 'i': 2, 'j': 3, 'k': 3, 's': 5, 't': 4},
			{'a': 1, 'b': 2, 'c': 3, 'd': 1, 'h': 1, 'i': 1, 'j': 2, 'k': 1, 's': 1, 't': 2},
		} {
			graphtest.CheckGrad(t, func(_ *graph.Scope, in []graph.Value) graph.Value {
				return graph.Einsum(text, in[0], in[1]).Square()
			}, graphtest.Input(1, shapeFor(a, sizes)...), graphtest.Input(2, shapeFor(b, sizes)...))
			graphtest.CheckGrad(t, func(_ *graph.Scope, in []graph.Value) graph.Value {
				return graph.EinsumAdd(text, in[0], in[1], in[2]).Square()
			}, graphtest.Input(1, shapeFor(a, sizes)...), graphtest.Input(2, shapeFor(b, sizes)...), graphtest.Input(3, shapeFor(out[len(out)/2:], sizes)...))
		}
	}
}

func TestEinsumRefuses(t *testing.T) {
	for text, want := range map[string]graph.Error{
		"ij,jk":       {Field: "einsum", Value: `"ij,jk"`},
		"ijjk->ik":    {Field: "einsum", Value: `"ijjk->ik"`},
		"ij->ik":      {Field: "einsum", Value: `"ij->ik"`},
		"ij,jk->iik":  {Field: "einsum", Value: `"ij,jk->iik"`},
		"ij,jk->i":    {Field: "einsum", Value: `"ij,jk->i"`},
		"i1,1k->ik":   {Field: "einsum", Value: `"i1,1k->ik"`},
		"ij,jk->ik->": {Field: "einsum", Value: `"ij,jk->ik->"`},
		"":            {Field: "einsum", Value: `""`},
		"ijl,jlk->ik": {Field: "einsum ijl,jlk->ik", Value: "[4, 3]"},
		"ij,jk->ik":   {Field: "einsum ij,jk->ik", Value: "[4, 3]"},
	} {
		for _, build := range []func(func(s *graph.Scope)) error{
			func(f func(s *graph.Scope)) error { return graph.Shapes(config(t, tensor.Float32), f) },
			func(f func(s *graph.Scope)) error {
				_, err := graph.NewProgram(config(t, tensor.Float32), f)
				return err
			},
		} {
			checkError(t, text, build(func(s *graph.Scope) {
				s.Output("y", graph.Einsum(text, s.Input("x", graph.Shape{2, 3}), s.Input("y", graph.Shape{4, 3})))
			}), want)
		}
	}
}

// Products of many and of few matrices that the cores share give the same bits
// on any number of cores, and what a plain loop gives.
func TestSharedEinsum(t *testing.T) {
	for _, c := range []struct {
		a, b, out string
		sizes     map[rune]int
	}{
		{"bthk", "bshk", "bhts", map[rune]int{'b': 5, 't': 40, 's': 37, 'h': 3, 'k': 17}},
		{"btd", "dhk", "bthk", map[rune]int{'b': 2, 't': 90, 'd': 33, 'h': 5, 'k': 10}},
		{"btd", "bthk", "dhk", map[rune]int{'b': 2, 't': 90, 'd': 33, 'h': 5, 'k': 10}},
	} {
		text := fmt.Sprintf("%s,%s->%s", c.a, c.b, c.out)
		in := []array{graphtest.Input(1, shapeFor(c.a, c.sizes)...), graphtest.Input(2, shapeFor(c.b, c.sizes)...)}
		want := einsumOf(c.a, c.b, c.out, c.sizes, in)
		for _, dt := range dtypes {
			sums := map[[32]byte]bool{}
			for _, cores := range []int{1, 2, 3} {
				before := runtime.GOMAXPROCS(cores)
				y := eval(t, dt, func(_ *graph.Scope, in []graph.Value) graph.Value { return graph.Einsum(text, in[0], in[1]) }, in...)
				zero := eval(t, dt, func(s *graph.Scope, in []graph.Value) graph.Value {
					return graph.EinsumAdd(text, in[0], in[1], s.Const(0, graph.Shape{c.sizes[rune(c.out[len(c.out)-1])]}))
				}, in...)
				runtime.GOMAXPROCS(before)
				sums[checksum(y.Data)] = true
				sums[checksum(zero.Data)] = true
				tol := 1e-12
				if dt == tensor.Float32 {
					tol = 1e-5
				}
				near(t, text, y, want, tol)
			}
			if len(sums) != 1 {
				t.Errorf("%s in %v: other bits on other numbers of cores", text, dt)
			}
		}
	}
}

func TestMatMulValues(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lead := shapes(0, 2).Draw(t, "lead")
		size := rapid.IntRange(1, 5)
		m, n, k := size.Draw(t, "m"), size.Draw(t, "n"), size.Draw(t, "k")
		left, right := append(slices.Clone(lead), m, k), []int{k, n}
		if rapid.Bool().Draw(t, "batched") {
			right = append(slices.Clone(lead), k, n)
		}
		checkSums(t, "matmul", k,
			func(_ *graph.Scope, in []graph.Value) graph.Value { return in[0].MatMul(in[1]) },
			func(in []array) array {
				return tabulate(append(slices.Clone(lead), m, n), func(at []int) float64 {
					i, j := at[len(at)-2], at[len(at)-1]
					sum := 0.0
					for l := range k {
						row := append(slices.Clone(at[:len(lead)]), i, l)
						column := append(slices.Clone(at[:len(lead)]), l, j)
						sum += pick(in[0], row) * pick(in[1], column)
					}
					return sum
				})
			}, filled(t, "a", tame, left), filled(t, "b", tame, right))
	})
}
