package exec

import (
	"slices"
	"sync"

	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/kernels"
	"github.com/engram-go/engram/internal/ops"
	"github.com/pkg/errors"
)

// lanes run a step whose operations are all separate for each sample: each core runs the
// steps of its own samples, one step after the other, and does not wait for the others.
type lanes[T ops.Float] struct {
	group *group[T] // all operations
	block int       // samples that run together

	mu   sync.Mutex // for what follows
	all  []*lane[T]
	idle []*lane[T]
	err  error // of this run
}

// lane is a step with operands of its own, for some of the samples. The results lie where
// those of the step lie: each lane has its samples there.
type lane[T ops.Float] struct {
	step[T]
	group      *group[T]
	task       []*taskOf[T]              // of the operations
	from       map[*taskOf[T]]*taskOf[T] // the tasks of the step, and those of the lane
	first, end int                       // samples
	at         int                       // the operation that runs
}

// A block of samples runs all steps before the next block, so that the results of one step
// stay in the caches: about so many elements. Blocks are whole tiles of matrix products.
const (
	blockElements = 1 << 16
	blockUnit     = 6
)

// sharedWeights is how many elements of weights a step may read to be divided into lanes,
// which all read them: as many as stay in the second-level cache of a core (1 MB in
// float32). Otherwise the cores better share the columns of the products.
const sharedWeights = 1 << 18

// share divides the operations into groups that the cores share and, where it is possible,
// the whole step. A step writes the given leaves for the next one. stacked says that the
// step's results are copied by samples, and not added up.
func (s *step[T]) share(plan *ops.Scan, written []*Node, stacked bool) {
	s.samples = plan.Y.Samples
	s.groups = groups[T](s.runner, s.samples)
	if len(s.groups) != 1 || len(s.groups[0].part) != len(s.ops) {
		return
	}
	g := s.groups[0]
	weights, row := 0, 0
	for i, p := range g.part {
		if s.samples == 1 && p.Work >= kernels.Worth {
			return
		}
		weights += p.Weights
		row += g.ops[i].Shape.Size() / s.samples
	}
	if s.samples > 1 && (weights > sharedWeights || !stacked || plan.Losses > 0 || !s.separate(plan, written)) {
		return
	}
	block := max(blockUnit, blockElements/max(1, row)/blockUnit*blockUnit)
	s.lanes = &lanes[T]{group: g, block: block}
}

// separate reports whether samples read and write their own share alone: of the leaves that
// steps write, and of the results and traces.
func (s *step[T]) separate(plan *ops.Scan, written []*Node) bool {
	g := s.groups[0]
	for _, u := range s.leaves {
		if whole := g.part[slices.Index(g.ops, u.op)].Whole; u.at < len(whole) && whole[u.at] && slices.Contains(written, u.node) {
			return false
		}
	}
	for _, r := range s.results {
		if !r.whole && slices.Contains(g.task, r.task) {
			return false
		}
	}
	return !slices.ContainsFunc(plan.Traces, func(p ops.Piece) bool { return p.Samples != s.samples })
}

// Divide implements ops.Step.
func (s *step[T]) Divide(steps int, f func(part ops.Step[T], from, end int) error) error {
	l := s.lanes
	if l == nil {
		return f(s, 0, s.samples)
	}
	for i, p := range l.group.part {
		if p.Prepare != nil {
			p.Prepare(l.group.task[i].in)
		}
	}
	if l.group.work*steps < groupWorth {
		l.run(s, f, 0, s.samples)
	} else {
		kernels.Parallel(s.samples, 1, func(from, end int) { l.run(s, f, from, end) })
	}
	err := l.err
	l.err = nil
	return err
}

// run calls f for the samples from..end, block by block.
func (l *lanes[T]) run(s *step[T], f func(part ops.Step[T], from, end int) error, from, end int) {
	at := l.take(s)
	var err error
	defer func() {
		if r := recover(); r != nil {
			o := l.group.ops[at.at]
			err = errs.At(errors.Errorf("%s panicked: %v", o.Name, r), o.Path, "")
		}
		l.put(at, err)
	}()
	for ; from < end && err == nil; from += l.block {
		at.first, at.end = from, min(from+l.block, end)
		err = f(at, at.first, at.end)
	}
}

// take returns a lane whose operands are those of the step.
func (l *lanes[T]) take(s *step[T]) *lane[T] {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.idle) == 0 {
		at := newLane(s)
		l.all, l.idle = append(l.all, at), append(l.idle, at)
	}
	last := len(l.idle) - 1
	at := l.idle[last]
	l.idle = l.idle[:last]
	for from, to := range at.from {
		copy(to.in, from.in)
		to.out = from.out
	}
	copy(at.data, s.data)
	return at
}

// put returns a lane after a run with this error.
func (l *lanes[T]) put(at *lane[T], err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.idle = append(l.idle, at)
	if l.err == nil {
		l.err = err
	}
}

// forget drops all memory.
func (l *lanes[T]) forget() {
	for _, at := range l.all {
		for _, t := range at.from {
			clear(t.in)
			t.out = nil
		}
		clear(at.data)
	}
}

// newLane makes a lane of a step.
func newLane[T ops.Float](s *step[T]) *lane[T] {
	l := &lane[T]{group: s.lanes.group, from: map[*taskOf[T]]*taskOf[T]{}}
	own := func(t *taskOf[T]) *taskOf[T] {
		if t != nil && l.from[t] == nil {
			l.from[t] = &taskOf[T]{in: make([][]T, len(t.in))}
		}
		return l.from[t]
	}
	for _, t := range l.group.task {
		l.task = append(l.task, own(t))
	}
	l.data = make([][]T, len(s.data))
	for _, operands := range s.operands {
		to := make([]operand[T], len(operands))
		for i, o := range operands {
			to[i] = operand[T]{task: own(o.task), at: o.at}
		}
		l.operands = append(l.operands, to)
	}
	for _, r := range s.results {
		r.task = own(r.task)
		l.results = append(l.results, r)
	}
	for _, k := range s.kept {
		k.task = own(k.task)
		k.readers = slices.Clone(k.readers)
		for i := range k.readers {
			k.readers[i].task = own(k.readers[i].task)
		}
		l.kept = append(l.kept, k)
	}
	return l
}

// Run computes the step for the samples of the lane.
func (l *lane[T]) Run() error {
	for i, t := range l.task {
		l.at = i
		l.group.part[i].Run(t.out, t.in, l.first, l.end)
	}
	return nil
}
