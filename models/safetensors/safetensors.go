// Package safetensors reads and writes tensors in the safetensors format: the
// length of a header as a little-endian 64-bit number, the header in JSON,
// which gives each tensor's dtype, shape and place, then the numbers, row by
// row and little-endian. It knows the format alone, and not what the tensors are
// for.
//
// Files are not trusted: every size is checked before it is used, and memory is
// allocated only as the bytes that fill it arrive.
package safetensors

import (
	"errors"
	"math"
	"strconv"

	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/shapes"
	"gorgonia.org/tensor"
)

const (
	maxHeader   = 100_000_000 // bytes, as the format has it
	maxRank     = 32          // as NumPy has it
	metadataKey = "__metadata__"
	prefix      = 8 // bytes that hold the header's length
)

// File is the content of one file.
type File struct {
	// Metadata is free text by key; an empty one is not written.
	Metadata map[string]string
	// Tensors are float32 or float64, dense and row by row, by name. Read
	// returns a shape without axes as a scalar.
	Tensors map[string]*tensor.Dense
}

// A dtype is a kind of number that both the format and Engram know.
type dtype struct {
	name string
	size int // bytes
	of   tensor.Dtype
}

var dtypes = []dtype{
	{"F32", 4, tensor.Float32},
	{"F64", 8, tensor.Float64},
}

// bytesFor is the space that a shape takes. It refuses what the tensor package
// cannot hold: an axis of size 0, and more than an int can count.
func bytesFor(shape []int, dt dtype) (int, error) {
	if len(shape) > maxRank {
		return 0, errs.Error{Field: "shape", Rule: "must have at most " + strconv.Itoa(maxRank) + " axes", Value: len(shape)}
	}
	n := dt.size
	for _, d := range shape {
		if d <= 0 {
			return 0, errs.Error{Field: "shape", Rule: "must have positive sizes", Value: shapes.Shape(shape)}
		}
		if n > math.MaxInt/d {
			return 0, errs.Error{Field: "shape", Rule: "must fit into memory", Value: shapes.Shape(shape)}
		}
		n *= d
	}
	return n, nil
}

// inFile adds the path of the file to an error, before the name of the tensor where
// it has one.
func inFile(path string, err error) error {
	var e errs.Error
	if errors.As(err, &e) && e.Path != "" {
		e.Path = path + ":" + e.Path
		return e
	}
	return errs.At(err, path, "")
}
