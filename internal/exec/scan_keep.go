package exec

import (
	"slices"

	"github.com/engram-go/engram/internal/ops"
)

// kept is a result of a step that its gradient reads. It is kept for all steps.
type kept[T ops.Float] struct {
	op      *op
	task    *taskOf[T]
	size    int
	readers []reader[T]
}

// reader is an operand that reads a part of a kept result.
type reader[T ops.Float] struct {
	operand[T]
	offset, size int
}

// MaxKept is the number of bytes that a scan keeps at most, besides the states. Above it
// the backward pass computes every step again. That takes about a fifth of the time of a
// training step; but the values of long sequences take ten times the memory of the
// states.
const MaxKept = 64 << 20

// keep makes the step keep what the results of its gradient read, and returns these
// operations. An element has so many bytes.
func (s *step[T]) keep(results []*Node, steps, bytes int) map[*op]bool {
	forward := map[*op]bool{}
	for _, o := range s.ops {
		forward[o] = canKeep[T](o)
	}
	found, size := map[*op]bool{}, s.KeptSize()
	seen := map[*Node]bool{}
	for todo := results; len(todo) > 0; {
		n := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if seen[n] || n.Op() == nil {
			continue
		}
		seen[n] = true
		if o, ok := n.Op().(*op); ok && forward[o.owner()] {
			if o = o.owner(); !found[o] {
				found[o] = true
				size += s.missing(o)
			}
			continue
		}
		todo = append(todo[:len(todo):len(todo)], operands(n)...)
	}
	if size*steps*bytes > MaxKept {
		return nil
	}
	for _, o := range s.ops {
		if found[o] && s.missing(o) > 0 {
			s.kept = append(s.kept, kept[T]{op: o, task: o.task.(*taskOf[T]), size: o.Shape.Size()})
		}
	}
	return found
}

// canKeep reports whether the result of an operation is all that the gradient of the step
// needs of its run. The kernels of others hold what they worked out in the last step, so
// they run again, and so do those whose result must stay in its place.
func canKeep[T ops.Float](o *op) bool {
	_, working := o.task.(*taskOf[T]).kernel.(ops.Scratch[T])
	return !working && !ops.KeepsState(o.Compute) && o.Memory == nil && !o.task.keepsResult()
}

// missing is the size of a result that is not kept yet, and 0 for others.
func (s *step[T]) missing(o *op) int {
	for _, k := range s.kept {
		if k.op == o {
			return 0
		}
	}
	return o.Shape.Size()
}

// connectKept adds a gradient of the step. Its operations read kept results, and those of
// the others read what has been kept since.
func (s *step[T]) connectKept(gradient *step[T]) {
	s.family = append(s.family, gradient)
	for _, f := range s.family {
		f.kept = slices.Clone(s.kept)
		for i := range f.kept {
			k := &f.kept[i]
			k.readers = nil
			for _, u := range f.inner {
				if u.node.Op().(*op).owner() == k.op {
					p := partOf[T](u.node)
					to := operand[T]{task: u.op.task.(*taskOf[T]), at: u.at}
					k.readers = append(k.readers, reader[T]{to, p.offset, p.size})
				}
			}
		}
	}
}

// KeptSize is the number of elements that each step keeps.
func (s *step[T]) KeptSize() int {
	size := 0
	for _, k := range s.kept {
		size += k.size
	}
	return size
}

// Keep makes step i write what it keeps to memory, or its gradient read it there.
func (s *step[T]) Keep(memory []T, i int) {
	steps := len(memory) / s.KeptSize()
	for _, k := range s.kept {
		k.task.out = memory[i*k.size : (i+1)*k.size : (i+1)*k.size]
		for _, r := range k.readers {
			r.task.in[r.at] = k.task.out[r.offset : r.offset+r.size]
		}
		memory = memory[steps*k.size:]
	}
}
