// Package params holds the parameters of models: their values, which several
// models may share, and the locks over them. Package graph gives users Param and
// Params with their methods; the functions here are for graph and models alone.
package params

import (
	"fmt"
	"slices"
	"sync/atomic"

	"github.com/engram-go/engram/internal/dense"
	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/shapes"
	"gorgonia.org/tensor"
)

// Param is one parameter: its path, its shape, and its value, which all programs
// over its set share.
type Param struct {
	Path  string
	Shape shapes.Shape

	state  bool          // no gradient changes it
	frozen atomic.Bool   // see Params.Freeze
	source *Param        // in another set, whose value this is; nil where the value is its own
	value  *tensor.Dense // nil with a source, and until Fill where it is stored
	used   atomic.Bool   // the value was read or set, or must be kept: it is not drawn again
}

// holder is the parameter that holds the value.
func (p *Param) holder() *Param {
	for p.source != nil {
		p = p.source
	}
	return p
}

// Value is the memory of the parameter, in row-major order. To change it, use
// Params.Update. It is nil while a model is being loaded.
func (p *Param) Value() *tensor.Dense {
	h := p.holder()
	h.used.Store(true)
	return h.value
}

// Trainable tells whether gradients change the parameter: it is neither a state
// nor frozen, in this set and in the one that it is shared from.
func (p *Param) Trainable() bool {
	return !p.state && !p.frozen.Load() && (p.source == nil || p.source.Trainable())
}

// Frozen tells whether training leaves the parameter as it is.
func (p *Param) Frozen() bool { return p.frozen.Load() || p.source != nil && p.source.Frozen() }

// Params are the parameters of a model, by path, in the order in which they
// were declared. A parameter starts with a value that depends on the seed and
// its path only.
//
// Programs read the values under a lock that Update takes, so a model may predict
// while it is being trained.
type Params struct {
	dtype tensor.Dtype
	seed  uint64

	own    *store                   // guards all that follows, and the values that this set holds
	stores atomic.Pointer[[]*store] // own and those of the sets that it shares with, in the order of locking

	list     []*Param
	byPath   map[string]*Param
	paths    map[*Param]string       // by the parameter that holds the value
	shared   map[string]source       // by path, see Share
	stored   map[string]shapes.Shape // see Stored; nil otherwise
	complete bool                    // see Complete
}

// New returns an empty set. The zero dtype means tensor.Float32.
func New(dtype tensor.Dtype, seed uint64) (*Params, error) {
	switch dtype {
	case tensor.Dtype{}:
		dtype = tensor.Float32
	case tensor.Float32, tensor.Float64:
	default:
		return nil, errs.Error{Field: "dtype", Rule: "must be float32 or float64", Value: dtype}
	}
	p := &Params{dtype: dtype, seed: seed, own: newStore(), byPath: map[string]*Param{}, paths: map[*Param]string{}, shared: map[string]source{}}
	p.stores.Store(&[]*store{p.own})
	return p, nil
}

// Dtype is the type of all parameters.
func (p *Params) Dtype() tensor.Dtype { return p.dtype }

// All returns the parameters in the order of their declaration.
func (p *Params) All() []*Param {
	defer RLock(p).RUnlock()
	return slices.Clone(p.list)
}

// Get finds a parameter by its path, or returns nil.
func (p *Params) Get(path string) *Param {
	defer RLock(p).RUnlock()
	return p.byPath[path]
}

// Version grows with every change of the values, so that what was derived from
// them can be kept until then.
func (p *Params) Version() uint64 {
	held := RLock(p)
	defer held.RUnlock()
	return held.Version()
}

// Update runs change while no program reads the values. change holds the lock:
// it must not call methods of p.
func (p *Params) Update(change func() error) error {
	held := lock(p)
	defer held.unlock()
	for _, s := range held {
		s.version++
	}
	return change()
}

// View runs read while nothing changes the values. read must not call methods of p,
// which would wait for a change that waits for read.
func (p *Params) View(read func() error) error {
	defer RLock(p).RUnlock()
	return read()
}

// Copy returns copies of all values by their paths, as Set takes them; while a model
// is being loaded there are none.
func (p *Params) Copy() map[string]*tensor.Dense {
	defer RLock(p).RUnlock()
	out := make(map[string]*tensor.Dense, len(p.list))
	for _, q := range p.list {
		if v := q.Value(); v != nil {
			out[q.Path] = v.Clone().(*tensor.Dense)
		}
	}
	return out
}

// Set copies tensors into the parameters of their paths. Dtypes and shapes
// must be equal and all elements finite; otherwise nothing is changed.
func (p *Params) Set(values map[string]*tensor.Dense) error {
	return p.Update(func() error {
		for path, t := range values {
			q := p.byPath[path]
			if q == nil {
				return errs.Error{Path: path, Field: "weight", Rule: "must belong to the model" + p.nearestParam(path)}
			}
			if q.holder().value == nil {
				return errs.Error{Path: path, Field: "weight", Rule: "must be restored before it is set"}
			}
			if err := dense.Check(t, p.dtype, physical(q.Shape)); err != nil {
				return errs.At(err, path, "")
			}
		}
		for path, t := range values {
			dense.Copy(p.byPath[path].Value(), dense.Contiguous(t))
		}
		return nil
	})
}

// Freeze keeps training from changing the parameters at the given paths and all
// that are under them, or lets it change them again.
func (p *Params) Freeze(frozen bool, paths ...string) error {
	defer lock(p).unlock()
	var all []*Param
	for _, path := range paths {
		under := p.under(path)
		if len(under) == 0 {
			return errs.Error{Path: path, Field: "path", Rule: "must lead to weights" + p.nearest(path)}
		}
		all = append(all, under...)
	}
	for _, q := range all {
		if !frozen && q.source != nil && q.source.Frozen() {
			return errs.Error{Path: q.Path, Field: "weight", Rule: "must be unfrozen in the model that it comes from", Value: q.source.Path}
		}
	}
	for _, q := range all {
		q.frozen.Store(frozen)
		q.holder().used.Store(true)
	}
	return nil
}

// Initial draws the first value of a parameter.
type Initial func(seed uint64, path string) (*tensor.Dense, error)

// Declare returns the parameter of a path, which the first call makes.
func Declare(p *Params, path string, shape shapes.Shape, trainable bool, initial Initial) (*Param, error) {
	held := lock(p)
	defer held.unlock()
	return p.declare(held, path, shape, trainable, initial)
}

func (p *Params) declare(held locked, path string, shape shapes.Shape, trainable bool, initial Initial) (*Param, error) {
	if q := p.byPath[path]; q != nil {
		if !q.Shape.Equal(shape) {
			return nil, errs.Error{Field: lastOf(path), Rule: fmt.Sprintf("must keep its shape %v", q.Shape), Value: shape}
		}
		return q, nil
	}
	if p.complete {
		return nil, errs.Error{Field: lastOf(path), Rule: "must be declared when the model is built: " +
			"layers declare the same parameters in every call, and anything else in a program needs graph.NewParams"}
	}
	q := &Param{Path: path, Shape: shape.Clone(), state: !trainable}
	var err error
	if q.source, err = p.declareShared(held, path, shape, trainable, initial); err != nil {
		return nil, err
	}
	if q.source == nil {
		if q.value, err = p.initial(path, shape, initial); err != nil {
			return nil, err
		}
	}
	if other, ok := p.paths[q.holder()]; ok { // it would be trained twice
		return nil, errs.Error{Path: path, Field: "weight", Rule: "must be reached by one path, and not also by " + other}
	}
	p.list = append(p.list, q)
	p.byPath[path] = q
	p.paths[q.holder()] = path
	return q, nil
}

// initial is the first value of a parameter; nil while it is stored.
func (p *Params) initial(path string, shape shapes.Shape, initial Initial) (*tensor.Dense, error) {
	if p.stored != nil {
		return nil, p.checkStored(path, shape)
	}
	return initial(p.seed, path)
}

// Complete says that a model is built and declares no more parameters, or that
// it is about to be built.
func Complete(p *Params, complete bool) {
	defer lock(p).unlock()
	p.complete = complete
}

// physical is the shape of the tensor that holds a value: a single number is a
// vector of one element.
func physical(shape shapes.Shape) shapes.Shape {
	if len(shape) == 0 {
		return shapes.Shape{1}
	}
	return shape
}
