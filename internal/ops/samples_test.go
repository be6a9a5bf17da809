package ops

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/engram-go/engram/internal/kernels"
	"github.com/engram-go/engram/internal/shapes"
)

// divided is an operation with the sizes of its operands, and which of them every part reads
// as a whole.
type divided struct {
	op    Op
	in    []int
	whole []bool
}

// dividedOps are operations with a result of so many samples of n elements.
func dividedOps(t *testing.T, samples, n int) []divided {
	size := samples * n
	all, row, column, one := shapes.Shape{samples, n}, shapes.Shape{n}, shapes.Shape{samples, 1}, shapes.Shape{}
	product, ok := PlanProduct(Letters{A: []rune("ij"), B: []rune("jk"), Out: []rune("ik")}, all, shapes.Shape{n, n}, all)
	if !ok {
		t.Fatal("no plan")
	}
	operations := []divided{
		{Unary{kernels.Tanh.With()}, []int{size}, nil},
		{UnaryGradient{kernels.GELU.With()}, []int{size, size}, nil},
		{UnaryGradient{kernels.OneMinus.With()}, []int{size}, nil},
		{Sum{}, []int{size, size, size}, nil},
		{Where{}, []int{size, size, size}, nil},
		{Copy{}, []int{size}, nil},
		{Cut{Count: samples, Whole: n + 3, Part: n, Offset: 2}, []int{samples * (n + 3)}, nil},
		{Pad{Count: samples, Whole: n, Part: n - 3, Offset: 2}, []int{samples * (n - 3)}, nil},
		{Pad{Count: 3 * samples, Whole: n / 3, Part: 1}, []int{3 * samples}, nil},
		{Concat{Count: samples, Sizes: []int{n - 2, 2}}, []int{samples * (n - 2), 2 * samples}, nil},
		{Repeat{PlanBroadcast(all, column, one)}, []int{samples}, []bool{false}},
		{Repeat{PlanBroadcast(all, row, one)}, []int{n}, []bool{true}},
		{product, []int{size, n * n}, []bool{false, true, true}},
	}
	for shape, whole := range map[*shapes.Shape]bool{&all: false, &row: true, &column: false, &one: true} {
		operations = append(operations,
			divided{Binary{kernels.PairMinus, PlanBroadcast(all, all, *shape)}, []int{size, shape.Size()}, []bool{false, whole}},
			divided{Binary{kernels.PairMinus, PlanBroadcast(all, *shape, all)}, []int{shape.Size(), size}, []bool{whole, false}})
	}
	return operations
}

// The parts of an operation give the bits of the whole, in any division, and read the same
// samples of every operand, unless it is one that is read as a whole.
func TestSamplesOf(t *testing.T) {
	const n = 6
	r := rand.New(rand.NewPCG(1, 2))
	for _, samples := range []int{1, 7} {
		for _, o := range dividedOps(t, samples, n) {
			t.Run(fmt.Sprintf("%d samples, %T %v", samples, o.op, o.in), func(t *testing.T) {
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
				if samples > 1 && !slices.Equal(s.Whole, o.whole) {
					t.Errorf("reads as a whole %v, want %v", s.Whole, o.whole)
				}
				for _, part := range [][2]int{{5, 7}, {0, 1}, {1, 5}} {
					if part[1] > samples {
						continue
					}
					mine := make([][]float32, len(in)) // only what the part may read is there
					for i, x := range in {
						mine[i] = x
						if i >= len(o.whole) || !o.whole[i] {
							mine[i] = filledNaN(x, len(x)/samples*part[0], len(x)/samples*part[1])
						}
					}
					s.Run(got, mine, part[0], part[1])
				}
				if !slices.Equal(got, want) {
					t.Errorf("got %v, want %v", got, want)
				}
			})
		}
	}
}

// filledNaN is x with NaN outside from..end.
func filledNaN(x []float32, from, end int) []float32 {
	y := slices.Repeat([]float32{float32(math.NaN())}, len(x))
	copy(y[from:end], x[from:end])
	return y
}

// An operation of which samples are no whole pieces is not divided.
func TestSamplesOfOthers(t *testing.T) {
	column := shapes.Shape{2, 3, 1}
	for name, op := range map[string]Op{
		"elements":  Sum{},
		"rows":      Binary{kernels.PairPlus, PlanBroadcast(shapes.Shape{2, 3, 7}, shapes.Shape{2, 3, 7}, column)},
		"copies":    Repeat{PlanBroadcast(shapes.Shape{2, 3, 7}, column, shapes.Shape{})},
		"cut":       Cut{Count: 6, Whole: 8, Part: 7},
		"pad":       Pad{Count: 6, Whole: 7, Part: 1},
		"joined":    Concat{Count: 6, Sizes: []int{3, 4}},
		"operation": Softmax{},
	} {
		size := 42
		if name == "operation" {
			size = 40
		}
		if _, ok := SamplesOf[float32](op, nil, 4, size); ok {
			t.Errorf("%s: 42 elements in 4 samples", name)
		}
	}
	// Samples that share an element of an operand, though each has whole rows.
	plan := PlanBroadcast(shapes.Shape{2, 6, 7}, shapes.Shape{2, 1, 7}, shapes.Shape{2, 6, 7})
	s, ok := SamplesOf[float32](Binary{kernels.PairPlus, plan}, nil, 4, plan.count()*plan.n)
	if !ok || !s.Whole[0] {
		t.Errorf("divided %v, reads as a whole %v", ok, s.Whole)
	}
}
