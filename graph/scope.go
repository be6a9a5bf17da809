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

// Scope is the place in which a layer is built. It gives parameters by name,
// knows the path of the current layer, and is sticky: the first error is kept,
// with the path, and all that follows is ignored, so formulas in code read like
// formulas in papers.
//
// A scope either builds a graph, or only follows shapes: then values have no
// node, and axes may be open.
type Scope struct {
	cfg     Config
	builder *exec.Builder // of the graphs
	level   *subgraph     // the current graph; nil where only shapes are followed
	path    string
	err     error
	used    map[string]int // how often a name was given to unique
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

// Shapes runs build without making a graph: it declares the parameters in
// cfg.Params and finds every error of shape. Open axes are allowed.
func Shapes(cfg Config, build func(s *Scope)) error {
	if err := cfg.check(); err != nil {
		return err
	}
	s := newScope(cfg, 0)
	s.run(build)
	return s.err
}

// run calls build under recover. A panic after the first error is a
// consequence of that error and is dropped.
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

// Training tells whether the graph is built for training.
func (s *Scope) Training() bool { return s.cfg.Training }

// Symbolic tells whether only shapes are followed; then axes may be open.
func (s *Scope) Symbolic() bool { return s.level == nil }

// Dtype is the type of every value in the graph, tensor.Float32 or Float64.
func (s *Scope) Dtype() tensor.Dtype { return s.cfg.Params.Dtype() }

// Err is the first error, or nil.
func (s *Scope) Err() error { return s.err }

// Fail keeps the first error. An Error without a path gets that of the layer
// at work.
func (s *Scope) Fail(err error) {
	if s.err != nil || err == nil {
		return
	}
	s.err = errs.At(err, s.path, "")
}

// Failf keeps the first error: field breaks rule with value.
func (s *Scope) Failf(field, rule string, value any) {
	s.Fail(Error{Field: field, Rule: rule, Value: value})
}

// poison is what a failed operation returns: a value of the shape it would
// have had, without a node.
func (s *Scope) poison(shape Shape) Value { return Value{s: s, shape: shape} }

// unique is the path of a name in the current layer, numbered from its second
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

// cut cuts a value from outside along its axis of time.
func (s *Scope) cut(from Value, axis int) Value {
	leaf := s.leaf("cut", slices.Delete(from.shape.Clone(), axis, axis+1))
	s.level.cuts = append(s.level.cuts, cut{from, leaf, from.shape[:axis].Size(), axis == 0})
	return leaf
}

// deepen makes the graph of a step.
func (s *Scope) deepen() *subgraph {
	return &subgraph{g: s.builder.NewGraph(), outer: s.level, draws: s.draws, outputs: map[string]Value{}}
}

// inStep tells whether the step of a scan is being built.
func (s *Scope) inStep() bool { return s.level != nil && s.level.outer != nil }

// inside runs build with another current graph.
func (s *Scope) inside(l *subgraph, build func()) {
	outer := s.level
	s.level = l
	defer func() { s.level = outer }()
	build()
}

// local is what represents a value in the current graph: itself, or the leaf that
// brings it in from outside. Values of a step cannot be used outside it.
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

// program is the graph of the program itself; nil where only shapes are followed.
func (s *Scope) program() *subgraph {
	l := s.level
	for l != nil && l.outer != nil {
		l = l.outer
	}
	return l
}
