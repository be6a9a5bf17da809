package initializers_test

import (
	"fmt"
	"math"
	"runtime"
	"slices"
	"testing"

	"github.com/engram-go/engram/layers/initializers"
	"pgregory.net/rapid"
)

// orthonormal is the reference: modified Gram-Schmidt, twice over, on the
// columns of a tall matrix. A decomposition with a positive diagonal of R is
// unique, so LAPACK must give the same.
func orthonormal(a []float64, rows, cols int) {
	for range 2 {
		for j := range cols {
			for k := range j {
				dot := 0.0
				for i := range rows {
					dot += a[i*cols+k] * a[i*cols+j]
				}
				for i := range rows {
					a[i*cols+j] -= dot * a[i*cols+k]
				}
			}
			norm := 0.0
			for i := range rows {
				norm = math.Hypot(norm, a[i*cols+j])
			}
			for i := range rows {
				a[i*cols+j] /= norm
			}
		}
	}
}

func TestOrthogonalAgainstGramSchmidt(t *testing.T) {
	for _, shape := range [][]int{
		{1, 1}, {1, 6}, {6, 1}, {2, 2}, {5, 3}, {3, 5}, {2, 3, 4}, {2, 3, 9}, {1, 1, 1}, {40, 40}, {50, 200}, {200, 50},
	} {
		cols := shape[len(shape)-1]
		size := 1
		for _, d := range shape {
			size *= d
		}
		rows := size / cols
		tall, wide := max(rows, cols), min(rows, cols)
		want := make([]float64, size)
		r := source(5)
		for i := range want {
			want[i] = r.NormFloat64()
		}
		orthonormal(want, tall, wide)

		got := mustInit(t, initializers.Orthogonal{Gain: 2}, 5, shape...)
		for i := range rows {
			for j := range cols {
				w := 2 * want[i*cols+j]
				if rows < cols {
					w = 2 * want[j*wide+i]
				}
				if math.Abs(got[i*cols+j]-w) > 1e-10 {
					t.Fatalf("%v: [%d, %d] is %v, want %v", shape, i, j, got[i*cols+j], w)
				}
			}
		}
	}
}

// checkOrthogonal: QᵀQ = 1 for a tall matrix, QQᵀ = 1 for a wide one.
func checkOrthogonal(q []float64, cols int) error {
	rows := len(q) / cols
	n, long, across, along := cols, rows, 1, cols
	if rows < cols {
		n, long, across, along = rows, cols, cols, 1
	}
	for i := range n {
		for j := range i + 1 {
			dot, want := 0.0, 0.0
			for k := range long {
				dot += q[i*across+k*along] * q[j*across+k*along]
			}
			if i == j {
				want = 1
			}
			if !(math.Abs(dot-want) <= 1e-12) {
				return fmt.Errorf("%d×%d: the product of %d and %d is %v", rows, cols, i, j, dot)
			}
		}
	}
	return nil
}

func TestOrthogonality(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		shape := rapid.SliceOfN(rapid.IntRange(1, 12), 2, 4).Draw(r, "shape")
		q := mustInit(r, initializers.Orthogonal{}, rapid.Uint64().Draw(r, "seed"), shape...)
		if err := checkOrthogonal(q, shape[len(shape)-1]); err != nil {
			r.Fatal(err)
		}
	})
	// An LSTM's, and one whose full Q would not fit into memory.
	for _, shape := range [][]int{{64, 256}, {200, 300}, {200000, 2}, {2, 200000}} {
		if err := checkOrthogonal(mustInit(t, initializers.Orthogonal{}, 9, shape...), shape[1]); err != nil {
			t.Error(err)
		}
	}
}

// Both signs are equally likely everywhere, which they are not in a Q as
// Householder's reflections leave it.
func TestOrthogonalSigns(t *testing.T) {
	const draws = 2000
	for _, n := range []int{1, 2, 3} {
		positive := make([]int, n*n)
		for seed := range uint64(draws) {
			for i, x := range mustInit(t, initializers.Orthogonal{}, seed, n, n) {
				if x > 0 {
					positive[i]++
				}
			}
		}
		for i, k := range positive {
			if math.Abs(float64(k)-draws/2) > 5*math.Sqrt(draws)/2 {
				t.Errorf("%d×%d: element %d is positive in %d of %d draws", n, n, i, k, draws)
			}
		}
	}
}

// Several cores work on it, which must not show.
func TestOrthogonalBits(t *testing.T) {
	many := mustInit(t, initializers.Orthogonal{}, 1, 300, 400)
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	if !slices.Equal(many, mustInit(t, initializers.Orthogonal{}, 1, 300, 400)) {
		t.Error("the elements depend on the number of cores")
	}
}
