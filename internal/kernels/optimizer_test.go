package kernels

import (
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// updateCase is an update of an optimizer. x has w, g and the slots, of which those named
// in squares are not negative. formula gives w and the slots of one element in float64,
// from what they were before.
type updateCase struct {
	slots   int
	squares []int
	run     func(s *Set[float32], x [][]float32)
	formula func(w, g float64, s []float64) (float64, []float64)
}

// The numbers of the updates, exact in float32.
const (
	keep1, keep2, rate, epsilon, momentum = 0.125, 1.0 / 1024, 1.0 / 64, 0x1p-23, 0.75
	ofMean, ofGradient, ofSquare          = 0.5, 0.0625, 1.5
)

func moved(mean, x, keep float64) float64 { return mean + keep*(x-mean) }

var updateCases = map[string]updateCase{
	"SGD": {0, nil,
		func(s *Set[float32], x [][]float32) { s.SGD(x[0], x[1], rate) },
		func(w, g float64, _ []float64) (float64, []float64) { return w - rate*g, nil }},
	"Momentum": {1, nil,
		func(s *Set[float32], x [][]float32) { s.Momentum(x[0], x[1], x[2], momentum, rate) },
		func(w, g float64, s []float64) (float64, []float64) {
			u := momentum*s[0] - rate*g
			return w + u, []float64{u}
		}},
	"Nesterov": {1, nil,
		func(s *Set[float32], x [][]float32) { s.Nesterov(x[0], x[1], x[2], momentum, rate) },
		func(w, g float64, s []float64) (float64, []float64) {
			u := momentum*s[0] - rate*g
			return w + momentum*u - rate*g, []float64{u}
		}},
	"Adam": {2, []int{1},
		func(s *Set[float32], x [][]float32) { s.Adam(x[0], x[1], x[2], x[3], keep1, keep2, rate, epsilon) },
		func(w, g float64, s []float64) (float64, []float64) {
			m, v := moved(s[0], g, keep1), moved(s[1], g*g, keep2)
			return w - rate*m/(math.Sqrt(v)+epsilon), []float64{m, v}
		}},
	"AMSGrad": {3, []int{1, 2},
		func(s *Set[float32], x [][]float32) {
			s.AMSGrad(x[0], x[1], x[2], x[3], x[4], keep1, keep2, rate, epsilon)
		},
		func(w, g float64, s []float64) (float64, []float64) {
			m, v := moved(s[0], g, keep1), moved(s[1], g*g, keep2)
			h := max(s[2], v)
			return w - rate*m/(math.Sqrt(h)+epsilon), []float64{m, v, h}
		}},
	"Adamax": {2, []int{1},
		func(s *Set[float32], x [][]float32) { s.Adamax(x[0], x[1], x[2], x[3], keep1, momentum, rate, epsilon) },
		func(w, g float64, s []float64) (float64, []float64) {
			m, u := moved(s[0], g, keep1), max(momentum*s[1], math.Abs(g))
			return w - rate*m/(u+epsilon), []float64{m, u}
		}},
	"Nadam": {2, []int{1},
		func(s *Set[float32], x [][]float32) {
			s.Nadam(x[0], x[1], x[2], x[3], keep1, keep2, ofMean, ofGradient, ofSquare, epsilon)
		},
		func(w, g float64, s []float64) (float64, []float64) {
			m, v := moved(s[0], g, keep1), moved(s[1], g*g, keep2)
			return w - (ofMean*m+ofGradient*g)/(math.Sqrt(ofSquare*v)+epsilon), []float64{m, v}
		}},
	"RMSprop": {1, []int{0},
		func(s *Set[float32], x [][]float32) { s.RMSprop(x[0], x[1], x[2], keep1, rate, epsilon) },
		rmspropFormula(false, 0)},
	"RMSprop, momentum": {2, []int{0},
		func(s *Set[float32], x [][]float32) {
			s.RMSpropMomentum(x[0], x[1], x[2], x[3], keep1, rate, epsilon, momentum)
		},
		rmspropFormula(false, momentum)},
	"RMSprop, centred": {2, []int{0},
		func(s *Set[float32], x [][]float32) { s.RMSpropCentered(x[0], x[1], x[2], x[3], keep1, rate, epsilon) },
		rmspropFormula(true, 0)},
	"RMSprop, centred, momentum": {3, []int{0},
		func(s *Set[float32], x [][]float32) {
			s.RMSpropCenteredMomentum(x[0], x[1], x[2], x[3], x[4], keep1, rate, epsilon, momentum)
		},
		rmspropFormula(true, momentum)},
	"Adagrad": {1, []int{0},
		func(s *Set[float32], x [][]float32) { s.Adagrad(x[0], x[1], x[2], rate, epsilon) },
		func(w, g float64, s []float64) (float64, []float64) {
			return w - rate*g/math.Sqrt(s[0]+g*g+epsilon), []float64{s[0] + g*g}
		}},
	"Adadelta": {2, []int{0, 1},
		func(s *Set[float32], x [][]float32) { s.Adadelta(x[0], x[1], x[2], x[3], keep1, rate, epsilon) },
		func(w, g float64, s []float64) (float64, []float64) {
			v := moved(s[0], g*g, keep1)
			d := math.Sqrt((s[1]+epsilon)/(v+epsilon)) * g
			return w - rate*d, []float64{v, moved(s[1], d*d, keep1)}
		}},
	"Lion": {1, nil,
		func(s *Set[float32], x [][]float32) { s.Lion(x[0], x[1], x[2], keep1, keep2, rate) },
		func(w, g float64, s []float64) (float64, []float64) {
			switch way := (1-keep1)*s[0] + keep1*g; {
			case way > 0:
				w -= rate
			case way < 0:
				w += rate
			}
			return w, []float64{moved(s[0], g, keep2)}
		}},
}

func rmspropFormula(centered bool, momentum float64) func(w, g float64, s []float64) (float64, []float64) {
	return func(w, g float64, s []float64) (float64, []float64) {
		next := []float64{moved(s[0], g*g, keep1)}
		square := next[0]
		if centered {
			next = append(next, moved(s[1], g, keep1))
			square = max(square-next[1]*next[1], 0)
		}
		d := rate * g / math.Sqrt(square+epsilon)
		if momentum > 0 {
			d += momentum * s[len(s)-1]
			next = append(next, d)
		}
		return w - d, next
	}
}

// Updates have the bits of those in Go, wherever an element stands.
func updatesCase(t *rapid.T, s *Set[float32], k kind, mem *memory) {
	n := upTo(t, "n", 50)
	from := upTo(t, "from", n)
	for _, name := range slices.Sorted(maps.Keys(updateCases)) {
		c := updateCases[name]
		var x, first, rest [][]float32
		for i := range 2 + c.slots {
			x = append(x, mem.make(name, n))
			k.numbers(mem.rng, x[i])
			if slices.Contains(c.squares, i-2) {
				for j, v := range x[i] {
					x[i][j] = v * v
				}
			}
			if i == 1 {
				mem.freeze() // the gradient
			}
			first, rest = append(first, slices.Clone(x[i][:from])), append(rest, slices.Clone(x[i][from:]))
		}
		c.run(portable[float32](), first)
		c.run(portable[float32](), rest)
		c.run(s, x)
		for i := range x {
			same(t, name, x[i], append(first[i], rest[i]...))
		}
	}
}

func TestUpdates(t *testing.T) { rapid.Check(t, property(updatesCase)) }
func FuzzUpdates(f *testing.F) { fuzz(f, property(updatesCase)) }

// Updates are near the formulas. Squares are larger than those of the means, since v − a²
// would be lost in rounding.
func TestUpdateFormulas(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	const n = 64
	for name, c := range updateCases {
		for _, s := range sets() {
			x := make([][]float32, 2+c.slots)
			for i := range x {
				x[i] = make([]float32, n)
				for j := range x[i] {
					if x[i][j] = rng.Float32()*2 - 1; slices.Contains(c.squares, i-2) {
						x[i][j] = 2.5 + x[i][j]
					}
				}
			}
			before := make([][]float32, len(x))
			for i := range x {
				before[i] = slices.Clone(x[i])
			}
			c.run(s, x)
			for j := range n {
				var slots []float64
				for _, slot := range before[2:] {
					slots = append(slots, float64(slot[j]))
				}
				w, next := c.formula(float64(before[0][j]), float64(before[1][j]), slots)
				near(t, s.Name+", "+name+": w", x[0][j], w, 8*unit)
				for i, want := range next {
					near(t, s.Name+", "+name+": slot", x[2+i][j], want, 16*unit)
				}
			}
		}
	}
}

func averageCase(t *rapid.T, s *Set[float32], k kind, mem *memory) {
	n := upTo(t, "n", 50)
	x, mean := mem.input("x", n, k), mem.make("mean", n)
	k.numbers(mem.rng, mean)
	want := make([]float32, n)
	for i := range want {
		want[i] = mean[i] + float32(keep1*(x[i]-mean[i]))
	}
	s.Average(x, mean, keep1)
	same(t, "mean", mean, want)
}

func TestAverage(t *testing.T) { rapid.Check(t, property(averageCase)) }
func FuzzAverage(f *testing.F) { fuzz(f, property(averageCase)) }

func clipCase(t *rapid.T, s *Set[float32], k kind, mem *memory) {
	n := upTo(t, "n", 50)
	scale := rapid.SampledFrom([]float64{1, 1.0 / 3, 1e-60}).Draw(t, "scale")
	limit := float32(rapid.SampledFrom([]float64{1, 0.1, math.Inf(1)}).Draw(t, "limit"))
	x := mem.input("x", n, min(k, tiny)) // a gradient is finite
	y, want := mem.make("y", n), make([]float32, n)
	for i, v := range x {
		want[i] = min(max(float32(float64(v)*scale), -limit), limit)
	}
	s.Clip(x, y, scale, limit)
	same(t, "y", y, want)
}

func TestClip(t *testing.T) { rapid.Check(t, property(clipCase)) }
func FuzzClip(f *testing.F) { fuzz(f, property(clipCase)) }

func squaresCase(t *rapid.T, s *Set[float32], k kind, mem *memory) {
	x := mem.input("x", upTo(t, "n", 100), k)
	want := 0.0
	for _, v := range x {
		want += float64(v) * float64(v)
	}
	if got := s.Squares(x); !(math.Abs(got-want) <= 1e-14*want) && finite(want) || finite(got) != finite(want) {
		t.Fatalf("got %v, want %v", got, want)
	}
}

func TestSquares(t *testing.T) { rapid.Check(t, property(squaresCase)) }
func FuzzSquares(f *testing.F) { fuzz(f, property(squaresCase)) }
