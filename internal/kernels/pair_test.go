package kernels

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

// pairFormulas are what float64 gives; a result of float32 is that, rounded.
var pairFormulas = [pairKinds]func(x, y float64) float64{
	PairPlus:         func(x, y float64) float64 { return x + y },
	PairMinus:        func(x, y float64) float64 { return x - y },
	PairTimes:        func(x, y float64) float64 { return x * y },
	PairOver:         func(x, y float64) float64 { return x / y },
	PairMaximum:      math.Max,
	PairMinimum:      math.Min,
	PairGreater:      func(x, y float64) float64 { return pick(x > y, 1, 0) },
	PairGreaterEqual: func(x, y float64) float64 { return pick(x >= y, 1, 0) },
	PairEqual:        func(x, y float64) float64 { return pick(x == y, 1, 0) },
	PairShare:        func(x, y float64) float64 { return pick(x > y, 1, pick(x == y, 0.5, 0)) },
	PairKeep:         func(x, y float64) float64 { return pick(x == 0, 0, y) },
	PairDrop:         func(x, y float64) float64 { return pick(x == 0, y, 0) },
	PairPReLU:        func(x, y float64) float64 { return pick(x > 0, x, x*y) },
	PairPReLUSlope:   func(x, y float64) float64 { return pick(x > 0, 1, y) },
	PairPReLULeft:    func(x, y float64) float64 { return pick(x > 0, 0, y) },
}

func pick(first bool, a, b float64) float64 {
	if first {
		return a
	}
	return b
}

// math.Max and math.Min put infinity before NaN.
func pairOf(kind PairKind, x, y float32) float32 {
	if (kind == PairMaximum || kind == PairMinimum) && (x != x || y != y) {
		return float32(math.NaN())
	}
	return float32(pairFormulas[kind](float64(x), float64(y)))
}

func pairKindCase(t *rapid.T, s *Set[float32], k kind, mem *memory) {
	kind := PairKind(rapid.IntRange(0, int(pairKinds)-1).Draw(t, "function"))
	stepX, stepY := rapid.IntRange(0, 1).Draw(t, "stepX"), rapid.IntRange(0, 1).Draw(t, "stepY")
	n := upTo(t, "n", 80)
	if n == 0 {
		s.Pair(kind)(nil, nil, nil, stepX, stepY)
		return
	}
	x, y := mem.make("x", (n-1)*stepX+1), mem.make("y", (n-1)*stepY+1)
	k.numbers(mem.rng, x)
	k.numbers(mem.rng, y)
	for i := range min(len(x), len(y)) {
		if mem.rng.IntN(3) == 0 {
			y[i] = x[i]
		}
	}
	z, want := mem.make("z", n), make([]float32, n)
	for i := range want {
		want[i] = pairOf(kind, x[i*stepX], y[i*stepY])
	}
	s.Pair(kind)(x, y, z, stepX, stepY)
	same(t, "z", z, want)
	if stepY == 1 {
		s.Pair(kind)(x, y, y, stepX, stepY)
		same(t, "z in the place of y", y, want)
	}
}

func TestPairKinds(t *testing.T) { rapid.Check(t, property(pairKindCase)) }
func FuzzPairKinds(f *testing.F) { fuzz(f, property(pairKindCase)) }

// All pairs of the numbers in which functions of two elements have corners.
func TestPairAtTheCorners(t *testing.T) {
	var numbers []float32
	for _, v := range []float64{0, 1, 1e-45, math.MaxFloat32, math.Inf(1)} {
		numbers = append(numbers, float32(v), float32(math.Copysign(v, -1)))
	}
	numbers = append(numbers, float32(math.NaN()))
	for _, s := range sets() {
		for kind := range pairKinds {
			for _, a := range numbers {
				for _, b := range numbers {
					for _, step := range [][2]int{{1, 1}, {0, 1}, {1, 0}, {0, 0}} {
						z := make([]float32, 2)
						s.Pair(kind)([]float32{a, a}, []float32{b, b}, z, step[0], step[1])
						want := pairOf(kind, a, b)
						same(t, s.Name, z, []float32{want, want})
					}
				}
			}
		}
	}
}

func chooseCase(t *rapid.T, s *Set[float32], k kind, mem *memory) {
	n := upTo(t, "n", 80)
	c, x, y, z := mem.input("c", n, k), mem.input("x", n, k), mem.input("y", n, k), mem.make("z", n)
	want := make([]float32, n)
	for i := range want {
		want[i] = x[i]
		if c[i] == 0 {
			want[i] = y[i]
		}
	}
	s.Choose(c, x, y, z)
	same(t, "z", z, want)
}

func TestChoose(t *testing.T) { rapid.Check(t, property(chooseCase)) }
func FuzzChoose(f *testing.F) { fuzz(f, property(chooseCase)) }

func TestPairOutOfRange(t *testing.T) {
	x := make([]float32, 20)
	for _, s := range sets() {
		for kind := range pairKinds {
			f := s.Pair(kind)
			for name, f := range map[string]func(){
				"x":       func() { f(x[1:], x, x, 1, 1) },
				"y":       func() { f(x, x[1:], x, 1, 1) },
				"x, y[0]": func() { f(x[1:], x, x, 1, 0) },
				"x[0], y": func() { f(x, x[1:], x, 0, 1) },
				"no x":    func() { f(nil, x, x, 0, 1) },
				"no y":    func() { f(x, nil, x, 1, 0) },
				"neither": func() { f(nil, nil, x, 0, 0) },
			} {
				if !panics(f) {
					t.Errorf("%s: %d: %s must panic", s.Name, kind, name)
				}
			}
		}
		for i := range 3 {
			in := [3][]float32{x, x, x}
			in[i] = x[1:]
			if !panics(func() { s.Choose(in[0], in[1], in[2], x) }) {
				t.Errorf("%s: operand %d of choose must panic", s.Name, i)
			}
		}
	}
}
