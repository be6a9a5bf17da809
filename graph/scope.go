package graph

import (
	"fmt"

	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/exec"
	"github.com/engram-go/engram/internal/shapes"
	"github.com/pkg/errors"
	"gorgonia.org/tensor"
)

// Scope is the place in which a layer is built. It gives parameters by name,
// knows the path of the layer at work, and is sticky: the first error is kept,
// with the path, and all that follows is ignored, so that the formula in the
// code can read like the formula in the paper.
//
// A scope either builds a graph, or only follows shapes: then values have no
// node, and axes may be open.
type Scope struct {
	cfg     Config
	builder *exec.Builder // of the graphs
	level   *subgraph     // the graph at work; nil where only shapes are followed
	path    string
	err     error
	version uint64 // of the parameters, in the current run

	bound   []Bound             // parameters used in this graph
	boundAt map[string]int      // their places, by path
	params  map[*exec.Node]bool // their nodes
	inputs  map[string]Value
	outputs map[string]Value
	results []Value        // outputs without a name
	used    map[string]int // how often a name was given to unique
	randoms []random
	seeding *seeding // where a layer has a seed of its own
	draws   *draws   // where steps are written out
	losses  []Value
	updates []Update

	alone     bool // see Alone
	carried   []*carried
	freshLeaf Value // of States; shared by all that is carried

	regularized map[*Param]bool
	constrained []Constrained
	notes       []Note
}

// Config says what a graph is built for.
type Config struct {
	Params   *Params // the parameters that Scope.Param finds or declares
	Training bool    // whether dropout and the like are at work
	Seed     uint64  // of all random draws

	// Workspace is memory that the program shares with others; nil means memory
	// of its own.
	Workspace *Workspace

	// States are what the graph carries from run to run; nil where every run
	// stands by itself.
	States *States
	// Stepping is for a graph that sees one step of its sequences at a time, and
	// carries what the steps before have left. It must have States, and is not
	// for training.
	Stepping bool
	// Memory is how many steps at most follow one another when Stepping, for
	// layers that keep something of each; 0 where that is not known.
	Memory int
}

func (c Config) check() error {
	if c.Params == nil {
		return Error{Field: "Config.Params", Rule: "must not be nil"}
	}
	switch {
	case c.States != nil && c.States.dtype != c.Params.Dtype():
		return Error{Field: "Config.States", Rule: fmt.Sprintf("must be of the parameters' dtype %v", c.Params.Dtype()), Value: c.States.dtype}
	case c.Stepping && c.States == nil:
		return Error{Field: "Config.Stepping", Rule: "must have States"}
	case c.Stepping && c.Training:
		return Error{Field: "Config.Stepping", Rule: "must not be set together with Training"}
	case c.Memory < 0 || c.Memory > MaxMemory:
		return Error{Field: "Config.Memory", Rule: fmt.Sprintf("must be from 0 to %d", MaxMemory), Value: c.Memory}
	}
	return nil
}

func newScope(cfg Config, salt uint32) *Scope {
	return &Scope{
		cfg: cfg, builder: exec.NewBuilder(cfg.Params.Dtype(), salt),
		inputs:  map[string]Value{},
		outputs: map[string]Value{},
		boundAt: map[string]int{},
		params:  map[*exec.Node]bool{},
		used:    map[string]int{},

		regularized: map[*Param]bool{},
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
// consequence of that error and is dropped in its favour.
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
		if r != nil { // keep the path, and leave the way out to whoever runs all of it
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

// Path is the path of the layer at work, such as "sequential/lstm".
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

// Input declares an input of the graph by a name that Program.SetInput knows.
func (s *Scope) Input(name string, shape Shape) Value {
	if _, ok := s.inputs[name]; ok {
		s.Failf("input", "must have a name of its own", name)
		return s.poison(shape)
	}
	v := s.leafOf(s.program(), "input "+name, shape)
	s.inputs[name] = v
	return v
}

// Output makes v readable after a run under the given name; within a step of a
// Scan, the values of all steps.
func (s *Scope) Output(name string, v Value) {
	v, ok := s.take("output "+name, v)
	if !ok {
		return
	}
	outputs := s.outputs
	if s.inStep() {
		outputs = s.level.outputs
	}
	if _, ok := outputs[name]; ok {
		s.Failf("output", "must have a name of its own", name)
		return
	}
	outputs[name] = v.readable()
}

// Result is a handle to an output without a name, see Scope.Result.
type Result struct{ number int } // from 1; 0 for none

// Result makes v readable after a run through the handle, with Program.Result.
// It is for whoever builds a program and reads it, and not for a step of a Scan.
func (s *Scope) Result(v Value) Result {
	if s.inStep() {
		s.Failf("result", "must not be asked for within a step of a scan", nil)
		return Result{}
	}
	v, ok := s.take("result", v)
	if !ok {
		return Result{}
	}
	s.results = append(s.results, v.readable())
	return Result{len(s.results)}
}

// Trace makes an inner value, such as a gate, readable after a run under the
// path of the layer at work and the given name. A name that was used before
// gets "_1", "_2" and so on: so does every step that is written out. Within a
// step of a Scan that is not, the name gives the values of all steps, in the
// order in which they are computed, along an axis after the first: [batch,
// steps, ...], or [steps] for a single number.
func (s *Scope) Trace(name string, v Value) {
	s.Output(s.unique(name), v)
}

// unique is the path of a name in the layer at work, numbered from its second
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

// leaf makes a node without children on the level at work.
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
