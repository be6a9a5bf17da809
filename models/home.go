package models

import (
	"sync"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/internal/params"
)

// home is where the weights of a handle or a model are: under a path of some
// parameters, which models that use it share.
type home struct {
	mu     sync.Mutex
	params *graph.Params // nil until a model that uses it is built
	path   string
}

// claim makes a place the home, unless there is one, and returns the home.
func (h *home) claim(params *graph.Params, path string) (*graph.Params, string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.params == nil {
		h.params, h.path = params, path
	}
	return h.params, h.path
}

// in is the path at which a set has the weights.
func (h *home) in(p *graph.Params) (path string, ok bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.params == nil {
		return "", false
	}
	return params.PathOf(p, h.params, h.path)
}

// settle gives the model its parameters, and takes those of its parts from where
// they are. A model that is a part keeps the weights that somebody has seen;
// otherwise they start anew, as if the parts were this model's own.
// It is called with m.mu locked.
func (m *Model) settle() error {
	if m.params == nil {
		p, err := graph.NewParams(m.cfg.Dtype, m.cfg.Seed)
		if err != nil {
			return err
		}
		m.params = p
	}
	if m.calls == nil { // it is to be built, or has got more layers
		params.Complete(m.params, false)
	}
	m.home.claim(m.params, m.cfg.Name)
	for _, u := range m.body.units()[m.settled:] {
		if err := m.house(u); err != nil {
			return err
		}
		m.settled++
	}
	return nil
}

// house takes the weights of a part from where they are.
func (m *Model) house(u unit) error {
	h, adopt := (*home)(nil), false
	switch {
	case u.model != nil:
		u.model.mu.Lock()
		defer u.model.mu.Unlock()
		if err := u.model.settle(); err != nil {
			return err
		}
		h, adopt = &u.model.home, !u.model.adopted
		u.model.adopted = true
	case u.handle != nil && !u.handle.input:
		h = &u.handle.home
	default:
		return nil
	}
	path := m.cfg.Name + "/" + u.name
	owner, from := h.claim(m.params, path)
	if owner == m.params {
		return nil
	}
	return params.Share(m.params, path, owner, from, adopt)
}

// inherit gives a model that was read as a part of another, and its own parts,
// the weights that the file has under the path.
func (m *Model) inherit(loaded *graph.Params, path string) error {
	for _, u := range m.body.units() {
		here := path + "/" + u.name
		switch {
		case u.model != nil:
			own, err := graph.NewParams(u.model.cfg.Dtype, u.model.cfg.Seed)
			if err != nil {
				return err
			}
			if err := params.Share(own, u.model.cfg.Name, loaded, here, false); err != nil {
				return err
			}
			u.model.params, u.model.adopted = own, true
			u.model.home.claim(loaded, here)
			if err := u.model.inherit(loaded, here); err != nil {
				return err
			}
		case u.handle != nil:
			u.handle.home.claim(loaded, here)
		}
	}
	return nil
}
