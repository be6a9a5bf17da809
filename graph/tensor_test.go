package graph_test

import (
	"testing"

	"github.com/engram-go/engram/graph"
	"gorgonia.org/tensor"
	"pgregory.net/rapid"
)

// odd makes a tensor by a random chain of slicing, transposing and column-major
// order, whose elements differ from each other.
func odd(t *rapid.T) *tensor.Dense {
	shape := shapes(1, 4).Draw(t, "shape")
	a := counting(shape...)
	d := dense(tensor.Float64, a)
	if len(shape) > 1 && rapid.Bool().Draw(t, "columns first") {
		d = tensor.New(tensor.WithShape(shape...), tensor.AsFortran(append([]float64{}, a.Data...)))
	}
	for range rapid.IntRange(0, 3).Draw(t, "steps") {
		switch {
		case d.Dims() == 0:
		case rapid.Bool().Draw(t, "transpose"):
			order := make([]int, d.Dims())
			for i := range order {
				order[i] = i
			}
			order = rapid.Permutation(order).Draw(t, "order")
			attempt(t, func() error { return d.T(order...) })
		default:
			axis := rapid.IntRange(0, d.Dims()-1).Draw(t, "axis")
			from := rapid.IntRange(0, d.Shape()[axis]-1).Draw(t, "from")
			cut := make([]tensor.Slice, d.Dims())
			cut[axis] = tensor.S(from, rapid.IntRange(from+1, d.Shape()[axis]).Draw(t, "to"))
			attempt(t, func() error {
				v, err := d.Slice(cut...)
				if err == nil {
					d = v.(*tensor.Dense)
				}
				return err
			})
		}
	}
	return d
}

// attempt skips the case where package tensor cannot do what is asked: it fails
// or panics on some of the tensors that it makes itself.
func attempt(t *rapid.T, f func() error) {
	defer func() {
		if r := recover(); r != nil {
			t.Skip("tensor panicked:", r)
		}
	}()
	if err := f(); err != nil {
		if _, nothing := err.(tensor.NoOpError); !nothing {
			t.Skip("tensor:", err)
		}
	}
}

// elementsOf reads a tensor through its own indexing, place by place.
func elementsOf(t *rapid.T, d *tensor.Dense) array {
	if d.Dims() == 0 {
		return array{Shape: []int{}, Data: []float64{d.ScalarValue().(float64)}}
	}
	return tabulate(d.Shape(), func(at []int) float64 {
		x, err := d.At(at...)
		if err != nil {
			t.Fatalf("%v", err)
		}
		return x.(float64)
	})
}

// Whatever the strides of a tensor, Contiguous has its elements in order, and
// inputs and parameters take it for what it is.
func TestContiguous(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := odd(t)
		want := elementsOf(t, d)
		c := graph.Contiguous(d)
		near(t, "contiguous", array{Shape: c.Shape(), Data: c.Float64s()}, want, 0)
		near(t, "the tensor itself", elementsOf(t, d), want, 0)

		cfg := config(t, tensor.Float64)
		p, err := graph.NewProgram(cfg, func(s *graph.Scope) {
			s.Output("x", s.Input("x", want.Shape))
			s.Output("w", s.Param("w", want.Shape, constant(0)))
		})
		if err != nil {
			t.Fatalf("%v", err)
		}
		defer p.Close()
		if err := p.SetInput("x", d); err != nil {
			t.Fatalf("%v", err)
		}
		if err := cfg.Params.Set(map[string]*tensor.Dense{"w": wrapScalar(c)}); err != nil {
			t.Fatalf("%v", err)
		}
		run(t, p, nil)
		near(t, "input", array{Shape: want.Shape, Data: output(t, p, "x")}, want, 0)
		near(t, "parameter", array{Shape: want.Shape, Data: output(t, p, "w")}, want, 0)
		near(t, "the tensor afterwards", elementsOf(t, d), want, 0)
	})
}

// wrapScalar makes a vector of a scalar.
func wrapScalar(d *tensor.Dense) *tensor.Dense {
	if d.Dims() == 0 {
		return dense(tensor.Float64, array{Data: []float64{d.ScalarValue().(float64)}})
	}
	return d
}

// What is in order already is not copied.
func TestContiguousSharesMemory(t *testing.T) {
	d := dense(tensor.Float32, counting(2, 3))
	if graph.Contiguous(d) != d {
		t.Error("a row-major tensor was copied")
	}
	ints := tensor.New(tensor.WithBacking([]int{1, 2}))
	if graph.Contiguous(ints) != ints {
		t.Error("a tensor of another dtype was copied")
	}
}

// A tensor that is no more than its zero value has no dtype to print.
func TestCheckTensorEmpty(t *testing.T) {
	wantError(t, "empty", graph.CheckTensor(&tensor.Dense{}, tensor.Float32, graph.Shape{1}), "tensor must have elements")
}
