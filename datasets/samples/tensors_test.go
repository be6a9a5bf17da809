package samples_test

import (
	"math"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"gorgonia.org/tensor"

	"github.com/engram-go/engram/datasets/samples"
	"github.com/engram-go/engram/internal/errs"
)

func turned(t testing.TB, d *tensor.Dense, axes ...int) *tensor.Dense {
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
	return dense(shape, v...)
}

// However a tensor lies in memory, it is read as it shows itself: element by
// element, as At gives it.
func TestFromTensorsLayouts(t *testing.T) {
	for name, d := range map[string]*tensor.Dense{
		"plain":             count(4, 3),
		"one number":        count(1, 1),
		"vector":            count(4),
		"turned":            turned(t, count(3, 4)),
		"turned, rank 3":    turned(t, count(2, 3, 4), 2, 0, 1),
		"rows":              sliced(t, count(6, 3), tensor.S(2, 5)),
		"columns":           sliced(t, count(4, 6), nil, tensor.S(1, 4)),
		"one column":        sliced(t, count(4, 6), nil, tensor.S(2)),
		"every other row":   sliced(t, count(6, 3), tensor.S(0, 6, 2)),
		"middle":            sliced(t, count(4, 5, 3), tensor.S(1, 3), tensor.S(2, 4)),
		"inner axis":        sliced(t, count(4, 5, 3), nil, nil, tensor.S(1, 3)),
		"columns, turned":   turned(t, sliced(t, count(4, 6), nil, tensor.S(1, 4))),
		"column-major":      tensor.New(tensor.WithShape(4, 3), tensor.AsFortran([]float64{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11})),
		"column-major, cut": sliced(t, tensor.New(tensor.WithShape(4, 3), tensor.AsFortran([]float64{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11})), tensor.S(1, 3)),
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
			if !x.Shape().Eq(shape) || !slices.Equal(values(t, x), want) {
				t.Errorf("%v %v, want %v %v", x.Shape(), values(t, x), shape, want)
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
		kind            error
		want            string
	}{
		{"nothing", nil, nil, errs.ErrInput, "inputs must not be empty"},
		{"nil", []*tensor.Dense{nil}, nil, errs.ErrInput, "inputs[0]: tensor must not be nil"},
		{"lengths", []*tensor.Dense{x}, []*tensor.Dense{count(3, 1)}, errs.ErrInput, "targets[0]: samples must be 2, as in inputs[0], got 3"},
		{"input lengths", []*tensor.Dense{x, count(4, 1)}, nil, errs.ErrInput, "inputs[1]: samples must be 2, as in inputs[0], got 4"},
		{"dtypes", []*tensor.Dense{x}, []*tensor.Dense{f32}, errs.ErrInput, "targets[0]: dtype must be float64, as inputs[0], got float32"},
		{"whole numbers", []*tensor.Dense{tensor.New(tensor.WithShape(2), tensor.Of(tensor.Int))}, nil, errs.ErrInput, "inputs[0]: dtype must be float32 or float64, got int"},
		{"one number", []*tensor.Dense{tensor.New(tensor.FromScalar(1.0))}, nil, errs.ErrInput, "inputs[0]: shape must have an axis of samples, got []"},
		{"NaN", []*tensor.Dense{x}, []*tensor.Dense{bad}, errs.ErrNotFinite, "targets[0]: element [1, 1] must be finite, got NaN"},
		{"mask", []*tensor.Dense{masked}, nil, errs.ErrInput, "inputs[0]: tensor must be in memory and without a mask"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := samples.FromTensors(c.inputs, c.targets)
			wantError(t, err, c.kind, c.want)
		})
	}
}

func TestPlainSlices(t *testing.T) {
	m, err := samples.Matrix([][]float64{{1, 2, 3}, {4, 5, 6}}, tensor.Dtype{})
	if err != nil || m.Dtype() != tensor.Float32 || !m.Shape().Eq(tensor.Shape{2, 3}) {
		t.Fatalf("%v, error %v", m, err)
	}
	back, err := samples.Rows(turned(t, m))
	if d := cmp.Diff([][]float64{{1, 4}, {2, 5}, {3, 6}}, back); d != "" || err != nil {
		t.Errorf("%s, error %v", d, err)
	}
	back, err = samples.Rows(count(2, 2, 2))
	if d := cmp.Diff([][]float64{{0, 1, 2, 3}, {4, 5, 6, 7}}, back); d != "" || err != nil {
		t.Errorf("%s, error %v", d, err)
	}
	_, err = samples.Rows(nil)
	wantError(t, err, errs.ErrInput, "tensor must not be nil")

	for _, c := range []struct {
		rows  [][]float64
		dtype tensor.Dtype
		kind  error
		want  string
	}{
		{nil, tensor.Float64, errs.ErrInput, "rows must hold a number"},
		{[][]float64{{}}, tensor.Float64, errs.ErrInput, "rows must hold a number"},
		{[][]float64{{1, 2}, {3}}, tensor.Float64, errs.ErrInput, "rows[1] must have 2 numbers, as the first, got 1"},
		{[][]float64{{1}, {math.Inf(1)}}, tensor.Float64, errs.ErrNotFinite, "rows[1][0] must be finite in float64, got +Inf"},
		{[][]float64{{1, 1e39}}, tensor.Float32, errs.ErrNotFinite, "rows[0][1] must be finite in float32, got 1e+39"},
		{[][]float64{{1}}, tensor.Int, errs.ErrInput, "dtype must be float32 or float64, got int"},
	} {
		_, err := samples.Matrix(c.rows, c.dtype)
		wantError(t, err, c.kind, c.want)
		_, err = samples.FromSlices([][]float64{{1}}, c.rows, c.dtype)
		wantError(t, err, c.kind)
	}
	_, err = samples.FromSlices([][]float64{{1}}, [][]float64{{1}, {2}}, tensor.Float64)
	wantError(t, err, errs.ErrInput, "targets[0]: samples must be 1")
}
