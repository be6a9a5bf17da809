package kernels

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// The largest elements and the shares of the gradient are those of plain loops, bit by
// bit, with NaN, infinities, zeros of both signs and equal elements.
func maxRowsCase(t *rapid.T, s *Set[float32], k kind, mem *memory) {
	rows, n := rapid.IntRange(1, 20).Draw(t, "rows"), upTo(t, "n", 80)
	stride := n + upTo(t, "room", 3)
	x := mem.make("x", rows*stride)
	k.numbers(mem.rng, x)
	if rapid.Bool().Draw(t, "equal elements") {
		for i := range x {
			x[i] = []float32{-1, float32(math.Copysign(0, -1)), 0, 1}[mem.rng.IntN(4)]
		}
	}
	mem.freeze()
	y, dy, dx := mem.make("y", n), mem.input("dy", n, k), mem.make("dx", rows*stride)
	s.MaxRows(rows, n, x, stride, y)
	s.MaxRowsGradient(rows, n, x, stride, y, dy, dx)
	for j := range n {
		var column []float32
		for i := range rows {
			column = append(column, x[i*stride+j])
		}
		want, equal := slices.Max(column), float32(0)
		for _, v := range column {
			if v == want {
				equal++
			}
		}
		same(t, "max", y[j:j+1], []float32{want})
		for i, v := range column {
			share := float32(0)
			if v == want {
				share = dy[j] / equal
			}
			same(t, "gradient", dx[i*stride+j:][:1], []float32{share})
		}
	}
	for i := range rows {
		for _, v := range dx[i*stride:][n:stride] {
			if v != guard {
				t.Fatalf("a place between the rows of dx was written")
			}
		}
	}
}

func TestMaxRows(t *testing.T) { rapid.Check(t, property(maxRowsCase)) }
func FuzzMaxRows(f *testing.F) { fuzz(f, property(maxRowsCase)) }

func TestMaxRowsOutOfRange(t *testing.T) {
	const rows, n = 5, 40
	x, y := make([]float32, rows*n), make([]float32, n)
	for _, s := range sets() {
		for name, f := range map[string]func(){
			"x":            func() { s.MaxRows(rows, n, x[1:], n, y) },
			"y":            func() { s.MaxRows(rows, n, x, n, y[1:]) },
			"stride":       func() { s.MaxRows(rows, n, x, math.MaxInt, y) },
			"a row before": func() { s.MaxRows(rows, n, x, -1, y) },
			"gradient: x":  func() { s.MaxRowsGradient(rows, n, x[1:], n, y, y, slices.Clone(x)) },
			"gradient: y":  func() { s.MaxRowsGradient(rows, n, x, n, y[1:], y, slices.Clone(x)) },
			"gradient: dy": func() { s.MaxRowsGradient(rows, n, x, n, y, y[1:], slices.Clone(x)) },
			"gradient: dx": func() { s.MaxRowsGradient(rows, n, x, n, y, y, slices.Clone(x)[1:]) },
		} {
			if !panics(f) {
				t.Errorf("%s: %s must panic", s.Name, name)
			}
		}
	}
}

// Every set rounds as plain operations do.
func scaleAroundCase(t *rapid.T, s *Set[float32], k kind, mem *memory) {
	rows, n := upTo(t, "rows", 20), rapid.IntRange(1, 80).Draw(t, "n")
	x, center, scale, shift := mem.input("x", rows*n, k), mem.input("center", n, k), mem.input("scale", n, k), mem.input("shift", n, k)
	y, want := mem.make("y", rows*n), make([]float32, rows*n)
	for i, v := range x {
		v -= center[i%n]
		v *= scale[i%n]
		want[i] = float32(v) + shift[i%n]
	}
	s.ScaleAround(x, center, scale, shift, y)
	same(t, "y", y, want)
	inPlace := mem.make("x and y", rows*n)
	copy(inPlace, x)
	s.ScaleAround(inPlace, center, scale, shift, inPlace)
	same(t, "in place", inPlace, want)
}

func TestScaleAround(t *testing.T) { rapid.Check(t, property(scaleAroundCase)) }
func FuzzScaleAround(f *testing.F) { fuzz(f, property(scaleAroundCase)) }

func TestScaleAroundOutOfRange(t *testing.T) {
	const n = 40
	x, row := make([]float32, 5*n), make([]float32, n)
	for _, s := range sets() {
		for name, f := range map[string]func(){
			"part of a row": func() { s.ScaleAround(x[1:], row, row, row, x) },
			"no columns":    func() { s.ScaleAround(x, nil, row, row, x) },
			"scale":         func() { s.ScaleAround(x, row, row[1:], row, x) },
			"shift":         func() { s.ScaleAround(x, row, row, row[1:], x) },
			"y":             func() { s.ScaleAround(x, row, row, row, x[1:]) },
		} {
			if !panics(f) {
				t.Errorf("%s: %s must panic", s.Name, name)
			}
		}
	}
}
