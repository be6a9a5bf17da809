package kernels

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// logits draws a row and what is subtracted from it: its largest element, another
// number, or 0.
func logits(t *rapid.T, k kind, mem *memory) (x []float32, less float32) {
	x = mem.make("x", upTo(t, "n", 200))
	scale := rapid.SampledFrom([]float32{1e-2, 1, 30, 1e4}).Draw(t, "scale")
	for i := range x {
		x[i] = scale * (2*mem.rng.Float32() - 1)
		if k == special && mem.rng.IntN(40) == 0 {
			x[i] = []float32{float32(math.Inf(-1)), float32(math.Inf(-1)), float32(math.Inf(1)), float32(math.NaN())}[mem.rng.IntN(4)]
		}
	}
	mem.freeze()
	if len(x) > 0 {
		less = slices.Max(x)
	}
	if rapid.Bool().Draw(t, "less") && less-less == 0 {
		less += 50 * mem.rng.Float32()
	}
	return x, less
}

// targets are numbers from 0 to 1 for a row.
func targets(x []float32, mem *memory) []float32 {
	t := mem.make("t", len(x))
	for i := range t {
		t[i] = max(0, 2*mem.rng.Float32()-1)
	}
	mem.freeze()
	return t
}

// expOf is the exponential of x − less in float64, and what ExpTimes may be off relative
// to it: the difference is rounded, in the exponent, the exponential by two units, the
// product by one.
func expOf(x, less float32) (e, units float64) {
	d := float64(x) - float64(less)
	if d < -200 {
		return math.Exp(d), 4
	}
	return math.Exp(d), math.Abs(d) + 4
}

func rowCase(t *rapid.T, s *Set[float32], k kind, mem *memory) {
	x, less := logits(t, k, mem)
	target, y := targets(x, mem), mem.make("y", len(x))
	n := float64(len(x))
	a, b, factor := mem.rng.Float32(), 0.01*mem.rng.Float32(), 4*mem.rng.Float32()-2

	most, few := math.Inf(-1), math.Inf(1)
	for _, v := range x {
		if v == v {
			most, few = max(most, float64(v)), min(few, float64(v))
		}
	}
	near(t, "largest", s.Largest(x), most, 0)
	near(t, "smallest", s.Smallest(x), few, 0)

	sum, units := 0.0, 0.0
	for _, v := range x {
		e, u := expOf(v, less)
		sum, units = sum+e, max(units, u)
	}
	near(t, "sum of exponentials", s.ExpSum(x, less), sum, (units+n/32+10)*unit*sum+n*least)

	s.ExpTimes(x, y, less, factor)
	for i, v := range x {
		e, u := expOf(v, less)
		want := float64(factor) * e
		near(t, "exponential", y[i], want, u*unit*math.Abs(want)+3*least)
		if e == 0 && y[i] != 0 {
			t.Fatalf("the exponential of −∞ is %v", y[i])
		}
	}
	inPlace := slices.Clone(x)
	s.ExpTimes(inPlace, inPlace, less, factor)
	same(t, "exponentials in place", inPlace, y)

	s.ExpTargets(x, target, y, less, factor, a, b)
	for i, v := range x {
		e, u := expOf(v, less)
		first, second := float64(factor)*e, float64(a)*float64(target[i])
		near(t, "exponential less target", y[i], first-second-float64(b),
			(u+2)*unit*math.Abs(first)+3*unit*(second+float64(b))+4*least)
	}
	inPlace = slices.Clone(x)
	s.ExpTargets(inPlace, target, inPlace, less, factor, a, b)
	same(t, "exponentials less targets in place", inPlace, y)

	dot, size := 0.0, 0.0
	for i, v := range x {
		term := (float64(a)*float64(target[i]) + float64(b)) * (float64(less) - float64(v))
		dot, size = dot+term, size+math.Abs(term)
	}
	near(t, "target dot", s.TargetDot(x, target, less, a, b), dot, (n/32+12)*unit*size+n*least)

	s.Shift(x, y, less, factor)
	for i, v := range x {
		same(t, "shift", y[i:i+1], []float32{v - less - factor})
	}
	s.TimesLess(target, x, y, less)
	for i, v := range x {
		same(t, "times less", y[i:i+1], []float32{target[i] * (v - less)})
	}

	for _, other := range assembly() { // all of them round alike
		if s.Name == "go" {
			break
		}
		z := make([]float32, len(x))
		s.ExpTimes(x, y, less, factor)
		other.ExpTimes(x, z, less, factor)
		same(t, "exponentials in "+other.Name, z, y)
		s.ExpTargets(x, target, y, less, factor, a, b)
		other.ExpTargets(x, target, z, less, factor, a, b)
		same(t, "exponentials less targets in "+other.Name, z, y)
		same(t, "sums in "+other.Name,
			[]float32{other.ExpSum(x, less), other.TargetDot(x, target, less, a, b)},
			[]float32{s.ExpSum(x, less), s.TargetDot(x, target, less, a, b)})
	}
}

func TestRows(t *testing.T) { rapid.Check(t, property(rowCase)) }
func FuzzRows(f *testing.F) { fuzz(f, property(rowCase)) }

// The exponentials of a row do not depend on where in a row an element is.
func TestRowsAnywhere(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	x, target := make([]float32, 101), make([]float32, 101)
	for i := range x {
		x[i], target[i] = 20*rng.Float32()-20, rng.Float32()
	}
	for _, s := range sets() {
		y, z, one := make([]float32, len(x)), make([]float32, len(x)), make([]float32, 1)
		s.ExpTimes(x, y, 0.5, 3)
		s.ExpTargets(x, target, z, 0.5, 3, 0.9, 0.01)
		for i := range x {
			s.ExpTimes(x[i:i+1], one, 0.5, 3)
			same(t, s.Name, one, y[i:i+1])
			s.ExpTargets(x[i:i+1], target[i:i+1], one, 0.5, 3, 0.9, 0.01)
			same(t, s.Name, one, z[i:i+1])
		}
	}
}

func TestRowsOfNothing(t *testing.T) {
	for _, s := range sets() {
		if got := s.Largest(nil); !math.IsInf(float64(got), -1) {
			t.Errorf("%s: the largest of nothing is %v", s.Name, got)
		}
		if got := s.Smallest(nil); !math.IsInf(float64(got), 1) {
			t.Errorf("%s: the smallest of nothing is %v", s.Name, got)
		}
		if got := s.ExpSum(nil, 1) + s.TargetDot(nil, nil, 1, 1, 1); got != 0 {
			t.Errorf("%s: sums of nothing are %v", s.Name, got)
		}
	}
}

func BenchmarkRows(b *testing.B) {
	for _, n := range []int{96, 10000} {
		x, target, y := make([]float32, n), make([]float32, n), make([]float32, n)
		rng := rand.New(rand.NewPCG(1, 1))
		for i := range x {
			x[i] = 20 * rng.Float32()
		}
		for _, s := range sets() {
			for name, f := range map[string]func(){
				"Largest":    func() { s.Largest(x) },
				"Size":       func() { s.Size(x) },
				"ExpSum":     func() { s.ExpSum(x, 20) },
				"ExpTimes":   func() { s.ExpTimes(x, y, 20, 1) },
				"ExpTargets": func() { s.ExpTargets(x, target, y, 20, 1, 1, 0) },
				"TargetDot":  func() { s.TargetDot(x, target, 20, 1, 0) },
				"Softmax":    func() { s.Softmax(n, x, y) },
			} {
				b.Run(fmt.Sprint(name, "/n=", n, "/", s.Name), func(b *testing.B) {
					for b.Loop() {
						f()
					}
				})
			}
		}
	}
}
