package ops

import (
	"math/rand/v2"
	"testing"

	"github.com/engram-go/engram/internal/shapes"
)

// compute runs an operation on operands of whole numbers, which both types hold
// exactly, and checks that both give the same.
func compute(t testing.TB, op Op, size int, in ...[]float64) []float64 {
	t.Helper()
	f64, err := For[float64](op)
	if err != nil {
		t.Fatal(err)
	}
	f32, err := For[float32](op)
	if err != nil {
		t.Fatal(err)
	}
	in32 := make([][]float32, len(in))
	for i, x := range in {
		in32[i] = narrow(x)
	}
	out, out32 := filled(size, 1e9), narrow(filled(size, 1e9)) // nothing may stay
	if err := f64.Run(out, in); err != nil {
		t.Fatal(err)
	}
	if err := f32.Run(out32, in32); err != nil {
		t.Fatal(err)
	}
	for i, x := range out32 {
		if float64(x) != float64(float32(out[i])) {
			t.Errorf("%T: element %d is %v in float32, %v in float64", op, i, x, out[i])
		}
	}
	return out
}

func narrow(x []float64) []float32 {
	out := make([]float32, len(x))
	for i, v := range x {
		out[i] = float32(v)
	}
	return out
}

func filled(n int, x float64) []float64 {
	out := make([]float64, n)
	for i := range out {
		out[i] = x
	}
	return out
}

// whole are n random whole numbers from −9 to 9.
func whole(r *rand.Rand, n int) []float64 {
	out := make([]float64, n)
	for i := range out {
		out[i] = float64(r.IntN(19) - 9)
	}
	return out
}

// places calls f with every place of a shape, in row-major order.
func places(s shapes.Shape, f func(i int, at []int)) {
	at := make([]int, len(s))
	for i := range s.Size() {
		f(i, at)
		for a := len(at) - 1; a >= 0; a-- {
			if at[a]++; at[a] < s[a] {
				break
			}
			at[a] = 0
		}
	}
}

// offset is where a place lies in a shape.
func offset(s shapes.Shape, at []int) int {
	o := 0
	for a, x := range at {
		o = o*s[a] + x
	}
	return o
}
