//go:build amd64 && !noasm

package kernels

import "sync"

// maskTable is what the assembly reads: rows of 64 bytes, with the same number in every
// element, except for the numbers of the blocks.
type maskTable struct {
	keys    [philoxRounds][2][8]uint64
	counter [4][8]uint64
	limit   [16]uint32
	value   [16]float32

	rest [maskGroup]float32 // for the last elements
}

// maskTables are spare tables. Local ones would escape to the heap, because the kernel is
// called through a variable.
var maskTables = sync.Pool{New: func() any { return new(maskTable) }}

// masks extends a kernel to slices of any length. Its comparison is that of limit ^ signs.
func masks(kernel func(n int, table *uint64, y *float32), signs uint32) randomKernels[float32] {
	return randomKernels[float32]{func(s Stream, first, limit uint32, value float32, y []float32) {
		t := maskTables.Get().(*maskTable)
		key := s.Key
		for r := range t.keys {
			spread(t.keys[r][0][:], uint64(key[0]))
			spread(t.keys[r][1][:], uint64(key[1]))
			key = [2]uint32{key[0] + philoxStep0, key[1] + philoxStep1}
		}
		spread(t.counter[2][:], uint64(s.Counter[0]))
		spread(t.counter[3][:], uint64(s.Counter[1]))
		spread(t.limit[:], limit^signs)
		spread(t.value[:], value)
		whole := len(y) / maskGroup * maskGroup
		if whole > 0 {
			t.from(first)
			kernel(whole, &t.keys[0][0][0], &y[0])
		}
		if whole < len(y) {
			t.from(first + uint32(whole/maskGroup))
			kernel(maskGroup, &t.keys[0][0][0], &t.rest[0])
			copy(y[whole:], t.rest[:])
		}
		maskTables.Put(t)
	}}
}

// from sets the numbers of the blocks of a group.
func (t *maskTable) from(group uint32) {
	for b := range t.counter[0] {
		t.counter[0][b] = uint64(group*maskBlocks + uint32(b))
	}
}

func spread[T any](x []T, v T) {
	for i := range x {
		x[i] = v
	}
}
