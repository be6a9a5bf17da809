package samples

import (
	"fmt"

	"github.com/pkg/errors"
	"gorgonia.org/tensor"

	"github.com/engram-go/engram/internal/dense"
	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/shapes"
)

// FromTensors takes samples from tensors whose first axis is that of the samples: inputs
// and targets in the model's order, [samples, ...] each. Data for prediction
// need no targets. All tensors must be float32 or all float64, of equally many
// samples, and finite; an error names the tensor and the element. A transposed
// or sliced tensor is read in the order of its axes. Tensors that lie in
// row-major order are kept, the others copied.
func FromTensors(inputs, targets []*tensor.Dense) (*Samples, error) {
	if len(inputs) == 0 {
		return nil, errs.Error{Field: "inputs", Rule: "must not be empty"}
	}
	s := new(Samples)
	for i, t := range inputs {
		if err := s.addTensor(&s.inputs, fmt.Sprintf("inputs[%d]", i), t); err != nil {
			return nil, err
		}
	}
	for i, t := range targets {
		if err := s.addTensor(&s.targets, fmt.Sprintf("targets[%d]", i), t); err != nil {
			return nil, err
		}
	}
	return s, nil
}

func (s *Samples) addTensor(to *[]source, path string, t *tensor.Dense) error {
	one, err := rowsOf(t)
	if err != nil {
		return errs.At(err, path, "")
	}
	n := t.Shape()[0]
	if len(s.inputs) > 0 && n != s.n {
		return errs.Error{Path: path, Field: "samples", Rule: fmt.Sprintf("must be %d, as in inputs[0]", s.n), Value: n}
	}
	s.n = n
	return s.add(to, path, one)
}

// rowsOf is a source whose samples are the rows of a tensor.
func rowsOf(t *tensor.Dense) (source, error) {
	data, err := readFinite(t)
	if err != nil {
		return source{}, err
	}
	shape := shapes.Shape(t.Shape())
	return source{data: data, step: shape.Size() / shape[0], shape: shape[1:].Clone()}, nil
}

// FromSlices takes samples from plain Go slices, x[sample][feature] and
// y[sample][target], rounded to dtype, which is Float32 if it is zero. Rows
// of different lengths, x and y of different lengths, no rows, and a number
// that is not finite in the dtype are errors.
func FromSlices(x, y [][]float64, dtype tensor.Dtype) (*Samples, error) {
	input, err := Matrix(x, dtype)
	if err != nil {
		return nil, errors.Wrap(err, "x")
	}
	target, err := Matrix(y, dtype)
	if err != nil {
		return nil, errors.Wrap(err, "y")
	}
	return FromTensors([]*tensor.Dense{input}, []*tensor.Dense{target})
}

// Matrix copies plain Go slices into a tensor [rows, columns], rounded to
// dtype, which is Float32 if it is zero. Rows of different lengths, no rows
// or empty ones, and a number that is not finite in the dtype are errors.
func Matrix(rows [][]float64, dtype tensor.Dtype) (*tensor.Dense, error) {
	dtype, err := dense.FloatType(dtype)
	if err != nil {
		return nil, err
	}
	if len(rows) == 0 || len(rows[0]) == 0 {
		return nil, errs.Error{Field: "rows", Rule: "must hold a number"}
	}
	width := len(rows[0])
	if len(rows) > shapes.MaxElements/width {
		return nil, errs.Error{Field: "rows", Rule: fmt.Sprintf("must hold at most %d numbers", shapes.MaxElements)}
	}
	t := dense.New(dtype, shapes.Shape{len(rows), width})
	for i, row := range rows {
		if len(row) != width {
			return nil, errs.Error{Field: fmt.Sprintf("rows[%d]", i), Rule: fmt.Sprintf("must have %d numbers, as the first", width), Value: len(row)}
		}
		for j, v := range row {
			if !dense.Finite(dense.Round(dtype, v)) {
				return nil, errs.Error{Field: fmt.Sprintf("rows[%d][%d]", i, j), Rule: fmt.Sprintf("must be finite in %v", dtype), Value: v, Kind: errs.ErrNotFinite}
			}
		}
		dense.SetFloat64(dense.Rows(t, i, i+1), row)
	}
	return t, nil
}

// Rows copies a float tensor [rows, ...] into plain Go slices, the other axes
// flattened in row-major order.
func Rows(t *tensor.Dense) ([][]float64, error) {
	data, err := read(t)
	if err != nil {
		return nil, err
	}
	flat := dense.ToFloat64(data)
	rows := make([][]float64, t.Shape()[0])
	width := len(flat) / len(rows)
	for i := range rows {
		rows[i] = flat[i*width : (i+1)*width : (i+1)*width]
	}
	return rows, nil
}

// readFinite is read, and refuses NaN and infinities, naming the element.
func readFinite(t *tensor.Dense) (*tensor.Dense, error) {
	data, err := read(t)
	if err != nil {
		return nil, err
	}
	return data, dense.CheckFinite(t)
}

// read returns the elements of a tensor in row-major order, as a vector: the
// memory of the tensor if they are in that order, otherwise a copy.
func read(t *tensor.Dense) (*tensor.Dense, error) {
	if err := readable(t); err != nil {
		return nil, err
	}
	return dense.View(dense.Contiguous(t), 0, shapes.Shape{t.Shape().TotalSize()}), nil
}

// readable returns an error for a tensor whose shape and strides do not agree with its
// memory.
func readable(t *tensor.Dense) error {
	if t == nil {
		return errs.Error{Field: "tensor", Rule: "must not be nil"}
	}
	if d := t.Dtype(); !dense.IsFloat(d) {
		return errs.Error{Field: "dtype", Rule: "must be float32 or float64", Value: d}
	}
	shape, strides := t.Shape(), dense.Strides(t)
	if len(shape) == 0 {
		return errs.Error{Field: "shape", Rule: "must have an axis of samples", Value: shapes.Shape(shape)}
	}
	size, last := 1, int64(0)
	for i, d := range shape {
		if d < 1 || size > shapes.MaxElements/d {
			return errs.Error{Field: "shape", Rule: fmt.Sprintf("must have positive axes and at most %d elements", shapes.MaxElements), Value: shapes.Shape(shape)}
		}
		size *= d
		if strides[i] < 0 || strides[i] > shapes.MaxElements {
			return errs.Error{Field: "strides", Rule: "must not be negative", Value: strides}
		}
		last += int64(d-1) * int64(strides[i])
	}
	if t.IsMasked() || !t.IsNativelyAccessible() {
		return errs.Error{Field: "tensor", Rule: "must be in memory and without a mask"}
	}
	if n := t.DataSize(); last >= int64(n) {
		return errs.Error{Field: "strides", Rule: fmt.Sprintf("must stay within the %d numbers of the tensor", n), Value: strides}
	}
	return nil
}
