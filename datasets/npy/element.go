package npy

import (
	"encoding/binary"
	"math"
	"math/bits"
	"slices"

	"github.com/engram-go/engram/internal/dense"
)

// element is a type of elements in a file.
type element struct {
	kind byte // as NumPy writes it: f, i, u or b
	size int  // bytes
	big  bool // the most significant byte is the first
}

// parseElement reads a type as NumPy writes it, such as "<f4". It reports whether it is
// one of numbers.
func parseElement(descr string) (element, bool) {
	if len(descr) != 3 {
		return element{}, false
	}
	e := element{kind: descr[1], size: int(descr[2]) - '0', big: descr[0] == '>'}
	sizes := []int{1, 2, 4, 8}
	switch e.kind {
	case 'i', 'u':
	case 'b':
		sizes = []int{1}
	case 'f':
		sizes = []int{4, 8}
	default:
		return element{}, false
	}
	ordered := descr[0] == '<' || descr[0] == '>' || descr[0] == '|' && e.size == 1
	return e, ordered && slices.Contains(sizes, e.size)
}

// bits returns the first element of raw as an integer without sign.
func (e element) bits(raw []byte) uint64 {
	switch {
	case e.size == 1:
		return uint64(raw[0])
	case e.size == 2 && e.big:
		return uint64(binary.BigEndian.Uint16(raw))
	case e.size == 2:
		return uint64(binary.LittleEndian.Uint16(raw))
	case e.size == 4 && e.big:
		return uint64(binary.BigEndian.Uint32(raw))
	case e.size == 4:
		return uint64(binary.LittleEndian.Uint32(raw))
	case e.big:
		return binary.BigEndian.Uint64(raw)
	}
	return binary.LittleEndian.Uint64(raw)
}

// decode converts the elements in raw to out, which has as many. Floats are rounded;
// NaN and infinities stay. It returns the index of the first element that T cannot
// hold, or -1: an integer that would have to be rounded, a finite float that would
// become infinite, or a bool that is neither 0 nor 1.
func decode[T dense.Float](out []T, raw []byte, e element) int {
	for i := range out {
		b := e.bits(raw[i*e.size:])
		ok := true
		switch e.kind {
		case 'f':
			v := math.Float64frombits(b)
			if e.size == 4 {
				v = float64(math.Float32frombits(uint32(b)))
			}
			out[i] = T(v)
			ok = dense.Finite(out[i]) || !dense.Finite(v)
		case 'i':
			v := signed(b, e.size)
			out[i] = T(v)
			ok = exact[T](uint64(max(v, -v)))
		default:
			out[i] = T(b)
			ok = exact[T](b) && (e.kind == 'u' || b <= 1)
		}
		if !ok {
			return i
		}
	}
	return -1
}

// signed reads an integer of some bytes in two's complement.
func signed(b uint64, size int) int64 {
	unused := 64 - 8*size
	return int64(b<<unused) >> unused
}

// exact reports whether T has all significant bits of an integer. That of the least
// int64, whose magnitude is 2⁶³, is one.
func exact[T dense.Float](magnitude uint64) bool {
	precision := 53
	if T(1<<24)+1 == T(1<<24) {
		precision = 24
	}
	return bits.Len64(magnitude)-bits.TrailingZeros64(magnitude) <= precision
}

// value is an element as it is written in the file, for messages.
func (e element) value(raw []byte) any {
	b := e.bits(raw)
	switch {
	case e.kind == 'f' && e.size == 4:
		return math.Float32frombits(uint32(b))
	case e.kind == 'f':
		return math.Float64frombits(b)
	case e.kind == 'i':
		return signed(b, e.size)
	}
	return b
}
