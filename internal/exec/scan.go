package exec

import "github.com/engram-go/engram/internal/ops"

// Scan is the operation of a scan: Leaves and Results are those of the graph of
// its step, in the order of ops.Step.
type Scan struct {
	Plan            *ops.Scan
	Leaves, Results []*Node

	kernel *any // of the forward pass; the gradient needs it
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

// CanScan reports whether a step with the given results can run: it must not contain
// Gorgonia's own operations.
func CanScan(results []*Node) bool { return newRunner(results) != nil }

// newTask makes the task of an operation. inner is the runner of a scan's step.
func newTask[T ops.Float](o *op) (_ task, inner *runner, err error) {
	t := &taskOf[T]{in: make([][]T, len(o.in))}
	switch compute := o.Compute.(type) {
	case nil: // a view
	case Scan:
		step := newStep[T](compute.Leaves, compute.Results)
		kernel := ops.NewScan(compute.Plan, step)
		*compute.kernel = kernel
		t.kernel, inner = kernel, step.runner
	case ScanGradient:
		step := newStep[T](compute.Leaves, compute.Results)
		t.kernel, inner = ops.NewScanGradient(compute.Plan, (*compute.Scan.kernel).(*ops.ScanKernel[T]), step), step.runner
	default:
		t.kernel, err = ops.For[T](compute)
	}
	return t, inner, err
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

func newStep[T ops.Float](leaves, results []*Node) *step[T] {
	s := &step[T]{runner: newRunner(results), operands: make([][]operand[T], len(leaves))}
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
