package graph

import (
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/engram-go/engram/internal/dense"
	"github.com/engram-go/engram/internal/params"
	"github.com/engram-go/engram/internal/shapes"
	"github.com/pkg/errors"
	"gorgonia.org/tensor"
)

// Param is a parameter with its Path, Shape and value. All programs with the same
// Params share the value.
//
//   - Value() *tensor.Dense is its memory, in row-major order. To change it, use
//     Params.Update or Params.Set. It is nil while a model is being loaded.
//   - Trainable() bool reports whether training changes it: it is neither a state
//     nor frozen.
//   - Frozen() bool reports whether it is frozen.
type Param = params.Param

// Params are the parameters of a model by path, in the order of declaration. The
// initial value of a parameter depends on the seed and its path only. A lock protects
// the values, so a model may predict while it is trained.
//
//   - All() []*Param returns them in their order, Get(path) one of them or nil.
//   - Dtype() is the type of all of them.
//   - Set(values map[string]*tensor.Dense) error copies tensors into the
//     parameters of their paths: all of them, or none with an error.
//   - Copy() map[string]*tensor.Dense returns copies of all values by path, as Set
//     takes them.
//   - Update(change func() error) error runs change while no program reads the
//     values; View(read func() error) error runs read while nothing changes them.
//     Neither function may call methods of the set.
//   - Version() uint64 grows with every change.
//   - Freeze(frozen bool, paths ...string) error keeps training from changing
//     the parameters at or below the paths, or lets it change them again.
type Params = params.Params

// NewParams returns an empty set. The zero dtype means tensor.Float32. Use it for
// programs without a model; a model has its own set.
func NewParams(dtype tensor.Dtype, seed uint64) (*Params, error) { return params.New(dtype, seed) }

// Initializer computes the initial elements of a parameter, in row-major order. They
// must depend on r and shape only.
type Initializer interface {
	Init(r *rand.Rand, shape Shape) ([]float64, error)
}

// initial computes the initial value of a parameter.
func (s *Scope) initial(name string, shape Shape, init Initializer) params.Initial {
	return func(seed uint64, path string) (*tensor.Dense, error) {
		if init == nil {
			return nil, Error{Field: name, Rule: "must have an initializer"}
		}
		elements, err := init.Init(Rand(seed, "init", path, Tick{}), shape.Clone())
		if err != nil {
			return nil, err
		}
		if len(elements) != shape.Size() {
			return nil, Error{Field: name, Rule: fmt.Sprintf("must get %d elements from its initializer", shape.Size()), Value: len(elements)}
		}
		t := dense.FromFloat64(s.Dtype(), shape, elements)
		return t, errors.Wrap(dense.CheckFinite(t), "initializer of "+name)
	}
}

// Params are the parameters of Config.Params.
func (s *Scope) Params() *Params { return s.cfg.Params }

// Param is the trainable parameter of that name in the current layer.
func (s *Scope) Param(name string, shape Shape, init Initializer) Value {
	return s.param(name, shape, init, true)
}

// State is a parameter without a gradient, such as a moving average. AddUpdate changes
// it.
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
	p, err := params.Declare(s.cfg.Params, path, shape, trainable, s.initial(name, shape, init))
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
		// A separate tensor header over the same memory, because Gorgonia may change
		// the header.
		s.bind(v, p.Value().ShallowClone())
		s.params[v.node] = true
	}
	s.boundAt[path] = len(s.bound)
	s.bound = append(s.bound, Bound{p, v})
	return v
}

// isParam reports whether the value is a parameter.
func (v Value) isParam() bool { return v.s.params[v.node] }

// Bound returns the parameters that the graph uses, in the order of first use.
func (s *Scope) Bound() []Bound { return slices.Clone(s.bound) }

// inLayer returns a parameter that the current layer has declared.
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

// Frozen reports whether the named parameter of the current layer is frozen. It must be
// declared before. BatchNormalization uses it to behave as in inference.
func (s *Scope) Frozen(name string) bool {
	i, ok := s.boundAt[join(s.path, name)]
	return ok && s.bound[i].Param.Frozen()
}
