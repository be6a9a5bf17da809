package kernels

import (
	"testing"

	"pgregory.net/rapid"
)

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
