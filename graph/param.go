package graph

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/engram-go/engram/internal/shapes"
	"github.com/pkg/errors"
	"gorgonia.org/tensor"
)

// Initializer gives a new parameter its elements, in row-major order. They
// depend on r and shape alone.
type Initializer interface {
	Init(r *rand.Rand, shape Shape) ([]float64, error)
}

// Param is one parameter: its place, its shape, and its elements, which all
// graphs that are built over its set share.
type Param struct {
	Path   string
	Shape  Shape
	value  *tensor.Dense // nil where another set holds it
	state  bool          // no gradient changes it
	frozen atomic.Bool   // see Freeze
	seen   atomic.Bool   // whether anybody knows its value, or was told to keep it
	origin *Param        // in another set, which holds the memory; nil where it is this one
}

// Value is the memory of the parameter, in row-major order; nil until Restored
// where it is stored. To change it, use Params.Update.
func (p *Param) Value() *tensor.Dense {
	p.root().seen.Store(true)
	return p.root().value
}

// Params are the parameters of a model, by path, in the order in which they
// were declared. A parameter starts with a value that depends on the seed and
// its path only.
//
// Programs read them under a lock that Update takes for itself, so a model may
// predict while it is being trained.
type Params struct {
	dtype tensor.Dtype
	seed  uint64

	guard  *guard
	list   []*Param
	byPath map[string]*Param
	stored map[string]Shape  // see RestoreParams
	shares map[string]place  // by path, see Share
	paths  map[*Param]string // of those in other sets, by where they are held
}

// NewParams returns an empty set. The zero dtype means tensor.Float32.
func NewParams(dtype tensor.Dtype, seed uint64) (*Params, error) {
	switch dtype {
	case tensor.Dtype{}:
		dtype = tensor.Float32
	case tensor.Float32, tensor.Float64:
	default:
		return nil, Error{Field: "dtype", Rule: "must be float32 or float64", Value: dtype}
	}
	return &Params{dtype: dtype, seed: seed, guard: &guard{}, byPath: map[string]*Param{}, paths: map[*Param]string{}}, nil
}

// Dtype is the type of all parameters.
func (p *Params) Dtype() tensor.Dtype { return p.dtype }

// All returns the parameters in the order of their declaration.
func (p *Params) All() []*Param {
	defer p.guard.rlock().mu.RUnlock()
	return slices.Clone(p.list)
}

// Get finds a parameter by its path, or returns nil.
func (p *Params) Get(path string) *Param {
	defer p.guard.rlock().mu.RUnlock()
	return p.find(path)
}

func (p *Params) find(path string) *Param { return p.byPath[path] }

// Version grows with every change, so that what was derived from the
// parameters can be kept until then.
func (p *Params) Version() uint64 {
	g := p.guard.rlock()
	defer g.mu.RUnlock()
	return g.version
}

// Update runs change while no program reads the parameters. change holds the
// lock: it must not call methods of p.
func (p *Params) Update(change func() error) error {
	g := p.guard.lock()
	defer g.mu.Unlock()
	g.version++
	return change()
}

// View runs read while nothing changes the parameters.
func (p *Params) View(read func() error) error {
	defer p.guard.rlock().mu.RUnlock()
	return read()
}

// Set copies tensors into the parameters of their paths. Dtypes and shapes
// must be equal and all elements finite; otherwise nothing is changed.
func (p *Params) Set(values map[string]*tensor.Dense) error {
	return p.Update(func() error {
		for path, t := range values {
			q := p.find(path)
			if q == nil {
				return Error{Path: path, Field: "weight", Rule: "must belong to the model"}
			}
			if q.root().value == nil {
				return Error{Path: path, Field: "weight", Rule: "must be restored before it is set"}
			}
			if err := CheckTensor(t, p.dtype, physicalShape(q.Shape)); err != nil {
				return errors.Wrap(err, path)
			}
		}
		for path, t := range values {
			copyDense(p.find(path).Value(), Contiguous(t))
		}
		return nil
	})
}

// declare returns the parameter of that path, made on first sight.
func (p *Params) declare(path string, shape Shape, init Initializer, trainable bool) (*Param, error) {
	defer p.guard.lock().mu.Unlock()
	return p.declareLocked(path, shape, init, trainable)
}

func (p *Params) declareLocked(path string, shape Shape, init Initializer, trainable bool) (*Param, error) {
	if q := p.find(path); q != nil {
		if !q.Shape.Equal(shape) {
			return nil, Error{Field: lastOf(path), Rule: fmt.Sprintf("must keep its shape %v", q.Shape), Value: shape}
		}
		return q, nil
	}
	q := &Param{Path: path, Shape: shape.Clone(), state: !trainable}
	var err error
	if q.origin, err = p.foreign(path, shape, init, trainable); err != nil {
		return nil, err
	}
	if q.origin != nil {
		if err := p.once(q); err != nil {
			return nil, err
		}
	} else if q.value, err = p.start(path, shape, init); err != nil {
		return nil, err
	}
	p.list = append(p.list, q)
	p.byPath[path] = q
	return q, nil
}

// start makes the first value of a parameter; none while it is still stored.
func (p *Params) start(path string, shape Shape, init Initializer) (*tensor.Dense, error) {
	if p.stored != nil {
		return nil, p.expect(path, shape)
	}
	if init == nil {
		return nil, Error{Field: lastOf(path), Rule: "must have an initializer"}
	}
	elements, err := init.Init(Rand(p.seed, "init", path, Tick{}), shape.Clone())
	if err != nil {
		return nil, err
	}
	if len(elements) != shape.Size() {
		return nil, Error{Field: lastOf(path), Rule: fmt.Sprintf("must get %d elements from its initializer", shape.Size()), Value: len(elements)}
	}
	t := fromFloat64(p.dtype, shape, elements)
	return t, errors.Wrap(CheckTensor(t, p.dtype, physicalShape(shape)), "initializer of "+lastOf(path))
}

// lastOf is the name at the end of a path. The layer before it is told by the scope.
func lastOf(path string) string { return path[strings.LastIndexByte(path, '/')+1:] }

// Param is the trainable parameter of that name in the layer at work.
func (s *Scope) Param(name string, shape Shape, init Initializer) Value {
	return s.param(name, shape, init, true)
}

// State is a parameter that no gradient changes, such as a moving average. It
// is changed with AddUpdate.
func (s *Scope) State(name string, shape Shape, init Initializer) Value {
	return s.param(name, shape, init, false)
}

func (s *Scope) param(name string, shape Shape, init Initializer, trainable bool) Value {
	path := join(s.path, name)
	if i, ok := s.boundAt[path]; ok && s.bound[i].Param.Shape.Equal(shape) {
		return s.bound[i].Value
	}
	if s.err != nil {
		return s.poison(shape)
	}
	if err := shapes.Check(shape); err != nil {
		s.Fail(err)
		return s.poison(shape)
	}
	if !shape.Known() {
		s.Failf(name, "must have a shape without open axes", shape)
		return s.poison(shape)
	}
	p, err := s.cfg.Params.declare(path, shape, init, trainable)
	if err != nil {
		s.Fail(err)
		return s.poison(shape)
	}
	v := s.leafOf(s.program(), name, shape)
	switch {
	case v.node == nil:
	case p.Value() == nil:
		s.Failf(name, "must be restored before a graph is built", nil)
	default:
		// A clone of the header only: the memory is shared, and what Gorgonia
		// does to the header stays in this graph.
		s.bind(v, p.Value().ShallowClone())
		s.params[v.node] = true
	}
	s.boundAt[path] = len(s.bound)
	s.bound = append(s.bound, Bound{p, v})
	return v
}

// isParam tells whether a value is a parameter itself.
func (v Value) isParam() bool { return v.s.params[v.node] }

// Bound is a parameter and the value that stands for it in a graph.
type Bound struct {
	Param *Param
	Value Value
}

// Bound returns the parameters that the graph uses, in the order of first use.
func (s *Scope) Bound() []Bound { return slices.Clone(s.bound) }

// inLayer finds a parameter that the layer at work has declared.
func (s *Scope) inLayer(what, name string) (Bound, bool) {
	if s.err != nil {
		return Bound{}, false
	}
	i, ok := s.boundAt[join(s.path, name)]
	if !ok {
		s.Failf(what, "must name a parameter that the layer uses", fmt.Sprintf("%q", name))
		return Bound{}, false
	}
	return s.bound[i], true
}
