package ops

import (
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"

	"github.com/engram-go/engram/internal/shapes"
)

// reductions are sums of every form that is computed in a way of its own, large enough
// for several cores.
var reductions = []struct {
	shape, kept shapes.Shape
}{
	{shapes.Shape{70001}, shapes.Shape{1}},
	{shapes.Shape{300, 70, 3}, shapes.Shape{1, 1, 1}},
	{shapes.Shape{513, 71}, shapes.Shape{1, 71}},
	{shapes.Shape{513, 71}, shapes.Shape{513, 1}},
	{shapes.Shape{3, 20000}, shapes.Shape{3, 1}},
	{shapes.Shape{9, 101, 33}, shapes.Shape{9, 1, 33}},
	{shapes.Shape{9, 101, 33}, shapes.Shape{1, 101, 1}},
	{shapes.Shape{9, 101, 33}, shapes.Shape{9, 1, 1}},
	{shapes.Shape{5, 7, 11, 9, 17}, shapes.Shape{1, 7, 1, 9, 1}},
	{shapes.Shape{5, 7, 11, 9, 17}, shapes.Shape{5, 1, 11, 1, 17}},
	{shapes.Shape{40000, 1}, shapes.Shape{40000, 1}},
}

// A sum is that of a plain loop in float64, rounded once, and has the same bits on any
// number of cores.
func TestReduce(t *testing.T) {
	for _, c := range reductions {
		name := fmt.Sprint(c.shape, c.kept)
		rng := rand.New(rand.NewPCG(1, 1))
		x := make([]float32, c.shape.Size())
		for i := range x {
			x[i] = rng.Float32() - 0.25
		}
		want, size := make([]float64, c.kept.Size()), make([]float64, c.kept.Size())
		in, to := strides(c.shape), strides(c.kept)
		for i, v := range x {
			at := 0
			for a := range c.shape {
				if c.kept[a] > 1 {
					at += i / in[a] % c.shape[a] * to[a]
				}
			}
			want[at] += float64(v)
			size[at] += math.Abs(float64(v))
		}
		kernel := reduceOf[float32](Reduce{Plan: PlanBroadcast(c.shape, c.shape, c.kept), Size: c.kept.Size(), Divisor: 4})
		out := make([]float32, c.kept.Size())
		if err := kernel.Run(out, [][]float32{x}); err != nil {
			t.Fatal(err)
		}
		for i, v := range out {
			if w := want[i] / 4; math.Abs(float64(v)-w) > 0x1p-24*math.Abs(w)+0x1p-50*size[i] {
				t.Fatalf("%s: sum %d is %v, want %v", name, i, v, w)
			}
		}
		cores := runtime.GOMAXPROCS(1)
		one := make([]float32, len(out))
		for n := 1; n <= 3; n += 2 {
			runtime.GOMAXPROCS(n)
			kernel.Run(one, [][]float32{x})
			if !slices.Equal(one, out) {
				t.Errorf("%s: another number of cores gives other bits", name)
			}
		}
		runtime.GOMAXPROCS(cores)
	}
}

// What runs along an axis gives the same as a plain loop, shared between cores too.
func TestLinesAndMax(t *testing.T) {
	cores := runtime.GOMAXPROCS(3)
	defer runtime.GOMAXPROCS(cores)
	for _, c := range []struct {
		shape shapes.Shape
		axis  int
	}{{shapes.Shape{7, 101, 50}, 1}, {shapes.Shape{700, 53}, 0}, {shapes.Shape{700, 53}, 1}, {shapes.Shape{3, 4, 5}, 1}, {shapes.Shape{40001}, 0}} {
		x := whole(rand.New(rand.NewPCG(1, 1)), c.shape.Size())
		p := PlanLines(c.shape, c.axis, false)
		most, equal, dx := filled(p.outer*p.inner, math.Inf(-1)), make([]float64, p.outer*p.inner), make([]float64, len(x))
		line := func(i int) int { return i/(p.n*p.inner)*p.inner + i%p.inner }
		for i, v := range x {
			most[line(i)] = max(most[line(i)], v)
		}
		for i, v := range x {
			if v == most[line(i)] {
				equal[line(i)]++
			}
		}
		for i, v := range x {
			if v == most[line(i)] {
				dx[i] = most[line(i)] / equal[line(i)]
			}
		}
		f := func(x, y []float64) { y[0] = slices.Max(x) }
		df := func(x, y, dy, dx []float64) {
			equal := 0.0
			for _, v := range x {
				if v == y[0] {
					equal++
				}
			}
			for i, v := range x {
				dx[i] = 0
				if v == y[0] {
					dx[i] = dy[0] / equal
				}
			}
		}
		for name, op := range map[string]Op{"max": Max{p}, "lines": Lines{p, f}} {
			if got := compute(t, op, len(most), x); !slices.Equal(got, most) {
				t.Errorf("%s of %v along %d is wrong", name, c.shape, c.axis)
			}
		}
		for name, op := range map[string]Op{"max": MaxGradient{p}, "lines": LinesGradient{p, df}} {
			if got := compute(t, op, len(x), x, most, most); !slices.Equal(got, dx) {
				t.Errorf("gradient of %s of %v along %d is wrong", name, c.shape, c.axis)
			}
		}
	}
}
