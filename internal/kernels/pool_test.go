package kernels

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// poolCase computes both pools and their gradients over windows that may overlap.
func poolCase(t *rapid.T, s *Set[float32], kind kind, mem *memory) {
	m, n, size := upTo(t, "m", 5), upTo(t, "n", 30), rapid.IntRange(1, 6).Draw(t, "size")
	xRow, yRow := n+upTo(t, "xRoom", 3), n+upTo(t, "yRoom", 3)
	xWindow := upTo(t, "stride", 4) * xRow
	x := mem.input("x", (m*4+size)*xRow+n, kind)
	for i := range x { // with ties
		if mem.rng.IntN(3) == 0 {
			x[i] = float32(mem.rng.IntN(3))
		}
	}
	mem.freeze()
	dy := mem.input("dy", m*yRow, kind)
	most, mean := mem.make("max", m*yRow), mem.make("mean", m*yRow)
	dxMost, dxMean := mem.make("dx of max", len(x)), mem.make("dx of mean", len(x))
	for _, b := range [][]float32{most, mean, dxMost, dxMean} {
		kind.numbers(mem.rng, b)
	}
	wantMost, wantMean, wantDxMost, wantDxMean := slices.Clone(most), slices.Clone(mean), slices.Clone(dxMost), slices.Clone(dxMean)
	for i := range m {
		for c := range n {
			at, sum := i*xWindow+c, 0.0
			top := at
			for j := range size {
				v := x[at+j*xRow]
				sum += float64(v)
				if v > x[top] || math.IsNaN(float64(v)) {
					top = at + j*xRow
				}
			}
			wantMost[i*yRow+c], wantMean[i*yRow+c] = x[top], float32(sum/float64(size))
			wantDxMost[top] += dy[i*yRow+c]
			for j := range size {
				wantDxMean[at+j*xRow] += dy[i*yRow+c] / float32(size)
			}
		}
	}
	s.MaxPool(m, n, size, x, xRow, xWindow, most, yRow)
	s.MeanPool(m, n, size, x, xRow, xWindow, mean, yRow)
	s.MaxPoolGradient(m, n, size, x, xRow, xWindow, dy, yRow, dxMost)
	s.MeanPoolGradient(m, n, size, dxMean, xRow, xWindow, dy, yRow)
	same(t, "max", most, wantMost)
	same(t, "mean", mean, wantMean)
	for i := range dxMost { // the sign of 0 is that of a sum with 0, or not
		if dxMost[i] == 0 && wantDxMost[i] == 0 {
			dxMost[i] = wantDxMost[i]
		}
	}
	same(t, "gradient of max", dxMost, wantDxMost)
	same(t, "gradient of mean", dxMean, wantDxMean)
}

func TestPools(t *testing.T) { rapid.Check(t, property(poolCase)) }
func FuzzPools(f *testing.F) { fuzz(f, property(poolCase)) }

// Operands that are too short panic, and nothing is written.
func TestPoolsOutOfRange(t *testing.T) {
	const m, n, size = 3, 19, 2
	for _, s := range sets() {
		for short := range 2 {
			for name, f := range map[string]func(x, y []float32){
				"max":           func(x, y []float32) { s.MaxPool(m, n, size, x, n, 2*n, y, n) },
				"mean":          func(x, y []float32) { s.MeanPool(m, n, size, x, n, 2*n, y, n) },
				"mean gradient": func(x, y []float32) { s.MeanPoolGradient(m, n, size, x, n, 2*n, y, n) },
				"max gradient": func(x, y []float32) {
					s.MaxPoolGradient(m, n, size, x, n, 2*n, y, n, make([]float32, m*size*n))
				},
				"max gradient dx": func(dx, y []float32) {
					x := make([]float32, m*size*n)
					x[len(x)-1] = 1 // the largest of the last window
					s.MaxPoolGradient(m, n, size, x, n, 2*n, y, n, dx)
				},
			} {
				x, y := slices.Repeat([]float32{1}, m*size*n), slices.Repeat([]float32{1}, m*n)
				if short == 0 {
					x = x[:len(x)-1]
				} else {
					y = y[:len(y)-1]
				}
				if !panics(func() { f(x, y) }) {
					t.Errorf("%s: %s with a short operand %d does not panic", s.Name, name, short)
				}
				if s.Name != "go" && slices.ContainsFunc(slices.Concat(x, y), func(v float32) bool { return v != 1 }) {
					t.Errorf("%s: %s wrote before it panicked", s.Name, name)
				}
			}
		}
		x := make([]float32, 100)
		for _, size := range [][3]int{{-1, 8, 1}, {1, -8, 1}, {1, 8, 0}} {
			if !panics(func() { s.MaxPool(size[0], size[1], size[2], x, 8, 8, x, 8) }) {
				t.Errorf("%s: windows of the size %v do not panic", s.Name, size)
			}
		}
	}
}

func BenchmarkPools(b *testing.B) {
	const m, n, size = 40, 64, 2
	rng := rand.New(rand.NewPCG(1, 1))
	for _, s := range sets() {
		x, y, dx := make([]float32, m*n*size), make([]float32, m*n), make([]float32, m*n*size)
		ordinary.numbers(rng, x)
		for name, f := range map[string]func(){
			"max":           func() { s.MaxPool(m, n, size, x, n, 2*n, y, n) },
			"max gradient":  func() { s.MaxPoolGradient(m, n, size, x, n, 2*n, y, n, dx) },
			"mean":          func() { s.MeanPool(m, n, size, x, n, 2*n, y, n) },
			"mean gradient": func() { s.MeanPoolGradient(m, n, size, dx, n, 2*n, y, n) },
		} {
			b.Run(name+"/"+s.Name, func(b *testing.B) {
				for b.Loop() {
					f()
				}
			})
		}
	}
}
