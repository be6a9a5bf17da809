package kernels

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func softmaxCase(t *rapid.T, s *Set[float32], k kind, mem *memory) {
	rows, n := upTo(t, "rows", 3), rapid.IntRange(1, 70).Draw(t, "n")
	x := mem.input("x", rows*n, k)
	y := mem.make("y", rows*n)
	s.Softmax(n, x, y)
	for r := range rows {
		row := x[r*n:][:n]
		most, sum := math.Inf(-1), 0.0
		for _, v := range row {
			most = max(most, float64(v))
		}
		for _, v := range row {
			sum += math.Exp(float64(v) - most)
		}
		for i, v := range row {
			want := math.Exp(float64(v)-most) / sum
			// The difference to the largest is rounded, in the exponent; each
			// exponential by two units, and their sum at most n times; then two
			// more for the factor. The factor may make denormals of exponentials
			// that are none.
			off := 2 * least
			if want > 0 {
				off += (most - float64(v) + float64(n) + 6) * unit * want
			}
			near(t, "softmax", y[r*n+i], want, off)
		}
	}
	inPlace := mem.make("x and y", rows*n)
	copy(inPlace, x)
	s.Softmax(n, inPlace, inPlace)
	same(t, "in place", inPlace, y)
}

func TestSoftmax(t *testing.T) { rapid.Check(t, property(softmaxCase)) }
func FuzzSoftmax(f *testing.F) { fuzz(f, property(softmaxCase)) }

func TestSoftmaxAtTheEnds(t *testing.T) {
	inf := float32(math.Inf(1))
	for _, s := range sets() {
		for n := 2; n < 20; n++ {
			x := slices.Repeat([]float32{-inf}, n)
			x[n-1] = 1e30 // the only one that counts
			x[0] = -1e30
			s.Softmax(n, x, x)
			want := make([]float32, n)
			want[n-1] = 1
			same(t, s.Name, x, want)
			for _, bad := range []float32{inf, float32(math.NaN())} {
				x[n/2] = bad
				s.Softmax(n, x, x)
				for _, v := range x {
					near(t, s.Name, v, math.NaN(), 0)
				}
			}
			x = slices.Repeat([]float32{-inf}, n)
			s.Softmax(n, x, x)
			for _, v := range x {
				near(t, s.Name, v, math.NaN(), 0)
			}
		}
	}
}

func sumCase(t *rapid.T, s *Set[float32], k kind, mem *memory) {
	n := upTo(t, "n", 400)
	x, y := mem.input("x", n, k), mem.input("y", n, k)
	var sum, dot, sumSize, dotSize float64
	for i := range x {
		a, b := float64(x[i]), float64(y[i])
		sum, dot, sumSize, dotSize = sum+a, dot+a*b, sumSize+math.Abs(a), dotSize+math.Abs(a*b)
	}
	// A term goes through n/32 sums of its own line, 5 of lines, and the last
	// one; a product is rounded, too.
	depth := float64(n/sumsAtOnce + 8)
	near(t, "sum", s.Sum(x), sum, depth*unit*sumSize)
	near(t, "dot", s.Dot(x, y), dot, depth*unit*dotSize+float64(n)*least)
	same(t, "sum in another set", []float32{s.Sum(x)}, []float32{sumGo(x)})
	if n > 0 {
		same(t, "sum elsewhere", []float32{s.Sum(append([]float32{1}, x...)[1:])}, []float32{s.Sum(x)})
	}
}

func TestSums(t *testing.T) { rapid.Check(t, property(sumCase)) }
func FuzzSums(f *testing.F) { fuzz(f, property(sumCase)) }

func sizeCase(t *rapid.T, s *Set[float32], k kind, mem *memory) {
	x := mem.input("x", upTo(t, "n", 50), k)
	want := 0.0
	for _, v := range x {
		want = max(want, math.Abs(float64(v))) // a NaN stays
	}
	if got := float64(s.Size(x)); got != want && (finite(want) || finite(got)) {
		t.Fatalf("size is %v, want %v", got, want)
	}
}

func finite(x float64) bool { return x-x == 0 }

func TestSize(t *testing.T) { rapid.Check(t, property(sizeCase)) }

func TestSizeAtTheEnds(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(-1)
	for _, c := range []struct {
		x    []float64
		want float64
	}{{nil, 0}, {[]float64{1, -3, 2}, 3}, {[]float64{1, inf, 2}, -inf}, {[]float64{nan, inf, 1e308}, nan}} {
		x32 := make([]float32, len(c.x))
		for i, v := range c.x {
			x32[i] = float32(v)
		}
		for _, got := range []float64{For[float64]().Size(c.x), float64(For[float32]().Size(x32))} {
			if got != c.want && !(math.IsNaN(c.want) && math.IsNaN(got)) {
				t.Errorf("size of %v is %v", c.x, got)
			}
		}
	}
}
func FuzzSize(f *testing.F) { fuzz(f, property(sizeCase)) }

func axpyCase(t *rapid.T, s *Set[float32], k kind, mem *memory) {
	n, a := upTo(t, "n", 50), k.number(mem.rng)
	x, y := mem.input("x", n, k), mem.make("y", n+upTo(t, "room", 3))
	k.numbers(mem.rng, y)
	before := slices.Clone(y)
	s.Axpy(a, x, y)
	same(t, "beyond x", y[n:], before[n:])
	for i := range x {
		p, b := float64(a)*float64(x[i]), float64(before[i])
		near(t, "axpy", y[i], p+b, 2*unit*(math.Abs(p)+math.Abs(b))+least)
	}
}

func TestAxpy(t *testing.T) { rapid.Check(t, property(axpyCase)) }
func FuzzAxpy(f *testing.F) { fuzz(f, property(axpyCase)) }

// Each operation is rounded alike in all sets.
func pairCase(t *rapid.T, s *Set[float32], k kind, mem *memory) {
	n := upTo(t, "n", 50)
	x, y := mem.input("x", n, k), mem.input("y", n+upTo(t, "room", 3), k)
	for name, f := range map[string]struct {
		kernel func(x, y, z []float32)
		of     func(x, y float32) float32
	}{
		"plus":             {s.Plus, func(x, y float32) float32 { return x + y }},
		"minus":            {s.Minus, func(x, y float32) float32 { return x - y }},
		"times":            {s.Times, func(x, y float32) float32 { return x * y }},
		"over":             {s.Over, func(x, y float32) float32 { return x / y }},
		"sigmoid gradient": {s.SigmoidGrad, func(x, y float32) float32 { return x * (1 - x) * y }},
		"tanh gradient":    {s.TanhGrad, func(x, y float32) float32 { return (1 - float32(x*x)) * y }},
	} {
		want, z := make([]float32, n), mem.make(name, n)
		for i := range want {
			want[i] = f.of(x[i], y[i])
		}
		f.kernel(x, y, z)
		same(t, name, z, want)
		inX, inY := slices.Clone(x), slices.Clone(y)
		f.kernel(inX, y, inX)
		same(t, name+" in the place of x", inX, want)
		f.kernel(x, inY, inY)
		same(t, name+" in the place of y", inY, want)
	}
	z := mem.make("sums", n)
	k.numbers(mem.rng, z)
	before := slices.Clone(z)
	s.AddTimes(x, y, z)
	for i := range x {
		p, b := float64(x[i])*float64(y[i]), float64(before[i])
		near(t, "add times", z[i], p+b, 2*unit*(math.Abs(p)+math.Abs(b))+least)
	}
}

func TestPairs(t *testing.T) { rapid.Check(t, property(pairCase)) }
func FuzzPairs(f *testing.F) { fuzz(f, property(pairCase)) }
