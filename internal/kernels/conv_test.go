package kernels

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// tapsCase multiplies rows with taps that overlap, as those of a convolution do, with
// some of the taps of filters.
func tapsCase(t *rapid.T, s *Set[float32], kind kind, mem *memory) {
	m, taps, k, n := upTo(t, "m", 20), rapid.IntRange(1, 6).Draw(t, "taps"), upTo(t, "k", 20), upTo(t, "n", 150)
	k += rapid.SampledFrom([]int{0, 0, 0, 50, termsAtOnce - 10, 2*termsAtOnce - 10}).Draw(t, "more terms")
	from := upTo(t, "from", taps)
	end := from + upTo(t, "some", taps-from)
	row, tap, col := upTo(t, "row", 2*k), upTo(t, "tap", 2*k), rapid.IntRange(1, 3).Draw(t, "col")
	x := mem.input("a", max(m-1, 0)*row+max(end-from-1, 0)*tap+k*col, kind)
	var f Filters[float32]
	var b []float32
	var bTap, bRow, bCol int
	if rapid.Bool().Draw(t, "turned") {
		bTap, bRow, bCol = n*k, 1, k
	} else {
		bTap, bRow, bCol = n*k, n, 1
	}
	first := 0
	if rapid.Bool().Draw(t, "backwards") {
		first, bTap = (taps-1)*bTap, -bTap
	}
	f.Pack(s, 3, 9, 40, mem.input("before", 3*9*40, special), 0, 360, 40, 1) // what was there must not matter
	b = mem.input("b", taps*k*n, kind)
	f.Pack(s, taps, k, n, b, first, bTap, bRow, bCol)
	c := mem.make("c", m*(n+3))
	kind.numbers(mem.rng, c)
	before, start := slices.Clone(c), drawStart(t, mem, kind, m, n)
	s.MulTaps(m, Taps[float32]{x, row, tap, col}, &f, from, end, RowMajor(c, n+3), start.of(RowMajor(c, n+3), 0))
	for i := range m {
		for j := range n + 3 {
			at := i*(n+3) + j
			if j >= n {
				same(t, "beyond the columns", c[at:at+1], before[at:at+1])
				continue
			}
			sum := start.at(before, n+3, i, j)
			size := math.Abs(sum)
			terms := 2.0
			for l := from; l < end; l++ {
				for p := range k {
					term := float64(x[i*row+(l-from)*tap+p*col]) * float64(b[first+l*bTap+p*bRow+j*bCol])
					sum, size, terms = sum+term, size+math.Abs(term), terms+1
				}
			}
			near(t, "product", c[at], sum, terms*(unit*size+least))
		}
	}
	if m > 0 { // the same rows in two parts give the same bits: other tiles compute them
		parts := slices.Clone(before)
		cut := rapid.IntRange(0, m-1).Draw(t, "cut")
		s.MulTaps(cut, Taps[float32]{x, row, tap, col}, &f, from, end, RowMajor(parts, n+3), start.of(RowMajor(parts, n+3), 0))
		if end > from && k > 0 {
			x = x[cut*row:]
		}
		s.MulTaps(m-cut, Taps[float32]{x, row, tap, col}, &f, from, end, RowMajor(parts[cut*(n+3):], n+3), start.of(RowMajor(parts[cut*(n+3):], n+3), cut))
		same(t, "rows in two parts", parts, c)
	}
}

// starts are what the sums of a product begin with: nothing, c, or rows, perhaps one that is
// repeated.
type starts struct {
	c    bool
	rows Matrix[float32]
}

func drawStart(t *rapid.T, mem *memory, kind kind, m, n int) starts {
	switch rapid.SampledFrom([]string{"nothing", "c", "rows", "a row"}).Draw(t, "start") {
	case "c":
		return starts{c: true}
	case "rows":
		return starts{rows: RowMajor(mem.input("start", m*(n+1), kind), n+1)}
	case "a row":
		return starts{rows: Matrix[float32]{mem.input("start", n, kind), 0, 1}}
	}
	return starts{}
}

// of is the start of the rows of c from the given one on.
func (s starts) of(c Matrix[float32], row int) Matrix[float32] {
	if s.c {
		return c
	}
	s.rows.Data = after(s.rows.Data, row*s.rows.Row)
	return s.rows
}

// at is an element of it, with c as it was before.
func (s starts) at(before []float32, row, i, j int) float64 {
	switch {
	case s.c:
		return float64(before[i*row+j])
	case s.rows.Data != nil:
		return float64(s.rows.Data[i*s.rows.Row+j])
	}
	return 0
}

func TestTaps(t *testing.T) { rapid.Check(t, property(tapsCase)) }
func FuzzTaps(f *testing.F) { fuzz(f, property(tapsCase)) }

// packedRowsCase adds products of some of packed rows.
func packedRowsCase(t *rapid.T, s *Set[float32], kind kind, mem *memory) {
	m, k, n := upTo(t, "m", 20), upTo(t, "k", 100), upTo(t, "n", 150)
	from := upTo(t, "from", k)
	some := upTo(t, "some", k-from)
	row, column := upTo(t, "row", 2*m), rapid.IntRange(1, 3).Draw(t, "column")
	a := mem.input("a", max(some-1, 0)*row+m*column, kind)
	b, bRow := mem.input("b", k*(n+2), kind), n+2
	packed := s.PackRows(mem.make("packed", PackedSize(k, n)), k, n, b, bRow)
	c := mem.make("c", m*(n+3))
	kind.numbers(mem.rng, c)
	before := slices.Clone(c)
	s.AddMulRows(m, some, a, row, column, packed, from, RowMajor(c, n+3), nil)
	for i := range m {
		for j := range n + 3 {
			at := i*(n+3) + j
			if j >= n {
				same(t, "beyond the columns", c[at:at+1], before[at:at+1])
				continue
			}
			sum := float64(before[at])
			size := math.Abs(sum)
			for p := range some {
				term := float64(a[p*row+i*column]) * float64(b[(from+p)*bRow+j])
				sum, size = sum+term, size+math.Abs(term)
			}
			near(t, "product", c[at], sum, float64(some+2)*(unit*size+least))
		}
	}
}

func TestPackedRows(t *testing.T) { rapid.Check(t, property(packedRowsCase)) }
func FuzzPackedRows(f *testing.F) { fuzz(f, property(packedRowsCase)) }

// Every number of rows and panels that has a kernel of its own, and one more.
func TestEveryTapsTile(t *testing.T) {
	for m := 1; m <= tileRows+1; m++ {
		for panels := 1; panels <= 9; panels++ {
			for _, taps := range []int{1, 3} {
				for _, k := range []int{1, 4, 7} {
					rng := rand.New(rand.NewPCG(uint64(m), uint64(panels)))
					mem := &memory{rng: rng}
					n := panels*tileColumns - m
					x, w := mem.input("x", (m+taps)*k, ordinary), mem.input("w", taps*k*n, ordinary)
					want := make([]float64, m*n)
					off := make([]float64, m*n)
					for i := range want {
						for j := range taps * k {
							term := float64(x[i/n*k+j]) * float64(w[j*n+i%n])
							want[i] += term
							off[i] += 2 * float64(taps*k) * unit * math.Abs(term)
						}
					}
					var bits []float32
					for _, s := range sets() {
						var f Filters[float32]
						f.Pack(s, taps, k, n, w, 0, k*n, n, 1)
						c := mem.make("c", m*n)
						s.MulTaps(m, Taps[float32]{x, k, k, 1}, &f, 0, taps, RowMajor(c, n), Matrix[float32]{})
						for i := range want {
							near(t, fmt.Sprintf("%s %d×%d", s.Name, m, n), c[i], want[i], off[i])
						}
						if s.Name != "go" {
							if bits == nil {
								bits = c
							}
							same(t, "with the kernels "+s.Name, c, bits)
						}
					}
					mem.check(t)
				}
			}
		}
	}
}

// Taps, terms and rows that lead out of a slice panic, and nothing is written.
func TestTapsOutOfRange(t *testing.T) {
	const m, taps, k, n = 3, 2, 4, 20
	for name, change := range map[string]func(a *Taps[float32], b *Filters[float32], c, start *Matrix[float32], end *int){
		"a is short": func(a *Taps[float32], _ *Filters[float32], _, _ *Matrix[float32], _ *int) {
			a.Data = a.Data[:(m+taps-1)*k-1]
		},
		"a goes back": func(a *Taps[float32], _ *Filters[float32], _, _ *Matrix[float32], _ *int) { a.Tap = -1 },
		"a goes far":  func(a *Taps[float32], _ *Filters[float32], _, _ *Matrix[float32], _ *int) { a.Row = math.MaxInt/2 + 1 },
		"b is short": func(_ *Taps[float32], b *Filters[float32], _, _ *Matrix[float32], _ *int) {
			b.data = b.data[:len(b.data)-1]
		},
		"more taps":  func(_ *Taps[float32], _ *Filters[float32], _, _ *Matrix[float32], end *int) { *end = taps + 1 },
		"c is short": func(_ *Taps[float32], _ *Filters[float32], c, _ *Matrix[float32], _ *int) { c.Data = c.Data[:15] },
		"start is short": func(_ *Taps[float32], _ *Filters[float32], _, start *Matrix[float32], _ *int) {
			start.Data = start.Data[:n-1]
		},
		"rows of c overlap": func(_ *Taps[float32], _ *Filters[float32], c, _ *Matrix[float32], _ *int) { c.Row = n - 1 },
	} {
		for _, s := range sets() {
			x, w, y := slices.Repeat([]float32{1}, 100), slices.Repeat([]float32{1}, taps*k*n), make([]float32, 100)
			a, c, start, end := Taps[float32]{x, k, k, 1}, RowMajor(y, n), Matrix[float32]{x, 0, 1}, taps
			var b Filters[float32]
			b.Pack(s, taps, k, n, w, 0, k*n, n, 1)
			change(&a, &b, &c, &start, &end)
			if !panics(func() { s.MulTaps(m, a, &b, 0, end, c, start) }) {
				t.Errorf("%s: no panic where %s", s.Name, name)
			}
		}
	}
	for _, s := range sets() {
		y := make([]float32, 100)
		rows := s.PackRows(make([]float32, PackedSize(2, 16)), 2, 16, make([]float32, 32), 16)
		if !panics(func() { s.AddMulRows(1, 2, y, 1, 1, rows, 1, RowMajor(y, 16), nil) }) {
			t.Errorf("%s: rows behind the last do not panic", s.Name)
		}
		for _, size := range [][4]int{{0, 1, 1, 1}, {1, 0, 1, 1}, {1, 1, 0, 1}, {1, 1, 1, 0}} {
			if s.Name != "go" && !panics(func() {
				s.mulTaps(size[0], 16*size[1], size[2], size[3], y, 1, 1, 1, y, 16, y, 16, nil, 0)
			}) {
				t.Errorf("%s: a product of the size %v does not panic", s.Name, size)
			}
		}
	}
}

// BenchmarkTaps is a part of a convolution of 64 features, and of its gradient.
func BenchmarkTaps(b *testing.B) {
	for _, features := range []int{8, 64} {
		const rows, taps, filters = 48, 5, 64
		for _, s := range sets() {
			if s.Name == "go" {
				continue
			}
			rng := rand.New(rand.NewPCG(1, 1))
			x, w, y := make([]float32, (rows+4*taps)*features), make([]float32, taps*features*filters), make([]float32, rows*filters)
			ordinary.numbers(rng, x)
			ordinary.numbers(rng, w)
			ordinary.numbers(rng, y)
			report := func(b *testing.B) {
				b.ReportMetric(2*float64(rows*taps*features*filters)*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOP/s")
			}
			b.Run(fmt.Sprint(features, " features/", s.Name), func(b *testing.B) {
				var f Filters[float32]
				f.Pack(s, taps, features, filters, w, 0, features*filters, filters, 1)
				for b.Loop() {
					s.MulTaps(rows, Taps[float32]{x, features, 4 * features, 1}, &f, 0, taps, RowMajor(y, filters), Matrix[float32]{})
				}
				report(b)
			})
			b.Run(fmt.Sprint(features, " features, weights/", s.Name), func(b *testing.B) {
				packed := s.PackRows(make([]float32, PackedSize(rows, filters)), rows, filters, y, filters)
				for b.Loop() {
					for j := range taps {
						s.AddMulRows(features, rows, x[j*features:], features, 1, packed, 0, RowMajor(w[j*features*filters:], filters), nil)
					}
				}
				report(b)
			})
		}
	}
}
