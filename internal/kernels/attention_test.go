package kernels

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// attentionCase is a random attention in guarded memory.
type attentionCase struct {
	Attention
	in         AttentionIn[float32]
	y, dy      []float32
	statistics []float32
	grad       AttentionGrad[float32]
}

// newAttentionCase makes the operands. The size of queries and keys says how far apart
// scores are.
func newAttentionCase(mem *memory, a Attention, size float32, queries, values, allowed bool) *attentionCase {
	c := &attentionCase{Attention: a}
	rng := mem.rng
	input := func(name string, n int, fill func() float32) []float32 {
		x := mem.make(name, n)
		for i := range x {
			x[i] = fill()
		}
		mem.freeze()
		return x
	}
	scaled := func(size float32) func() float32 { return func() float32 { return size * (2*rng.Float32() - 1) } }
	mask := func() float32 { return float32(rng.IntN(3)) }
	c.in.Query = input("query", a.Batch*a.Steps*a.Heads*a.K, scaled(size))
	c.in.Key = input("key", a.Batch*a.Values*a.Heads*a.K, scaled(1))
	c.in.Value = input("value", a.Batch*a.Values*a.Heads*a.N, scaled(1))
	if queries {
		c.in.QueryMask = input("query mask", a.Batch*a.Steps, mask)
	}
	if values {
		c.in.ValueMask = input("value mask", a.Batch*a.Values, mask)
	}
	if allowed {
		shape := [3]int{a.Batch, a.Steps, a.Values}
		n := 1
		for i := 2; i >= 0; i-- {
			if rng.IntN(3) > 0 {
				c.in.Strides[i] = n
				n *= shape[i]
			}
		}
		c.in.Allowed = input("allowed", n, mask)
	}
	c.y, c.statistics = mem.make("y", a.Batch*a.Steps*a.Heads*a.N), mem.make("statistics", a.StatisticsSize())
	c.dy = input("dy", len(c.y), scaled(1))
	c.grad = AttentionGrad[float32]{mem.make("dquery", len(c.in.Query)), mem.make("dkey", len(c.in.Key)), mem.make("dvalue", len(c.in.Value))}
	return c
}

// allows says whether a query may attend to a value.
func (c *attentionCase) allows(sample, query, key int) bool {
	in := c.in
	return !(c.Causal && key > query) &&
		(in.QueryMask == nil || in.QueryMask[sample*c.Steps+query] != 0) &&
		(in.ValueMask == nil || in.ValueMask[sample*c.Values+key] != 0) &&
		(in.Allowed == nil || in.Allowed[sample*in.Strides[0]+query*in.Strides[1]+key*in.Strides[2]] != 0)
}

func (c *attentionCase) run(s *Set[float32]) {
	AttentionForward(&c.Attention, s, &AttentionMemory[float32]{}, c.in, c.y, c.statistics)
	AttentionBackward(&c.Attention, s, &AttentionMemory[float32]{Backward: true}, c.in, c.y, c.dy, c.statistics, c.grad)
}

// results are all that run writes.
func (c *attentionCase) results() []float32 {
	return slices.Concat(c.y, c.grad.Query, c.grad.Key, c.grad.Value)
}

// check compares with plain loops in float64. A score of K terms is off by (K + 2) units of
// its size; a weight by that and a few units, relatively; a sum of weights times values by the
// number of its terms.
func (c *attentionCase) check(t reporter) {
	t.Helper()
	at := func(x []float32, steps, size, sample, step, head, i int) float64 {
		return float64(x[((sample*steps+step)*c.Heads+head)*size+i])
	}
	dq, dk, dv := make([]float64, len(c.grad.Query)), make([]float64, len(c.grad.Key)), make([]float64, len(c.grad.Value))
	add := func(x []float64, steps, size, sample, step, head, i int, v float64) {
		x[((sample*steps+step)*c.Heads+head)*size+i] += v
	}
	largest := 0.0
	y := make([]float64, len(c.y))
	for sample := range c.Batch {
		for head := range c.Heads {
			for query := range c.Steps {
				w := make([]float64, c.Values)
				most, sum := math.Inf(-1), 0.0
				for key := range w {
					w[key] = math.Inf(-1)
					if !c.allows(sample, query, key) {
						continue
					}
					w[key] = 0
					size := 0.0
					for i := range c.K {
						x := c.Scale * at(c.in.Query, c.Steps, c.K, sample, query, head, i) * at(c.in.Key, c.Values, c.K, sample, key, head, i)
						w[key] += x
						size += math.Abs(x)
					}
					most, largest = max(most, w[key]), max(largest, size)
				}
				for key := range w {
					if w[key] = math.Exp(w[key] - most); math.IsInf(most, -1) {
						w[key] = 0
					}
					sum += w[key]
				}
				dot := 0.0
				dw := make([]float64, c.Values)
				for key := range w {
					if sum > 0 {
						w[key] /= sum
					}
					for i := range c.N {
						v, g := at(c.in.Value, c.Values, c.N, sample, key, head, i), at(c.dy, c.Steps, c.N, sample, query, head, i)
						add(y, c.Steps, c.N, sample, query, head, i, w[key]*v)
						add(dv, c.Values, c.N, sample, key, head, i, w[key]*g)
						dw[key] += v * g
					}
					dot += w[key] * dw[key]
				}
				for key := range w {
					g := c.Scale * w[key] * (dw[key] - dot)
					for i := range c.K {
						add(dq, c.Steps, c.K, sample, query, head, i, g*at(c.in.Key, c.Values, c.K, sample, key, head, i))
						add(dk, c.Values, c.K, sample, key, head, i, g*at(c.in.Query, c.Steps, c.K, sample, query, head, i))
					}
				}
			}
		}
	}
	// Values and gradients are at most 1, and the weights of a query add up to 1.
	weight := (float64(c.K+4)*largest + float64(c.Values) + 30) * unit
	sizes := 0.0
	for _, x := range c.in.Query {
		sizes = max(sizes, math.Abs(float64(x)))
	}
	score := 2 * float64(c.N) * (weight + float64(c.N+c.Values+8)*unit) * c.Scale
	for _, r := range []struct {
		name string
		got  []float32
		want []float64
		off  float64
	}{
		{"y", c.y, y, weight},
		{"dvalue", c.grad.Value, dv, float64(c.Steps) * (weight + float64(c.Steps)*unit)},
		{"dquery", c.grad.Query, dq, score},
		{"dkey", c.grad.Key, dk, float64(c.Steps) * score * sizes},
	} {
		for i, want := range r.want {
			near(t, r.name, r.got[i], want, r.off)
		}
	}
}

// drawAttention draws sizes around those of tiles and vectors.
func drawAttention(t *rapid.T) Attention {
	size := func(name string) int {
		return rapid.OneOf(rapid.IntRange(1, 20), rapid.SampledFrom([]int{63, 64, 65, 130})).Draw(t, name)
	}
	return Attention{
		Batch: rapid.IntRange(1, 2).Draw(t, "batch"), Heads: rapid.IntRange(1, 3).Draw(t, "heads"),
		Steps: size("steps"), Values: size("values"), K: rapid.IntRange(1, 40).Draw(t, "k"), N: rapid.OneOf(rapid.IntRange(1, 40), rapid.Just(70)).Draw(t, "n"),
		Scale: 0.5, Causal: rapid.Bool().Draw(t, "causal"),
	}
}

func attentionProperty(t *rapid.T, s *Set[float32], _ kind, mem *memory) {
	a, masks := drawAttention(t), rapid.IntRange(0, 7).Draw(t, "masks")
	size := rapid.SampledFrom([]float32{0.1, 2, 1e4}).Draw(t, "size")
	c := newAttentionCase(mem, a, size, masks&1 != 0, masks&2 != 0, masks&4 != 0)
	c.run(s)
	c.check(t)
}

func TestAttention(t *testing.T) { rapid.Check(t, property(attentionProperty)) }
func FuzzAttention(f *testing.F) { fuzz(f, property(attentionProperty)) }

// Sets in assembly give the same bits, and so do all numbers of cores.
func TestAttentionHasTheSameBits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, seed := drawAttention(t), rapid.Uint64().Draw(t, "seed")
		sameBits(t, func(s *Set[float32]) []float32 {
			c := newAttentionCase(&memory{rng: rand.New(rand.NewPCG(seed, 1))}, a, 3, true, true, true)
			c.run(s)
			return c.results()
		})
	})
	a := Attention{Batch: 1, Steps: 200, Heads: 3, K: 17, Values: 200, N: 9, Scale: 1, Causal: true}
	for _, s := range sets() {
		cores(t, func() []float32 {
			c := newAttentionCase(&memory{rng: rand.New(rand.NewPCG(1, 1))}, a, 1, false, true, false)
			c.run(s)
			return c.results()
		})
	}
}

// What is NaN or infinite and not allowed has no effect on a result; what is allowed has
// the effect that it has in a softmax.
func TestAttentionAtTheEnds(t *testing.T) {
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	for _, s := range sets() {
		for _, bad := range []float32{inf, -inf, nan} {
			for _, steps := range []int{3, 70} {
				a := Attention{Batch: 1, Steps: steps, Heads: 1, K: 2, Values: steps, N: 3, Scale: 1}
				c := newAttentionCase(&memory{rng: rand.New(rand.NewPCG(1, 1))}, a, 1, false, true, false)
				for i := range c.in.ValueMask {
					c.in.ValueMask[i] = 1
				}
				c.in.ValueMask[1] = 0
				c.run(s)
				want := slices.Clone(c.y)
				c.in.Key[2] = bad // of the value that is not allowed
				AttentionForward(&c.Attention, s, &AttentionMemory[float32]{}, c.in, c.y, nil)
				same(t, "with a score that is not allowed", c.y, want)

				c.in.ValueMask[1] = 1
				c.in.Query[0], c.in.Query[1] = 1, 0 // the score is bad itself
				AttentionForward(&c.Attention, s, &AttentionMemory[float32]{}, c.in, c.y, nil)
				if isNaN := c.y[0] != c.y[0]; isNaN != (bad != -inf) {
					t.Errorf("%s: a score of %v gives %v", s.Name, bad, c.y[0])
				}
				for i := range steps {
					c.in.Key[2*i] = -inf
				}
				AttentionForward(&c.Attention, s, &AttentionMemory[float32]{}, c.in, c.y, nil)
				near(t, "scores of −∞ alone", c.y[0], math.NaN(), 0)
			}
		}
	}
}

// The exponential in a softmax is 1 for 0 and 0 for −∞, and off by few units between them.
func TestWeigh(t *testing.T) {
	for _, s := range sets() {
		const rows = 5003
		x := make([]float32, rows*tileColumns)
		for i := range x {
			x[i] = -100 * float32(i) / float32(len(x))
		}
		x[1], x[2] = float32(math.Inf(-1)), -math.MaxFloat32
		before := slices.Clone(x)
		most, sum, less := make([]float32, tileColumns), make([]float32, tileColumns), make([]float32, tileColumns)
		for i := range most {
			most[i], sum[i] = 0, 3
		}
		s.weigh(rows, tileColumns, x, tileColumns, most, sum, less)
		for i, v := range before {
			want := math.Exp(float64(v))
			near(t, s.Name, x[i], want, (2+min(-float64(v), 150)/4)*unit*want+leastNormal)
		}
		for i := range most {
			total := 3.0
			for r := range rows {
				total += math.Exp(float64(before[r*tileColumns+i]))
			}
			near(t, "sum", sum[i], total, rows*unit*total)
			near(t, "most", most[i], 0, 0)
			near(t, "less", less[i], 1, 0)
		}
		if x[0] != 1 || x[1] != 0 || x[2] != 0 {
			t.Errorf("%s: e⁰, e^−∞ and another are %v", s.Name, x[:3])
		}
	}
}

// The parts of attention panic where they would leave a slice, and write nothing.
func TestAttentionOutOfRange(t *testing.T) {
	const n, rows, k = 16, 8, 3
	for name, f := range map[string]func(s *Set[float32], a, b, c, d []float32){
		"columns: a": func(s *Set[float32], a, b, c, d []float32) {
			s.columns(rows, n, k, a[:rows*k-1], k, 1, b, n, c, n, false)
		},
		"columns: b": func(s *Set[float32], a, b, c, d []float32) { s.columns(rows, n, k, a, k, 1, b[:k*n-1], n, c, n, false) },
		"columns: c": func(s *Set[float32], a, b, c, d []float32) {
			s.columns(rows, n, k, a, k, 1, b, n, c[:rows*n-1], n, false)
		},
		"weigh: x":            func(s *Set[float32], a, b, c, d []float32) { s.weigh(rows, n, a[:rows*n-1], n, b, c, d) },
		"weigh: most":         func(s *Set[float32], a, b, c, d []float32) { s.weigh(rows, n, a, n, b[:n-1], c, d) },
		"weigh: sum":          func(s *Set[float32], a, b, c, d []float32) { s.weigh(rows, n, a, n, b, c[:n-1], d) },
		"weigh: less":         func(s *Set[float32], a, b, c, d []float32) { s.weigh(rows, n, a, n, b, c, d[:n-1]) },
		"weighGradient: x":    func(s *Set[float32], a, b, c, d []float32) { s.weighGradient(rows, n, a[:rows*n-1], b, n, c, d) },
		"weighGradient: dx":   func(s *Set[float32], a, b, c, d []float32) { s.weighGradient(rows, n, a, b[:rows*n-1], n, c, d) },
		"weighGradient: most": func(s *Set[float32], a, b, c, d []float32) { s.weighGradient(rows, n, a, b, n, c[:n-1], d) },
		"weighGradient: dot":  func(s *Set[float32], a, b, c, d []float32) { s.weighGradient(rows, n, a, b, n, c, d[:n-1]) },
		"scaleColumns: x":     func(s *Set[float32], a, b, c, d []float32) { s.scaleColumns(rows, n, a[:rows*n-1], n, b) },
		"scaleColumns: by":    func(s *Set[float32], a, b, c, d []float32) { s.scaleColumns(rows, n, a, n, b[:n-1]) },
		"scaleRows: by":       func(s *Set[float32], a, b, c, d []float32) { s.scaleRows(rows, n, a[:rows-1], b, n, c, n) },
		"scaleRows: x":        func(s *Set[float32], a, b, c, d []float32) { s.scaleRows(rows, n, a, b[:rows*n-1], n, c, n) },
		"scaleRows: y":        func(s *Set[float32], a, b, c, d []float32) { s.scaleRows(rows, n, a, b, n, c[:rows*n-1], n) },
		"columns: half a block": func(s *Set[float32], a, b, c, d []float32) {
			s.columns(rows, n, k, a, math.MaxInt/4, 1, b, n, c, n, false)
		},
		"columns: a row before c": func(s *Set[float32], a, b, c, d []float32) { s.columns(rows, n, k, a, k, 1, b, n, c, -n, false) },
	} {
		for _, s := range sets() {
			var all [4][]float32
			for i := range all {
				all[i] = slices.Repeat([]float32{1}, 2*rows*n)
			}
			if !panics(func() { f(s, all[0], all[1], all[2], all[3]) }) {
				t.Errorf("%s: %s does not panic", s.Name, name)
			}
			if s.Name == "go" {
				continue // Go checks as it computes
			}
			for _, x := range all {
				if slices.ContainsFunc(x, func(v float32) bool { return v != 1 }) {
					t.Errorf("%s: %s wrote before it panicked", s.Name, name)
				}
			}
		}
	}
}
