package exec

import (
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/engram-go/engram/internal/kernels"
	"github.com/engram-go/engram/internal/ops"
	"github.com/engram-go/engram/internal/shapes"
	"gorgonia.org/tensor"
)

// stepGraph builds the graph of a step.
type stepGraph struct {
	t *testing.T
	g *Graph
}

func newStepGraph(t *testing.T) stepGraph {
	return stepGraph{t, NewBuilder(tensor.Float64, 0).NewGraph()}
}

func (s stepGraph) leaf(shape ...int) *Node { return s.g.Leaf("", "leaf", shape) }

// apply adds an operation, or a view if o is nil.
func (s stepGraph) apply(o ops.Op, shape shapes.Shape, in ...*Node) *Node {
	s.t.Helper()
	n, err := s.g.Apply(Operation{Path: "path", Name: "op", Shape: shape, Compute: o, View: o == nil}, in...)
	if err != nil {
		s.t.Fatal(err)
	}
	return n
}

// product multiplies x [samples, n] with w [n, n].
func (s stepGraph) product(x, w *Node) *Node {
	s.t.Helper()
	l := ops.Letters{A: []rune("ij"), B: []rune("jk"), Out: []rune("ik")}
	shape := s.g.b.shapeOf(x)
	p, ok := ops.PlanProduct(l, shape, s.g.b.shapeOf(w), shape)
	if !ok {
		s.t.Fatal("no plan")
	}
	return s.apply(p, shape, x, w)
}

// A core runs all steps of its samples alone where they read nothing of other samples, nor
// add up anything.
func TestStepsInLanes(t *testing.T) {
	tanh := ops.Unary{F: kernels.Tanh.With()}
	plus := func(shape, other shapes.Shape) ops.Op {
		return ops.Binary{F: kernels.PairPlus, Plan: ops.PlanBroadcast(shape, shape, other)}
	}
	all, row := shapes.Shape{4, 8}, shapes.Shape{8}
	own := func(s stepGraph, h, _ *Node) *Node { return s.apply(tanh, all, h) }
	for name, c := range map[string]struct {
		samples, units int // 4 and 8 if 0
		plan           ops.Scan
		f              func(s stepGraph, h, w *Node) *Node
		added          bool // whether a result is added up
		want           bool
	}{
		"own samples":       {f: own, want: true},
		"a row of weights":  {f: func(s stepGraph, h, _ *Node) *Node { return s.apply(plus(all, row), all, h, s.leaf(8)) }, want: true},
		"a product":         {f: stepGraph.product, want: true},
		"a trace":           {f: own, plan: ops.Scan{Traces: []ops.Piece{{Samples: 4, Size: 32}}}, want: true},
		"one trace of all":  {f: own, plan: ops.Scan{Traces: []ops.Piece{{Samples: 1, Size: 32}}}},
		"a loss":            {f: own, plan: ops.Scan{Losses: 1}},
		"an added result":   {f: own, added: true},
		"a part of samples": {f: func(s stepGraph, h, _ *Node) *Node { return s.apply(nil, row, own(s, h, nil)) }},
		"a state as a row": {units: 2, f: func(s stepGraph, h, _ *Node) *Node {
			return s.apply(plus(all, row), all, s.leaf(4, 8), h)
		}},
		"a sum over samples": {f: func(s stepGraph, h, _ *Node) *Node {
			return s.apply(ops.Reduce{Plan: ops.PlanBroadcast(all, all, row), Size: 8, Divisor: 1}, row, own(s, h, nil))
		}},
		"large weights": {units: 513, f: stepGraph.product},
		"one sample": {samples: 1, added: true, plan: ops.Scan{Losses: 1}, want: true, f: func(s stepGraph, h, _ *Node) *Node {
			return s.apply(nil, shapes.Shape{4}, s.apply(tanh, shapes.Shape{1, 8}, h))
		}},
		"one sample and large weights": {samples: 1, units: 512, f: stepGraph.product},
	} {
		t.Run(name, func(t *testing.T) {
			if c.samples == 0 {
				c.samples = 4
			}
			if c.units == 0 {
				c.units = 8
			}
			s := newStepGraph(t)
			h, w := s.leaf(c.samples, c.units), s.leaf(c.units, c.units)
			if name == "a state as a row" {
				h = s.leaf(8)
			}
			y := c.f(s, h, w)
			step := newStep[float64]([]*Node{h, w}, []*Node{y}, 1, 2, nil)
			c.plan.Y.Samples = c.samples
			step.share(&c.plan, []*Node{h}, !c.added)
			if got := step.lanes != nil; got != c.want {
				t.Errorf("in lanes: %v, want %v", got, c.want)
			}
		})
	}
}

// lanesOf is a step that computes tanh of its only leaf x [samples, n], with memory for it.
// Its second result is x.
func lanesOf(t *testing.T, samples, n int) *step[float64] {
	s := newStepGraph(t)
	x := s.leaf(samples, n)
	y := s.apply(ops.Unary{F: kernels.Tanh.With()}, shapes.Shape{samples, n}, x)
	step := newStep[float64]([]*Node{x}, []*Node{y, x}, 1, 1, nil)
	step.share(&ops.Scan{Y: ops.Piece{Samples: samples}}, []*Node{x}, true)
	step.lanes.group.task[0].out = make([]float64, samples*n)
	return step
}

// Each sample is computed once, from the leaf that its lane reads, and what the leaves of the
// step read is seen by lanes of the next run.
func TestDivideInLanes(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	const samples, n = 50, 3000
	for _, cores := range []int{1, 3} {
		runtime.GOMAXPROCS(cores)
		s := lanesOf(t, samples, n)
		for range 3 {
			x, own := make([]float64, samples*n), make([]float64, samples*n)
			for i := range x {
				x[i], own[i] = 1, -1
			}
			s.Set(0, x)
			var mu sync.Mutex
			count := make([]int, samples)
			err := s.Divide(100, func(part ops.Step[float64], from, end int) error {
				if from > samples/2 {
					part.Set(0, own)
				}
				if err := part.Run(); err != nil {
					return err
				}
				mu.Lock()
				defer mu.Unlock()
				for i := from; i < end; i++ {
					count[i]++
					for result := range 2 {
						if got, want := part.Result(result)[i*n] < 0, from > samples/2; got != want {
							t.Errorf("sample %d has result %d of another leaf", i, result)
						}
					}
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			if slices.Contains(count, 0) || slices.Max(count) != 1 {
				t.Errorf("samples are computed %v times", count)
			}
		}
	}
}

// What an operation panics with is an error that names it, and the step runs again after it.
func TestLanesPanic(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	runtime.GOMAXPROCS(2)
	s := lanesOf(t, 50, 3000)
	run := func(x []float64) error {
		s.Set(0, x)
		return s.Divide(100, func(part ops.Step[float64], _, _ int) error { return part.Run() })
	}
	if err := run(make([]float64, 10)); err == nil || !strings.Contains(err.Error(), "path") || !strings.Contains(err.Error(), "op panicked") {
		t.Errorf("got %v", err)
	}
	if err := run(make([]float64, 150000)); err != nil {
		t.Errorf("the run after it: %v", err)
	}
}
