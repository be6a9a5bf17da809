package kernels

import (
	"math"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"
)

// The known answers are those of Random123, the authors' library (kat_vectors).
func TestPhilox(t *testing.T) {
	const f = math.MaxUint32
	for _, c := range []struct {
		counter [4]uint32
		key     [2]uint32
		want    [4]uint32
	}{
		{want: [4]uint32{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
		{[4]uint32{f, f, f, f}, [2]uint32{f, f}, [4]uint32{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
		{[4]uint32{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, [2]uint32{0xa4093822, 0x299f31d0}, [4]uint32{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
	} {
		if got := philox(c.counter, c.key); got != c.want {
			t.Errorf("philox(%x, %x) is %x, want %x", c.counter, c.key, got, c.want)
		}
	}
}

func streams(rng *rand.Rand) Stream {
	return Stream{[2]uint32{rng.Uint32(), rng.Uint32()}, [2]uint32{rng.Uint32(), rng.Uint32()}}
}

// number is number i of a stream.
func (s Stream) number(i uint64) uint32 {
	p, b, w := i%32/16, i%16/2, i%2
	return philox([4]uint32{uint32(i/32*8 + b), 0, s.Counter[0], s.Counter[1]}, s.Key)[2*p+w]
}

// Every set draws the same elements, and of both types, which compare the numbers with
// the probability.
func maskCase(t *rapid.T, s *Set[float32], _ kind, mem *memory) {
	n := upTo(t, "n", 300)
	stream := streams(mem.rng)
	keep := rapid.SampledFrom([]float64{0.5, 0.9, 1, 1e-3, 1 - 1e-12, 0x1p-32, 0x1p-33 * 0.9, mem.rng.Float64()}).Draw(t, "keep")
	y := mem.make("mask", n)
	for i := range y {
		y[i] = float32(math.NaN()) // all are written
	}
	s.Mask(stream, keep, y)
	wide := make([]float64, n)
	Float64().Mask(stream, keep, wide)
	for i := range y {
		want := 0.0
		if float64(stream.number(uint64(i))) < math.Round(keep*(1<<32)) {
			want = 1 / keep
		}
		if y[i] != float32(want) || wide[i] != want {
			t.Fatalf("element %d is %v, and %v in float64, want %v", i, y[i], wide[i], want)
		}
	}
	// From a group in the middle, and at the end of the numbers of a counter.
	first := rapid.SampledFrom([]uint32{0, 1, 1<<29 - 20}).Draw(t, "first")
	s.mask(stream, first, 1<<31, 3, y)
	for i := range y {
		want := float32(0)
		if stream.number(uint64(first)*maskGroup+uint64(i)) <= 1<<31 {
			want = 3
		}
		if y[i] != want {
			t.Fatalf("element %d from group %d is %v, want %v", i, first, y[i], want)
		}
	}
}

func TestMask(t *testing.T) { rapid.Check(t, property(maskCase)) }
func FuzzMask(f *testing.F) { fuzz(f, property(maskCase)) }

// A mask that is drawn on several cores is the same.
func TestMaskOnAnyCores(t *testing.T) {
	stream := streams(rand.New(rand.NewPCG(1, 1)))
	for _, s := range sets() {
		want, got := make([]float32, 100_001), make([]float32, 100_001)
		s.mask(stream, 0, 1<<31-1, 2, want)
		s.Mask(stream, 0.5, got)
		same(t, s.Name, got, want)
	}
}

// The statistics of masks lie within 4.5 standard deviations of their expectation: the
// number of elements that are kept; those that agree with their neighbour at some
// distance; and those that agree between streams whose keys or counters differ in one bit.
func TestMaskStatistics(t *testing.T) {
	const n = 1 << 17
	base := streams(rand.New(rand.NewPCG(3, 1)))
	draw := func(s Stream, keep float64) []float32 {
		y := make([]float32, n)
		Float32().Mask(s, keep, y)
		return y
	}
	check := func(name string, count, of int, p float64) {
		t.Helper()
		if off := (float64(count) - float64(of)*p) / math.Sqrt(float64(of)*p*(1-p)); math.Abs(off) > 4.5 {
			t.Errorf("%s: %d of %d, which is %.1f standard deviations from %v", name, count, of, off, p)
		}
	}
	kept := func(y []float32) (count int) {
		for _, v := range y {
			if v != 0 {
				count++
			}
		}
		return count
	}
	agree := func(x, y []float32) (count int) {
		for i, v := range y {
			if (v != 0) == (x[i] != 0) {
				count++
			}
		}
		return count
	}
	for _, keep := range []float64{0.01, 0.1, 0.5, 0.8, 0.9} {
		check("kept", kept(draw(base, keep)), n, keep)
	}
	for _, keep := range []float64{0.5, 0.9} {
		y, both := draw(base, keep), keep*keep+(1-keep)*(1-keep)
		for _, distance := range []int{1, 2, 4, 8, 16, 32, 64, 128, 1024} {
			check("neighbours", agree(y, y[distance:]), n-distance, both)
		}
		for bit := range 32 {
			for _, word := range []*uint32{&base.Key[0], &base.Key[1], &base.Counter[0], &base.Counter[1]} {
				before := *word
				*word ^= 1 << bit
				check("streams", agree(y, draw(base, keep)), n, both)
				*word = before
			}
		}
	}
	// The 8 bits at the top and at the bottom of each number are uniform, by χ² with 255
	// degrees of freedom, whose standard deviation is √510.
	for _, shift := range []int{0, 24} {
		counts := make([]int, 256)
		for i := range n {
			counts[base.number(uint64(i))>>shift&255]++
		}
		sum, expected := 0.0, n/256.0
		for _, c := range counts {
			sum += (float64(c) - expected) * (float64(c) - expected) / expected
		}
		if math.Abs(sum-255) > 4.5*math.Sqrt(510) {
			t.Errorf("bits from %d: χ² is %.0f", shift, sum)
		}
	}
}

func BenchmarkMask(b *testing.B) {
	for _, s := range sets() {
		b.Run(s.Name, func(b *testing.B) {
			y := make([]float32, 1<<14)
			for b.Loop() {
				s.mask(Stream{}, 0, 1<<31, 2, y)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(y)), "ns/element")
		})
	}
}
