package exec

import (
	"slices"

	"github.com/engram-go/engram/internal/ops"
	"gorgonia.org/tensor"
)

// runner runs the operations of a graph one after the other, on the caller's
// goroutine. For inference it takes the place of the tape machine, which hands
// over to a goroutine of its own, at a cost above that of predicting one sample,
// and allocates for every operation.
type runner struct {
	ops    []*op // operands first
	leaves []use // of leaves
	inner  []use // of results of operations
}

// use is an operand of an operation.
type use struct {
	op   *op
	at   int
	node *Node
}

// newRunner lists the operations that the results need. It returns nil where one
// of them is Gorgonia's own.
func newRunner(results []*Node) *runner {
	r := &runner{}
	seen := map[*Node]bool{}
	todo := slices.Clone(results)
	var nodes []*Node
	for len(todo) > 0 {
		n := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if seen[n] || n.Op() == nil {
			continue
		}
		seen[n] = true
		nodes = append(nodes, n)
		todo = append(todo, operands(n)...)
	}
	sortByAge(nodes)
	for _, n := range nodes {
		o, ok := n.Op().(*op)
		if !ok {
			return nil
		}
		for i, c := range operands(n) {
			if c.Op() == nil {
				r.leaves = append(r.leaves, use{o, i, c})
			} else {
				r.inner = append(r.inner, use{o, i, c})
			}
		}
		r.ops = append(r.ops, o)
	}
	return r
}

// sortByAge puts operands before results: Gorgonia numbers nodes as they are
// made.
func sortByAge(nodes []*Node) {
	slices.SortFunc(nodes, func(a, b *Node) int { return int(a.ID() - b.ID()) })
}

// connect makes the operations read each other's results, and constants.
func (r *runner) connect() {
	for _, u := range r.inner {
		if source, ok := u.node.Op().(*op); ok {
			u.op.task.setOperand(u.at, source.out)
		}
	}
	r.readLeaves()
}

// readLeaves looks the memory of the leaves up. Those of a step that have no
// value of their own are set by the scan.
func (r *runner) readLeaves() {
	for _, u := range r.leaves {
		if t, ok := u.node.Value().(*tensor.Dense); ok {
			u.op.task.setOperand(u.at, t)
		}
	}
}

func (r *runner) run() error {
	for _, o := range r.ops {
		if err := o.run(); err != nil {
			return err
		}
	}
	return nil
}

// Scan is the operation of a scan: Leaves and Results are those of the graph of
// its step, in the order of ops.Step.
type Scan struct {
	Plan            *ops.Scan
	Leaves, Results []*Node

	kernel *any // that of the forward pass, for the gradient
}

// NewScan is a scan that has a gradient.
func NewScan(plan *ops.Scan, leaves, results []*Node) Scan {
	return Scan{plan, leaves, results, new(any)}
}

// ScanGradient is the gradient of a scan; Leaves and Results are those of the
// gradient of the step.
type ScanGradient struct {
	Plan            ops.ScanGradient
	Scan            Scan
	Leaves, Results []*Node
}

// CanScan tells whether a step with the given results can be run: it must have
// none of Gorgonia's own operations.
func CanScan(results []*Node) bool { return newRunner(results) != nil }

func scanKernel[T ops.Float](b *Builder, s Scan) (ops.Kernel[T], error) {
	k := ops.NewScan[T](s.Plan, newStep[T](b, s.Leaves, s.Results))
	*s.kernel = k
	return k, nil
}

func scanGradientKernel[T ops.Float](b *Builder, s ScanGradient) (ops.Kernel[T], error) {
	forward := (*s.Scan.kernel).(*ops.ScanKernel[T])
	return ops.NewScanGradient(s.Plan, forward, newStep[T](b, s.Leaves, s.Results)), nil
}

// step runs the graph of a scan's step.
type step[T ops.Float] struct {
	*runner
	operands [][]operand[T] // of each leaf
	results  []*taskOf[T]
}

// operand is one that reads a leaf.
type operand[T ops.Float] struct {
	task *taskOf[T]
	at   int
}

func newStep[T ops.Float](b *Builder, leaves, results []*Node) *step[T] {
	s := &step[T]{runner: newRunner(results), operands: make([][]operand[T], len(leaves))}
	b.runners = append(b.runners, s.runner)
	for i, leaf := range leaves {
		for _, u := range s.leaves {
			if u.node == leaf {
				s.operands[i] = append(s.operands[i], operand[T]{u.op.task.(*taskOf[T]), u.at})
			}
		}
	}
	for _, n := range results {
		s.results = append(s.results, n.Op().(*op).task.(*taskOf[T]))
	}
	return s
}

// Set makes a leaf read data.
func (s *step[T]) Set(leaf int, data []T) {
	for _, o := range s.operands[leaf] {
		o.task.in[o.at] = data
	}
}

// Run computes the step.
func (s *step[T]) Run() error { return s.run() }

// Result is the memory of a result.
func (s *step[T]) Result(i int) []T { return s.results[i].out }
