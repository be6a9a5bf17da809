package ops

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/engram-go/engram/internal/kernels"
	"github.com/engram-go/engram/internal/shapes"
	"pgregory.net/rapid"
)

// repeats draws a shape that broadcasts to s: fewer axes, some of them 1.
func repeats(t *rapid.T, s shapes.Shape) shapes.Shape {
	out := s[rapid.IntRange(0, len(s)).Draw(t, "axes left out"):].Clone()
	for i := range out {
		if rapid.Bool().Draw(t, "repeat") {
			out[i] = 1
		}
	}
	return out
}

// source is the place in a shape that broadcasts from which a place is read.
func source(s shapes.Shape, at []int) []int {
	at = slices.Clone(at[len(at)-len(s):])
	for i, n := range s {
		if n == 1 {
			at[i] = 0
		}
	}
	return at
}

// Every element of an operation on two values comes from the elements that
// NumPy's rule names.
func TestBroadcast(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		out := shapes.Shape(rapid.SliceOfN(rapid.IntRange(1, 4), 0, 5).Draw(t, "shape"))
		sa, sb := repeats(t, out), repeats(t, out)
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		a, b := whole(r, sa.Size()), whole(r, sb.Size())
		plan := PlanBroadcast(out, sa, sb)
		if n := plan.count() * plan.n; n != out.Size() {
			t.Fatalf("a plan of %d elements for %v", n, out)
		}
		for f, want := range map[kernels.PairKind]func(x, y float64) float64{
			kernels.PairPlus: func(x, y float64) float64 { return x + y }, kernels.PairMinus: func(x, y float64) float64 { return x - y },
			kernels.PairTimes: func(x, y float64) float64 { return x * y }, kernels.PairOver: func(x, y float64) float64 { return x / (y + 10) },
			kernels.PairMaximum: func(x, y float64) float64 { return max(x, y) }, kernels.PairMinimum: func(x, y float64) float64 { return min(x, y) },
		} {
			b := b
			if f == kernels.PairOver {
				b = slices.Clone(b)
				for i := range b {
					b[i] += 10 // none is 0
				}
			}
			got := make([]float64, out.Size())
			k, err := For[float64](Binary{F: f, Plan: plan})
			if err != nil {
				t.Fatal(err)
			}
			if err := k.Run(got, [][]float64{a, b}); err != nil {
				t.Fatal(err)
			}
			places(out, func(i int, at []int) {
				x, y := a[offset(sa, source(sa, at))], b[offset(sb, source(sb, at))]
				if f == kernels.PairOver {
					y -= 10
				}
				if w := want(x, y); got[i] != w {
					t.Errorf("function %d of %v and %v: element %v is %v, want %v", f, sa, sb, at, got[i], w)
				}
			})
		}
	})
}

// some visits the rows that rows visits, from any one on.
func TestBroadcastFromTheMiddle(t *testing.T) {
	p := PlanBroadcast(shapes.Shape{3, 4, 2, 5}, shapes.Shape{3, 1, 2, 1}, shapes.Shape{4, 1, 5})
	var all, parts [][3]int
	p.rows(func(o, a, b int) { all = append(all, [3]int{o, a, b}) })
	for from := 0; from < p.count(); from += 5 {
		p.some(from, min(from+5, p.count()), func(o, a, b int) { parts = append(parts, [3]int{o, a, b}) })
	}
	if len(all) != p.count() || !slices.Equal(all, parts) {
		t.Errorf("rows gives %v, parts of five give %v", all, parts)
	}
}
