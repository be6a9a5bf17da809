package kernels

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// functionBound is how far the results of a function may be from its formula in float64:
// units of rounding of a size, which is that of the exact result where there is no
// function for it.
type functionBound struct {
	f             Function
	units, slopes float64
	size, steep   func(x float64) float64 // of the result from x, and of the derivative from x or y
}

// functionBounds are those that FunctionLoops documents, with the constants of the layers
// and others.
var functionBounds = []functionBound{
	{f: Function{}},
	{f: Scale.With(-0.3), units: 2, slopes: 2},
	{f: AddConst.With(0.7), units: 2, size: func(x float64) float64 { return math.Abs(x) + 1 }},
	{f: OneMinus.With(), units: 1},
	{f: Square.With(), units: 1, slopes: 1},
	{f: Sqrt.With(), units: 1, slopes: 2},
	{f: Reciprocal.With(), units: 1, slopes: 2},
	{f: Abs.With()},
	{f: Exp.With(), units: 2, slopes: 1},
	{f: Log.With(), units: 2, slopes: 2},
	{f: Pow.With(3), units: 1, slopes: 2},
	{f: Clip.With(-0.5, 2)},
	{f: ReLU.With()},
	{f: LeakyReLU.With(0.25), units: 1, slopes: 1},
	{f: LeakyReLU.With(0.2), units: 2, slopes: 2},
	{f: Rectifier.With(0, 0, 6)},
	{f: Rectifier.With(0.5, 0.25, math.Inf(1)), units: 2, slopes: 1, size: func(x float64) float64 { return math.Abs(x) + 1 }},
	{f: Line.With(0, 6, 0, 6)},
	{f: Line.With(-3, 3, 0, 1), units: 2, slopes: 2, size: one},
	{f: Line.With(-2.5, 2.5, 0, 1), units: 2, slopes: 2, size: one},
	{f: Line.With(-1, 1, -1, 1)},
	{f: Threshold.With(-1, 3)},
	{f: HardShrink.With(0.5)},
	{f: SoftShrink.With(0.5), units: 1},
	{f: HardSiLU.With(), units: 4, slopes: 4, steep: func(x float64) float64 { return min(math.Abs(x), 3) + 1 }},
	{f: SparsePlus.With(), units: 4, slopes: 3},
	{f: ExpLinear.With(1, 1.7, 1), units: 4, slopes: 4},
	{f: ExpLinear.With(1.05, 1.75, 1), units: 4, slopes: 4},
	{f: ExpLinear.With(1, 0.4, 2.5), units: 4, slopes: 4, steep: func(x float64) float64 {
		if x <= 0 {
			return max(1, -2.5*max(x, -100)) * math.Exp(2.5*x)
		}
		return 1
	}},
	{f: Tanh.With(), units: 4, slopes: 3, steep: func(y float64) float64 { return 1 + y*y }},
	{f: TanhShrink.With(), units: 12, slopes: 9},
	{f: Sigmoid.With(), units: 4, slopes: 3},
	{f: Softplus.With(), units: 5, slopes: 5},
	{f: LogSigmoid.With(), units: 5, slopes: 5},
	{f: Softsign.With(), units: 3, slopes: 5},
	{f: Squareplus.With(4), units: 6, slopes: 8},
	{f: Squareplus.With(0.3), units: 6, slopes: 8},
	{f: SiLU.With(), units: 6, slopes: 8, steep: func(x float64) float64 {
		s := sigmoidGo(x)
		return s + math.Abs(x)*s*sigmoidGo(-x)
	}},
	{f: Mish.With(), units: 8, slopes: 10, steep: func(x float64) float64 {
		t := math.Tanh(softplusGo(x))
		return t + math.Abs(x)*(1-t*t)*sigmoidGo(x)
	}},
	{f: GELU.With(), units: 12, slopes: 12, steep: func(x float64) float64 {
		return normalGo(x) + math.Abs(x)*math.Exp(-x*x/2)/math.Sqrt(2*math.Pi)
	}},
	{f: GELUTanh.With(), units: 6, slopes: 10, size: func(x float64) float64 {
		z := geluBendGo(x)
		return math.Abs(x) * sigmoidGo(z) * max(1, -z)
	}, steep: func(x float64) float64 {
		x = min(max(x, -100), 100)
		z := geluBendGo(x)
		return sigmoidGo(z) * (1 + math.Abs(x)*sigmoidGo(-z)*(2+x*x)) * max(1, math.Abs(z))
	}},
	{f: LogGamma.With(), units: 1, slopes: 2},
	{f: Digamma.With(), units: 1, slopes: 2},
}

func one(float64) float64 { return 1 }

// checkForward compares y with the formula. What is subnormal loses digits.
func (b functionBound) checkForward(t reporter, x, y float32) {
	t.Helper()
	want := formulaOf(b.f).f(float64(x))
	size := math.Abs(want)
	if b.size != nil {
		size = b.size(float64(x))
	}
	b.near(t, b.f.Kind.String(), x, y, want, b.units*unit*size+leastNormal)
}

// checkGradient compares the gradient dx with the formula, from what it was computed from.
func (b functionBound) checkGradient(t reporter, v, dy, dx float32) {
	t.Helper()
	slope := formulaOf(b.f).slope(float64(v))
	size := math.Abs(slope)
	if b.steep != nil {
		size = b.steep(float64(v))
	}
	size *= math.Abs(float64(dy))
	b.near(t, b.f.Kind.String()+" gradient", v, dx, slope*float64(dy), b.slopes*unit*size+leastNormal*(1+math.Abs(float64(dy))))
}

func (b functionBound) near(t reporter, name string, x, got float32, want, distance float64) {
	t.Helper()
	g := float64(got)
	if math.Abs(want) > math.MaxFloat32/4 && (math.IsInf(g, 0) || math.IsInf(want, 0)) && math.Signbit(g) == math.Signbit(want) {
		return // near the largest number a factor may be infinite
	}
	switch {
	case math.IsNaN(want) && math.IsNaN(g), math.IsInf(want, 0) && g == want:
	case !math.IsNaN(g) && !math.IsInf(want, 0) && math.Abs(g-want) <= distance:
	default:
		t.Fatalf("%s with %v of %v: got %v, want %v within %.3g", name, b.f.C, x, got, want, distance)
	}
}

// All functions and gradients over all of float32, and close to 0 by small steps. AVX2
// and AVX-512 give the same bits.
func TestFunctionLoopsEverywhere(t *testing.T) {
	var x []float32
	for bits := uint64(0); bits < 1<<32; bits += 349_931 {
		x = append(x, math.Float32frombits(uint32(bits)))
	}
	for v := float32(-20); v < 20; v += 0.007 {
		x = append(x, v)
	}
	for _, v := range []float64{0, 0.5, 1, 1.2, 2, 2.5, 3, 6, math.MaxFloat32, math.Inf(1)} {
		for _, c := range []float32{float32(v), -float32(v), float32(math.Copysign(v, -1))} {
			x = append(x, c, math.Nextafter32(c, 0), math.Nextafter32(c, 4))
		}
	}
	y, dx := make([]float32, len(x)), make([]float32, len(x))
	dy := slices.Repeat([]float32{1, -0.75, 3}, len(x)/3+1)[:len(x)]
	type results struct{ y, dx []float32 }
	assembled := map[Function]results{}
	for _, s := range sets() {
		for _, b := range functionBounds {
			loops, v := s.Function(b.f), x
			loops.Forward(x, y)
			if b.f.GradientReadsY() {
				v = y
			}
			loops.Gradient(v, dy, dx)
			for i := range x {
				b.checkForward(t, x[i], y[i])
				b.checkGradient(t, v[i], dy[i], dx[i])
			}
			if s.Name == "go" {
				continue
			}
			if other, ok := assembled[b.f]; ok {
				same(t, b.f.Kind.String(), y, other.y)
				same(t, b.f.Kind.String()+" gradient", dx, other.dx)
			}
			assembled[b.f] = results{slices.Clone(y), slices.Clone(dx)}
		}
	}
}

// Every kind has a bound.
func TestFunctionBoundsAreComplete(t *testing.T) {
	for k := range functionKinds {
		if !slices.ContainsFunc(functionBounds, func(b functionBound) bool { return b.f.Kind == k }) {
			t.Errorf("the function %v has no bound", k)
		}
	}
}

func functionLoopsCase(t *rapid.T, s *Set[float32], k kind, mem *memory) {
	b := rapid.SampledFrom(functionBounds).Draw(t, "function")
	n := upTo(t, "n", 50)
	x := mem.input("x", n, k)
	y := mem.make("y", n)
	loops := s.Function(b.f)
	loops.Forward(x, y)
	v := x
	if b.f.GradientReadsY() {
		v = mem.input("y as an input", n, ordinary)
	}
	dy, dx := mem.input("dy", n, ordinary), mem.make("dx", n)
	loops.Gradient(v, dy, dx)
	for i := range x {
		b.checkForward(t, x[i], y[i])
		b.checkGradient(t, v[i], dy[i], dx[i])
	}
	inPlace := mem.make("x and y", n)
	copy(inPlace, x)
	loops.Forward(inPlace, inPlace)
	same(t, "in place", inPlace, y)
	copy(inPlace, dy)
	loops.Gradient(v, inPlace, inPlace)
	same(t, "gradient in place of dy", inPlace, dx)
	copy(inPlace, v)
	loops.Gradient(inPlace, dy, inPlace)
	same(t, "gradient in place of x or y", inPlace, dx)
	if n > 0 { // a result does not depend on its place
		i := mem.rng.IntN(n)
		alone := mem.make("alone", 1)
		loops.Forward(x[i:i+1], alone)
		same(t, "alone", alone, y[i:i+1])
		loops.Gradient(v[i:i+1], dy[i:i+1], alone)
		same(t, "gradient alone", alone, dx[i:i+1])
	}
}

func TestFunctionLoops(t *testing.T) { rapid.Check(t, property(functionLoopsCase)) }
func FuzzFunctionLoops(f *testing.F) { fuzz(f, property(functionLoopsCase)) }

// Slices that are too short panic before anything is written.
func TestFunctionLoopsOutOfRange(t *testing.T) {
	for _, s := range sets() {
		for _, b := range functionBounds {
			loops := s.Function(b.f)
			x, y := slices.Repeat([]float32{1}, 20), slices.Repeat([]float32{7}, 20)
			if !panics(func() { loops.Forward(x, y[:19]) }) || !panics(func() { loops.Gradient(x, x, y[:19]) }) {
				t.Errorf("%s: %v does not panic", s.Name, b.f)
			}
			if b.f.GradientReadsX() || b.f.GradientReadsY() {
				if !panics(func() { loops.Gradient(x[:19], x, y) }) {
					t.Errorf("%s: the gradient of %v does not panic", s.Name, b.f)
				}
			} else {
				loops.Gradient(nil, x, slices.Clone(y))
			}
			if slices.ContainsFunc(y, func(v float32) bool { return v != 7 }) {
				t.Errorf("%s: %v wrote before it panicked", s.Name, b.f)
			}
			loops.Forward(nil, nil)
			loops.Gradient(nil, nil, nil)
		}
	}
}

// Constants that the assembly cannot compute with are left to Go.
func TestFunctionsWithExtremeConstants(t *testing.T) {
	for _, s := range sets() {
		for _, c := range []struct {
			f       Function
			x, want float32
		}{
			{ExpLinear.With(1, 1e-40, 1e40), 0, 0},
			{ExpLinear.With(1, 1e-40, 1e40), -1, -1e-40},
			{Squareplus.With(1e37), 1e20, 1.000249938e20},
			{Squareplus.With(1e37), 0, 1.5811388e18},
			{Rectifier.With(0, 0, math.Inf(1)), float32(math.Inf(-1)), 0},
			{Rectifier.With(0, 0.5, math.Inf(1)), float32(math.Inf(-1)), float32(math.Inf(-1))},
		} {
			y := make([]float32, 1)
			s.Function(c.f).Forward([]float32{c.x}, y)
			if !(y[0] == c.want || math.Abs(float64(y[0]-c.want)) <= 2*ulp*math.Abs(float64(c.want))+least) {
				t.Errorf("%s: %v of %v is %v, want %v", s.Name, c.f, c.x, y[0], c.want)
			}
		}
	}
}
