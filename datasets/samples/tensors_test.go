package samples_test

import (
	"errors"
	"math"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"gorgonia.org/tensor"

	"github.com/engram-go/engram/datasets/samples"
	"github.com/engram-go/engram/internal/dense"
	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/errs/errtest"
)

func transposed(t testing.TB, d *tensor.Dense, axes ...int) *tensor.Dense {
	t.Helper()
	if err := d.T(axes...); err != nil {
		t.Fatal(err)
	}
	return d
}

func sliced(t testing.TB, d *tensor.Dense, by ...tensor.Slice) *tensor.Dense {
	t.Helper()
	v, err := d.Slice(by...)
	if err != nil {
		t.Fatal(err)
	}
	return v.(*tensor.Dense)
}

func count(shape ...int) *tensor.Dense {
	v := make([]float64, tensor.Shape(shape).TotalSize())
	for i := range v {
		v[i] = float64(i)
	}
	return dense.Of(v, shape...)
}

// For any memory layout, elements are those that At returns.
func TestFromTensorsLayouts(t *testing.T) {
	for name, d := range map[string]*tensor.Dense{
		"plain":               count(4, 3),
		"one number":          count(1, 1),
		"vector":              count(4),
		"transposed":          transposed(t, count(3, 4)),
		"transposed, rank 3":  transposed(t, count(2, 3, 4), 2, 0, 1),
		"rows":                sliced(t, count(6, 3), tensor.S(2, 5)),
		"columns":             sliced(t, count(4, 6), nil, tensor.S(1, 4)),
		"one column":          sliced(t, count(4, 6), nil, tensor.S(2)),
		"every other row":     sliced(t, count(6, 3), tensor.S(0, 6, 2)),
		"middle":              sliced(t, count(4, 5, 3), tensor.S(1, 3), tensor.S(2, 4)),
		"inner axis":          sliced(t, count(4, 5, 3), nil, nil, tensor.S(1, 3)),
		"columns, transposed": transposed(t, sliced(t, count(4, 6), nil, tensor.S(1, 4))),
		"column-major":        tensor.New(tensor.WithShape(4, 3), tensor.AsFortran([]float64{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11})),
		"column-major, cut":   sliced(t, tensor.New(tensor.WithShape(4, 3), tensor.AsFortran([]float64{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11})), tensor.S(1, 3)),
	} {
		t.Run(name, func(t *testing.T) {
			shape := d.Shape().Clone()
			var want []float64
			for index := make([]int, len(shape)); index[0] < shape[0]; {
				v, err := d.At(index...)
				if err != nil {
					t.Fatal(err)
				}
				want = append(want, v.(float64))
				for axis := len(shape) - 1; axis >= 0; axis-- {
					if index[axis]++; index[axis] < shape[axis] || axis == 0 {
						break
					}
					index[axis] = 0
				}
			}
			s, err := samples.FromTensors([]*tensor.Dense{d}, nil)
			if err != nil {
				t.Fatal(err)
			}
			x := s.X()[0]
			if !x.Shape().Eq(shape) || !slices.Equal(dense.ToFloat64(x), want) {
				t.Errorf("%v %v, want %v %v", x.Shape(), dense.ToFloat64(x), shape, want)
			}
			if s.Len() != shape[0] || len(s.Y()) != 0 {
				t.Errorf("%d samples, targets %v", s.Len(), s.Y())
			}
		})
	}
}

func TestFromTensorsErrors(t *testing.T) {
	bad := count(2, 3)
	bad.Float64s()[4] = math.NaN()
	masked := count(2, 3)
	masked.SetMask(make([]bool, 6))
	f32 := tensor.New(tensor.WithShape(2, 1), tensor.Of(tensor.Float32))
	x := count(2, 3)
	for _, c := range []struct {
		name            string
		inputs, targets []*tensor.Dense
		want            errs.Error
	}{
		{"nothing", nil, nil, errs.Error{Field: "inputs"}},
		{"nil", []*tensor.Dense{nil}, nil, errs.Error{Path: "inputs[0]", Field: "tensor"}},
		{"lengths", []*tensor.Dense{x}, []*tensor.Dense{count(3, 1)}, errs.Error{Path: "targets[0]", Field: "samples", Value: 3}},
		{"input lengths", []*tensor.Dense{x, count(4, 1)}, nil, errs.Error{Path: "inputs[1]", Field: "samples", Value: 4}},
		{"dtypes", []*tensor.Dense{x}, []*tensor.Dense{f32}, errs.Error{Path: "targets[0]", Field: "dtype", Value: "float32"}},
		{"whole numbers", []*tensor.Dense{tensor.New(tensor.WithShape(2), tensor.Of(tensor.Int))}, nil, errs.Error{Path: "inputs[0]", Field: "dtype", Value: "int"}},
		{"one number", []*tensor.Dense{tensor.New(tensor.FromScalar(1.0))}, nil, errs.Error{Path: "inputs[0]", Field: "shape", Value: "[]"}},
		{"NaN", []*tensor.Dense{x}, []*tensor.Dense{bad}, errs.Error{Path: "targets[0]", Field: "element [1, 1]", Value: "NaN", Kind: errs.ErrNotFinite}},
		{"mask", []*tensor.Dense{masked}, nil, errs.Error{Path: "inputs[0]", Field: "tensor"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := samples.FromTensors(c.inputs, c.targets)
			errtest.Check(t, err, c.want)
		})
	}
}

func TestPlainSlices(t *testing.T) {
	m, err := samples.Matrix([][]float64{{1, 2, 3}, {4, 5, 6}}, tensor.Dtype{})
	if err != nil || m.Dtype() != tensor.Float32 || !m.Shape().Eq(tensor.Shape{2, 3}) {
		t.Fatalf("%v, error %v", m, err)
	}
	back, err := samples.Rows(transposed(t, m))
	if d := cmp.Diff([][]float64{{1, 4}, {2, 5}, {3, 6}}, back); d != "" || err != nil {
		t.Errorf("%s, error %v", d, err)
	}
	back, err = samples.Rows(count(2, 2, 2))
	if d := cmp.Diff([][]float64{{0, 1, 2, 3}, {4, 5, 6, 7}}, back); d != "" || err != nil {
		t.Errorf("%s, error %v", d, err)
	}
	_, err = samples.Rows(nil)
	errtest.Check(t, err, errs.Error{Field: "tensor"})

	for _, c := range []struct {
		rows  [][]float64
		dtype tensor.Dtype
		want  errs.Error
	}{
		{nil, tensor.Float64, errs.Error{Field: "rows"}},
		{[][]float64{{}}, tensor.Float64, errs.Error{Field: "rows"}},
		{[][]float64{{1, 2}, {3}}, tensor.Float64, errs.Error{Field: "rows[1]", Value: 1}},
		{[][]float64{{1}, {math.Inf(1)}}, tensor.Float64, errs.Error{Field: "rows[1][0]", Value: "+Inf", Kind: errs.ErrNotFinite}},
		{[][]float64{{1, 1e39}}, tensor.Float32, errs.Error{Field: "rows[0][1]", Value: "1e+39", Kind: errs.ErrNotFinite}},
		{[][]float64{{1}}, tensor.Int, errs.Error{Field: "dtype", Value: "int"}},
	} {
		_, err := samples.Matrix(c.rows, c.dtype)
		errtest.Check(t, err, c.want)
		_, err = samples.FromSlices([][]float64{{1}}, c.rows, c.dtype)
		if !errors.Is(err, c.want.Unwrap()) {
			t.Errorf("FromSlices: error %v", err)
		}
	}
	_, err = samples.FromSlices([][]float64{{1}}, [][]float64{{1}, {2}}, tensor.Float64)
	errtest.Check(t, err, errs.Error{Path: "targets[0]", Field: "samples"})
}
