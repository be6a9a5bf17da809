package npy

import (
	"fmt"
	"io"
	"os"
	"slices"

	"gorgonia.org/tensor"

	"github.com/engram-go/engram/datasets/samples"
	"github.com/engram-go/engram/internal/dense"
	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/regular"
	"github.com/engram-go/engram/internal/shapes"
)

// Array is an array in a file, whose elements are read when they are needed. It must be
// closed. Reading is safe from several goroutines.
type Array struct {
	header
	path string
	file *os.File
}

// Open opens a file that numpy.save wrote and reads its header. The path must lead to a
// regular file, which ends after the array.
func Open(path string) (*Array, error) {
	file, err := regular.Open(path)
	if err != nil {
		return nil, err
	}
	a := &Array{path: path, file: file}
	if err := a.readHeader(); err != nil {
		file.Close()
		return nil, errs.At(err, path, "")
	}
	return a, nil
}

func (a *Array) readHeader() error {
	info, err := a.file.Stat()
	if err != nil {
		return err
	}
	if a.header, err = readHeader(a.file); err != nil {
		return err
	}
	if want, got := a.bytes(), info.Size()-a.offset; want != got {
		return errs.Error{Field: "array", Rule: fmt.Sprintf("must be %d bytes, those of the shape %v, and the file end there", want, a.shape), Value: got}
	}
	return nil
}

// Close closes the file.
func (a *Array) Close() error { return a.file.Close() }

// Shape is the shape of the array; empty for a single number.
func (a *Array) Shape() shapes.Shape { return a.shape.Clone() }

// FromArrays makes data for training of arrays in files whose first axis is that of the
// samples: inputs and targets in the model's order, [samples, ...] each. Data for
// prediction need no targets. Batches have the given dtype, which is Float32 if it is
// zero.
//
// A batch reads its rows from the files, which must stay open and unchanged. A number
// that is not finite, or that the dtype cannot hold, is an error of the batch; it names
// the file and the element. Arrays with columns first have no rows that are in one
// place and are refused.
func FromArrays(inputs, targets []*Array, dtype tensor.Dtype) (samples.Data, error) {
	dtype, err := dense.FloatType(dtype)
	if err != nil {
		return nil, err
	}
	if len(inputs) == 0 {
		return nil, errs.Error{Field: "inputs", Rule: "must not be empty"}
	}
	d := &rows{dtype: dtype, inputs: slices.Clone(inputs), targets: slices.Clone(targets)}
	for _, arrays := range []struct {
		name string
		all  []*Array
	}{{"inputs", inputs}, {"targets", targets}} {
		for i, a := range arrays.all {
			if err := d.check(a); err != nil {
				return nil, errs.At(err, fmt.Sprintf("%s[%d]", arrays.name, i), "")
			}
		}
	}
	return d, nil
}

// rows is data that are the rows of arrays in files.
type rows struct {
	n               int
	dtype           tensor.Dtype
	inputs, targets []*Array
}

// check checks one array; the first one determines the number of samples.
func (d *rows) check(a *Array) error {
	switch {
	case a == nil || a.file == nil:
		return errs.Error{Field: "array", Rule: "must be opened with Open"}
	case len(a.shape) == 0:
		return errs.Error{Path: a.path, Field: "shape", Rule: "must have an axis of samples", Value: a.shape}
	case a.fortran && len(a.shape) > 1:
		return errs.Error{Path: a.path, Field: "fortran_order", Rule: "must be False: save numpy.ascontiguousarray(a), or Load it", Value: "True"}
	case a.count/int64(a.shape[0]) > shapes.MaxElements:
		return errs.Error{Path: a.path, Field: "shape", Rule: fmt.Sprintf("must have at most %d elements in a sample", shapes.MaxElements), Value: a.shape}
	case d.n != 0 && a.shape[0] != d.n:
		return errs.Error{Path: a.path, Field: "samples", Rule: fmt.Sprintf("must be %d, as in inputs[0]", d.n), Value: a.shape[0]}
	}
	d.n = a.shape[0]
	return nil
}

func (d *rows) Len() int { return d.n }

// Gather reads the samples at rows into a batch.
func (d *rows) Gather(rows []int, into *samples.Batch) error {
	if into == nil {
		return errs.Error{Field: "into", Rule: "must not be nil"}
	}
	if err := samples.CheckRows(rows, d.n); err != nil {
		return err
	}
	inputs, err := d.gatherAll(d.inputs, rows, into.Inputs)
	if err != nil {
		return err
	}
	targets, err := d.gatherAll(d.targets, rows, into.Targets)
	if err != nil {
		return err
	}
	*into = samples.Batch{Inputs: inputs, Targets: targets}
	return nil
}

func (d *rows) gatherAll(arrays []*Array, rows []int, into []*tensor.Dense) ([]*tensor.Dense, error) {
	out := make([]*tensor.Dense, len(arrays))
	copy(out, into)
	for i, a := range arrays {
		size := shapes.Shape(a.shape[1:]).Size()
		if len(rows) > shapes.MaxElements/size {
			return nil, errs.Error{Path: a.path, Field: "rows", Rule: fmt.Sprintf("must be few enough for a tensor of %d numbers", shapes.MaxElements), Value: len(rows)}
		}
		out[i] = dense.Reuse(out[i], d.dtype, append(shapes.Shape{len(rows)}, a.shape[1:]...)) // [rows, ...]
		var err error
		if d.dtype == tensor.Float32 {
			err = gather(out[i].Float32s(), a, rows, size)
		} else {
			err = gather(out[i].Float64s(), a, rows, size)
		}
		if err != nil {
			return nil, errs.At(err, a.path, "")
		}
	}
	return out, nil
}

// gather reads the rows of an array, each of size elements, one after another into out.
func gather[T dense.Float](out []T, a *Array, rows []int, size int) error {
	e := a.element
	raw := make([]byte, min(size, block)*e.size)
	for _, row := range rows {
		for at := 0; at < size; at += block {
			first := int64(row)*int64(size) + int64(at) // in elements
			some := min(size-at, block)
			part := raw[:some*e.size]
			if _, err := a.file.ReadAt(part, a.offset+first*int64(e.size)); err != nil && err != io.EOF {
				return errs.Error{Field: "file", Rule: "must be readable", Value: regular.Reason(err), Kind: err}
			} else if err == io.EOF {
				return cut(err, "array")
			}
			if i := decode(out[:some], part, e); i >= 0 {
				return unfit[T](a.header, int(first)+i, part[i*e.size:])
			}
			if i := slices.IndexFunc(out[:some], func(v T) bool { return !dense.Finite(v) }); i >= 0 {
				return errs.Error{Field: fmt.Sprintf("element %v", dense.Index(int(first)+i, a.shape)), Rule: "must be finite", Value: out[i], Kind: errs.ErrNotFinite}
			}
			out = out[some:]
		}
	}
	return nil
}
