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
		step.groups = groups[T](step.runner, compute.Plan.Y.Samples)
		kernel := ops.NewScan(compute.Plan, step)
		*compute.kernel = scanTask[T]{kernel, step}
		t.kernel, inner = kernel, step.runner
	case ScanGradient:
		forward := (*compute.Scan.kernel).(scanTask[T])
		plan, results := compute.terms()
		given := forward.step.keep(results, plan.Steps, int(o.env.dtype.Size()))
		incoming := 1 + len(plan.Carries) + plan.Losses // leaves after the whole values: gradients
		step := newStep[T](compute.Leaves, results, len(plan.Cuts)+len(plan.Carries), len(compute.Leaves)-incoming, given)
		step.groups = groups[T](step.runner, plan.Y.Samples)
		forward.step.connectKept(step.runner)
		t.kernel, inner = ops.NewScanGradient(plan, forward.kernel, step), step.runner
	default:
		t.kernel, err = ops.For[T](compute)
	}
	return t, inner, err
}

// terms is the plan with the terms of the gradients of whole values, and the results of
// the step that it reads.
func (s ScanGradient) terms() (ops.ScanGradient, []*Node) {
	plan := s.Plan
	first := len(plan.Carries) // of the results that belong to whole values
	for _, at := range plan.At[:len(plan.Cuts)] {
		if at >= 0 {
			first++
		}
	}
	results, rest := s.Results[:first:first], s.Results[first:]
	for i := len(plan.Cuts) + plan.Initial; i < len(plan.At); i++ {
		if plan.At[i] < 0 {
			continue
		}
		for _, n := range split(rest[0]) {
			if p, a, b, ok := stacks(n); ok {
				plan.Terms = append(plan.Terms, ops.Term{Whole: i, Product: &p, A: a.Shape().TotalSize(), B: b.Shape().TotalSize()})
				results = append(results, a, b)
				continue
			}
			plan.Terms = append(plan.Terms, ops.Term{Whole: i})
			results = append(results, n)
		}
		rest = rest[1:]
	}
	return plan, results
}

// split returns the terms of a sum if one of them is a product that can be computed for
// several steps, and otherwise the node itself.
func split(n *Node) []*Node {
	o, ok := n.Op().(*op)
	if !ok {
		return []*Node{n}
	}
	if _, ok := o.Compute.(ops.Sum); ok {
		for _, term := range operands(n) {
			if _, _, _, ok := stacks(term); ok {
				return operands(n)
			}
		}
	}
	return []*Node{n}
}

// stacks returns the operands of a product that can be computed for several steps.
func stacks(n *Node) (p ops.Product, a, b *Node, ok bool) {
	o, ok := n.Op().(*op)
	for ok && o.View && o.Shape.Size() == o.source.Shape.Size() { // another shape
		n = operands(n)[0]
		o, ok = n.Op().(*op)
	}
	if !ok {
		return p, nil, nil, false
	}
	in := operands(n)
	if p, ok = o.Compute.(ops.Product); !ok || len(in) != 2 {
		return p, nil, nil, false
	}
	return p, in[0], in[1], p.Stacks(in[0].Shape().TotalSize(), in[1].Shape().TotalSize())
}

// step runs the graph of a scan's step.
type step[T ops.Float] struct {
	*runner
	operands [][]operand[T] // of each leaf
	data     [][]T          // that each leaf reads
	results  []part[T]
	groups   []*group[T] // all operations
	kept     []kept[T]
	keptSize int
	readers  []*runner // of the step and of its gradients
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
	leaf         int
}

// newStep makes the step of a scan, or its gradient. The leaves from..end are the whole
// values. Results of the given operations are there already.
func newStep[T ops.Float](leaves, results []*Node, from, end int, given map[*op]bool) *step[T] {
	r := newRunner(results, given)
	s := &step[T]{runner: r, operands: make([][]operand[T], len(leaves)), data: make([][]T, len(leaves)), readers: []*runner{r}}
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
	p.task = o.task.(*taskOf[T])
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
func (s *step[T]) Forget() { clear(s.data) }

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
