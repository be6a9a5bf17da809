package safetensors

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"

	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/regular"
	"github.com/engram-go/engram/internal/shapes"
	"github.com/engram-go/engram/internal/strictjson"
	"gorgonia.org/tensor"
)

// An entry is what the header says about a tensor.
type entry struct {
	name       string
	dtype      dtype
	shape      []int
	begin, end int
}

func readHeader(r io.Reader) ([]byte, error) {
	var length [prefix]byte
	if _, err := io.ReadFull(r, length[:]); err != nil {
		return nil, cut(err, "header")
	}
	n := binary.LittleEndian.Uint64(length[:])
	if n > maxHeader {
		return nil, errs.Error{Field: "header", Rule: fmt.Sprintf("must have at most %d bytes, or the file is not in the safetensors format", maxHeader), Value: n}
	}
	head, err := io.ReadAll(io.LimitReader(r, int64(n)))
	if err != nil || len(head) < int(n) {
		return nil, cut(err, "header")
	}
	return head, nil
}

// parseHeader returns the metadata and the tensors in the order of their data.
func parseHeader(head []byte) (*Reader, error) {
	if len(head) == 0 || head[0] != '{' {
		return nil, errs.Error{Field: "header", Rule: "must begin with {", Value: strictjson.Clip(head)}
	}
	const depth = 3 // tensors, their fields, the lists in those
	if err := strictjson.Check(head, depth); err != nil {
		return nil, errs.At(err, "", "header")
	}
	r := &Reader{Infos: map[string]Info{}}
	err := strictjson.Object(head, func(name string, value []byte) (err error) {
		if name == metadataKey {
			r.Metadata, err = parseMetadata(value)
			return err
		}
		e, err := parseEntry(name, value)
		if err != nil {
			return errs.At(err, strictjson.Label(name), "")
		}
		r.entries = append(r.entries, e)
		r.Infos[name] = Info{e.dtype.of, e.shape}
		return nil
	})
	if err != nil {
		return nil, errs.At(err, "header", "")
	}
	slices.SortStableFunc(r.entries, func(a, b entry) int { return a.begin - b.begin })
	end := 0
	for _, e := range r.entries {
		if e.begin != end {
			return nil, errs.Error{Path: strictjson.Label(e.name), Field: "data_offsets",
				Rule: fmt.Sprintf("must begin at %d, where the tensor before ends", end), Value: e.begin}
		}
		end = e.end
	}
	return r, nil
}

func parseMetadata(data []byte) (map[string]string, error) {
	var m map[string]string
	err := strictjson.Object(data, func(key string, value []byte) error {
		s, err := strictjson.String(value)
		if err != nil {
			return errs.At(err, metadataKey+":"+strictjson.Label(key), "")
		}
		if m == nil {
			m = map[string]string{}
		}
		m[key] = s
		return nil
	})
	if err != nil {
		return nil, errs.At(err, metadataKey, "")
	}
	return m, nil
}

func parseEntry(name string, data []byte) (entry, error) {
	e := entry{name: name}
	var offsets []int
	fields := 0
	err := strictjson.Object(data, func(key string, value []byte) (err error) {
		fields++
		switch key {
		case "dtype":
			e.dtype, err = parseDtype(value)
		case "shape":
			e.shape, err = parseInts(key, value, maxRank)
		case "data_offsets":
			offsets, err = parseInts(key, value, 2)
		default:
			return errs.Error{Field: strictjson.Label(key), Rule: "must be dtype, shape or data_offsets"}
		}
		return err
	})
	if err != nil {
		return e, err
	}
	if fields != 3 {
		return e, errs.Error{Field: "tensor", Rule: "must have dtype, shape and data_offsets", Value: strictjson.Clip(data)}
	}
	want, err := bytesFor(e.shape, e.dtype)
	if err != nil {
		return e, err
	}
	if len(offsets) != 2 || offsets[1]-offsets[0] != want {
		return e, errs.Error{Field: "data_offsets",
			Rule: fmt.Sprintf("must span %d bytes for %s of shape %v", want, e.dtype.name, shapes.Shape(e.shape)), Value: offsets}
	}
	e.begin, e.end = offsets[0], offsets[1]
	return e, nil
}

func parseDtype(data []byte) (dtype, error) {
	name, err := strictjson.String(data)
	if err != nil {
		return dtype{}, errs.At(err, "", "dtype")
	}
	for _, dt := range dtypes {
		if dt.name == name {
			return dt, nil
		}
	}
	return dtype{}, errs.Error{Field: "dtype", Rule: "must be F32 or F64", Value: strictjson.Label(name)}
}

// parseInts reads a list of at most most whole numbers that are not negative.
func parseInts(field string, data []byte, most int) ([]int, error) {
	var out []int
	err := strictjson.Array(data, func(i int, value []byte) error {
		if i == most {
			return errs.Error{Rule: fmt.Sprintf("must have at most %d numbers", most)}
		}
		n, err := strconv.Atoi(strictjson.Clip(value))
		if err != nil || n < 0 {
			return errs.Error{Rule: "must hold whole numbers that are not negative and fit an int", Value: strictjson.Clip(value)}
		}
		out = append(out, n)
		return nil
	})
	return out, errs.At(err, "", field)
}

func readTensor(r io.Reader, e entry) (*tensor.Dense, error) {
	n := (e.end - e.begin) / e.dtype.size
	var backing any
	var err error
	if e.dtype.of == tensor.Float32 {
		backing, err = readNumbers(r, n, 4, func(b []byte) float32 {
			return math.Float32frombits(binary.LittleEndian.Uint32(b))
		})
	} else {
		backing, err = readNumbers(r, n, 8, func(b []byte) float64 {
			return math.Float64frombits(binary.LittleEndian.Uint64(b))
		})
	}
	if err != nil {
		return nil, err
	}
	return tensor.New(tensor.WithShape(e.shape...), tensor.WithBacking(backing)), nil
}

// readNumbers reads n numbers of the given size. A header may claim any n, so the
// slice starts small and grows as the bytes arrive.
func readNumbers[T any](r io.Reader, n, size int, decode func([]byte) T) ([]T, error) {
	out := make([]T, 0, min(n, chunk/size))
	buf := make([]byte, min(n, chunk/size)*size)
	for len(out) < n {
		b := buf[:min(n-len(out), chunk/size)*size]
		if _, err := io.ReadFull(r, b); err != nil {
			return nil, cut(err, "data")
		}
		if len(out) == cap(out) {
			out = slices.Grow(out, min(n-len(out), cap(out)))
		}
		for ; len(b) > 0; b = b[size:] {
			out = append(out, decode(b))
		}
	}
	return slices.Clip(out), nil
}

// chunk is the number of bytes that are read or written at a time.
const chunk = 1 << 16

// cut reports that part of a file could not be read to its end.
func cut(err error, part string) error {
	if err == nil || err == io.EOF || err == io.ErrUnexpectedEOF {
		return errs.Error{Field: part, Rule: "must be complete, but the file ends before"}
	}
	return errs.Error{Field: part, Rule: "must be readable", Value: regular.Reason(err), Kind: err}
}

// goesOn reports that a file has more bytes than it should.
func goesOn() error {
	return errs.Error{Field: "file", Rule: "must end with its last tensor, but goes on"}
}
