package dense

import (
	"fmt"
	"sync/atomic"

	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/kernels"
	"github.com/engram-go/engram/internal/shapes"
	"gorgonia.org/tensor"
)

// Check checks the dtype and the shape of a tensor (open axes accept any size), and
// that its elements are finite.
func Check(t *tensor.Dense, dtype tensor.Dtype, shape shapes.Shape) error {
	if t == nil {
		return errs.Error{Field: "tensor", Rule: "must not be nil"}
	}
	if t.Dtype() == (tensor.Dtype{}) {
		return errs.Error{Field: "tensor", Rule: "must have elements"}
	}
	if t.Dtype() != dtype {
		return errs.Error{Field: "dtype", Rule: fmt.Sprintf("must be %v", dtype), Value: t.Dtype()}
	}
	if got := shapes.Shape(t.Shape()); !shape.Accepts(got) {
		return errs.Error{Field: "shape", Rule: fmt.Sprintf("must be %v", shape), Value: got.Clone()}
	}
	return CheckFinite(t)
}

// CheckFinite returns an error for the first NaN or infinity in t.
func CheckFinite(t *tensor.Dense) error {
	c := Contiguous(t)
	i := -1
	if c.Dtype() == tensor.Float32 {
		i = notFinite(c.Float32s())
	} else {
		i = notFinite(c.Float64s())
	}
	if i < 0 {
		return nil
	}
	return errs.Error{
		Field: fmt.Sprintf("element %v", Index(i, shapes.Shape(t.Shape()))),
		Rule:  "must be finite", Value: At(c, i), Kind: errs.ErrNotFinite,
	}
}

// checkedAtOnce is how many elements one core checks in about 20 µs.
const checkedAtOnce = 1 << 16

// notFinite returns the index of the first NaN or infinity, or -1. The cores share many
// elements.
func notFinite[T Float](data []T) int {
	if allFinite(data) {
		return -1
	}
	for i, x := range data {
		if !Finite(x) {
			return i
		}
	}
	return -1
}

func allFinite[T Float](data []T) bool {
	set := kernels.For[T]()
	if len(data) < 2*checkedAtOnce {
		return Finite(set.Size(data))
	}
	var found atomic.Bool
	kernels.Parallel(len(data), checkedAtOnce, func(from, end int) {
		if !Finite(set.Size(data[from:end])) {
			found.Store(true)
		}
	})
	return !found.Load()
}
