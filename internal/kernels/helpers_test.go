package kernels

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

const (
	unit = 0x1p-24 // what rounding a float32 changes at most, of its size
	ulp  = 2 * unit

	leastNormal = 0x1p-126
	least       = 0x1p-149
)

// sets are the kernels for float32 that can run here. Each is held to what
// float64 gives.
func sets() []*Set[float32] { return all32() }

// reporter is a *testing.T or a *rapid.T.
type reporter interface {
	Helper()
	Fatalf(format string, args ...any)
}

// kind is what random numbers are like. Denormal and infinite numbers are kept
// apart: a product of the first is 0 or not by the order of its factors, and
// then makes NaN or infinity of the second.
type kind int

const (
	ordinary kind = iota // of sizes from 1e-3 to 1e3, and zeros
	tiny                 // and denormal ones
	special              // and infinities and NaN
	kinds
)

func (k kind) number(rng *rand.Rand) float32 {
	choice := rng.IntN(12)
	switch {
	case choice == 0:
		return float32(math.Copysign(0, rng.Float64()-0.5))
	case choice == 1 && k == tiny:
		return (rng.Float32() - 0.5) * leastNormal
	case choice == 1 && k == special:
		return []float32{float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(-1))}[rng.IntN(3)]
	}
	return float32(math.Copysign(math.Pow(10, 6*rng.Float64()-3), rng.Float64()-0.5))
}

func (k kind) numbers(rng *rand.Rand, x []float32) {
	for i := range x {
		x[i] = k.number(rng)
	}
}

// memory hands out slices that lie between guard values, at any alignment, with
// room behind them; and it knows what was put into them.
type memory struct {
	rng     *rand.Rand
	buffers []*buffer
}

type buffer struct {
	name   string
	all    []float32
	from   int
	n      int
	before []float32 // of an input
}

const guard = 12345.678

func (m *memory) make(name string, n int) []float32 {
	b := &buffer{name: name, from: 1 + m.rng.IntN(9), n: n}
	b.all = make([]float32, b.from+n+80)
	for i := range b.all {
		b.all[i] = guard
	}
	m.buffers = append(m.buffers, b)
	return b.all[b.from : b.from+n]
}

// input is a slice of random numbers that must not be written.
func (m *memory) input(name string, n int, k kind) []float32 {
	x := m.make(name, n)
	k.numbers(m.rng, x)
	m.freeze()
	return x
}

// freeze says that the slice made last must stay as it is now.
func (m *memory) freeze() {
	b := m.buffers[len(m.buffers)-1]
	b.before = slices.Clone(b.all)
}

// check holds that nothing was written outside of the slices, nor to inputs.
func (m *memory) check(t reporter) {
	t.Helper()
	for _, b := range m.buffers {
		for i, x := range b.all {
			inside := i >= b.from && i < b.from+b.n
			if b.before == nil && !inside && x != guard {
				t.Fatalf("%s: element %d of %d was written", b.name, i-b.from, b.n)
			}
			if b.before != nil && math.Float32bits(x) != math.Float32bits(b.before[i]) {
				t.Fatalf("%s: element %d of %d, an input, was written", b.name, i-b.from, b.n)
			}
		}
	}
}

// near holds that a number is NaN or infinite just where it should be, and
// otherwise within the given distance.
func near(t reporter, name string, got float32, want, distance float64) {
	t.Helper()
	g := float64(got)
	switch {
	case math.IsNaN(want) && math.IsNaN(g):
	case math.IsInf(want, 0) && g == want:
	case !math.IsNaN(g) && !math.IsInf(want, 0) && math.Abs(g-want) <= distance:
	default:
		t.Fatalf("%s: got %v, want %v within %.3g", name, got, want, distance)
	}
}

// same holds that two slices have the same bits; one NaN is like another.
func same[T Float](t reporter, name string, got, want []T) {
	t.Helper()
	for i := range want {
		g, w := float64(got[i]), float64(want[i])
		if math.Float64bits(g) != math.Float64bits(w) && !(math.IsNaN(g) && math.IsNaN(w)) {
			t.Fatalf("%s: element %d is %v, want the bits of %v", name, i, got[i], want[i])
		}
	}
}

// property is a check of random cases: of one set, with one kind of numbers, in
// memory that is guarded.
func property(f func(t *rapid.T, s *Set[float32], k kind, m *memory)) func(*rapid.T) {
	return func(t *rapid.T) {
		all := sets()
		s := all[rapid.IntRange(0, len(all)-1).Draw(t, "set")]
		k := kind(rapid.IntRange(0, int(kinds)-1).Draw(t, "kind"))
		m := &memory{rng: rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))}
		f(t, s, k, m)
		m.check(t)
	}
}

// upTo draws a length.
func upTo(t *rapid.T, name string, most int) int { return rapid.IntRange(0, most).Draw(t, name) }

// fuzz runs a property on inputs that the fuzzer finds.
func fuzz(f *testing.F, property func(*rapid.T)) {
	for seed := range uint64(4) {
		rng := rand.New(rand.NewPCG(seed, 2))
		in := make([]byte, 512)
		for i := range in {
			in[i] = byte(rng.Uint32())
		}
		f.Add(in)
	}
	f.Fuzz(rapid.MakeFuzz(property))
}

// newRecurrent is a layer in memory that held NaN before.
func newRecurrent[T Float](set *Set[T], cell Cell[T], cfg Config, inParts int) *Recurrent[T] {
	l := prepare(set, cell, cfg, inParts)
	memory := make([]T, l.MemorySize())
	for i := range memory {
		memory[i] = T(math.NaN())
	}
	l.SetMemory(memory)
	return l
}
