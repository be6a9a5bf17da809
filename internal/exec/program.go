package exec

import (
	"github.com/pkg/errors"
	"gorgonia.org/gorgonia"
)

// Program is a compiled graph. Programs for training and those with Gorgonia's own
// operations run on a tape machine, others run directly.
type Program struct {
	b         *Builder
	machine   gorgonia.VM
	direct    *runner // instead of the machine, or what the machine runs; nil with Gorgonia's own operations
	workspace *Workspace
	own       bool // whether the workspace belongs to this program
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
	if err := p.workspace.join(&p.b.layout, p.b.env.dtype); err != nil {
		return nil, err
	}
	switch {
	case p.direct == nil:
		p.machine = gorgonia.NewTapeMachine(g.g)
	case training && len(p.direct.ops) > 0:
		p.machine, err = newTape(p.direct, p.b.env.dtype)
	}
	return p, err
}

// Run calls prepare, which fills the leaves of BindScratch, and computes all results.
// It can be called again after an error.
func (p *Program) Run(prepare func() error) error {
	if err := p.workspace.enter(&p.b.layout); err != nil {
		return err
	}
	defer p.workspace.leave()
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
