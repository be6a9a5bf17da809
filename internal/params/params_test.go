package params

import (
	"errors"
	"math"
	"slices"
	"testing"

	"github.com/engram-go/engram/internal/dense"
	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/errs/errtest"
	"github.com/engram-go/engram/internal/shapes"
	"gorgonia.org/tensor"
)

func newParams(t *testing.T) *Params {
	t.Helper()
	p, err := New(tensor.Float64, 1)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// filled draws a first value of equal elements.
func filled(shape shapes.Shape, x float64) Initial {
	return func(uint64, string) (*tensor.Dense, error) {
		elements := make([]float64, shape.Size())
		for i := range elements {
			elements[i] = x
		}
		return dense.FromFloat64(tensor.Float64, shape, elements), nil
	}
}

// declare declares a weight of three elements.
func declare(p *Params, path string, start float64) error {
	_, err := Declare(p, path, shapes.Shape{3}, true, filled(shapes.Shape{3}, start))
	return err
}

func vector(elements ...float64) *tensor.Dense { return dense.Of(elements, len(elements)) }

func ok(t *testing.T, all ...error) {
	t.Helper()
	for _, err := range all {
		if err != nil {
			t.Fatal(err)
		}
	}
}

func TestNew(t *testing.T) {
	p, err := New(tensor.Dtype{}, 1)
	if err != nil || p.Dtype() != tensor.Float32 {
		t.Errorf("the zero dtype gives %v, %v", p, err)
	}
	_, err = New(tensor.Int, 1)
	errtest.Check(t, err, errs.Error{Field: "dtype", Value: tensor.Int})
}

func TestDeclare(t *testing.T) {
	p := newParams(t)
	ok(t, declare(p, "m/b/w", 1), declare(p, "m/a/w", 2), declare(p, "m/b/w", 3))
	if all := p.All(); len(all) != 2 || all[0].Path != "m/b/w" || all[1].Path != "m/a/w" || all[0].Value().Float64s()[0] != 1 {
		t.Errorf("parameters %v", all)
	}
	if p.Get("m/c") != nil {
		t.Error("Get found a parameter that was not declared")
	}
	_, err := Declare(p, "m/b/w", shapes.Shape{4}, true, filled(shapes.Shape{4}, 1))
	errtest.Check(t, err, errs.Error{Field: "w", Value: shapes.Shape{4}})
	none := errors.New("none")
	_, err = Declare(p, "m/c/w", shapes.Shape{4}, true, func(seed uint64, path string) (*tensor.Dense, error) {
		if seed != 1 || path != "m/c/w" {
			t.Errorf("seed %d and path %s", seed, path)
		}
		return nil, none
	})
	if err != none || p.Get("m/c/w") != nil {
		t.Errorf("a first value that failed gives %v", err)
	}
}

// A set that is complete finds its parameters and declares no others, also for
// a set that shares them.
func TestComplete(t *testing.T) {
	p, outer := newParams(t), newParams(t)
	ok(t, declare(p, "m/w", 1), Share(outer, "o/m", p, "m", true))
	Complete(p, true)
	ok(t, declare(p, "m/w", 1), declare(outer, "o/m/w", 1))
	errtest.Check(t, declare(p, "w", 1), errs.Error{Field: "w"})
	errtest.Check(t, declare(outer, "o/m/v", 1), errs.Error{Field: "v"})
	if len(p.All()) != 1 || len(outer.All()) != 1 {
		t.Errorf("parameters %v and %v", p.All(), outer.All())
	}
	Complete(p, false)
	ok(t, declare(p, "m/x/w", 1))
}

func TestSet(t *testing.T) {
	p := newParams(t)
	ok(t, declare(p, "m/a/w", 1), declare(p, "m/b/w", 1))
	before := p.Version()
	nan := vector(1, 2, math.NaN())
	for _, c := range []struct {
		path string
		t    *tensor.Dense
		want errs.Error
	}{
		{"m/a/v", vector(1, 2, 3), errs.Error{Path: "m/a/v", Field: "weight"}},
		{"m/b/w", nil, errs.Error{Path: "m/b/w", Field: "tensor"}},
		{"m/b/w", vector(1, 2), errs.Error{Path: "m/b/w", Field: "shape", Value: shapes.Shape{2}}},
		{"m/b/w", nan, errs.Error{Path: "m/b/w", Field: "element [2]", Kind: errs.ErrNotFinite}},
		{"m/b/w", dense.Of([]float32{1, 2, 3}, 3), errs.Error{Path: "m/b/w", Field: "dtype", Value: tensor.Float32}},
	} {
		errtest.Check(t, p.Set(map[string]*tensor.Dense{"m/a/w": vector(7, 8, 9), c.path: c.t}), c.want)
		if got := p.Get("m/a/w").Value().Float64s(); !slices.Equal(got, []float64{1, 1, 1}) {
			t.Fatalf("a refused set changed a parameter to %v", got)
		}
	}
	ok(t, p.Set(map[string]*tensor.Dense{"m/a/w": vector(7, 8, 9)}))
	if got := p.Get("m/a/w").Value().Float64s(); !slices.Equal(got, []float64{7, 8, 9}) || p.Version() <= before {
		t.Errorf("got %v, version %d after %d", got, p.Version(), before)
	}
}

// Copy gives what Set takes; the copies are the caller's.
func TestCopy(t *testing.T) {
	p := newParams(t)
	ok(t, declare(p, "m/a/w", 1), declare(p, "m/b/w", 2))
	copies := p.Copy()
	copies["m/a/w"].Float64s()[0] = 5
	if got := p.Get("m/a/w").Value().Float64s(); len(copies) != 2 || got[0] != 1 {
		t.Errorf("%d copies, and the parameter is %v", len(copies), got)
	}
	ok(t, p.Set(copies))
	if a, b := p.Get("m/a/w").Value().Float64s(), p.Get("m/b/w").Value().Float64s(); !slices.Equal(a, []float64{5, 1, 1}) || !slices.Equal(b, []float64{2, 2, 2}) {
		t.Errorf("set to %v and %v", a, b)
	}
	stored, err := Stored(tensor.Float64, 1, map[string]shapes.Shape{"m/w": {3}})
	ok(t, err, declare(stored, "m/w", 1))
	if got := stored.Copy(); len(got) != 0 {
		t.Errorf("a set that was not filled gives %v", got)
	}
}

func TestUpdateAndViewReturnTheirError(t *testing.T) {
	p := newParams(t)
	failed := errors.New("failed")
	if err := p.Update(func() error { return failed }); err != failed {
		t.Errorf("Update returned %v", err)
	}
	if err := p.View(func() error { return failed }); err != failed {
		t.Errorf("View returned %v", err)
	}
}

func TestFreeze(t *testing.T) {
	p, outer := newParams(t), newParams(t)
	ok(t, declare(p, "m/a/w", 1), declare(p, "m/ab/w", 1), Share(outer, "o", p, "m", false), declare(outer, "o/a/w", 1))
	ok(t, p.Freeze(true, "m/a"))
	if p.Get("m/a/w").Trainable() || !p.Get("m/ab/w").Trainable() || !outer.Get("o/a/w").Frozen() {
		t.Error("m/a must be frozen, in both sets, and m/ab must not")
	}
	errtest.Check(t, outer.Freeze(false, "o/a"), errs.Error{Path: "o/a/w", Field: "weight", Value: "m/a/w"})
	errtest.Check(t, p.Freeze(true, "m/ab", "m/c"), errs.Error{Path: "m/c", Field: "path"})
	if p.Get("m/ab/w").Frozen() {
		t.Error("a refused call froze a parameter")
	}
	ok(t, p.Freeze(false, "m"))
	if outer.Get("o/a/w").Frozen() {
		t.Error("o/a/w is still frozen")
	}
}
