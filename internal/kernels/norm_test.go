package kernels

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// Sums of columns are those of a plain loop, bit by bit, in every set.
func addRowsCase(t *rapid.T, s *Set[float32], k kind, mem *memory) {
	rows, n := upTo(t, "rows", 150), upTo(t, "n", 150)
	stride := n + upTo(t, "room", 3)
	x := mem.input("x", rows*stride, k)
	sums, want := make([]float64, n+1), make([]float64, n+1)
	for j := range sums {
		sums[j] = float64(k.number(mem.rng))
	}
	copy(want, sums)
	for i := range rows {
		for j := range n {
			want[j] += float64(x[i*stride+j])
		}
	}
	s.AddRows(rows, n, x, stride, sums)
	same(t, "sums", sums, want)
}

func TestAddRows(t *testing.T) { rapid.Check(t, property(addRowsCase)) }
func FuzzAddRows(f *testing.F) { fuzz(f, property(addRowsCase)) }

// The sum of a row has the same bits in every set, and differs from the exact one by
// the roundings of float64 alone.
func addAllCase(t *rapid.T, s *Set[float32], k kind, mem *memory) {
	x := mem.input("x", upTo(t, "n", 300), k)
	got := s.AddAll(x)
	same(t, "sum", []float64{got}, []float64{addAllGo(x)})
	want, size := 0.0, 0.0
	for _, v := range x {
		want += float64(v)
		size += math.Abs(float64(v))
	}
	if math.IsNaN(want) != math.IsNaN(got) || math.Abs(got-want) > float64(len(x))*0x1p-52*size {
		t.Fatalf("the sum is %v, want %v", got, want)
	}
}

func TestAddAll(t *testing.T) { rapid.Check(t, property(addAllCase)) }
func FuzzAddAll(f *testing.F) { fuzz(f, property(addAllCase)) }

// Slices that are too short panic before anything is read or written.
func TestNormOutOfRange(t *testing.T) {
	const rows, n = 5, 70
	x, sums := make([]float32, rows*n), make([]float64, n)
	for _, s := range sets() {
		for name, f := range map[string]func(){
			"rows behind x":       func() { s.AddRows(rows, n, x[:rows*n-1], n, sums) },
			"columns behind sums": func() { s.AddRows(rows, n, x, n, sums[:n-1]) },
			"huge stride":         func() { s.AddRows(rows, n, x, math.MaxInt/2, sums) },
			"stride before x":     func() { s.AddRows(rows, n, x, -n, sums) },
		} {
			if !panics(f) {
				t.Errorf("%s: %s must panic", s.Name, name)
			}
		}
		if slices.ContainsFunc(sums, func(v float64) bool { return v != 0 }) {
			t.Errorf("%s: sums were written", s.Name)
		}
	}
}

func BenchmarkAddRows(b *testing.B) {
	const rows, n = 2048, 128
	x, sums := make([]float32, rows*n), make([]float64, n)
	ordinary.numbers(rand.New(rand.NewPCG(1, 1)), x)
	for _, s := range sets() {
		b.Run(s.Name, func(b *testing.B) {
			b.SetBytes(4 * rows * n)
			for b.Loop() {
				s.AddRows(rows, n, x, n, sums)
			}
		})
	}
}
