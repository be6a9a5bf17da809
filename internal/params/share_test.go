package params

import (
	"testing"

	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/errs/errtest"
	"github.com/engram-go/engram/internal/shapes"
	"gorgonia.org/tensor"
)

func TestShare(t *testing.T) {
	owner, other, third := newParams(t), newParams(t), newParams(t)
	ok(t,
		Share(other, "b/x", owner, "a", false),
		Share(third, "c", other, "b/x", false),
		declare(third, "c/w", 1), // and so in the others
		declare(other, "b/x/w", 2),
		declare(owner, "a/w", 3),
		declare(other, "b/xy/w", 4), // not below b/x
	)
	values := func() [3]float64 {
		return [3]float64{owner.Get("a/w").Value().Float64s()[0], other.Get("b/x/w").Value().Float64s()[0], third.Get("c/w").Value().Float64s()[0]}
	}
	if got := values(); got != [3]float64{1, 1, 1} {
		t.Errorf("got %v", got)
	}
	version := owner.Version()
	ok(t, third.Set(map[string]*tensor.Dense{"c/w": vector(5, 5, 5)}))
	if got := values(); got != [3]float64{5, 5, 5} || owner.Version() <= version {
		t.Errorf("got %v, version %d after %d", got, owner.Version(), version)
	}
	ok(t, third.Freeze(true, "c"))
	if third.Get("c/w").Trainable() || !other.Get("b/x/w").Trainable() || !owner.Get("a/w").Trainable() {
		t.Error("what the third freezes must be frozen there alone")
	}
}

func TestShareRefused(t *testing.T) {
	p, owner := newParams(t), newParams(t)
	narrow, err := New(tensor.Float32, 1)
	ok(t, err)
	errtest.Check(t, Share(narrow, "a", owner, "a", false), errs.Error{Path: "a", Field: "dtype", Value: tensor.Float64})
	ok(t, Share(p, "d", owner, "a", false), Share(p, "e", owner, "a", false), declare(p, "d/w", 0))
	errtest.Check(t, declare(p, "e/w", 0), errs.Error{Path: "e/w", Field: "weight"}) // d/w is the same weight
	if p.Get("e/w") != nil {
		t.Error("e/w was declared")
	}
	// A set that was shared before it shared itself is not locked by the first.
	first, second, third := newParams(t), newParams(t), newParams(t)
	ok(t, Share(first, "a", second, "a", false), Share(second, "a", third, "a", false))
	errtest.Check(t, declare(first, "a/w", 0), errs.Error{Path: "a/w", Field: "weight"})
}

// Values that were used are kept, and others are drawn again.
func TestShareRedraws(t *testing.T) {
	for name, use := range map[string]func(p *Params) error{
		"nobody":      func(p *Params) error { return nil },
		"a caller":    func(p *Params) error { p.Get("a/w").Value(); return nil },
		"a shape":     func(p *Params) error { return declare(p, "a/w", 7) },
		"who freezes": func(p *Params) error { return p.Freeze(true, "a") },
		"who sets":    func(p *Params) error { return p.Set(map[string]*tensor.Dense{"a/w": vector(1, 1, 1)}) },
	} {
		owner, other := newParams(t), newParams(t)
		ok(t, declare(owner, "a/w", 1), use(owner), Share(other, "b", owner, "a", true), declare(other, "b/w", 2))
		want := 1.0
		if name == "nobody" || name == "a shape" {
			want = 2
		}
		if got := owner.Get("a/w").Value().Float64s()[0]; got != want {
			t.Errorf("used by %s: got %v, want %v", name, got, want)
		}
	}
}

func TestPathOf(t *testing.T) {
	inner, mid, outer, other := newParams(t), newParams(t), newParams(t), newParams(t)
	ok(t,
		Share(mid, "mid/inner", inner, "inner", true),
		Share(outer, "outer/mid", mid, "mid", true),
		Share(outer, "outer/other", other, "far/away", false),
	)
	for _, c := range []struct {
		in, from   *Params
		path, want string
		ok         bool
	}{
		{inner, inner, "inner", "inner", true},
		{outer, inner, "inner", "outer/mid/inner", true},
		{outer, mid, "mid", "outer/mid", true},
		{outer, other, "far/away", "outer/other", true},
		{outer, other, "far", "", false}, // of which outer has a part only
		{inner, outer, "outer", "", false},
		{mid, other, "far/away", "", false},
	} {
		if got, ok := PathOf(c.in, c.from, c.path); got != c.want || ok != c.ok {
			t.Errorf("%s: got %q, %v, want %q, %v", c.path, got, ok, c.want, c.ok)
		}
	}
}

// A value that is declared in a set of another size keeps its shape.
func TestSharedShape(t *testing.T) {
	p, owner := newParams(t), newParams(t)
	ok(t, Share(p, "b", owner, "a", false), declare(owner, "a/w", 1))
	_, err := Declare(p, "b/w", shapes.Shape{4}, true, filled(shapes.Shape{4}, 1))
	errtest.Check(t, err, errs.Error{Field: "w", Value: shapes.Shape{4}})
}
