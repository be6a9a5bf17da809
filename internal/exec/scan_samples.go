package exec

import (
	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/kernels"
	"github.com/engram-go/engram/internal/ops"
	"github.com/pkg/errors"
)

// group is a run of operations of a scan's step that a core computes one after the other
// for its samples. So the cores meet once for all of them, and share also those that are
// too small for two cores alone.
type group[T ops.Float] struct {
	ops  []*op
	task []*taskOf[T]
	part []ops.Samples[T]
	each int                 // samples
	work int                 // of all operations, as ops.Samples says
	run  func(from, end int) // allocated once
}

// groups divides the operations of a step into groups. Operations that cannot be divided
// into samples have one of their own, without parts. Those that no other operation reads,
// such as the gradient of a bias, come last, so that they do not end a group.
func groups[T ops.Float](r *runner, samples int) []*group[T] {
	uses, read := map[*op][]use{}, map[*op]bool{}
	for _, u := range r.inner {
		uses[u.op] = append(uses[u.op], u)
		read[u.node.Op().(*op).owner()] = true
	}
	var all, end []*group[T]
	var last *group[T]
	inLast := map[*op]bool{}
	for _, o := range r.ops {
		t := o.task.(*taskOf[T])
		part, ok := ops.Samples[T]{}, false
		if o.Memory == nil {
			part, ok = ops.SamplesOf(o.Compute, t.kernel, samples, o.Shape.Size())
		}
		if !ok {
			alone := &group[T]{ops: []*op{o}}
			if read[o] {
				all, last = append(all, alone), nil
			} else {
				end = append(end, alone)
			}
			continue
		}
		if last == nil || samples > 1 && !aligned(uses[o], part.Whole, inLast) {
			last = &group[T]{each: samples}
			last.run = last.compute
			all = append(all, last)
			clear(inLast)
		}
		last.ops, last.task, last.part = append(last.ops, o), append(last.task, t), append(last.part, part)
		last.work += part.Work
		inLast[o] = true
	}
	return append(all, end...)
}

// aligned reports whether a part of an operation reads, of the results of its group, only
// the same samples.
func aligned(uses []use, whole []bool, group map[*op]bool) bool {
	for _, u := range uses {
		o := u.node.Op().(*op)
		all := u.at < len(whole) && whole[u.at]
		if owner := o.owner(); group[owner] && (all || o.Shape.Size() != owner.Shape.Size()) {
			return false
		}
	}
	return true
}

// compute runs all operations for the samples from..end.
func (g *group[T]) compute(from, end int) {
	for i, t := range g.task {
		g.part[i].Run(t.out, t.in, from, end)
	}
}

// groupWorth is the minimum work for a second core, which needs some microseconds to take
// its part: 10 µs on one.
const groupWorth = 1 << 20

// do runs the group.
func (g *group[T]) do() (err error) {
	if len(g.part) < 2 || g.each < 2 || g.work < groupWorth {
		for _, o := range g.ops {
			if err := o.run(nil); err != nil {
				return err
			}
		}
		return nil
	}
	defer func() {
		if r := recover(); r != nil {
			o := g.ops[0]
			err = errs.At(errors.Errorf("%s or what follows it panicked: %v", o.Name, r), o.Path, "")
			o.env.fault = err
		}
	}()
	for i, p := range g.part {
		if p.Prepare != nil {
			p.Prepare(g.task[i].in)
		}
	}
	kernels.Parallel(g.each, 1, g.run)
	return nil
}
