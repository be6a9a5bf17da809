package parquet

import (
	"encoding/binary"

	"github.com/pkg/errors"
)

// Types of the compact protocol of Apache Thrift, in which Parquet writes its headers.
const (
	thriftTrue   = 1
	thriftFalse  = 2
	thriftByte   = 3
	thriftI16    = 4
	thriftI32    = 5
	thriftI64    = 6
	thriftDouble = 7
	thriftBinary = 8
	thriftList   = 9
	thriftSet    = 10
	thriftMap    = 11
	thriftStruct = 12
)

// structure is a Thrift struct, of any definition: the fields that are there. A value is
// an int64 (also of a bool), a string, a list or a structure.
type structure []field

type field struct {
	id    int16
	value any
}

type list []any

// get returns a field; the zero value if it is not there or of another type.
func get[T any](s structure, id int16) T {
	v, _ := find[T](s, id)
	return v
}

func find[T any](s structure, id int16) (T, bool) {
	for _, f := range s {
		if f.id == id {
			v, ok := f.value.(T)
			return v, ok
		}
	}
	var zero T
	return zero, false
}

var errThrift = errors.New("no struct of Thrift's compact protocol")

// readStruct reads a struct and returns what is after it. Memory is bounded by a multiple
// of the bytes, since each value takes at least one.
func readStruct(data []byte) (structure, []byte, error) {
	r := thriftReader{rest: data}
	s := r.structure(0)
	if r.failed {
		return nil, nil, errThrift
	}
	return s, r.rest, nil
}

type thriftReader struct {
	rest   []byte
	failed bool
}

func (r *thriftReader) fail() { r.rest, r.failed = nil, true }

func (r *thriftReader) bytes(n uint64) []byte {
	if n > uint64(len(r.rest)) {
		r.fail()
		return nil
	}
	out := r.rest[:n]
	r.rest = r.rest[n:]
	return out
}

func (r *thriftReader) byte() byte {
	if b := r.bytes(1); b != nil {
		return b[0]
	}
	return 0
}

func (r *thriftReader) uvarint() uint64 {
	v, n := binary.Uvarint(r.rest)
	if n <= 0 {
		r.fail()
		return 0
	}
	r.rest = r.rest[n:]
	return v
}

// varint reads an integer in zigzag order: 0, −1, 1, −2.
func (r *thriftReader) varint() int64 {
	v := r.uvarint()
	return int64(v>>1) ^ -int64(v&1)
}

const maxDepth = 16 // the footer of Parquet needs 6

func (r *thriftReader) structure(depth int) structure {
	if depth > maxDepth {
		r.fail()
		return nil
	}
	var s structure
	for id := int16(0); !r.failed; {
		head := r.byte()
		if head == 0 {
			return s
		}
		if delta := head >> 4; delta != 0 {
			id += int16(delta)
		} else {
			id = int16(r.varint())
		}
		switch kind := head & 15; kind {
		case thriftTrue:
			s = append(s, field{id, int64(1)})
		case thriftFalse:
			s = append(s, field{id, int64(0)})
		default:
			s = append(s, field{id, r.value(kind, depth)})
		}
	}
	return nil
}

func (r *thriftReader) value(kind byte, depth int) any {
	switch kind {
	case thriftTrue, thriftFalse, thriftByte: // a bool of a list is a byte
		return int64(int8(r.byte()))
	case thriftI16, thriftI32, thriftI64:
		return r.varint()
	case thriftDouble:
		r.bytes(8) // nothing that is read here is a float
		return nil
	case thriftBinary:
		return string(r.bytes(r.uvarint()))
	case thriftList, thriftSet:
		return r.list(depth)
	case thriftMap:
		return r.pairs(depth)
	case thriftStruct:
		return r.structure(depth + 1)
	}
	r.fail()
	return nil
}

func (r *thriftReader) list(depth int) list {
	head := r.byte()
	n := uint64(head >> 4)
	if n == 15 {
		n = r.uvarint()
	}
	if depth > maxDepth || n > uint64(len(r.rest)) {
		r.fail()
		return nil
	}
	out := make(list, n)
	for i := range out {
		out[i] = r.value(head&15, depth+1)
	}
	return out
}

// pairs reads a map and drops it, as nothing that is read here is one.
func (r *thriftReader) pairs(depth int) any {
	n := r.uvarint()
	if n == 0 {
		return nil
	}
	kinds := r.byte()
	if depth > maxDepth || n > uint64(len(r.rest)) {
		r.fail()
		return nil
	}
	for range n {
		r.value(kinds>>4, depth+1)
		r.value(kinds&15, depth+1)
	}
	return nil
}
