package exec

import (
	"github.com/engram-go/engram/internal/dense"
	"github.com/pkg/errors"
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// Program is a compiled graph. Programs for training and those with Gorgonia's own
// operations run on a tape machine, others run directly.
type Program struct {
	b         *Builder
	machine   gorgonia.VM
	direct    *runner // instead of the machine, or what the machine runs; nil with Gorgonia's own operations
	workspace *Workspace
	own       bool          // whether the workspace belongs to this program
	writers   map[*Node]*op // of results that may lie in memory of the caller
}

// Into is where a run leaves a result: memory of its size and dtype, which shares nothing
// with operands or other results.
type Into struct {
	Result *Node
	Memory *tensor.Dense
}

// Compile makes a program of a graph. Results are the nodes that are read after a run,
// all results of Apply. A nil workspace makes the program allocate its own.
func (g *Graph) Compile(results []*Node, training bool, w *Workspace) (_ *Program, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = errors.Errorf("compiling panicked: %v", r)
		}
	}()
	p := &Program{b: g.b, workspace: w}
	if w == nil {
		p.workspace, p.own = &Workspace{}, true
	}
	if p.direct = newRunner(results, nil); p.direct != nil {
		p.b.layout.runners = append(p.b.layout.runners, p.direct)
	}
	p.b.layout.plan(p.direct, results)
	p.writers = writers(p.direct, results)
	if err := p.workspace.join(&p.b.layout, p.b.env.dtype); err != nil {
		return nil, err
	}
	switch {
	case p.direct == nil:
		p.machine = newMachine(g.g)
	case training && len(p.direct.ops) > 0:
		p.machine, err = newTape(p.direct, p.b.env.dtype)
	}
	return p, err
}

// Run calls prepare, which fills the leaves of BindScratch, and computes all results.
// It can be called again after an error.
func (p *Program) Run(prepare func() error) error { return p.RunInto(prepare, nil) }

// RunInto is Run that leaves some results in memory of the caller. Operations write there,
// where nothing else reads what they write; otherwise the results are copied. The next run
// does not change that memory.
func (p *Program) RunInto(prepare func() error, into []Into) error {
	if err := p.workspace.enter(&p.b.layout); err != nil {
		return err
	}
	defer p.workspace.leave()
	for _, t := range into {
		if o := p.writer(t.Result); o != nil {
			o.task.setOutput(t.Memory)
			defer o.task.setOutput(o.out)
		}
	}
	if err := p.run(prepare); err != nil {
		return err
	}
	for _, t := range into {
		if p.writer(t.Result) == nil {
			dense.Copy(t.Memory, Result(t.Result))
		}
	}
	return nil
}

// Holds reports whether t shares memory with the results of the program.
func (p *Program) Holds(t *tensor.Dense) bool {
	block := p.b.layout.memory
	return block != nil && dense.Overlap(block, t)
}

// writer is the operation that can write a result to memory of the caller. The tape
// machine reads the results of operations from their own.
func (p *Program) writer(n *Node) *op {
	if p.machine != nil {
		return nil
	}
	return p.writers[n]
}

func (p *Program) run(prepare func() error) error {
	if err := prepare(); err != nil {
		return err
	}
	if p.direct != nil {
		p.direct.readLeaves()
	}
	if p.machine == nil {
		return p.direct.run()
	}
	defer p.machine.Reset()
	p.b.env.fault = nil
	if err := p.machine.RunAll(); err != nil {
		if p.b.env.fault != nil { // more precise than the machine's error
			return errors.WithStack(p.b.env.fault)
		}
		return errors.Wrap(err, "tape machine")
	}
	return nil
}

// writers are the operations that write a whole result which nothing else reads.
func writers(r *runner, results []*Node) map[*Node]*op {
	if r == nil {
		return nil
	}
	readers := map[*op]int{} // results too
	for _, n := range results {
		readers[n.Op().(*op).owner()]++
	}
	for _, u := range r.inner {
		if !u.op.View {
			readers[u.node.Op().(*op).owner()]++
		}
	}
	all := map[*Node]*op{}
	for _, n := range results {
		o := n.Op().(*op).owner()
		if readers[o] == 1 && o.Memory == nil && !o.task.keepsResult() && n.Op().(*op).Shape.Size() == o.Shape.Size() {
			all[n] = o
		}
	}
	return all
}

// operationSize is the approximate number of bytes per operation: the node, the
// instructions of the machine and tensor headers. Measured values are 1.2 to 3 kB.
const operationSize = 2 << 10

// MemorySize is the number of bytes of the program without a shared workspace: its
// constants, packed weights, an estimate for its operations, and its own workspace.
func (p *Program) MemorySize() int64 {
	n := p.b.constants
	for _, o := range p.b.layout.ops {
		n += o.task.privateSize()
	}
	size := int64(n)*int64(p.b.env.dtype.Size()) + operationSize*int64(len(p.b.layout.ops))
	if p.own {
		size += p.workspace.MemorySize()
	}
	return size
}

// Close frees what the program holds. It must not be run again.
func (p *Program) Close() error {
	p.b.layout.closed = true
	if p.machine == nil {
		return nil
	}
	return p.machine.Close()
}
