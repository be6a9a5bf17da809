package kernels

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// depthwiseCase computes rows of separate channels, and the sums of their gradient.
func depthwiseCase(t *rapid.T, s *Set[float32], kind kind, mem *memory) {
	m, taps, n := upTo(t, "m", 10), upTo(t, "taps", 9), Width+upTo(t, "n", 40)
	xRow, xTap, wTap, yRow := upTo(t, "xRow", 2*n), upTo(t, "xTap", 2*n), n+upTo(t, "wRoom", 3), n+upTo(t, "yRoom", 3)
	x := mem.input("x", max(m-1, 0)*xRow+max(taps-1, 0)*xTap+n, kind)
	w, start := mem.input("w", taps*wTap, kind), mem.input("start", n, kind)
	y := mem.make("y", m*yRow)
	kind.numbers(mem.rng, y)
	before := slices.Clone(y)
	s.Depthwise(m, n, taps, x, xRow, xTap, w, wTap, start, y, yRow)
	for at := range y {
		i, c := at/yRow, at%yRow
		if c >= n {
			same(t, "beyond the channels", y[at:at+1], before[at:at+1])
			continue
		}
		sum := float64(start[c])
		size := math.Abs(sum)
		for j := range taps {
			term := float64(x[i*xRow+j*xTap+c]) * float64(w[j*wTap+c])
			sum, size = sum+term, size+math.Abs(term)
		}
		near(t, "row", y[at], sum, float64(taps+1)*(unit*size+least))
	}
	// Any row and any channels alone have the same bits.
	if m > 0 {
		i, c := rapid.IntRange(0, m-1).Draw(t, "row"), upTo(t, "from", n-Width)
		alone := make([]float32, Width)
		from := x
		if taps > 0 {
			from = x[i*xRow+c:]
		}
		s.Depthwise(1, Width, taps, from, xRow, xTap, w[min(c, len(w)):], wTap, start[c:], alone, Width)
		same(t, "alone", alone, y[i*yRow+c:][:Width])
	}

	dy := mem.input("dy", m*yRow, kind)
	sums := mem.make("sums", taps*wTap)
	kind.numbers(mem.rng, sums)
	before = slices.Clone(sums)
	s.DepthwiseSums(m, n, taps, x, xRow, xTap, dy, yRow, sums, wTap)
	for at := range sums {
		j, c := at/wTap, at%wTap
		if c >= n {
			same(t, "beyond the channels", sums[at:at+1], before[at:at+1])
			continue
		}
		sum, size := 0.0, 0.0
		for i := range m {
			term := float64(x[i*xRow+j*xTap+c]) * float64(dy[i*yRow+c])
			sum, size = sum+term, size+math.Abs(term)
		}
		near(t, "sum over rows", sums[at], sum, float64(m+1)*(unit*size+least))
	}
}

func TestDepthwise(t *testing.T) { rapid.Check(t, property(depthwiseCase)) }
func FuzzDepthwise(f *testing.F) { fuzz(f, property(depthwiseCase)) }

func TestDepthwiseHasTheSameBits(t *testing.T) {
	for n := Width; n < 5*Width; n++ {
		for m := 1; m < 7; m++ {
			mem := &memory{rng: rand.New(rand.NewPCG(uint64(n), uint64(m)))}
			taps := 1 + n%6
			x, w, start := mem.input("x", (m+taps)*n, ordinary), mem.input("w", taps*n, ordinary), mem.input("start", n, ordinary)
			sameBits(t, func(s *Set[float32]) []float32 {
				y, sums := make([]float32, m*n), make([]float32, taps*n)
				s.Depthwise(m, n, taps, x, n, n, w, n, start, y, n)
				s.DepthwiseSums(m, n, taps, x, n, n, y, n, sums, n)
				return slices.Concat(y, sums)
			})
		}
	}
}

// Operands that are too short panic, and nothing is written.
func TestDepthwiseOutOfRange(t *testing.T) {
	const m, n, taps = 5, 20, 3
	for short := range 5 {
		for _, s := range sets() {
			x, w, start, y := slices.Repeat([]float32{1}, (m+taps-1)*n), slices.Repeat([]float32{1}, taps*n), slices.Repeat([]float32{1}, n), slices.Repeat([]float32{1}, m*n)
			cut := []*[]float32{&x, &w, &start, &y, &y}[short]
			row := n
			if short < 4 {
				*cut = slices.Clip((*cut)[:len(*cut)-1])
			} else {
				row = n - 1
			}
			if !panics(func() { s.Depthwise(m, n, taps, x, n, n, w, n, start, y, row) }) {
				t.Errorf("%s: Depthwise with a short operand %d does not panic", s.Name, short)
			}
			if short != 2 && !panics(func() { s.DepthwiseSums(m, n, taps, x, n, n, y, row, w, n) }) && short != 4 {
				t.Errorf("%s: DepthwiseSums with a short operand %d does not panic", s.Name, short)
			}
			if s.Name == "go" {
				continue // Go checks as it computes
			}
			if !panics(func() { s.Depthwise(m, n, taps, x, -1, n, w, n, start, y, n) }) {
				t.Errorf("%s: rows backwards do not panic", s.Name)
			}
			for _, v := range slices.Concat(x, start) {
				if v != 1 {
					t.Errorf("%s: Depthwise wrote to an operand", s.Name)
				}
			}
		}
	}
	for _, s := range sets() {
		x := make([]float32, 100)
		if !panics(func() { s.Depthwise(1, Width-1, 1, x, 8, 8, x, 8, x, x, 8) }) || !panics(func() { s.DepthwiseSums(2, 8, 2, x, 8, 8, x, 8, x, 7) }) {
			t.Errorf("%s: few channels, or taps that overlap, do not panic", s.Name)
		}
	}
}

func BenchmarkDepthwise(b *testing.B) {
	const m, n, taps = 48, 64, 5
	for _, s := range sets() {
		if s.Name == "go" {
			continue
		}
		x, w, y := make([]float32, (m+4*taps)*n), make([]float32, taps*n), make([]float32, m*n)
		b.Run("rows/"+s.Name, func(b *testing.B) {
			for b.Loop() {
				s.Depthwise(m, n, taps, x, n, 4*n, w, n, w, y, n)
			}
		})
		b.Run("sums/"+s.Name, func(b *testing.B) {
			for b.Loop() {
				s.DepthwiseSums(m, n, taps, x, n, 4*n, y, n, w, n)
			}
		})
	}
}
