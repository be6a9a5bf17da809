package kernels

import "math"

// Stream identifies a sequence of random numbers: Philox 4×32-10 (Salmon et al. 2011,
// "Parallel Random Numbers: As Easy as 1, 2, 3") with a key and the upper half of its
// counter. Each number is a function of the stream and its index.
type Stream struct{ Key, Counter [2]uint32 }

// randomKernels are kernels that draw random numbers.
type randomKernels[T Float] struct {
	// mask writes value to the elements of y whose number is at most limit, and 0 to the
	// others. The numbers are those of the stream from index first·maskGroup on.
	mask func(s Stream, first, limit uint32, value T, y []T)
}

func randomGo[T Float]() randomKernels[T] { return randomKernels[T]{mask: maskGo[T]} }

// maskCost is what an element costs about, in multiplications of a matrix product.
const maskCost = 16

// Mask draws a mask for dropout: an element of y is 1/keep with the probability keep, and
// otherwise 0. The probability is rounded to a multiple of 2⁻³². Each element depends on
// its index and the stream alone, in every set of kernels and for both types.
func (s *Set[T]) Mask(stream Stream, keep float64, y []T) {
	if uint64(len(y)) > 1<<34 {
		panic("kernels: mask of more elements than a counter has numbers")
	}
	threshold := uint64(math.Round(keep * (1 << 32)))
	if threshold == 0 {
		clear(y)
		return
	}
	limit := uint32(min(threshold-1, math.MaxUint32))
	Share(maskCost*len(y), len(y), maskGroup, func(from, end int) {
		s.mask(stream, uint32(from/maskGroup), limit, T(1/keep), y[from:end])
	})
}

// A group has the numbers of maskBlocks blocks of Philox with four words each. Vector
// kernels compute the blocks in the lanes of 64 bits of a register and store two words
// of each block side by side. So number 16·p + 2·b + w of a group is word 2·p + w of its
// block b.
const (
	maskBlocks = 8
	maskGroup  = 4 * maskBlocks
)

func maskGo[T Float](s Stream, first, limit uint32, value T, y []T) {
	for group := first; len(y) > 0; group++ {
		var all [maskGroup]T
		for b := range uint32(maskBlocks) {
			words := philox([4]uint32{group*maskBlocks + b, 0, s.Counter[0], s.Counter[1]}, s.Key)
			for w, word := range words {
				if word <= limit {
					all[w/2*16+int(b)*2+w%2] = value
				}
			}
		}
		y = y[copy(y, all[:]):]
	}
}

// The number of rounds and the constants of Philox 4×32; the steps are those of the key
// from round to round.
const (
	philoxRounds                 = 10
	philoxFactor0, philoxFactor1 = 0xD2511F53, 0xCD9E8D57
	philoxStep0, philoxStep1     = 0x9E3779B9, 0xBB67AE85
)

// philox computes a block of four numbers.
func philox(counter [4]uint32, key [2]uint32) [4]uint32 {
	c0, c1, c2, c3 := counter[0], counter[1], counter[2], counter[3]
	k0, k1 := key[0], key[1]
	for range philoxRounds {
		a, b := philoxFactor0*uint64(c0), philoxFactor1*uint64(c2)
		c0, c1, c2, c3 = uint32(b>>32)^c1^k0, uint32(b), uint32(a>>32)^c3^k1, uint32(a)
		k0, k1 = k0+philoxStep0, k1+philoxStep1
	}
	return [4]uint32{c0, c1, c2, c3}
}
