package graph

import (
	"fmt"
	"maps"
	"slices"

	"github.com/engram-go/engram/internal/dense"
	"github.com/engram-go/engram/internal/exec"
	"github.com/engram-go/engram/internal/params"
	"github.com/pkg/errors"
	"gorgonia.org/tensor"
)

// Program is a compiled graph with named inputs, outputs and parameters. Programs for
// training and those with Gorgonia's own operations run on Gorgonia's tape machine,
// others run directly. A program serves one goroutine at a time. Programs that share
// parameters may run concurrently.
type Program struct {
	scope *Scope
	exec  *exec.Program
	at    Tick         // of the current run
	draw  func() error // draws the random values of at; stored so that runs do not allocate it
}

// maxSalts limits the search for a graph without colliding hashes. For n nodes, each
// attempt fails with a probability of about n²/2³³.
const maxSalts = 64

// NewProgram calls build and compiles the resulting graph. Build declares inputs with
// Scope.Input and outputs with Scope.Output. It may be called several times, until no
// two nodes have the same hash.
func NewProgram(cfg Config, build func(s *Scope)) (*Program, error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	for salt := range uint32(maxSalts) {
		s, err := buildGraph(cfg, salt, build)
		if err != nil {
			return nil, err
		}
		if !s.builder.Collide() {
			return compile(s)
		}
	}
	return nil, errors.Errorf("no graph without colliding hashes in %d tries", maxSalts)
}

func buildGraph(cfg Config, salt uint32, build func(s *Scope)) (*Scope, error) {
	s := newScope(cfg, salt)
	s.level = s.deepen()
	s.run(build)
	if s.err == nil && len(s.outputs)+len(s.results) == 0 {
		s.Failf("program", "must have an output", nil)
	}
	return s, s.err
}

func compile(s *Scope) (*Program, error) {
	var results []*exec.Node
	for _, v := range s.outputs {
		results = append(results, v.node)
	}
	for _, v := range s.results {
		results = append(results, v.node)
	}
	for _, c := range s.carried {
		results = append(results, c.next.node)
	}
	p, err := s.level.g.Compile(results, s.cfg.Training, (*exec.Workspace)(s.cfg.Workspace))
	if err != nil {
		return nil, err
	}
	out := &Program{scope: s, exec: p}
	out.draw = func() error { return s.draw(out.at) }
	return out, nil
}

// Inputs are the names of the inputs, sorted.
func (p *Program) Inputs() []string { return slices.Sorted(maps.Keys(p.scope.inputs)) }

// Outputs are the names of the outputs, sorted.
func (p *Program) Outputs() []string { return slices.Sorted(maps.Keys(p.scope.outputs)) }

// Params are the parameters that the graph uses, in the order of first use.
func (p *Program) Params() []*Param {
	out := make([]*Param, len(p.scope.bound))
	for i, b := range p.scope.bound {
		out[i] = b.Param
	}
	return out
}

// SetInput makes an input read t, which must have the program's dtype and the input's
// shape. A tensor in row-major order is not copied, so Run sees what has been written
// to it since.
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
	case !hasShape(t, v.shape):
		return Error{Field: name, Rule: fmt.Sprintf("must have the shape %v", v.shape), Value: Shape(t.Shape()).Clone()}
	}
	if old, ok := v.node.Value().(*tensor.Dense); ok && sameMemory(old, t) {
		return nil
	}
	// A separate tensor header over the same memory, because Gorgonia may change the
	// header.
	return exec.Bind(v.node, dense.View(dense.Contiguous(t), 0, v.shape))
}

// hasShape reports whether t has the shape s. A single number may be a scalar or a
// vector of one element.
func hasShape(t *tensor.Dense, s Shape) bool {
	got := Shape(t.Shape())
	return s.Equal(got) || len(s) == 0 && got.Equal(Shape{1})
}

// sameMemory reports whether b is the memory of a in row-major order.
func sameMemory(a, b *tensor.Dense) bool {
	return a.Uintptr() == b.Uintptr() && a.DataSize() == b.DataSize() && dense.IsContiguous(b)
}

// Run computes all outputs from the inputs, the parameters and the random draws of the
// tick. The error of a failed operation has the path of its layer. After an error the
// program can be run again.
func (p *Program) Run(at Tick) error { return p.RunInto(at, nil, nil) }

// RunInto is Run that leaves the given results in tensors of the caller, which have their
// dtype and shape, are in row-major order, and share no memory with each other, inputs or
// parameters. Operations write there directly where they can, so Program.Result does not
// have these results. Later runs leave the tensors as they are; a run that fails may have
// changed them.
func (p *Program) RunInto(at Tick, results []Result, to []*tensor.Dense) error {
	if name, unset := p.unset(); unset {
		return Error{Field: name, Rule: "must be set before a run"}
	}
	if err := p.checkCounts(); err != nil {
		return err
	}
	into, err := p.into(results, to)
	if err != nil {
		return err
	}
	held := params.RLock(p.scope.cfg.Params)
	defer held.RUnlock()
	p.scope.version = held.Version()
	p.at = at
	return p.exec.RunInto(p.draw, into)
}

// into checks the tensors of RunInto.
func (p *Program) into(results []Result, to []*tensor.Dense) ([]exec.Into, error) {
	if len(results) != len(to) {
		return nil, Error{Field: "tensors", Rule: fmt.Sprintf("must be %d, one for each result", len(results)), Value: len(to)}
	}
	into := make([]exec.Into, len(to))
	for i, t := range to {
		y := p.Result(results[i])
		if y == nil {
			return nil, Error{Field: fmt.Sprintf("result %d", i), Rule: "must be a result of this program"}
		}
		if rule, value := p.refuses(t, y, to[:i]); rule != "" {
			return nil, Error{Field: fmt.Sprintf("tensor %d", i), Rule: rule, Value: value}
		}
		into[i] = exec.Into{Result: p.scope.results[results[i].number-1].node, Memory: t}
	}
	return into, nil
}

// refuses is the rule that a tensor for the result y breaks, if it does; others are the
// tensors before it.
func (p *Program) refuses(t, y *tensor.Dense, others []*tensor.Dense) (rule string, value any) {
	shares := func(other *tensor.Dense) bool { return dense.Overlap(other, t) }
	switch {
	case t == nil:
		return "must not be nil", nil
	case t.Dtype() != p.scope.Dtype():
		return fmt.Sprintf("must be of dtype %v", p.scope.Dtype()), t.Dtype()
	case !hasShape(t, Shape(y.Shape())):
		return fmt.Sprintf("must have the shape %v", y.Shape()), Shape(t.Shape()).Clone()
	case !dense.IsContiguous(t):
		return "must be in row-major order", nil
	case p.exec.Holds(t) || slices.ContainsFunc(others, shares):
		return "must share no memory with results or other tensors", nil
	}
	for _, v := range p.scope.inputs {
		if x, ok := v.node.Value().(*tensor.Dense); ok && shares(x) {
			return "must share no memory with inputs", nil
		}
	}
	if slices.ContainsFunc(p.scope.bound, func(b Bound) bool { return shares(b.Param.Value()) }) {
		return "must share no memory with parameters", nil
	}
	return "", nil
}

// unset returns the first input by name that has not been set.
func (p *Program) unset() (name string, ok bool) {
	for n, v := range p.scope.inputs {
		if v.node.Value() == nil && (!ok || n < name) {
			name, ok = n, true
		}
	}
	return name, ok
}

// Output returns the memory of an output. It holds the result of the last run until
// the next run.
func (p *Program) Output(name string) (*tensor.Dense, error) {
	v, ok := p.scope.outputs[name]
	if !ok {
		return nil, Error{Field: "output", Rule: fmt.Sprintf("must be one of %v", p.Outputs()), Value: name}
	}
	return exec.Result(v.node), nil
}

// Result is like Output for a handle that Scope.Result returned when this program was
// built. It returns nil for other handles.
func (p *Program) Result(r Result) *tensor.Dense {
	if r.number < 1 || r.number > len(p.scope.results) {
		return nil
	}
	return exec.Result(p.scope.results[r.number-1].node)
}

// Rows are the rows of a result, ascending along its first axis, that the last run may
// have made other than 0, until the next run; nil means all. The gradient of a table that
// only Value.Gather reads, such as that of an embedding, has them. They must not be
// changed.
func (p *Program) Rows(r Result) []int {
	if r.number < 1 || r.number > len(p.scope.results) {
		return nil
	}
	return exec.UsedRows(p.scope.results[r.number-1].node)
}

// MemorySize is the number of bytes that the program holds, without its parameters and
// states and without Config.Workspace. It includes the inputs, which the program holds
// until SetInput replaces them.
func (p *Program) MemorySize() int64 {
	inputs := 0 // elements
	for _, v := range p.scope.inputs {
		inputs += v.shape.Size()
	}
	return p.exec.MemorySize() + int64(inputs)*int64(p.scope.Dtype().Size())
}

// Close frees what the program holds. It must not be run again.
func (p *Program) Close() error { return p.exec.Close() }
