package kernels

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

// function is an elementwise kernel, with what float64 gives and how many units
// of rounding it may be off:
//
//	exp      the last step rounds once; what was rounded before, in eʳ − 1, is
//	         at most 0.42 in addition to 1, so it adds less than another unit
//	sigmoid  the two of the exponential, the sum and the quotient
//	tanh     the same, with e⁻²ˣ − 1 in place of the exponential
//
// and the least number it reaches where the result is smaller yet.
type function struct {
	name   string
	f      func(s *Set[float32]) func(x, y []float32)
	want   func(float64) float64
	units  float64
	lowest float64
}

var (
	expFunction     = function{"exp", func(s *Set[float32]) func(x, y []float32) { return s.Exp }, math.Exp, 2, least}
	sigmoidFunction = function{"sigmoid", func(s *Set[float32]) func(x, y []float32) { return s.Sigmoid }, sigmoidGo, 4, leastNormal}
	tanhFunction    = function{"tanh", func(s *Set[float32]) func(x, y []float32) { return s.Tanh }, math.Tanh, 4, least}

	functions = []function{expFunction, sigmoidFunction, tanhFunction}
)

// check compares one result with float64. What is above the largest float32
// rounds to infinity.
func (f function) check(t reporter, x, y float32) {
	t.Helper()
	want := f.want(float64(x))
	if float32(want) == float32(math.Inf(1)) {
		want = math.Inf(1)
	}
	if math.Abs(want-math.MaxFloat32) < 4*unit*math.MaxFloat32 {
		return // either side of infinity is right
	}
	near(t, f.name, y, want, f.units*unit*math.Abs(want)+f.lowest)
}

// All functions over all of float32: every 9973th number, by its bits.
func TestFunctionsEverywhere(t *testing.T) {
	x := make([]float32, 0, 1<<32/9973+1)
	for bits := uint64(0); bits < 1<<32; bits += 9973 {
		x = append(x, math.Float32frombits(uint32(bits)))
	}
	y := make([]float32, len(x))
	for _, s := range sets() {
		for _, f := range functions {
			f.f(s)(x, y)
			for i, v := range x {
				f.check(t, v, y[i])
			}
		}
	}
}

func TestFunctionsAt(t *testing.T) {
	inf := float32(math.Inf(1))
	for _, s := range sets() {
		for _, c := range []struct {
			name     string
			f        func(x, y []float32)
			x        float32
			from, to float32
		}{
			{"exp", s.Exp, -inf, 0, 0},
			{"exp", s.Exp, inf, inf, inf},
			{"exp", s.Exp, 89, inf, inf},
			{"exp", s.Exp, 88.7228, 3.4e38, math.MaxFloat32}, // the last one before infinity
			{"exp", s.Exp, -104, 0, least},
			{"exp", s.Exp, -1000, 0, 0},
			{"exp", s.Exp, 0, 1, 1},
			{"exp", s.Exp, float32(math.Copysign(0, -1)), 1, 1},
			{"exp", s.Exp, least, 1, 1},
			{"sigmoid", s.Sigmoid, -inf, 0, leastNormal},
			{"sigmoid", s.Sigmoid, inf, 1, 1},
			{"sigmoid", s.Sigmoid, -1000, 0, leastNormal},
			{"sigmoid", s.Sigmoid, 1000, 1, 1},
			{"sigmoid", s.Sigmoid, 0, 0.5, 0.5},
			{"tanh", s.Tanh, -inf, -1, -1},
			{"tanh", s.Tanh, inf, 1, 1},
			{"tanh", s.Tanh, 1000, 1, 1},
			{"tanh", s.Tanh, 0, 0, 0},
			{"tanh", s.Tanh, least, least, least},
			{"tanh", s.Tanh, -1e-30, -1e-30, -1e-30},
		} {
			y := make([]float32, 1)
			c.f([]float32{c.x}, y)
			if !(y[0] >= c.from && y[0] <= c.to) {
				t.Errorf("%s: %s(%v) is %v, want %v to %v", s.Name, c.name, c.x, y[0], c.from, c.to)
			}
		}
	}
}

// Close to 0 tanh keeps its digits.
func TestTanhNearZero(t *testing.T) {
	for _, s := range sets() {
		for x := float32(1); x > 100*least; x *= 0.97 {
			y := []float32{x}
			s.Tanh(y, y)
			want := math.Tanh(float64(x))
			near(t, "tanh", y[0], want, 4*unit*want+least/2)
		}
	}
}

func elementwiseCase(t *rapid.T, s *Set[float32], k kind, mem *memory) {
	f := functions[rapid.IntRange(0, len(functions)-1).Draw(t, "function")]
	n := upTo(t, "n", 50)
	x := mem.input("x", n, k)
	y := mem.make("y", n+upTo(t, "room", 3))
	f.f(s)(x, y)
	for i, v := range x {
		f.check(t, v, y[i])
	}
	for _, v := range y[n:] {
		if v != guard {
			t.Fatalf("an element beyond those of x was written")
		}
	}
	inPlace := mem.make("x and y", n)
	copy(inPlace, x)
	f.f(s)(inPlace, inPlace)
	same(t, "in place", inPlace, y[:n])
	// A result does not depend on its place.
	if n > 0 {
		one := mem.make("one", 1)
		i := mem.rng.IntN(n)
		f.f(s)(x[i:i+1], one)
		same(t, "alone", one, y[i:i+1])
	}
}

func TestElementwise(t *testing.T) { rapid.Check(t, property(elementwiseCase)) }
func FuzzElementwise(f *testing.F) { fuzz(f, property(elementwiseCase)) }

// FuzzFunction tries any number at all.
func FuzzFunction(f *testing.F) {
	for _, x := range []float32{0, -0.5, 88.7, -87.4, -103.9, 1e-40, float32(math.NaN())} {
		f.Add(math.Float32bits(x))
	}
	f.Fuzz(func(t *testing.T, bits uint32) {
		x, y := math.Float32frombits(bits), make([]float32, 1)
		for _, s := range sets() {
			for _, f := range functions {
				f.f(s)([]float32{x}, y)
				f.check(t, x, y[0])
			}
		}
	})
}
