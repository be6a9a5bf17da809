package safetensors

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strconv"
	"unicode/utf8"

	"github.com/engram-go/engram/internal/dense"
	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/regular"
	"github.com/engram-go/engram/internal/strictjson"
	"gorgonia.org/tensor"
)

// WriteFile writes f to path, whole or not at all: it writes a new file in the same
// folder and then renames it to path. A file already there stays as it was if
// anything fails, and keeps its permissions in any case. Where path is a symbolic
// link, the file that it points to is replaced; anything but a regular file is
// refused.
func WriteFile(path string, f File) error {
	if err := regular.Replace(path, ".safetensors-", func(w io.Writer) error { return Write(w, f) }); err != nil {
		return inFile(path, err)
	}
	return nil
}

// Write writes f so that equal files give equal bytes: metadata and tensors are
// sorted by name, and spaces fill the header to a multiple of 8 bytes. Nothing
// is written unless f can be read again; a tensor that is transposed, masked,
// sliced across rows, empty or of another dtype is refused.
func Write(w io.Writer, f File) error {
	names := slices.Sorted(maps.Keys(f.Tensors))
	head, err := header(f, names)
	if err != nil {
		return err
	}
	b := bufio.NewWriterSize(w, chunk)
	b.Write(head) // an error stays until Flush
	buf := make([]byte, chunk)
	for _, name := range names {
		if d := f.Tensors[name]; d.Dtype() == tensor.Float32 {
			for part := range slices.Chunk(d.Float32s(), chunk/4) {
				for i, x := range part {
					binary.LittleEndian.PutUint32(buf[4*i:], math.Float32bits(x))
				}
				b.Write(buf[:4*len(part)])
			}
		} else {
			for part := range slices.Chunk(d.Float64s(), chunk/8) {
				for i, x := range part {
					binary.LittleEndian.PutUint64(buf[8*i:], math.Float64bits(x))
				}
				b.Write(buf[:8*len(part)])
			}
		}
	}
	if err := b.Flush(); err != nil {
		return regular.Unwritable(err, err)
	}
	return nil
}

// header returns all that comes before the numbers.
func header(f File, names []string) ([]byte, error) {
	b := append(make([]byte, prefix), '{')
	var err error
	if len(f.Metadata) > 0 {
		b = append(b, `"`+metadataKey+`":{`...)
		for i, key := range slices.Sorted(maps.Keys(f.Metadata)) {
			if b, err = appendKey(b, i, key); err != nil {
				return nil, errs.At(err, metadataKey, "")
			}
			if b, err = strictjson.AppendString(b, f.Metadata[key]); err != nil {
				return nil, errs.At(err, metadataKey+":"+strictjson.Label(key), "")
			}
		}
		b = append(b, '}')
	}
	offset := 0
	for _, name := range names {
		dt, size, err := check(name, f.Tensors[name])
		if err == nil && size > math.MaxInt-offset {
			err = errs.Error{Field: "file", Rule: "must fit into memory"}
		}
		if err != nil {
			return nil, errs.At(err, strictjson.Label(name), "")
		}
		if b, err = appendKey(b, len(b)-prefix-1, name); err != nil {
			return nil, err
		}
		b = append(b, `{"dtype":"`+dt.name+`","shape":[`...)
		for i, d := range f.Tensors[name].Shape() {
			if i > 0 {
				b = append(b, ',')
			}
			b = strconv.AppendInt(b, int64(d), 10)
		}
		b = fmt.Appendf(b, `],"data_offsets":[%d,%d]}`, offset, offset+size)
		offset += size
	}
	b = append(b, '}')
	for len(b)%8 != 0 {
		b = append(b, ' ')
	}
	if len(b)-prefix > maxHeader {
		return nil, errs.Error{Field: "header", Rule: fmt.Sprintf("must have at most %d bytes", maxHeader), Value: len(b) - prefix}
	}
	binary.LittleEndian.PutUint64(b, uint64(len(b)-prefix))
	return b, nil
}

// appendKey appends a key and its colon, after a comma where others came before.
func appendKey(b []byte, before int, key string) ([]byte, error) {
	if before > 0 {
		b = append(b, ',')
	}
	b, err := strictjson.AppendString(b, key)
	return append(b, ':'), err
}

// check refuses a tensor that could not be read again, or whose numbers do not
// lie in memory in the order of the format.
func check(name string, d *tensor.Dense) (dtype, int, error) {
	if name == metadataKey || !utf8.ValidString(name) {
		return dtype{}, 0, errs.Error{Field: "name", Rule: "must be UTF-8 and not " + metadataKey}
	}
	if d == nil || d.Dtype().Type == nil {
		return dtype{}, 0, errs.Error{Field: "tensor", Rule: "must not be nil or unset"}
	}
	for _, dt := range dtypes {
		if d.Dtype() != dt.of {
			continue
		}
		size, err := bytesFor(d.Shape(), dt)
		if err == nil && (d.IsMasked() || !dense.IsContiguous(d)) {
			err = errs.Error{Field: "tensor", Rule: "must lie in memory row by row, without gaps or mask",
				Value: fmt.Sprintf("shape %v, strides %v", d.Shape(), d.Strides())}
		}
		return dt, size, err
	}
	return dtype{}, 0, errs.Error{Field: "dtype", Rule: "must be float32 or float64", Value: d.Dtype()}
}
