package datasets

import (
	"fmt"

	"github.com/pkg/errors"
	"gorgonia.org/tensor"

	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/shapes"
)

// FromTensors takes samples from tensors whose first axis counts them: inputs
// and targets in the model's order, [samples, ...] each; a model that is only
// asked to predict needs no targets. All must be float32 or all float64, of as
// many samples, and finite: anything else is an error that names the tensor
// and the element. A transposed or sliced tensor is read as it shows itself.
// Tensors that lie in row-major order are kept, the others copied.
func FromTensors(inputs, targets []*tensor.Dense) (*Samples, error) {
	if len(inputs) == 0 {
		return nil, errs.Error{Field: "inputs", Rule: "must not be empty"}
	}
	s := new(Samples)
	for i, t := range inputs {
		if err := s.add(&s.inputs, fmt.Sprintf("inputs[%d]", i), t); err != nil {
			return nil, err
		}
	}
	for i, t := range targets {
		if err := s.add(&s.targets, fmt.Sprintf("targets[%d]", i), t); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// add reads a tensor; the first one decides what the others must be like.
func (s *Samples) add(to *[]source, path string, t *tensor.Dense) error {
	data, err := readFinite(t)
	if err != nil {
		return place(err, path, "")
	}
	shape := shapes.Shape(t.Shape())
	if len(s.inputs) > 0 {
		if want := s.inputs[0].data.dtype(); data.dtype() != want {
			return errs.Error{Path: path, Field: "dtype", Rule: fmt.Sprintf("must be %v, as inputs[0]", want), Value: data.dtype()}
		}
		if shape[0] != s.n {
			return errs.Error{Path: path, Field: "samples", Rule: fmt.Sprintf("must be %d, as in inputs[0]", s.n), Value: shape[0]}
		}
	}
	s.n = shape[0]
	*to = append(*to, source{data: data, step: data.len() / s.n, shape: shape[1:].Clone()})
	return nil
}

// place puts into a errs.Error without a place where it happened; any other
// error is wrapped.
func place(err error, path, field string) error {
	var e errs.Error
	if !errors.As(err, &e) || e.Path != "" {
		return errors.Wrap(err, path)
	}
	e.Path = path
	if e.Field == "" {
		e.Field = field
	}
	return e
}

// FromSlices takes samples from plain Go slices, x[sample][feature] and
// y[sample][target], rounded to dtype, which is Float32 where it is zero. Rows
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
// dtype, which is Float32 where it is zero. Rows of different lengths, no rows
// or empty ones, and a number that is not finite in the dtype are errors.
func Matrix(rows [][]float64, dtype tensor.Dtype) (*tensor.Dense, error) {
	dtype, err := dtypeOr(dtype, "dtype")
	if err != nil {
		return nil, err
	}
	if len(rows) == 0 || len(rows[0]) == 0 {
		return nil, errs.Error{Field: "rows", Rule: "must hold a number"}
	}
	width := len(rows[0])
	if len(rows) > maxElements/width {
		return nil, errs.Error{Field: "rows", Rule: fmt.Sprintf("must hold at most %d numbers", maxElements)}
	}
	n := makeNumbers(dtype, len(rows)*width)
	for i, row := range rows {
		if len(row) != width {
			return nil, errs.Error{Field: fmt.Sprintf("rows[%d]", i), Rule: fmt.Sprintf("must have %d numbers, as the first", width), Value: len(row)}
		}
		for j, v := range row {
			if !n.set(i*width+j, v) {
				return nil, errs.Error{Field: fmt.Sprintf("rows[%d][%d]", i, j), Rule: fmt.Sprintf("must be finite in %v", dtype), Value: v, Kind: errs.ErrNotFinite}
			}
		}
	}
	return n.tensor([]int{len(rows), width}), nil
}

// Rows copies a float tensor [rows, ...] into plain Go slices, the other axes
// flattened in row-major order.
func Rows(t *tensor.Dense) ([][]float64, error) {
	n, err := read(t)
	if err != nil {
		return nil, err
	}
	rows := make([][]float64, t.Shape()[0])
	width := n.len() / len(rows)
	for i := range rows {
		rows[i] = make([]float64, width)
		for j := range rows[i] {
			rows[i][j] = n.at(i*width + j)
		}
	}
	return rows, nil
}
