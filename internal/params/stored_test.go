package params

import (
	"math"
	"slices"
	"testing"

	"github.com/engram-go/engram/internal/dense"
	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/errs/errtest"
	"github.com/engram-go/engram/internal/shapes"
	"gorgonia.org/tensor"
)

func stored(t *testing.T, all map[string]shapes.Shape) *Params {
	t.Helper()
	p, err := Stored(tensor.Float64, 1, all)
	ok(t, err)
	return p
}

func declareShape(p *Params, path string, shape shapes.Shape) error {
	_, err := Declare(p, path, shape, true, filled(shape, 0))
	return err
}

// Stored tensors of any strides become the first values; stored paths that no
// parameter has are reported, and a parameter that is not stored or does not fit is
// an error before it has a value.
func TestFill(t *testing.T) {
	turned := dense.Of([]float64{0, 1, 2, 3, 4, 5}, 3, 2)
	ok(t, turned.T()) // [2, 3]
	p := stored(t, map[string]shapes.Shape{"w": {2, 3}, "scalar": {}, "z": {2, 3}, "left": {2, 3}})
	errtest.Check(t, declareShape(p, "v", shapes.Shape{2}), errs.Error{Path: "v", Field: "weight"})
	errtest.Check(t, declareShape(p, "z", shapes.Shape{3, 2}), errs.Error{Path: "z", Field: "weight", Value: shapes.Shape{2, 3}})
	errtest.Check(t, declareShape(p, "left", nil), errs.Error{Path: "left", Field: "weight", Value: shapes.Shape{2, 3}})
	ok(t, declareShape(p, "w", shapes.Shape{2, 3}), declareShape(p, "scalar", nil))
	if got := Unused(p); !slices.Equal(got, []string{"left", "z"}) {
		t.Errorf("unused: %v", got)
	}
	scalar := tensor.New(tensor.FromScalar(7.0))
	for _, c := range []struct {
		w    *tensor.Dense
		want errs.Error
	}{
		{nil, errs.Error{Path: "w", Field: "tensor"}},
		{dense.Of(make([]float32, 6), 2, 3), errs.Error{Path: "w", Field: "dtype", Value: tensor.Float32}},
		{dense.Of(make([]float64, 6), 3, 2), errs.Error{Path: "w", Field: "shape", Value: shapes.Shape{3, 2}}},
		{dense.Of([]float64{0, 0, 0, math.Inf(1), 0, 0}, 2, 3), errs.Error{Path: "w", Field: "element [1, 0]", Kind: errs.ErrNotFinite}},
	} {
		errtest.Check(t, Fill(p, map[string]*tensor.Dense{"w": c.w, "scalar": scalar}), c.want)
	}
	ok(t, Fill(p, map[string]*tensor.Dense{"w": turned, "scalar": scalar}))
	if w := p.Get("w").Value().Float64s(); !slices.Equal(w, []float64{0, 2, 4, 1, 3, 5}) {
		t.Errorf("w is %v", w)
	}
	if x := p.Get("scalar").Value(); !x.Shape().Eq(tensor.Shape{1}) || x.Float64s()[0] != 7 {
		t.Errorf("scalar is %v", x)
	}
	ok(t, declareShape(p, "later", shapes.Shape{2}))
	again := map[string]*tensor.Dense{"w": turned, "scalar": scalar, "later": vector(0, 1)}
	errtest.Check(t, Fill(p, again), errs.Error{Field: "parameters"})
}

// An error leaves all parameters without values, and none can be set before.
func TestFillAllOrNone(t *testing.T) {
	p := stored(t, map[string]shapes.Shape{"a": {2}, "b": {2}})
	ok(t, declareShape(p, "a", shapes.Shape{2}), declareShape(p, "b", shapes.Shape{2}))
	a := map[string]*tensor.Dense{"a": vector(0, 1)}
	errtest.Check(t, Fill(p, a), errs.Error{Path: "b", Field: "tensor"})
	for _, q := range p.All() {
		if q.Value() != nil {
			t.Errorf("%s has a value", q.Path)
		}
	}
	errtest.Check(t, p.Set(a), errs.Error{Path: "a", Field: "weight"})
}
