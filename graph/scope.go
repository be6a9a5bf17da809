package graph

import (
	"fmt"
	"slices"

	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/exec"
	"github.com/engram-go/engram/internal/shapes"
	"github.com/pkg/errors"
	"gorgonia.org/tensor"
)

// Scope is the context in which layers are built. It knows the path of the current
// layer and its parameters. It keeps the first error, with the path; after an error,
// operations do nothing, so formulas need no error checks.
//
// A scope either builds a graph or only follows shapes. In the second case values have
// no node, and axes may be open.
type Scope struct {
	cfg     Config
	builder *exec.Builder // of the graphs
	level   *subgraph     // the current graph; nil if the scope only follows shapes
	path    string
	err     error
	used    map[string]int // number of calls of unique by path
	version uint64         // of the parameters, in the current run

	recording
	randomness
	carrying
}

func newScope(cfg Config, salt uint32) *Scope {
	return &Scope{
		cfg: cfg, builder: exec.NewBuilder(cfg.Params.Dtype(), salt),
		used: map[string]int{}, recording: newRecording(),
	}
}

// Shapes runs build without making a graph. It declares the parameters in cfg.Params
// and checks all shapes. Open axes are allowed.
func Shapes(cfg Config, build func(s *Scope)) error {
	if err := cfg.check(); err != nil {
		return err
	}
	s := newScope(cfg, 0)
	s.run(build)
	return s.err
}

// run calls build and recovers panics. A panic after the first error is a consequence
// of that error and is ignored.
func (s *Scope) run(build func(s *Scope)) {
	defer func() {
		if r := recover(); r != nil {
			s.Fail(errors.Errorf("building panicked: %v", r))
		}
	}()
	build(s)
}

// Within runs build one level deeper in the path.
func (s *Scope) Within(name string, build func()) {
	outer := s.path
	s.path = join(outer, name)
	defer func() {
		r := recover()
		if r != nil { // the error gets this path; run recovers the panic
			s.Fail(errors.Errorf("building panicked: %v", r))
		}
		s.path = outer
		if r != nil {
			panic(r)
		}
	}()
	build()
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "/" + name
}

// Path is the path of the current layer, such as "sequential/lstm".
func (s *Scope) Path() string { return s.path }

// Training reports whether the graph is built for training.
func (s *Scope) Training() bool { return s.cfg.Training }

// Symbolic reports whether the scope only follows shapes. Then axes may be open.
func (s *Scope) Symbolic() bool { return s.level == nil }

// Dtype is the type of every value in the graph, tensor.Float32 or Float64.
func (s *Scope) Dtype() tensor.Dtype { return s.cfg.Params.Dtype() }

// Err is the first error, or nil.
func (s *Scope) Err() error { return s.err }

// Fail records err unless there has been an error or err is nil. An error without a
// path gets that of the current layer.
func (s *Scope) Fail(err error) {
	if s.err != nil || err == nil {
		return
	}
	s.err = errs.At(err, s.path, "")
}

// Failf records an Error with the given parts, as Fail does.
func (s *Scope) Failf(field, rule string, value any) {
	s.Fail(Error{Field: field, Rule: rule, Value: value})
}

// poison is the result of a failed operation: a value without a node, of the shape
// that the result would have had.
func (s *Scope) poison(shape Shape) Value { return Value{s: s, shape: shape} }

// unique returns the path of a name in the current layer, with a number from the second
// use on.
func (s *Scope) unique(name string) string {
	path := join(s.path, name)
	n := s.used[path]
	s.used[path]++
	if n > 0 {
		path = fmt.Sprintf("%s_%d", path, n)
	}
	return path
}

// leaf makes a node without operands in the current graph.
func (s *Scope) leaf(name string, shape Shape) Value { return s.leafOf(s.level, name, shape) }

// leafOf makes a node without operands.
func (s *Scope) leafOf(l *subgraph, name string, shape Shape) Value {
	if s.err != nil {
		return s.poison(shape)
	}
	if err := shapes.Check(shape); err != nil {
		s.Fail(err)
		return s.poison(shape)
	}
	if l == nil {
		return Value{s: s, shape: shape.Clone()}
	}
	if !shape.Known() {
		s.Failf(name, "must have no open axis when a graph is built", shape)
		return s.poison(shape)
	}
	return Value{s: s, node: l.g.Leaf(s.path, name, shape), shape: shape.Clone()}
}

func (s *Scope) bind(v Value, t *tensor.Dense) {
	if err := exec.Bind(v.node, t); err != nil {
		s.Fail(err)
	}
}

// cut makes each step read its piece of an outside value.
func (s *Scope) cut(c cut) Value {
	c.leaf = s.leaf("cut", c.from.shape[1:])
	s.level.cuts = append(s.level.cuts, c)
	return c.leaf
}

// deepen makes a graph inside the current one.
func (s *Scope) deepen() *subgraph {
	return &subgraph{g: s.builder.NewGraph(), outer: s.level, draws: s.draws, outputs: map[string]Value{}}
}

// inStep reports whether the step of a scan is being built.
func (s *Scope) inStep() bool { return s.level != nil && s.level.outer != nil }

// inside runs build with l as the current graph.
func (s *Scope) inside(l *subgraph, build func()) {
	outer := s.level
	s.level = l
	defer func() { s.level = outer }()
	build()
}

// local returns the value that represents v in the current graph: v itself or the leaf
// that captures it. It fails for values of a step outside that step.
func (s *Scope) local(v Value) (Value, bool) {
	if s.level == nil || v.node == nil {
		return v, true
	}
	return s.reach(s.level, v)
}

func (s *Scope) reach(l *subgraph, v Value) (Value, bool) {
	switch {
	case l.g.Has(v.node):
		return v, true
	case l.outer == nil:
		return v, false
	}
	from, ok := s.reach(l.outer, v)
	if !ok {
		return v, false
	}
	i := slices.IndexFunc(l.captures, func(c capture) bool { return c.from.node == from.node })
	if i < 0 {
		i = len(l.captures)
		l.captures = append(l.captures, capture{from, s.leafOf(l, "captured", from.shape)})
	}
	return l.captures[i].leaf, true
}

// program returns the graph of the program; nil if the scope only follows shapes.
func (s *Scope) program() *subgraph {
	l := s.level
	for l != nil && l.outer != nil {
		l = l.outer
	}
	return l
}
