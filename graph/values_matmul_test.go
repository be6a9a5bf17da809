package graph_test

import (
	"slices"
	"testing"

	"github.com/engram-go/engram/graph"
	"pgregory.net/rapid"
)

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

func TestGatherValues(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		table := filled(t, "table", wild, shapes(1, 3).Draw(t, "table"))
		row := rapid.Map(rapid.IntRange(0, table.Shape[0]-1), func(i int) float64 { return float64(i) })
		indices := filled(t, "indices", row, shapes(0, 3).Draw(t, "indices"))
		checkOp(t, "gather", 0,
			func(_ *graph.Scope, in []graph.Value) graph.Value { return in[0].Gather(in[1]) },
			func(in []array) array {
				k := len(indices.Shape)
				return tabulate(slices.Concat(indices.Shape, table.Shape[1:]), func(at []int) float64 {
					return pick(in[0], insert(at[k:], 0, int(pick(in[1], at[:k]))))
				})
			}, table, indices)
	})
}
