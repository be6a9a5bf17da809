package safetensors

import (
	"encoding/binary"
	"fmt"
	"io"
	"slices"
	"strconv"

	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/shapes"
	"github.com/engram-go/engram/internal/strictjson"
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
