package kernels

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// cellCase compares a kernel of a cell with its equations in float64: from its
// inputs, and for what comes late from what it wrote before. So each number is
// a few roundings away, in relation to the sizes of what was added to make it:
// no more than 8.
type cellCase struct {
	t       reporter
	mem     *memory
	k       kind
	n, gate int
}

func newCellCase(t *rapid.T, k kind, mem *memory) *cellCase {
	n := Width * rapid.IntRange(1, 4).Draw(t, "n / 8")
	return &cellCase{t, mem, k, n, n + upTo(t, "room", 5)}
}

// sums are four gates before they are activated.
func (c *cellCase) sums() (z, before []float32) {
	z = c.mem.make("z", 3*c.gate+c.n)
	c.k.numbers(c.mem.rng, z)
	return z, slices.Clone(z)
}

// activated are four gates from −1 to 1, often at the ends.
func (c *cellCase) activated() []float32 {
	z := c.mem.make("z", 3*c.gate+c.n)
	for i := range z {
		z[i] = float32(max(-1, min(1, 1.5*(2*c.mem.rng.Float64()-1))))
	}
	c.mem.freeze()
	return z
}

func (c *cellCase) row(name string) []float32 { return c.mem.make(name, c.n) }

// changing is a row that the kernel changes, and what it was.
func (c *cellCase) changing(name string) (x, before []float32) {
	x = c.row(name)
	c.k.numbers(c.mem.rng, x)
	return x, slices.Clone(x)
}

// near compares with a sum; size is that of its terms without their signs.
func (c *cellCase) near(name string, got float32, want, size float64) {
	c.t.Helper()
	near(c.t, name, got, want, 8*unit*size+leastNormal)
}

// between holds that what lies between the gates was left alone.
func (c *cellCase) between(z, before []float32) {
	c.t.Helper()
	for g := range 3 {
		same(c.t, "between the gates", z[g*c.gate+c.n:(g+1)*c.gate], before[g*c.gate+c.n:(g+1)*c.gate])
	}
}

// at4 are the elements of four gates at j.
func at4(z []float32, gate, j int) (a, b, c, d float64) {
	return float64(z[j]), float64(z[gate+j]), float64(z[2*gate+j]), float64(z[3*gate+j])
}

func lstmForwardCase(t *rapid.T, s *Set[float32], k kind, mem *memory) {
	c := newCellCase(t, k, mem)
	before := mem.input("before", c.n, k)
	z, was := c.sums()
	after, tanhC, h := c.row("c"), c.row("tanh c"), c.row("h")
	inPlace := slices.Clone(before)
	s.lstmForward(c.n, z, c.gate, before, after, tanhC, h)
	c.between(z, was)
	for j := range c.n {
		zi, zf, zg, zo := at4(was, c.gate, j)
		i, f, g, o := at4(z, c.gate, j)
		sigmoidFunction.check(t, float32(zi), float32(i))
		sigmoidFunction.check(t, float32(zf), float32(f))
		tanhFunction.check(t, float32(zg), float32(g))
		sigmoidFunction.check(t, float32(zo), float32(o))
		b := float64(before[j])
		c.near("c", after[j], f*b+i*g, math.Abs(f*b)+math.Abs(i*g))
		tanhFunction.check(t, after[j], tanhC[j])
		c.near("h", h[j], o*float64(tanhC[j]), math.Abs(o*float64(tanhC[j])))
	}
	// The state may be changed in its place.
	s.lstmForward(c.n, was, c.gate, inPlace, inPlace, slices.Clone(tanhC), slices.Clone(h))
	same(t, "c in place", inPlace, after)
}

func lstmBackwardCase(t *rapid.T, s *Set[float32], k kind, mem *memory) {
	c := newCellCase(t, k, mem)
	z, before, dh := c.activated(), mem.input("before", c.n, k), mem.input("dh", c.n, k)
	tanhC := c.row("tanh c")
	copy(tanhC, z)
	mem.freeze()
	dc, was := c.changing("dc")
	dz := mem.make("dz", 3*c.gate+c.n)
	blank := slices.Clone(dz)
	s.lstmBackward(c.n, z, c.gate, before, tanhC, dh, dc, dz)
	c.between(dz, blank)
	for j := range c.n {
		i, f, g, o := at4(z, c.gate, j)
		di, df, dg, do := at4(dz, c.gate, j)
		b, tc, d := float64(before[j]), float64(tanhC[j]), float64(dh[j])
		dcj := float64(was[j]) + d*o*(1-tc*tc)
		size := math.Abs(float64(was[j])) + math.Abs(d*o)*(1+tc*tc)
		c.near("di", float32(di), dcj*(g*i*(1-i)), size*math.Abs(g*i)*(1+math.Abs(i)))
		c.near("df", float32(df), dcj*(b*f*(1-f)), size*math.Abs(b*f)*(1+math.Abs(f)))
		c.near("dg", float32(dg), dcj*i*(1-g*g), size*math.Abs(i)*(1+g*g))
		c.near("do", float32(do), d*tc*o*(1-o), math.Abs(d*tc*o)*(1+math.Abs(o)))
		c.near("dc", dc[j], dcj*f, size*math.Abs(f))
	}
}

func gruForwardCase(t *rapid.T, s *Set[float32], k kind, mem *memory) {
	c := newCellCase(t, k, mem)
	before := mem.input("before", c.n, k)
	z, was := c.sums()
	h := c.row("h")
	inPlace := slices.Clone(before)
	s.gruForward(c.n, z, c.gate, before, h)
	c.between(z, was)
	same(t, "zh", z[3*c.gate:], was[3*c.gate:])
	for j := range c.n {
		zu, zr, zx, zh := at4(was, c.gate, j)
		u, r, g, _ := at4(z, c.gate, j)
		sigmoidFunction.check(t, float32(zu), float32(u))
		sigmoidFunction.check(t, float32(zr), float32(r))
		sum := zx + r*zh
		// tanh makes no error greater, and adds its own.
		c.near("candidate", float32(g), math.Tanh(sum), math.Abs(zx)+math.Abs(r*zh)+1)
		b := float64(before[j])
		c.near("h", h[j], g+u*(b-g), math.Abs(g)+math.Abs(u)*(math.Abs(b)+math.Abs(g)))
	}
	s.gruForward(c.n, was, c.gate, inPlace, inPlace)
	same(t, "h in place", inPlace, h)
}

func gruBackwardCase(t *rapid.T, s *Set[float32], k kind, mem *memory) {
	c := newCellCase(t, k, mem)
	z, before := c.activated(), mem.input("before", c.n, k)
	dh, was := c.changing("dh")
	dz := mem.make("dz", 3*c.gate+c.n)
	blank := slices.Clone(dz)
	s.gruBackward(c.n, z, c.gate, before, dh, dz)
	c.between(dz, blank)
	for j := range c.n {
		u, r, g, zh := at4(z, c.gate, j)
		du, dr, dg, dzh := at4(dz, c.gate, j)
		b, d := float64(before[j]), float64(was[j])
		dcj, size := d*(1-u)*(1-g*g), math.Abs(d)*(1+math.Abs(u))*(1+g*g)
		c.near("du", float32(du), d*(b-g)*u*(1-u), math.Abs(d*u)*(math.Abs(b)+math.Abs(g))*(1+math.Abs(u)))
		c.near("dr", float32(dr), dcj*zh*r*(1-r), size*math.Abs(zh*r)*(1+math.Abs(r)))
		c.near("dx", float32(dg), dcj, size)
		c.near("dzh", float32(dzh), dcj*r, size*math.Abs(r))
		c.near("dh", dh[j], d*u, math.Abs(d*u))
	}
}

func TestLSTMForward(t *testing.T)  { rapid.Check(t, property(lstmForwardCase)) }
func TestLSTMBackward(t *testing.T) { rapid.Check(t, property(lstmBackwardCase)) }
func TestGRUForward(t *testing.T)   { rapid.Check(t, property(gruForwardCase)) }
func TestGRUBackward(t *testing.T)  { rapid.Check(t, property(gruBackwardCase)) }

func FuzzLSTMForward(f *testing.F)  { fuzz(f, property(lstmForwardCase)) }
func FuzzLSTMBackward(f *testing.F) { fuzz(f, property(lstmBackwardCase)) }
func FuzzGRUForward(f *testing.F)   { fuzz(f, property(gruForwardCase)) }
func FuzzGRUBackward(f *testing.F)  { fuzz(f, property(gruBackwardCase)) }

// BenchmarkLSTMForward times the cell of one sample, in nanoseconds for 8 units.
func BenchmarkLSTMForward(b *testing.B) {
	for _, s := range sets() {
		b.Run(s.Name, func(b *testing.B) {
			const n = 256
			z, before, c, tanhC, h := make([]float32, 4*n), make([]float32, n), make([]float32, n), make([]float32, n), make([]float32, n)
			for b.Loop() {
				s.lstmForward(n, z, n, before, c, tanhC, h)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/(n/Width), "ns/8-units")
		})
	}
}
