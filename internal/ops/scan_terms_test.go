package ops

import (
	"slices"
	"testing"

	"github.com/engram-go/engram/internal/shapes"
)

// A product or a sum over several steps is the sum of those of the steps, and is added to
// what is there.
func TestStackedTerms(t *testing.T) {
	const samples, m, n, steps = 3, 2, 4, 5
	numbers := func(count int) []float64 {
		x := make([]float64, count)
		for i := range x {
			x[i] = float64(i*i%11 - 5)
		}
		return x
	}
	product, ok := PlanProduct(Letters{A: []rune("ki"), B: []rune("kj"), Out: []rune("ij")},
		shapes.Shape{samples, m}, shapes.Shape{samples, n}, shapes.Shape{m, n})
	if !ok || !product.Stacks(samples*m, samples*n) {
		t.Fatal("no plan that stacks")
	}
	columns := Reduce{Plan: PlanBroadcast(shapes.Shape{samples, n}, shapes.Shape{samples, n}, shapes.Shape{n}), Size: n, Divisor: 1}
	total := Reduce{Plan: PlanBroadcast(shapes.Shape{samples, n}, shapes.Shape{samples, n}, shapes.Shape{}), Size: 1, Divisor: 2}
	rows := Reduce{Plan: PlanBroadcast(shapes.Shape{samples, n}, shapes.Shape{samples, n}, shapes.Shape{samples, 1}), Size: samples, Divisor: 1}
	if !columns.Stacks() || !total.Stacks() || rows.Stacks() {
		t.Fatal("wrong sums stack")
	}
	stored := [][]float64{numbers(steps * samples * m), numbers(steps * samples * n)}
	sizes := []int{samples * m, samples * n}
	for name, c := range map[string]struct {
		term Term
		op   Op
		size int
	}{
		"product": {Term{Product: &product, A: 0, B: 1}, product, m * n},
		"columns": {Term{Sum: &columns, A: 1}, columns, n},
		"total":   {Term{Sum: &total, A: 1}, total, 1},
	} {
		for _, count := range []int{steps, steps - 3} {
			k, err := For[float64](c.op)
			if err != nil {
				t.Fatal(err)
			}
			want, got := slices.Repeat([]float64{7}, c.size), slices.Repeat([]float64{7}, c.size)
			for i := range count {
				one := make([]float64, c.size)
				in := [][]float64{stored[0][i*sizes[0] : (i+1)*sizes[0]], stored[1][i*sizes[1] : (i+1)*sizes[1]]}
				if c.term.Sum != nil {
					in = in[1:]
				}
				if err := k.Run(one, in); err != nil {
					t.Fatal(err)
				}
				for j, x := range one {
					want[j] += x
				}
			}
			if err := stackTerm[float64](c.term, sizes, steps, steps-3).add(got, stored, count); err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(got, want) {
				t.Errorf("%s over %d steps: got %v, want %v", name, count, got, want)
			}
		}
	}
}
