package graph

import (
	"fmt"
	"maps"
	"slices"

	"github.com/engram-go/engram/internal/params"
	"github.com/pkg/errors"
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// Program is a compiled graph with named inputs, outputs and parameters. One
// for training, or with operations of Gorgonia's own, runs on a tape machine;
// others do without. It serves one goroutine at a time; programs over one set
// of parameters may run at the same time.
type Program struct {
	scope   *Scope
	machine gorgonia.VM
	direct  *direct // instead of the machine, where nothing is trained
	outputs map[string]*tensor.Dense
	results []*tensor.Dense
}

// maxSalts bounds the search for a graph without colliding hashes; each try
// fails with a chance of about n²/2³³ for n nodes.
const maxSalts = 64

// NewProgram builds and compiles the graph that build describes through inputs
// (Scope.Input) and outputs (Scope.Output).
//
// Gorgonia's compiler takes two nodes for one if their 32-bit hashes are
// equal, whatever they compute. So the hashes are compared first, and where
// two collide, the graph is built again with another salt in every hash.
func NewProgram(cfg Config, build func(s *Scope)) (*Program, error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	for salt := range uint32(maxSalts) {
		s := newScope(cfg, salt)
		s.level = s.deepen()
		s.run(build)
		if s.err == nil && len(s.outputs)+len(s.results) == 0 {
			s.Failf("program", "must have an output", nil)
		}
		if s.err != nil {
			return nil, s.err
		}
		if slices.ContainsFunc(s.graphs, collide) {
			continue
		}
		return compile(s)
	}
	return nil, errors.Errorf("no graph without colliding hashes in %d tries", maxSalts)
}

func collide(g *gorgonia.ExprGraph) bool {
	seen := make(map[uint32]bool, len(g.AllNodes()))
	for _, n := range g.AllNodes() {
		h := n.Hashcode()
		if seen[h] {
			return true
		}
		seen[h] = true
	}
	return false
}

func compile(s *Scope) (_ *Program, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = errors.Errorf("compiling panicked: %v", r)
		}
	}()
	p := &Program{scope: s, outputs: map[string]*tensor.Dense{}}
	for name, v := range s.outputs {
		p.outputs[name] = v.node.Op().(*op).out
	}
	for _, v := range s.results {
		p.results = append(p.results, v.node.Op().(*op).out)
	}
	if !s.cfg.Training {
		results := append(slices.Collect(maps.Values(s.outputs)), s.results...)
		for _, c := range s.carried {
			results = append(results, c.next)
		}
		p.direct = newDirect(results)
	}
	if p.direct == nil {
		p.machine = gorgonia.NewTapeMachine(s.level.g)
	}
	return p, nil
}

// Inputs are the names of the inputs, sorted.
func (p *Program) Inputs() []string { return slices.Sorted(maps.Keys(p.scope.inputs)) }

// Outputs are the names of the outputs, sorted.
func (p *Program) Outputs() []string { return slices.Sorted(maps.Keys(p.outputs)) }

// Params are the parameters that the graph uses, in the order of first use.
func (p *Program) Params() []*Param {
	out := make([]*Param, len(p.scope.bound))
	for i, b := range p.scope.bound {
		out[i] = b.Param
	}
	return out
}

// SetInput makes an input read t, of the program's dtype and the input's
// shape, from now on. A tensor in row-major order is not copied: what is
// written to it before Run is what Run sees.
func (p *Program) SetInput(name string, t *tensor.Dense) error {
	v, ok := p.scope.inputs[name]
	if !ok {
		return Error{Field: "input", Rule: fmt.Sprintf("must be one of %v", p.Inputs()), Value: name}
	}
	switch {
	case t == nil:
		return Error{Field: name, Rule: "must not be nil"}
	case t.Dtype() != p.scope.Dtype():
		return Error{Field: name, Rule: fmt.Sprintf("must be of dtype %v", p.scope.Dtype()), Value: t.Dtype()}
	case !fits(t, v.shape):
		return Error{Field: name, Rule: fmt.Sprintf("must have the shape %v", v.shape), Value: shapeOf(t)}
	}
	if old, ok := v.node.Value().(*tensor.Dense); ok && sameMemory(old, t) {
		return nil
	}
	// A header of our own over the same memory: what Gorgonia does to it stays
	// here.
	return gorgonia.Let(v.node, tensor.New(tensor.WithShape(physical(v.shape)...), tensor.WithBacking(backing(Contiguous(t)))))
}

// Run computes all outputs from the inputs, the parameters, and the random
// draws of that moment. A kernel that fails returns an error with the path of
// its layer; the program can be run again.
func (p *Program) Run(at Tick) error {
	if name, unset := p.unset(); unset {
		return Error{Field: name, Rule: "must be set before a run"}
	}
	if err := p.checkCounts(); err != nil {
		return err
	}
	for _, r := range p.scope.randoms {
		if err := r.fill(at); err != nil {
			return err
		}
	}
	held := params.RLock(p.scope.cfg.Params)
	defer held.RUnlock()
	p.scope.version = held.Version()
	if p.direct != nil {
		return p.direct.run()
	}
	defer p.machine.Reset()
	p.scope.fault = nil
	if err := p.machine.RunAll(); err != nil {
		if p.scope.fault != nil { // the machine's error tells its own story and hides ours
			return errors.WithStack(p.scope.fault)
		}
		return errors.Wrap(err, "tape machine")
	}
	return nil
}

// unset is the first input, by name, that was never set.
func (p *Program) unset() (name string, ok bool) {
	for n, v := range p.scope.inputs {
		if v.node.Value() == nil && (!ok || n < name) {
			name, ok = n, true
		}
	}
	return name, ok
}

// Output is the memory of an output. It holds the result of the last run until
// the next one.
func (p *Program) Output(name string) (*tensor.Dense, error) {
	t, ok := p.outputs[name]
	if !ok {
		return nil, Error{Field: "output", Rule: fmt.Sprintf("must be one of %v", p.Outputs()), Value: name}
	}
	return t, nil
}

// Result is the memory of an output that the builder of this program asked for
// with Scope.Result: as of Output. It is nil for any other handle.
func (p *Program) Result(r Result) *tensor.Dense {
	if r.number < 1 || r.number > len(p.results) {
		return nil
	}
	return p.results[r.number-1]
}

// Close frees what the machine holds.
func (p *Program) Close() error {
	if p.machine == nil {
		return nil
	}
	return p.machine.Close()
}
