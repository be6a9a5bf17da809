package dense_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/engram-go/engram/internal/dense"
	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/errs/errtest"
	"github.com/engram-go/engram/internal/shapes"
	"gorgonia.org/tensor"
)

func TestCheck(t *testing.T) {
	shape := shapes.Shape{shapes.Any, 2}
	for _, dtype := range dtypes {
		fine := dense.FromFloat64(dtype, shapes.Shape{2, 2}, []float64{1, 2, 3, math.MaxFloat32})
		if err := dense.Check(fine, dtype, shape); err != nil {
			t.Errorf("%v: %v", dtype, err)
		}
		for _, bad := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
			d := dense.FromFloat64(dtype, shapes.Shape{2, 2}, []float64{1, 2, bad, bad})
			errtest.Check(t, dense.Check(d, dtype, shape), errs.Error{Field: "element [1, 0]", Value: bad, Kind: errs.ErrNotFinite})
			if err := d.T(); err != nil {
				t.Fatal(err)
			}
			errtest.Check(t, dense.CheckFinite(d), errs.Error{Field: "element [0, 1]", Value: bad, Kind: errs.ErrNotFinite})
		}
	}
	x := dense.New(tensor.Float32, shapes.Shape{2, 2})
	errtest.Check(t, dense.Check(nil, tensor.Float32, shape), errs.Error{Field: "tensor"})
	errtest.Check(t, dense.Check(&tensor.Dense{}, tensor.Float32, shape), errs.Error{Field: "tensor"})
	errtest.Check(t, dense.Check(x, tensor.Float64, shape), errs.Error{Field: "dtype", Value: tensor.Float32})
	errtest.Check(t, dense.Check(x, tensor.Float32, shapes.Shape{shapes.Any, 3}), errs.Error{Field: "shape", Value: shapes.Shape{2, 2}})
	errtest.Check(t, dense.Check(x, tensor.Float32, shapes.Shape{2}), errs.Error{Field: "shape", Value: shapes.Shape{2, 2}})
}

// The cores share a large tensor; the first element that is not finite is reported.
func TestCheckLarge(t *testing.T) {
	const n = 300_007
	x := dense.New(tensor.Float32, shapes.Shape{n})
	if err := dense.CheckFinite(x); err != nil {
		t.Fatal(err)
	}
	for _, at := range []int{n - 1, n / 2, 0} {
		x.Float32s()[at] = float32(math.Inf(1))
		errtest.Check(t, dense.CheckFinite(x), errs.Error{Field: fmt.Sprintf("element [%d]", at), Value: math.Inf(1), Kind: errs.ErrNotFinite})
	}
}
