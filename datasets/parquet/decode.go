package parquet

import (
	"encoding/binary"

	"github.com/pkg/errors"
)

// Encodings of pages.
const (
	plain           = 0
	plainDictionary = 2
	runLengths      = 3
	deltaPacked     = 5
	dictionaryIndex = 8
	byteStreamSplit = 9
)

var errShort = errors.New("the page ends within its values")

// width is the number of bytes of a value of a physical type; 0 for a bool.
func width(physical int64) int {
	switch physical {
	case int32s, float:
		return 4
	case int64s, double:
		return 8
	}
	return 0
}

// decodeValues appends count values of a physical type to out, each as its bits.
func decodeValues(out []uint64, data []byte, encoding, physical int64, count int, dictionary []uint64) ([]uint64, error) {
	w := width(physical)
	switch {
	case encoding == plain && w == 0:
		if count > 8*len(data) {
			return nil, errShort
		}
		for i := range count {
			out = append(out, bitsAt(data, i, 1))
		}
		return out, nil
	case encoding == plain || encoding == byteStreamSplit && w > 0:
		if count > len(data)/w {
			return nil, errShort
		}
		value, from, step := make([]byte, 8), w, 1
		if encoding == byteStreamSplit { // byte j of all values is together
			from, step = 1, count
		}
		for i := range count {
			for j := range w {
				value[j] = data[i*from+j*step]
			}
			out = append(out, binary.LittleEndian.Uint64(value))
		}
		return out, nil
	case encoding == runLengths && w == 0:
		if len(data) < 4 {
			return nil, errShort
		}
		err := hybrid(data[4:], 1, count, func(v uint64, n int) error {
			out = appendRun(out, v, n)
			return nil
		})
		return out, err
	case encoding == plainDictionary || encoding == dictionaryIndex:
		if len(data) < 1 {
			return nil, errShort
		}
		err := hybrid(data[1:], int(data[0]), count, func(v uint64, n int) error {
			if v >= uint64(len(dictionary)) {
				return errors.Errorf("value %d is not in the dictionary of %d", v, len(dictionary))
			}
			out = appendRun(out, dictionary[v], n)
			return nil
		})
		return out, err
	case encoding == deltaPacked && (physical == int32s || physical == int64s):
		return decodeDelta(out, data, count)
	}
	return nil, errors.Errorf("encoding %d of type %d cannot be read; write PLAIN or dictionaries", encoding, physical)
}

func appendRun(out []uint64, v uint64, n int) []uint64 {
	for range n {
		out = append(out, v)
	}
	return out
}

// hybrid decodes count integers of some bits, in runs of one value or packed bit by bit,
// and emits each value and how often it follows. More than count values are padding.
func hybrid(data []byte, bits, count int, emit func(v uint64, n int) error) error {
	if bits > 32 {
		return errors.Errorf("integers of %d bits cannot be read", bits)
	}
	for count > 0 {
		head, size := binary.Uvarint(data)
		if size <= 0 {
			return errShort
		}
		data = data[size:]
		if head&1 == 0 { // one value, in whole bytes
			n := int(min(head>>1, uint64(count)))
			bytes := (bits + 7) / 8
			if len(data) < bytes {
				return errShort
			}
			var value [8]byte
			copy(value[:], data[:bytes])
			if err := emit(binary.LittleEndian.Uint64(value[:]), n); err != nil {
				return err
			}
			data, count = data[bytes:], count-n
			continue
		}
		// Groups of 8 values. The last one may be cut to the values that are there.
		n := count
		if groups := head >> 1; groups < uint64(count+7)/8 {
			n = 8 * int(groups)
		}
		if (n*bits+7)/8 > len(data) {
			return errShort
		}
		for i := range n {
			if err := emit(bitsAt(data, i*bits, bits), 1); err != nil {
				return err
			}
		}
		count -= n
		data = data[min(uint64(len(data)), (head>>1)*uint64(bits)):]
	}
	return nil
}

// bitsAt returns an integer of up to 64 bits that begins at a bit of data, the lowest bit
// first.
func bitsAt(data []byte, at, bits int) uint64 {
	var v uint64
	for have := 0; have < bits; {
		from := at & 7
		take := min(8-from, bits-have)
		part := uint64(data[at>>3]>>from) & (1<<take - 1)
		v |= part << have
		at, have = at+take, have+take
	}
	return v
}

// decodeDelta decodes integers of which the first is given, and then the differences,
// in blocks: the least difference, and what each is above it.
func decodeDelta(out []uint64, data []byte, count int) ([]uint64, error) {
	r := thriftReader{rest: data} // has the same variable-length integers
	block, parts, total, last := r.uvarint(), r.uvarint(), r.uvarint(), uint64(r.varint())
	if r.failed || block == 0 || block > 1<<16 || parts == 0 || parts > 1<<9 || block%(8*parts) != 0 || total != uint64(count) {
		return nil, errors.Errorf("a header of %d differences in blocks of %d, in %d parts, for %d values", total, block, parts, count)
	}
	if count == 0 {
		return out, nil
	}
	out = append(out, last)
	count--
	each := int(block / parts)
	for count > 0 {
		least, widths := uint64(r.varint()), r.bytes(parts)
		for i := 0; i < len(widths) && count > 0; i++ {
			bits := int(widths[i])
			n := min(each, count)
			if bits > 64 || (n*bits+7)/8 > len(r.rest) {
				return nil, errShort
			}
			for j := range n {
				last += least + bitsAt(r.rest, j*bits, bits)
				out = append(out, last)
			}
			count -= n
			r.bytes(min(uint64(each*bits/8), uint64(len(r.rest))))
		}
		if r.failed {
			return nil, errShort
		}
	}
	return out, nil
}
