package exec

import (
	"slices"
	"testing"

	"github.com/engram-go/engram/internal/dense"
	"github.com/engram-go/engram/internal/kernels"
	"github.com/engram-go/engram/internal/ops"
	"github.com/engram-go/engram/internal/shapes"
	"gorgonia.org/tensor"
	"pgregory.net/rapid"
)

// Random graphs of sums and views give what their formulas give, although results
// share memory. Every sum has another constant, so that a result that is overwritten
// too early shows. A second run begins with the memory of the first.
func TestSharedMemory(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		b := NewBuilder(tensor.Float64, 0)
		g := b.NewGraph()
		const largest = 100
		x := g.Leaf("layer", "x", shapes.Shape{largest})
		values := slices.Repeat([]float64{1}, largest)
		if err := Bind(x, dense.FromFloat64(tensor.Float64, shapes.Shape{largest}, values)); err != nil {
			rt.Fatal(err)
		}
		nodes, want := []*Node{x}, [][]float64{values}
		apply := func(o Operation, result []float64, in ...*Node) {
			o.Shape = shapes.Shape{len(result)}
			n, err := g.Apply(o, in...)
			if err != nil {
				rt.Fatal(err)
			}
			nodes, want = append(nodes, n), append(want, result)
		}
		index := func(name string) int { return rapid.IntRange(0, len(nodes)-1).Draw(rt, name) }
		for i := range rapid.IntRange(1, 40).Draw(rt, "operations") {
			a := index("a")
			path := rapid.SampledFrom([]string{"one", "two"}).Draw(rt, "path")
			switch n := len(want[a]); rapid.IntRange(0, 2).Draw(rt, "kind") {
			case 0: // a part of a
				from := rapid.IntRange(0, n-1).Draw(rt, "from")
				to := rapid.IntRange(from+1, n).Draw(rt, "to")
				apply(Operation{Path: path, Name: "view", View: true, Offset: from}, want[a][from:to], nodes[a])
			case 1: // a + i
				sum := make([]float64, n)
				for j, v := range want[a] {
					sum[j] = v + float64(i)
				}
				apply(Operation{Path: path, Name: "add", Compute: ops.Unary{F: kernels.AddConst.With(float64(i))}}, sum, nodes[a])
			default: // a and b one after the other
				c := index("b")
				both := slices.Concat(want[a], want[c])
				if len(both) > largest {
					continue
				}
				apply(Operation{Path: path, Name: "concat", Compute: ops.Concat{Count: 1, Sizes: []int{n, len(want[c])}}}, both, nodes[a], nodes[c])
			}
		}
		var results []*Node
		var wants [][]float64
		for range rapid.IntRange(1, 4).Draw(rt, "results") {
			if i := index("result"); i > 0 {
				results, wants = append(results, nodes[i]), append(wants, want[i])
			}
		}
		if len(results) == 0 {
			return
		}
		p, err := g.Compile(results, rapid.Bool().Draw(rt, "training"), nil)
		if err != nil {
			rt.Fatal(err)
		}
		defer p.Close()
		for range 2 {
			if err := p.Run(func() error { return nil }); err != nil {
				rt.Fatal(err)
			}
			for i, n := range results {
				if got := dense.ToFloat64(Result(n)); !slices.Equal(got, wants[i]) {
					rt.Fatalf("result %d is %v, want %v", i, got, wants[i])
				}
			}
		}
	})
}

// A chain of operations needs memory for two results, whatever its length, and a result
// that is read after the run one more.
func TestMemoryOfChain(t *testing.T) {
	size := func(length int, keep bool) int {
		b := NewBuilder(tensor.Float64, 0)
		g := b.NewGraph()
		x := g.Leaf("layer", "x", shapes.Shape{1000})
		results := make([]*Node, 1)
		for i := range length {
			var err error
			if x, err = g.Apply(Operation{Name: "scale", Shape: shapes.Shape{1000}, Compute: ops.Unary{F: kernels.Scale.With(2)}}, x); err != nil {
				t.Fatal(err)
			}
			if i == 0 && keep {
				results = append(results, x)
			}
		}
		results[0] = x
		p, err := g.Compile(results, true, nil)
		if err != nil {
			t.Fatal(err)
		}
		defer p.Close()
		return p.b.layout.size
	}
	if got, want := size(20, false), 2*wholeLines(1000); got != want {
		t.Errorf("a chain takes %d elements, want %d", got, want)
	}
	if got, want := size(20, true), 3*wholeLines(1000); got != want {
		t.Errorf("a chain with a result at its beginning takes %d elements, want %d", got, want)
	}
}
