package kernels

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// normCase are rows, and what plain loops in float64 give for them.
type normCase struct {
	o                  Rows
	rows               int
	x, dy, gamma, beta []float32
	y, dx              []float64
	dgamma, dbeta      []float64
	ySize, dxSize      []float64 // the sizes of the terms that make an element
	gammaSize          []float64
}

func (c *normCase) compute() {
	n := c.o.N
	c.y, c.dx = make([]float64, c.rows*n), make([]float64, c.rows*n)
	c.ySize, c.dxSize = make([]float64, c.rows*n), make([]float64, c.rows*n)
	c.dgamma, c.dbeta, c.gammaSize = make([]float64, n), make([]float64, n), make([]float64, n)
	for i := range c.rows {
		x, dy := c.x[i*n:][:n], c.dy[i*n:][:n]
		mean, square := 0.0, 0.0
		for _, v := range x {
			mean += float64(v) / float64(n)
		}
		if !c.o.Centred {
			mean = 0
		}
		for _, v := range x {
			square += (float64(v) - mean) * (float64(v) - mean) / float64(n)
		}
		r := 1 / math.Sqrt(square+c.o.Epsilon)
		sum, dot, sizes := 0.0, 0.0, 0.0
		for j, v := range x {
			z, g := (float64(v)-mean)*r, float64(dy[j])*float64(c.gamma[j])
			c.y[i*n+j] = z*float64(c.gamma[j]) + float64(c.beta[j])
			c.ySize[i*n+j] = math.Abs(z*float64(c.gamma[j])) + math.Abs(float64(c.beta[j])) + math.Abs(mean*r*float64(c.gamma[j]))
			c.dgamma[j] += z * float64(dy[j])
			c.gammaSize[j] += math.Abs(float64(dy[j])) * (math.Abs(z) + math.Abs(mean*r))
			c.dbeta[j] += float64(dy[j])
			dot += g * z / float64(n)
			sizes += math.Abs(g) * (1 + math.Abs(z)) / float64(n)
			if c.o.Centred {
				sum += g / float64(n)
			}
		}
		for j, v := range x {
			z, g := (float64(v)-mean)*r, float64(dy[j])*float64(c.gamma[j])
			c.dx[i*n+j] = r * (g - sum - z*dot)
			c.dxSize[i*n+j] = r * (math.Abs(g) + sizes*(1+math.Abs(z)+math.Abs(mean*r)))
		}
	}
}

// rounding is what a number of roundings of float64 change at most, and the one of
// float32 at the end.
func rounding(want, size float64) float64 { return unit*math.Abs(want) + 0x1p-40*size + least }

func normRowsCase(t *rapid.T, s *Set[float32], k kind, mem *memory) {
	n := rapid.IntRange(1, 70).Draw(t, "n")
	c := normCase{rows: upTo(t, "rows", 5), o: Rows{
		N: n, Centred: rapid.Bool().Draw(t, "centred"), Epsilon: rapid.SampledFrom([]float64{1e-12, 1e-3, 10}).Draw(t, "epsilon"),
	}}
	c.x = mem.make("x", c.rows*n)
	k.numbers(mem.rng, c.x)
	switch rapid.IntRange(0, 3).Draw(t, "rows") {
	case 0: // far from 0
		k = ordinary // 0 times infinity is NaN, and the smallest number times infinity is not
		for i := range c.x {
			c.x[i] = 1e4 + 0.1*mem.rng.Float32()
		}
	case 1: // all the same
		k = ordinary
		for i := range c.x {
			c.x[i] = c.x[i/n*n]
		}
	}
	mem.freeze()
	c.dy, c.gamma, c.beta = mem.input("dy", c.rows*n, k), mem.input("gamma", n, k), mem.input("beta", n, k)
	c.compute()

	y, dx, moments := mem.make("y", c.rows*n), mem.make("dx", c.rows*n), make([]float64, 2*c.rows)
	s.NormalizeRows(c.o, c.x, c.gamma, c.beta, y, moments)
	s.NormalizeGradient(c.o, c.x, c.dy, c.gamma, dx, moments)
	for i := range y {
		// What is normalized is rounded, its product with gamma, and the sum.
		near(t, "y", y[i], c.y[i], rounding(c.y[i], c.ySize[i])+2*unit*math.Abs(c.y[i]-float64(c.beta[i%n]))+least*(1+math.Abs(float64(c.gamma[i%n]))))
		near(t, "dx", dx[i], c.dx[i], rounding(c.dx[i], c.dxSize[i]))
	}
	from := upTo(t, "from", n-1)
	dgamma, dbeta := make([]float64, n), make([]float64, n)
	if c.rows > 0 {
		s.AddScaleGradient(c.rows, n-from, c.x[from:], c.dy[from:], n, moments, dgamma[from:], dbeta[from:])
	}
	same(t, "dbeta", dbeta[from:], c.dbeta[from:])
	for j := from; j < n; j++ {
		if math.IsNaN(dgamma[j]) != math.IsNaN(c.dgamma[j]) || math.Abs(dgamma[j]-c.dgamma[j]) > 0x1p-40*c.gammaSize[j] {
			t.Fatalf("dgamma %d is %v, want %v", j, dgamma[j], c.dgamma[j])
		}
	}
	inPlace := mem.make("x and y", len(y))
	copy(inPlace, c.x)
	s.NormalizeRows(c.o, inPlace, c.gamma, c.beta, inPlace, moments)
	same(t, "y in the place of x", inPlace, y)
	copy(inPlace, c.dy)
	s.NormalizeGradient(c.o, c.x, inPlace, c.gamma, inPlace, moments)
	same(t, "dx in the place of dy", inPlace, dx)
}

func TestNormRows(t *testing.T) { rapid.Check(t, property(normRowsCase)) }
func FuzzNormRows(f *testing.F) { fuzz(f, property(normRowsCase)) }

// AVX2 and AVX-512 give the same bits.
func TestNormHasTheSameBits(t *testing.T) {
	all := sets()
	if len(all) < 3 {
		t.Skip("one instruction set")
	}
	rng := rand.New(rand.NewPCG(1, 1))
	for n := 1; n < 150; n++ {
		const rows = 4
		x, dy, gamma, beta := make([]float32, rows*n), make([]float32, rows*n), make([]float32, n), make([]float32, n)
		for _, v := range [][]float32{x, dy, gamma, beta} {
			ordinary.numbers(rng, v)
		}
		var floats [2][]float32
		var doubles [2][]float64
		for i, s := range all[:2] {
			for _, centred := range []bool{true, false} {
				o := Rows{N: n, Centred: centred, Epsilon: 1e-3}
				y, dx, sums := make([]float32, rows*n), make([]float32, rows*n), make([]float64, 2*(rows+n))
				moments, dgamma, dbeta := sums[:2*rows], sums[2*rows:][:n], sums[2*rows+n:]
				s.NormalizeRows(o, x, gamma, beta, y, moments)
				s.NormalizeGradient(o, x, dy, gamma, dx, moments)
				s.AddScaleGradient(rows, n, x, dy, n, moments, dgamma, dbeta)
				floats[i], doubles[i] = slices.Concat(floats[i], y, dx), append(doubles[i], sums...)
			}
		}
		same(t, "rows", floats[0], floats[1])
		same(t, "sums", doubles[0], doubles[1])
	}
}

// One row of any length, with the first element far from all others, which is the worst
// case for a variance that is computed in one pass.
func TestMomentsOfLongRows(t *testing.T) {
	for _, s := range sets() {
		for _, n := range []int{1000, longest, longest + 1} {
			x, y, ones, zeros := make([]float32, n), make([]float32, n), make([]float32, n), make([]float32, n)
			for i := range x {
				x[i], ones[i] = float32(i%7)/8, 1
			}
			x[0] = 1e9
			moments, want := make([]float64, 2), make([]float64, 2)
			o := Rows{N: n, Centred: true, Epsilon: 1e-3}
			s.NormalizeRows(o, x, ones, zeros, y, moments)
			rowMomentsGo(o, 1, x, want)
			for i := range want {
				if math.Abs(moments[i]-want[i]) > unit/2*math.Abs(want[i]) {
					t.Errorf("%s: moments of %d elements are %v, want %v", s.Name, n, moments, want)
				}
			}
		}
	}
}

const longest = 1 << 15 // that the assembly takes

func TestNormRowsOutOfRange(t *testing.T) {
	const rows, n = 5, 20
	of := func(n int) []float32 { return make([]float32, n) }
	x, row, moments, sums := of(rows*n), of(n), make([]float64, 2*rows), make([]float64, n)
	o := Rows{N: n, Centred: true, Epsilon: 1}
	for _, s := range sets() {
		for name, f := range map[string]func(){
			"part of a row":         func() { s.NormalizeRows(o, x[1:], row, row, x, moments) },
			"gamma":                 func() { s.NormalizeRows(o, x, row[1:], row, of(rows*n), moments) },
			"beta":                  func() { s.NormalizeRows(o, x, row, row[1:], of(rows*n), moments) },
			"y":                     func() { s.NormalizeRows(o, x, row, row, of(rows*n-1), moments) },
			"moments":               func() { s.NormalizeRows(o, x, row, row, of(rows*n), moments[1:]) },
			"no size":               func() { s.NormalizeRows(Rows{}, x, row, row, of(rows*n), moments) },
			"gradient: dy":          func() { s.NormalizeGradient(o, x, x[1:], row, of(rows*n), moments) },
			"gradient: gamma":       func() { s.NormalizeGradient(o, x, x, row[1:], of(rows*n), moments) },
			"gradient: dx":          func() { s.NormalizeGradient(o, x, x, row, of(rows*n-1), moments) },
			"gradient: moments":     func() { s.NormalizeGradient(o, x, x, row, of(rows*n), moments[1:]) },
			"scale: x":              func() { s.AddScaleGradient(rows, n, x[1:], x, n, moments, sums, slices.Clone(sums)) },
			"scale: dy":             func() { s.AddScaleGradient(rows, n, x, x[1:], n, moments, sums, slices.Clone(sums)) },
			"scale: moments":        func() { s.AddScaleGradient(rows, n, x, x, n, moments[1:], sums, slices.Clone(sums)) },
			"scale: dgamma":         func() { s.AddScaleGradient(rows, n, x, x, n, moments, sums[1:], slices.Clone(sums)) },
			"scale: dbeta":          func() { s.AddScaleGradient(rows, n, x, x, n, moments, slices.Clone(sums), sums[1:]) },
			"scale: stride":         func() { s.AddScaleGradient(rows, n, x, x, math.MaxInt, moments, sums, slices.Clone(sums)) },
			"scale: a row before x": func() { s.AddScaleGradient(rows, n, x, x, -1, moments, sums, slices.Clone(sums)) },
		} {
			if !panics(f) {
				t.Errorf("%s: %s must panic", s.Name, name)
			}
		}
		s.NormalizeRows(o, nil, row, row, nil, nil) // no rows
	}
}
