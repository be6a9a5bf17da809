package params

import (
	"fmt"
	"maps"
	"strings"

	"github.com/engram-go/engram/internal/dense"
	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/shapes"
)

// source says where shared parameters come from.
type source struct {
	params *Params
	path   string // in params
	redraw bool
}

// Share makes the parameters of p under the path at those that from holds under
// fromPath: one value each, which either set may change. It comes before the
// first of them is declared in p, and after all that from itself shares there.
//
// With redraw, values that were not used get first values from the seed and the
// paths of p. A value is used once Param.Value or a program read it, and where it
// was set, filled or frozen.
func Share(p *Params, at string, from *Params, fromPath string, redraw bool) error {
	if from.dtype != p.dtype {
		return errs.Error{Path: at, Field: "dtype", Rule: fmt.Sprintf("must be %v to share weights", p.dtype), Value: from.dtype}
	}
	defer lock(p).unlock()
	p.shared[at] = source{from, fromPath, redraw}
	p.addStores(*from.stores.Load())
	return nil
}

// declareShared declares a parameter in the set that it is shared from; nil
// where it is not shared.
func (p *Params) declareShared(held locked, path string, shape shapes.Shape, trainable bool, initial Initial) (*Param, error) {
	s, rest, ok := p.sourceOf(path)
	if !ok {
		return nil, nil
	}
	if !held.holds(s.params.own) {
		return nil, errs.Error{Path: path, Field: "weight", Rule: "must be shared by its own set first"}
	}
	q, err := s.params.declare(held, s.path+rest, shape, trainable, initial)
	if err != nil {
		return nil, err
	}
	if h := q.holder(); s.redraw && h.value != nil && !h.used.Load() {
		value, err := p.initial(path, shape, initial)
		if err != nil {
			return nil, err
		}
		dense.Copy(h.value, value)
	}
	return q, nil
}

// sourceOf finds the source of a path; rest is what follows in both sets.
func (p *Params) sourceOf(path string) (s source, rest string, ok bool) {
	for end := len(path); end >= 0; end = strings.LastIndexByte(path[:end], '/') {
		if s, ok = p.shared[path[:end]]; ok {
			return s, path[end:], true
		}
	}
	return source{}, "", false
}

// PathOf is the path at which p has the parameters that from holds under
// fromPath.
func PathOf(p, from *Params, fromPath string) (path string, ok bool) {
	if p == from {
		return fromPath, true
	}
	held := RLock(p)
	shared := maps.Clone(p.shared)
	held.RUnlock()
	for at, s := range shared {
		if path, ok := PathOf(s.params, from, fromPath); ok && isUnder(path, s.path) {
			return at + path[len(s.path):], true
		}
	}
	return "", false
}
