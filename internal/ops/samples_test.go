package ops

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/engram-go/engram/internal/kernels"
	"github.com/engram-go/engram/internal/shapes"
)

// The parts of an operation give the bits of the whole, in any division.
func TestSamplesOf(t *testing.T) {
	const samples, n = 7, 6
	all, row, column, one := shapes.Shape{samples, n}, shapes.Shape{n}, shapes.Shape{samples, 1}, shapes.Shape{}
	product, ok := PlanProduct(Letters{A: []rune("ij"), B: []rune("jk"), Out: []rune("ik")}, all, shapes.Shape{n, n}, all)
	if !ok {
		t.Fatal("no plan")
	}
	type operation struct {
		op Op
		in []int // sizes
	}
	operations := []operation{
		{Unary{kernels.Tanh.With()}, []int{samples * n}},
		{UnaryGradient{kernels.GELU.With()}, []int{samples * n, samples * n}},
		{UnaryGradient{kernels.OneMinus.With()}, []int{samples * n}},
		{Sum{}, []int{samples * n, samples * n, samples * n}},
		{Cut{Count: samples, Whole: n + 3, Part: n, Offset: 2}, []int{samples * (n + 3)}},
		{product, []int{samples * n, n * n}},
	}
	for _, b := range []shapes.Shape{all, row, column, one} {
		operations = append(operations,
			operation{Binary{kernels.PairMinus, PlanBroadcast(all, all, b)}, []int{samples * n, b.Size()}},
			operation{Binary{kernels.PairMinus, PlanBroadcast(all, b, all)}, []int{b.Size(), samples * n}})
	}
	r := rand.New(rand.NewPCG(1, 2))
	for _, o := range operations {
		t.Run(fmt.Sprintf("%T %v", o.op, o.in), func(t *testing.T) {
			k, err := For[float32](o.op)
			if err != nil {
				t.Fatal(err)
			}
			if p, ok := k.(*productKernel[float32]); ok {
				p.Fix(1)
			}
			var in [][]float32
			for _, size := range o.in {
				x := make([]float32, size)
				for i := range x {
					x[i] = float32(r.NormFloat64())
				}
				in = append(in, x)
			}
			want, got := make([]float32, samples*n), make([]float32, samples*n)
			if err := k.Run(want, in); err != nil {
				t.Fatal(err)
			}
			s, ok := SamplesOf(o.op, k, samples, samples*n)
			if !ok {
				t.Fatal("cannot be divided")
			}
			if s.Prepare != nil {
				s.Prepare(in)
			}
			for _, part := range [][2]int{{5, 7}, {0, 1}, {1, 5}} {
				s.Run(got, in, part[0], part[1])
			}
			if !slices.Equal(got, want) {
				t.Errorf("got %v, want %v", got, want)
			}
		})
	}
	if _, ok := SamplesOf(Sum{}, Kernel[float32](sum[float32]()), 4, 42); ok {
		t.Error("42 elements in 4 samples")
	}
}
