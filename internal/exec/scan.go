package exec

import "github.com/engram-go/engram/internal/ops"

// Scan is the operation of a scan: Leaves and Results are those of the graph of
// its step, in the order of ops.Step.
type Scan struct {
	Plan            *ops.Scan
	Leaves, Results []*Node

	kernel *any // a scanTask, of the forward pass; the gradient needs it
}

// scanTask is the kernel of a scan and its step.
type scanTask[T ops.Float] struct {
	kernel *ops.ScanKernel[T]
	step   *step[T]
}

// NewScan is a scan that has a gradient.
func NewScan(plan *ops.Scan, leaves, results []*Node) Scan {
	return Scan{plan, leaves, results, new(any)}
}

// ScanGradient is the gradient of a scan; Leaves are those of the gradient of the step.
// Its Results are the gradients of the carries, the wanted ones of the cuts, and those
// of the whole values; Plan.Terms is made from the last ones.
type ScanGradient struct {
	Plan            ops.ScanGradient
	Scan            Scan
	Leaves, Results []*Node
}

// CanScan reports whether a step with the given results can run: it must not contain
// Gorgonia's own operations.
func CanScan(results []*Node) bool { return newRunner(results, nil) != nil }

// Leaves are the leaves that such a step reads.
func Leaves(results []*Node) map[*Node]bool {
	read := map[*Node]bool{}
	for _, u := range newRunner(results, nil).leaves {
		read[u.node] = true
	}
	return read
}

// newTask makes the task of an operation. inner is the runner of a scan's step.
func newTask[T ops.Float](o *op) (_ task, inner *runner, err error) {
	t := &taskOf[T]{in: make([][]T, len(o.in))}
	switch compute := o.Compute.(type) {
	case nil: // a view
	case Scan:
		step := newStep[T](compute.Leaves, compute.Results, len(compute.Plan.Cuts)+len(compute.Plan.Carries), len(compute.Leaves), nil)
		step.share(compute.Plan, compute.Leaves[len(compute.Plan.Cuts):][:len(compute.Plan.Carries)], true)
		kernel := ops.NewScan(compute.Plan, step)
		*compute.kernel = scanTask[T]{kernel, step}
		t.kernel, inner = kernel, step.runner
	case ScanGradient:
		forward := (*compute.Scan.kernel).(scanTask[T])
		plan, results := compute.terms()
		given := forward.step.keep(results, plan.Steps, int(o.env.dtype.Size()))
		incoming := len(compute.Leaves) - 1 - len(plan.Carries) - plan.Losses // leaves after the whole values: gradients
		step := newStep[T](compute.Leaves, results, len(plan.Cuts)+len(plan.Carries), incoming, given)
		step.share(plan.Scan, compute.Leaves[incoming:len(compute.Leaves)-plan.Losses], plan.Stacked())
		forward.step.connectKept(step)
		t.kernel, inner = ops.NewScanGradient(plan, forward.kernel, step), step.runner
	default:
		t.kernel, err = ops.For[T](compute)
	}
	return t, inner, err
}

// step runs the graph of a scan's step.
type step[T ops.Float] struct {
	*runner
	operands [][]operand[T] // of each leaf
	data     [][]T          // that each leaf reads
	results  []part[T]
	groups   []*group[T] // all operations
	kept     []kept[T]
	family   []*step[T] // of a forward pass: the step and its gradients, which share what is kept
	samples  int
	lanes    *lanes[T] // nil if the samples of the step cannot be divided
}

// operand is one that reads a leaf.
type operand[T ops.Float] struct {
	task *taskOf[T]
	at   int
	held fixed // if the leaf is a whole value that the kernel prepares once for all steps
}

// fixed is a kernel that works faster if it knows that an operand stays the same. Fix says
// so, and Renew that it changes now.
type fixed interface {
	Fix(operand int) bool
	Renew()
}

// part is the result of an operation, or size elements of it from an offset on. Without
// an operation it is a leaf.
type part[T ops.Float] struct {
	task         *taskOf[T]
	offset, size int
	whole        bool // whether it is the whole result
	leaf         int
}

// newStep makes the step of a scan, or its gradient. The leaves from..end are the whole
// values. Results of the given operations are there already.
func newStep[T ops.Float](leaves, results []*Node, from, end int, given map[*op]bool) *step[T] {
	r := newRunner(results, given)
	s := &step[T]{runner: r, operands: make([][]operand[T], len(leaves)), data: make([][]T, len(leaves))}
	s.family = []*step[T]{s}
	number := make(map[*Node]int, len(leaves))
	for i, leaf := range leaves {
		number[leaf] = i
	}
	for _, u := range s.leaves {
		if i, ok := number[u.node]; ok {
			o := operand[T]{task: u.op.task.(*taskOf[T]), at: u.at}
			if k, ok := o.task.kernel.(fixed); ok && from <= i && i < end && k.Fix(u.at) {
				o.held = k
			}
			s.operands[i] = append(s.operands[i], o)
		}
	}
	for _, n := range results {
		if n.Op() == nil {
			s.results = append(s.results, part[T]{leaf: number[n]})
		} else {
			s.results = append(s.results, partOf[T](n))
		}
	}
	return s
}

// partOf is where the result of an operation lies.
func partOf[T ops.Float](n *Node) part[T] {
	o := n.Op().(*op)
	p := part[T]{size: o.Shape.Size()}
	for o.View {
		p.offset += o.Offset
		o = o.source
	}
	p.task, p.whole = o.task.(*taskOf[T]), p.size == o.Shape.Size()
	return p
}

// Set makes a leaf read data.
func (s *step[T]) Set(leaf int, data []T) {
	s.data[leaf] = data
	for _, o := range s.operands[leaf] {
		o.task.in[o.at] = data
		if o.held != nil {
			o.held.Renew()
		}
	}
}

// Forget drops what the leaves read, which would keep the memory of a program alive.
func (s *step[T]) Forget() {
	clear(s.data)
	if s.lanes != nil {
		s.lanes.forget()
	}
}

// Run computes the step.
func (s *step[T]) Run() error {
	for _, g := range s.groups {
		if err := g.do(); err != nil {
			return err
		}
	}
	return nil
}

// Result is the memory of a result.
func (s *step[T]) Result(i int) []T {
	r := s.results[i]
	if r.task == nil {
		return s.data[r.leaf]
	}
	return r.task.out[r.offset : r.offset+r.size]
}
