package graph

import (
	"fmt"
	"strings"
)

// place says where parameters are that another set holds.
type place struct {
	owner *Params
	path  string // in the owner
	adopt bool   // whether they start anew, unless they were seen
}

// Share makes the parameters under the path at those that owner holds under
// the path from: one memory, which either may change. It must come before the
// first of them is declared.
//
// With adopt, those whose values nobody has seen, through Param.Value or a
// program, and that were not frozen or restored, start anew, with the seed and the
// paths of p.
func (p *Params) Share(at string, owner *Params, from string, adopt bool) error {
	if owner.dtype != p.dtype {
		return Error{Path: at, Field: "dtype", Rule: fmt.Sprintf("must be %v to share weights", p.dtype), Value: owner.dtype}
	}
	meet(p.guard, owner.guard)
	g := p.guard.lock()
	defer g.mu.Unlock()
	if p.shares == nil {
		p.shares = map[string]place{}
	}
	p.shares[at] = place{owner, from, adopt}
	return nil
}

// foreign declares a parameter in the set that holds it, and returns it; nil
// where that is p itself.
func (p *Params) foreign(path string, shape Shape, init Initializer, trainable bool) (*Param, error) {
	for at := path; ; {
		i := strings.LastIndexByte(at, '/')
		if i < 0 {
			return nil, nil
		}
		at = at[:i]
		s, ok := p.shares[at]
		if !ok {
			continue
		}
		q, err := s.owner.declareLocked(s.path+path[len(at):], shape, init, trainable)
		if err != nil {
			return nil, err
		}
		if root := q.root(); s.adopt && root.value != nil && !root.seen.Load() {
			value, err := p.start(path, shape, init)
			if err != nil {
				return nil, err
			}
			copyDense(root.value, value)
			p.guard.now().version++
		}
		return q, nil
	}
}

// once refuses a parameter that p has under another path, since it would be
// trained twice.
func (p *Params) once(q *Param) error {
	root := q.root()
	other, ok := p.paths[root]
	if p.find(root.Path) == root {
		other, ok = root.Path, true
	}
	if ok {
		return Error{Path: q.Path, Field: "weight", Rule: "must be reached by one path, and not also by " + other}
	}
	p.paths[root] = q.Path
	return nil
}

// root is the parameter in the set that holds it.
func (p *Param) root() *Param {
	for p.origin != nil {
		p = p.origin
	}
	return p
}
