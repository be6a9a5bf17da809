// Package npy reads and writes arrays of NumPy.
//
// Load reads a file of numpy.save into a tensor, LoadArchive the arrays of a file of
// numpy.savez, and Save writes a tensor that numpy.load reads. Open leaves the elements
// in the file, and FromArrays makes training data of such arrays: they may be larger
// than memory, since each batch reads its own rows.
//
// Arrays of float32, float64, bool and integers of 8 to 64 bits can be read, of any byte
// order and with rows or columns first. They become float32 or float64. Floats are
// rounded; NaN and infinities are kept, but a finite number that the dtype cannot hold
// is an error. So is an integer that would have to be rounded, such as 2²⁴+1 in
// float32, since it may be an index or a key. Objects, which are pickled Python, are
// refused, and so are text, dates, records and complex numbers.
//
// Reading takes no more memory than the bytes justify that are there: a size in a header
// is compared with the size of the file, or believed as far as elements arrive.
//
// The format is described in NEP 1, "A simple file format for NumPy arrays".
package npy

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"slices"

	"gorgonia.org/tensor"

	"github.com/engram-go/engram/internal/dense"
	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/regular"
	"github.com/engram-go/engram/internal/shapes"
)

// Load reads a file that numpy.save wrote into a tensor of dtype, which is Float32 if it
// is zero. The tensor has the shape of the array; a single number becomes a vector of
// one. The path must lead to a regular file that ends after the array. Errors name the
// file and the element.
func Load(path string, dtype tensor.Dtype) (*tensor.Dense, error) {
	a, err := Open(path)
	if err != nil {
		return nil, err
	}
	defer a.Close()
	t, err := readTensor(io.NewSectionReader(a.file, a.offset, a.bytes()), a.header, dtype, true)
	return t, errs.At(err, path, "")
}

// Read reads one array, as Load does, and leaves r after its last element. Memory grows
// as the elements arrive. Errors have the path "npy".
func Read(r io.Reader, dtype tensor.Dtype) (*tensor.Dense, error) {
	if r == nil {
		return nil, errs.Error{Path: "npy", Field: "reader", Rule: "must not be nil"}
	}
	h, err := readHeader(r)
	if err != nil {
		return nil, errs.At(err, "npy", "")
	}
	t, err := readTensor(r, h, dtype, false)
	return t, errs.At(err, "npy", "")
}

// readTensor reads the elements of an array. There says that all of them are known to be
// there. Errors have no path.
func readTensor(r io.Reader, h header, dtype tensor.Dtype, there bool) (*tensor.Dense, error) {
	dtype, err := dense.FloatType(dtype)
	if err != nil {
		return nil, err
	}
	if h.count > shapes.MaxElements {
		return nil, errs.Error{Field: "shape", Rule: fmt.Sprintf("must have at most %d elements, or be read row by row with Open", shapes.MaxElements), Value: h.shape}
	}
	if dtype == tensor.Float32 {
		return readElements[float32](r, h, there)
	}
	return readElements[float64](r, h, there)
}

// block is the number of elements that are converted at a time.
const block = 1 << 13

func readElements[T dense.Float](r io.Reader, h header, there bool) (*tensor.Dense, error) {
	n := int(h.count)
	var out []T
	if there {
		out = make([]T, 0, n)
	}
	raw := make([]byte, min(n, block)*h.element.size)
	for len(out) < n {
		at, some := len(out), min(n-len(out), block)
		if _, err := io.ReadFull(r, raw[:some*h.element.size]); err != nil {
			return nil, cut(err, "array")
		}
		out = slices.Grow(out, some)[:at+some]
		if i := decode(out[at:], raw, h.element); i >= 0 {
			return nil, unfit[T](h, at+i, raw[i*h.element.size:])
		}
	}
	if !h.fortran || len(h.shape) < 2 {
		return dense.Of(out, h.shape...), nil
	}
	// The file has the transpose, in row-major order.
	backwards := slices.Clone(h.shape)
	slices.Reverse(backwards)
	t := dense.Of(out, backwards...)
	if err := t.T(); err != nil {
		return nil, err
	}
	return dense.Contiguous(t), nil
}

// unfit says that an element, number i in the file, cannot be a T.
func unfit[T dense.Float](h header, i int, raw []byte) error {
	at := dense.Index(i, h.shape)
	if h.fortran {
		backwards := slices.Clone(h.shape)
		slices.Reverse(backwards)
		at = dense.Index(i, backwards)
		slices.Reverse(at)
	}
	dtype := dense.Of([]T{0}, 1).Dtype()
	rule := fmt.Sprintf("must be a number that %v holds exactly: read it as another dtype, or convert it before it is saved", dtype)
	switch h.element.kind {
	case 'f':
		rule = fmt.Sprintf("must be within the range of %v: read it as float64", dtype)
	case 'b':
		rule = "must be 0 or 1, as a bool"
	}
	return errs.Error{Field: fmt.Sprintf("element %v", at), Rule: rule, Value: h.element.value(raw)}
}

// Save writes a float tensor to a file that numpy.load reads, in row-major order and
// little-endian. The file is replaced whole or not at all.
func Save(path string, t *tensor.Dense) error {
	err := regular.Replace(path, ".npy-", func(w io.Writer) error { return Write(w, t) })
	return errs.At(err, path, "")
}

// Write writes a float tensor as Save does.
func Write(w io.Writer, t *tensor.Dense) error {
	switch {
	case w == nil:
		return errs.Error{Field: "writer", Rule: "must not be nil"}
	case t == nil || t.IsMasked() || !t.IsNativelyAccessible():
		return errs.Error{Field: "tensor", Rule: "must be in memory and without a mask"}
	case !dense.IsFloat(t.Dtype()):
		return errs.Error{Field: "dtype", Rule: "must be float32 or float64", Value: t.Dtype()}
	}
	out := bufio.NewWriter(w)
	out.Write(formatHeader(t.Dtype(), shapes.Shape(t.Shape()))) // its error is that of Flush
	var raw [8]byte
	t = dense.Contiguous(t)
	if t.Dtype() == tensor.Float32 {
		for _, v := range t.Float32s() {
			binary.LittleEndian.PutUint32(raw[:], math.Float32bits(v))
			out.Write(raw[:4])
		}
	} else {
		for _, v := range t.Float64s() {
			binary.LittleEndian.PutUint64(raw[:], math.Float64bits(v))
			out.Write(raw[:])
		}
	}
	return out.Flush()
}
