package graph

import (
	"strings"
)

// Trainable tells whether gradients change the parameter: it is neither a state
// nor frozen, here or in the set that it is shared with.
func (p *Param) Trainable() bool {
	return !p.state && !p.frozen.Load() && (p.origin == nil || p.origin.Trainable())
}

// Frozen tells whether the parameter keeps its value in training.
func (p *Param) Frozen() bool { return p.frozen.Load() || p.origin != nil && p.origin.Frozen() }

// Freeze keeps training from changing the parameters at the given paths and all
// that stand under them, or lets it change them again.
func (p *Params) Freeze(frozen bool, paths ...string) error {
	defer p.guard.lock().mu.Unlock()
	var met []*Param
	for _, path := range paths {
		under := p.under(path)
		if len(under) == 0 {
			return Error{Path: path, Field: "path", Rule: "must lead to weights"}
		}
		met = append(met, under...)
	}
	for _, q := range met {
		if !frozen && q.origin != nil && q.origin.Frozen() {
			return Error{Path: q.Path, Field: "weight", Rule: "must be unfrozen in the model that it comes from", Value: q.origin.Path}
		}
	}
	for _, q := range met {
		q.frozen.Store(frozen)
		q.root().seen.Store(true)
	}
	return nil
}

// under are the parameter at a path, or those that stand under it.
func (p *Params) under(path string) (met []*Param) {
	if q := p.find(path); q != nil {
		return []*Param{q}
	}
	for _, q := range p.list {
		if strings.HasPrefix(q.Path, path+"/") {
			met = append(met, q)
		}
	}
	return met
}

// Frozen tells whether training must not change the parameter of that name in
// the layer at work. A layer that asks for it after declaring the parameter can
// behave in training as it does otherwise.
func (s *Scope) Frozen(name string) bool {
	i, ok := s.boundAt[join(s.path, name)]
	return ok && s.bound[i].Param.Frozen()
}
