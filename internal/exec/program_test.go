package exec

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/engram-go/engram/internal/dense"
	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/errs/errtest"
	"github.com/engram-go/engram/internal/kernels"
	"github.com/engram-go/engram/internal/ops"
	"github.com/engram-go/engram/internal/shapes"
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// builder is a graph with a leaf x of two elements, which are 3 and −1.
func builder(t *testing.T, dtype tensor.Dtype) (*Builder, *Graph, *Node) {
	t.Helper()
	b := NewBuilder(dtype, 0)
	g := b.NewGraph()
	x := g.Leaf("layer", "x", shapes.Shape{2})
	if err := Bind(x, dense.FromFloat64(dtype, shapes.Shape{2}, []float64{3, -1})); err != nil {
		t.Fatal(err)
	}
	return b, g, x
}

// unary adds an operation on one node with a gradient, or without for a nil diff.
func unary(t *testing.T, g *Graph, name string, compute ops.Op, n *Node, diff func(y, dy *Node) (*Node, error)) *Node {
	t.Helper()
	o := Operation{Path: "layer", Name: name, Shape: shapes.Shape{2}, Compute: compute}
	if diff != nil {
		o.Diff = func(_ []*Node, y, dy *Node, _ []bool) ([]*Node, error) {
			d, err := diff(y, dy)
			return []*Node{d}, err
		}
	}
	y, err := g.Apply(o, n)
	if err != nil {
		t.Fatal(err)
	}
	return y
}

func scaled(t *testing.T, g *Graph, c float64, n *Node) *Node {
	return unary(t, g, "scale", ops.Unary{F: kernels.Scale.With(c)}, n, func(_, dy *Node) (*Node, error) {
		return g.Apply(Operation{Path: "layer", Name: "scale", Shape: shapes.Shape{2}, Compute: ops.Unary{F: kernels.Scale.With(c)}}, dy)
	})
}

// run compiles and runs, and gives the results.
func run(t *testing.T, g *Graph, training bool, results ...*Node) (*Program, [][]float64) {
	t.Helper()
	p, err := g.Compile(results, training, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	if err := p.Run(func() error { return nil }); err != nil {
		t.Fatal(err)
	}
	var out [][]float64
	for _, n := range results {
		out = append(out, dense.ToFloat64(Result(n)))
	}
	return p, out
}

// Both ways to run give the same, for both types.
func TestRun(t *testing.T) {
	for _, dtype := range []tensor.Dtype{tensor.Float32, tensor.Float64} {
		for _, training := range []bool{false, true} {
			_, g, x := builder(t, dtype)
			y := scaled(t, g, 2, scaled(t, g, 5, x))
			view, err := g.Apply(Operation{Name: "view", Shape: shapes.Shape{1}, View: true, Offset: 1}, y)
			if err != nil {
				t.Fatal(err)
			}
			leafView, err := g.Apply(Operation{Name: "view", Shape: shapes.Shape{1}, View: true, Offset: 1}, x)
			if err != nil {
				t.Fatal(err)
			}
			p, got := run(t, g, training, y, view, leafView)
			if !slices.Equal(got[0], []float64{30, -10}) || got[1][0] != -10 || got[2][0] != -1 {
				t.Errorf("%v, training %v: got %v", dtype, training, got)
			}
			if (p.machine != nil) != training {
				t.Errorf("training %v runs on the machine: %v", training, p.machine != nil)
			}
		}
	}
}

// Operations write to memory of the caller where nothing else reads their result.
func TestRunInto(t *testing.T) {
	_, g, x := builder(t, tensor.Float64)
	first := scaled(t, g, 5, x)
	last := scaled(t, g, 2, first)
	twice := scaled(t, g, 3, x)
	apply := func(o Operation, n *Node) *Node {
		t.Helper()
		o.View = true
		y, err := g.Apply(o, n)
		if err != nil {
			t.Fatal(err)
		}
		return y
	}
	viewed := apply(Operation{Name: "view", Shape: shapes.Shape{2, 1}}, last)
	part := apply(Operation{Name: "view", Shape: shapes.Shape{1}, Offset: 1}, scaled(t, g, 4, x))
	results := []*Node{first, viewed, part, twice, twice}
	p, _ := run(t, g, false, results...)
	var into []Into
	for i, n := range results {
		if got, want := p.writer(n) != nil, i == 1; got != want {
			t.Errorf("result %d is written in place: %v, want %v", i, got, want)
		}
		into = append(into, Into{n, dense.New(tensor.Float64, shapes.Shape(Result(n).Shape()))})
	}
	clear(Result(viewed).Float64s())
	if err := p.RunInto(func() error { return nil }, into); err != nil {
		t.Fatal(err)
	}
	for i, want := range [][]float64{{15, -5}, {30, -10}, {-4}, {9, -3}, {9, -3}} {
		if got := dense.ToFloat64(into[i].Memory); !slices.Equal(got, want) {
			t.Errorf("result %d is %v, want %v", i, got, want)
		}
		if i == 1 && Result(results[i]).Float64s()[0] != 0 {
			t.Error("the program's own memory was written")
		}
		if !p.Holds(Result(results[i])) || p.Holds(into[i].Memory) {
			t.Errorf("result %d: the program must hold its own memory alone", i)
		}
	}
}

// An operation that fails or panics is an error of its layer, in both ways to run,
// after which the program runs again.
func TestRunFails(t *testing.T) {
	for _, training := range []bool{false, true} {
		_, g, x := builder(t, tensor.Float64)
		broken := true
		y := unary(t, g, "broken", ops.Map{F: func(x float64) float64 {
			if broken {
				panic("no such number")
			}
			return x
		}}, x, nil)
		p, err := g.Compile([]*Node{y}, training, nil)
		if err != nil {
			t.Fatal(err)
		}
		defer p.Close()
		nothing := func() error { return nil }
		if err := p.Run(nothing); err == nil || err.Error() != "layer: broken panicked: no such number" {
			t.Errorf("training %v: got %v", training, err)
		}
		no := errors.New("not now")
		if err := p.Run(func() error { return no }); !errors.Is(err, no) {
			t.Errorf("training %v: got %v from prepare", training, err)
		}
		broken = false
		if err := p.Run(nothing); err != nil || Result(y).Float64s()[0] != 3 {
			t.Errorf("training %v: got %v and %v after a failure", training, Result(y), err)
		}
	}
}

// Values that an operation cannot read are errors of its layer: on the tape machine,
// where the caller of Run cannot recover a panic.
func TestDoRecovers(t *testing.T) {
	_, g, x := builder(t, tensor.Float64)
	y := scaled(t, g, 2, x)
	for name, v := range map[string]gorgonia.Value{
		"scalar of another dtype": tensor.New(tensor.FromScalar(float32(1))),
		"vector of another dtype": tensor.New(tensor.WithBacking([]float32{1, 2})),
		"too few elements":        tensor.New(tensor.WithBacking([]float64{1})),
		"Go value":                gorgonia.NewI(1),
	} {
		if _, err := y.Op().Do(v); err == nil || !strings.HasPrefix(err.Error(), "layer: ") {
			t.Errorf("%s: got %v, want an error of the layer", name, err)
		}
	}
}

// The gradient of 2x + 10x, which reaches x on two ways; a flat operation adds
// nothing, and a node on which nothing depends has none.
func TestDifferentiate(t *testing.T) {
	_, g, x := builder(t, tensor.Float64)
	other := g.Leaf("layer", "other", shapes.Shape{2})
	if err := Bind(other, dense.New(tensor.Float64, shapes.Shape{2})); err != nil {
		t.Fatal(err)
	}
	a := scaled(t, g, 2, x)
	b := scaled(t, g, 5, a)
	flat, err := g.Apply(Operation{Name: "flat", Shape: shapes.Shape{2}, Compute: ops.Map{F: math.Floor}, Flat: true}, x)
	if err != nil {
		t.Fatal(err)
	}
	one := g.Leaf("layer", "one", shapes.Shape{2})
	if err := Bind(one, dense.FromFloat64(tensor.Float64, shapes.Shape{2}, []float64{1, 10})); err != nil {
		t.Fatal(err)
	}
	grads, err := g.Differentiate("layer", []*Node{a, b, flat}, []*Node{one, one, one}, []*Node{x, other})
	if err != nil {
		t.Fatal(err)
	}
	if grads[1] != nil {
		t.Error("a node on which nothing depends has a gradient")
	}
	if _, got := run(t, g, true, grads[0]); !slices.Equal(got[0], []float64{12, 120}) {
		t.Errorf("got %v, want [12 120]", got[0])
	}

	none := unary(t, g, "none", ops.Map{F: math.Floor}, x, nil)
	_, err = g.Differentiate("layer", []*Node{none}, []*Node{one}, []*Node{x})
	errtest.Check(t, err, errs.Error{Path: "layer", Field: "none"})
}

// Gorgonia's own operations come between copies: what they write in place, and
// what their gradients write, stays there.
func TestForeignOperations(t *testing.T) {
	b, g, x := builder(t, tensor.Float64)
	y := scaled(t, g, 2, x)
	exported, err := g.Copy("layer", "export", shapes.Shape{2}, y)
	if err != nil {
		t.Fatal(err)
	}
	square, err := gorgonia.Square(exported)
	if err != nil {
		t.Fatal(err)
	}
	if CanScan([]*Node{square}) {
		t.Error("a step with an operation of Gorgonia's can be scanned")
	}
	if s := b.shapeOf(square); !s.Equal(shapes.Shape{2}) {
		t.Errorf("its shape is %v", s)
	}
	z, err := g.Copy("layer", "import", shapes.Shape{2}, square)
	if err != nil {
		t.Fatal(err)
	}
	one := g.Leaf("layer", "one", shapes.Shape{2})
	if err := Bind(one, dense.FromFloat64(tensor.Float64, shapes.Shape{2}, []float64{1, 1})); err != nil {
		t.Fatal(err)
	}
	grads, err := g.Differentiate("layer", []*Node{z}, []*Node{one}, []*Node{x})
	if err != nil {
		t.Fatal(err)
	}
	p, got := run(t, g, false, z, y, grads[0])
	if want := [][]float64{{36, 4}, {6, -2}, {24, -8}}; !slices.EqualFunc(got, want, slices.Equal[[]float64]) {
		t.Errorf("got %v, want %v", got, want)
	}
	if p.machine == nil {
		t.Error("it ran without the machine")
	}
}

func TestUnknownOperation(t *testing.T) {
	_, g, x := builder(t, tensor.Float32)
	if _, err := g.Apply(Operation{Name: "odd", Shape: shapes.Shape{2}, Compute: "odd"}, x); err == nil || !strings.HasPrefix(err.Error(), "odd: ") {
		t.Errorf("got %v", err)
	}
}

// The memory that a program needs is its own without a workspace, and otherwise
// the workspace's.
func TestMemorySize(t *testing.T) {
	var sizes [2]int64
	for i, w := range []*Workspace{nil, {}} {
		b, g, x := builder(t, tensor.Float32)
		c := g.Leaf("layer", "c", shapes.Shape{2})
		if err := b.BindConstant(c, dense.New(tensor.Float32, shapes.Shape{2})); err != nil {
			t.Fatal(err)
		}
		y := scaled(t, g, 2, x)
		p, err := g.Compile([]*Node{y}, false, w)
		if err != nil {
			t.Fatal(err)
		}
		sizes[i] = p.MemorySize() - operationSize - 2*4
		if w != nil {
			if got := w.MemorySize(); got != sizes[0] || got < 2*4 {
				t.Errorf("the workspace has %d bytes, a program without one %d", got, sizes[0])
			}
		}
	}
	if sizes[1] != 0 {
		t.Errorf("a program with a workspace has %d bytes more than its constant and operations", sizes[1])
	}
}
