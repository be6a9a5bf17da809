package kernels

import (
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// product is a random product in guarded memory, with what it must give.
type product struct {
	m, k, n   int
	a, b, c   Matrix[float32]
	start     starts
	want, off []float64 // [m, n]
}

// newProduct makes the operands, in either order; the rows of c have the given
// length.
func newProduct(rng *rand.Rand, mem *memory, kind kind, m, k, n, row int, start starts) *product {
	p := &product{m: m, k: k, n: n, start: start}
	p.a, p.b = operand(mem, "a", kind, m, k), operand(mem, "b", kind, k, n)
	p.c = RowMajor(mem.make("c", m*row), row)
	ordinary.numbers(rng, p.c.Data)
	for i := range m {
		for j := range n {
			sum := start.at(p.c.Data, row, i, j)
			size := math.Abs(sum)
			for q := range k {
				x := float64(p.a.Data[i*p.a.Row+q*p.a.Col]) * float64(p.b.Data[q*p.b.Row+j*p.b.Col])
				sum += x
				size += math.Abs(x)
			}
			p.want = append(p.want, sum)
			// Each of the k products and k sums is rounded once, and once more for
			// each part that Mul adds; denormal products are off by the least number.
			p.off = append(p.off, float64(2*k+4)*unit*size+float64(k+1)*least)
		}
	}
	return p
}

// operand is a matrix by rows or by columns, with some room between them.
func operand(mem *memory, name string, kind kind, rows, columns int) Matrix[float32] {
	room := mem.rng.IntN(3)
	if mem.rng.IntN(2) == 0 {
		return RowMajor(mem.input(name, rows*(columns+room), kind), columns+room)
	}
	return RowMajor(mem.input(name, columns*(rows+room), kind), rows+room).T()
}

func (p *product) check(t reporter) {
	t.Helper()
	for i, want := range p.want {
		near(t, "product", p.c.Data[i/p.n*p.c.Row+i%p.n], want, p.off[i])
	}
}

func mul(t *rapid.T, s *Set[float32], kind kind, mem *memory) {
	m, k, n := upTo(t, "m", 20), upTo(t, "k", 2*termsAtOnce+5), upTo(t, "n", 70)
	m += rapid.SampledFrom([]int{0, 0, 0, rowsAtOnce - 9}).Draw(t, "more rows")
	row := n + upTo(t, "room", 3)
	p := newProduct(mem.rng, mem, kind, m, k, n, row, starts{})
	before := append([]float32{}, p.c.Data...)

	// Of some columns first: the others must stay.
	from := upTo(t, "from", n)
	end := from + upTo(t, "columns", n-from)
	s.Mul(m, k, p.a, p.b, p.c, from, end)
	for i, x := range p.c.Data {
		if j := i % max(row, 1); (j < from || j >= end) && x != before[i] {
			t.Fatalf("column %d was written, not in %d..%d", j, from, end)
		}
	}
	part := append([]float32{}, p.c.Data...)
	s.Mul(m, k, p.a, p.b, p.c, 0, n)
	for i := range m {
		same(t, "some columns alone", part[i*row:][from:end], p.c.Data[i*row:][from:end])
	}
	p.check(t)
	// Other rows alone: fewer are computed in another way.
	if m > 0 && k > 0 && n > 0 {
		first := rapid.IntRange(0, m-1).Draw(t, "first row")
		clear(part)
		s.Mul(m-first, k, p.a.From(first), p.b, RowMajor(part, row), 0, n)
		for i := first; i < m; i++ {
			same(t, "some rows alone", part[(i-first)*row:][:n], p.c.Data[i*row:][:n])
		}
	}
}

func mulPacked(t *rapid.T, s *Set[float32], kind kind, mem *memory) {
	m, k, n := upTo(t, "m", 20), upTo(t, "k", 300), upTo(t, "n", 150)
	row := panels(n)*tileColumns + upTo(t, "room", 3)
	add := rapid.Bool().Draw(t, "add")
	p := newProduct(mem.rng, mem, kind, m, k, n, row, starts{c: add})
	before := append([]float32{}, p.c.Data...)
	var packed Packed[float32]
	packed.Pack(s, operand(mem, "before", special, 9, 40), 9, 40) // what was there must not matter
	packed.Pack(s, p.b, k, n)
	s.MulPacked(m, p.a, &packed, p.c, add)
	p.check(t)

	whole := append([]float32{}, p.c.Data...)
	for i, x := range whole {
		j := i % row
		if j >= panels(n)*tileColumns && x != before[i] {
			t.Fatalf("column %d was written, beyond the panels", j)
		}
		// Panels are filled up with zeros.
		if j >= n && j < panels(n)*tileColumns && kind != special && (add && x != before[i] || !add && x != 0) {
			t.Fatalf("column %d, beyond those of b, is %v", j, x)
		}
	}
	if m == 0 || k == 0 || n == 0 {
		return
	}
	// The same rows in two parts give the same bits: other tiles compute them.
	copy(p.c.Data, before)
	cut := rapid.IntRange(0, m-1).Draw(t, "cut")
	s.MulPacked(cut, p.a, &packed, p.c, add)
	s.MulPacked(m-cut, p.a.From(cut), &packed, p.c.From(cut), add)
	same(t, "rows in two parts", p.c.Data, whole)
}

// packedMul holds that Packed.Mul makes the sums of Mul or AddMul, whichever way these
// read b, in any blocks of columns, and writes no others.
func packedMul(t *rapid.T, s *Set[float32], kind kind, mem *memory) {
	m, k, n := upTo(t, "m", 12), upTo(t, "k", 2*termsAtOnce+5), upTo(t, "n", 100)
	m += rapid.SampledFrom([]int{0, 0, 0, 48, 130}).Draw(t, "more rows")
	row := n + upTo(t, "room", 3)
	p := newProduct(mem.rng, mem, kind, m, k, n, row, drawStart(t, mem, kind, m, n))
	want := RowMajor(slices.Clone(p.c.Data), row)
	b := p.b
	if rapid.Bool().Draw(t, "long rows") {
		b = RowMajor(mem.make("long rows of b", k*longRow), longRow)
		for i := range b.Data {
			if j := i % longRow; j < n {
				b.Data[i] = p.b.Data[i/longRow*p.b.Row+j*p.b.Col]
			}
		}
	}
	cut := upTo(t, "cut", panels(n)) * tileColumns
	cut = min(cut, n)
	var packed Packed[float32]
	packed.SetMemory(mem.make("packed", PackedSize(k, n)), k, n)
	packed.PackColumns(s, p.b, 0, cut)
	if cut%tileColumns == 0 {
		packed.PackColumns(s, p.b, cut, n)
	}

	first := upTo(t, "first", cut/tileColumns) * tileColumns
	for _, part := range [][2]int{{first, cut}, {0, first}, {cut, n}} {
		packed.Mul(s, m, p.a, p.c, p.start.of(p.c, 0), part[0], part[1])
		s.AddMul(m, k, p.a, b, want, p.start.of(want, 0), part[0], part[1])
		same(t, "some columns", p.c.Data, want.Data)
	}
	p.check(t)
}

func TestPackedMul(t *testing.T) { rapid.Check(t, property(packedMul)) }
func FuzzPackedMul(f *testing.F) { fuzz(f, property(packedMul)) }

func TestMul(t *testing.T)       { rapid.Check(t, property(mul)) }
func TestMulPacked(t *testing.T) { rapid.Check(t, property(mulPacked)) }
func FuzzMul(f *testing.F)       { fuzz(f, property(mul)) }
func FuzzMulPacked(f *testing.F) { fuzz(f, property(mulPacked)) }

// sameBits holds that f gives the same bits with every set in assembly. Plain Go
// rounds products before it adds them up.
func sameBits(t reporter, f func(s *Set[float32]) []float32) {
	t.Helper()
	var want []float32
	for i, s := range assembly() {
		got := f(s)
		if i == 0 {
			want = got
		}
		same(t, "with the kernels "+s.Name, got, want)
	}
}

func TestProductsHaveTheSameBits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m, k, n := upTo(t, "m", 20), upTo(t, "k", termsAtOnce+5), upTo(t, "n", 300)
		mem := &memory{rng: rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))}
		kind := kind(rapid.IntRange(0, int(kinds)-1).Draw(t, "kind"))
		a, b := operand(mem, "a", kind, m, k), operand(mem, "b", kind, k, n)
		row := panels(n) * tileColumns
		c := mem.input("c", m*row, kind)
		sameBits(t, func(s *Set[float32]) []float32 {
			var packed Packed[float32]
			packed.Pack(s, b, k, n)
			x, y := RowMajor(slices.Clone(c), row), RowMajor(slices.Clone(c), row)
			s.MulPacked(m, a, &packed, x, true)
			s.Mul(m, k, a, b, y, 0, n)
			return slices.Concat(x.Data, y.Data)
		})
	})
}

// Every number of rows and of panels that has a kernel of its own, and one
// more; from one term on.
func TestEveryTile(t *testing.T) {
	for _, s := range sets() {
		for m := 1; m <= 2*tileRows; m++ {
			for _, across := range []int{1, 2, 3, 4, 5, 8, 9, 8 + 4 + 2 + 1} {
				n := across*tileColumns - m
				for _, k := range []int{1, 3, 4, 5, 9} {
					for _, add := range []bool{false, true} {
						rng := rand.New(rand.NewPCG(uint64(m), uint64(n)))
						mem := &memory{rng: rng}
						p := newProduct(rng, mem, ordinary, m, k, n, panels(n)*tileColumns, starts{c: add})
						var packed Packed[float32]
						packed.Pack(s, p.b, k, n)
						s.MulPacked(m, p.a, &packed, p.c, add)
						p.check(t)
						mem.check(t)
						// The same from operands that are not packed.
						c := RowMajor(mem.make("c", m*n), n)
						s.Mul(m, k, p.a, p.b, c, 0, n)
						if !add {
							for i := range m {
								same(t, "not packed", c.Data[i*n:][:n], p.c.Data[i*p.c.Row:][:n])
							}
						}
						mem.check(t)
					}
				}
			}
		}
	}
}

// cores runs f with several numbers of cores, and holds that it always gives
// the same bits.
func cores[T Float](t *testing.T, f func() []T) {
	t.Helper()
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	want := f()
	for _, n := range []int{2, 3, 8} {
		runtime.GOMAXPROCS(n)
		same(t, "on other cores", f(), want)
	}
}

func TestMulOnAnyCores(t *testing.T) {
	const m, k, n = 13, 500, 150
	for _, s := range sets() {
		mem := &memory{rng: rand.New(rand.NewPCG(1, 1))}
		a, b := operand(mem, "a", ordinary, m, k), operand(mem, "b", ordinary, k, n)
		cores(t, func() []float32 {
			c := make([]float32, m*n)
			Parallel(n, tileColumns, func(from, end int) {
				s.Mul(m, k, a, b, RowMajor(c, n), from, end)
			})
			return c
		})
		mem.check(t)
	}
}

func BenchmarkMulPacked(b *testing.B) {
	for _, size := range []struct {
		name    string
		m, k, n int
	}{{"one sample, 50 units", 1, 58, 224}, {"32 samples, 50 units", 32, 58, 224}, {"32 samples, 128 units", 32, 160, 512}, {"32 samples, 512 units", 32, 512, 2048}} {
		for _, s := range sets() {
			b.Run(size.name+"/"+s.Name, func(b *testing.B) {
				mem := &memory{rng: rand.New(rand.NewPCG(1, 1))}
				x := RowMajor(mem.input("a", size.m*size.k, ordinary), size.k)
				var packed Packed[float32]
				packed.Pack(s, RowMajor(mem.input("b", size.k*size.n, ordinary), size.n), size.k, size.n)
				c := RowMajor(make([]float32, size.m*size.n), size.n)
				for b.Loop() {
					s.MulPacked(size.m, x, &packed, c, false)
				}
				b.ReportMetric(2*float64(size.m*size.k*size.n)*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOP/s")
			})
		}
	}
}

// BenchmarkMul multiplies with a matrix that is not packed.
func BenchmarkMul(b *testing.B) {
	for _, size := range [][3]int{{1, 64, 64}, {1, 256, 256}, {12, 50, 200}, {20, 200, 800}, {128, 784, 512}, {2048, 128, 96}} {
		m, k, n := size[0], size[1], size[2]
		for _, s := range sets() {
			b.Run(fmt.Sprint(size, "/", s.Name), func(b *testing.B) {
				mem := &memory{rng: rand.New(rand.NewPCG(1, 1))}
				x, y := RowMajor(mem.input("a", m*k, ordinary), k), RowMajor(mem.input("b", k*n, ordinary), n)
				c := RowMajor(make([]float32, m*n), n)
				for b.Loop() {
					s.Mul(m, k, x, y, c, 0, n)
				}
				b.ReportMetric(2*float64(m*k*n)*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOP/s")
			})
		}
	}
}
