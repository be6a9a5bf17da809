package models

import (
	"sync"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/internal/params"
)

// owner says which set of parameters holds the weights of a handle or of a
// model, and under which path. All models that use it share them from there.
type owner struct {
	mu     sync.Mutex
	params *graph.Params // nil until a model that uses it is built
	path   string
}

// setOnce makes a set the owner, unless there is one, and returns the owner.
func (o *owner) setOnce(params *graph.Params, path string) (*graph.Params, string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.params == nil {
		o.params, o.path = params, path
	}
	return o.params, o.path
}

// pathIn is the path under which a set has the weights.
func (o *owner) pathIn(p *graph.Params) (path string, ok bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.params == nil {
		return "", false
	}
	return params.PathOf(p, o.params, o.path)
}

// prepareParams makes the parameters of the model ready for its layers to
// declare: layers whose weights another model owns share them. It is called with
// m.mu locked.
func (m *Model) prepareParams() error {
	if m.params == nil {
		p, err := graph.NewParams(m.cfg.Dtype, m.cfg.Seed)
		if err != nil {
			return err
		}
		m.params = p
	}
	if m.calls == nil { // it is to be built, for the first time or with more layers
		params.Complete(m.params, false)
	}
	m.owner.setOnce(m.params, m.cfg.Name)
	for _, l := range m.body.layers()[m.shared:] {
		if err := m.shareLayer(l); err != nil {
			return err
		}
		m.shared++
	}
	return nil
}

// shareLayer shares the weights of a layer, unless this model owns them.
func (m *Model) shareLayer(l namedLayer) error {
	path := m.cfg.Name + "/" + l.name
	switch {
	case l.model != nil:
		inner := l.model
		inner.mu.Lock()
		defer inner.mu.Unlock()
		if err := inner.prepareParams(); err != nil {
			return err
		}
		// The first model around a model draws weights that were not used again.
		redraw := !inner.redrawn
		inner.redrawn = true
		return m.share(path, &inner.owner, redraw)
	case l.handle != nil && !l.handle.input:
		return m.share(path, &l.handle.owner, false)
	}
	return nil
}

// share shares what is below a path of the model from its owner, which is the
// model itself where there was none.
func (m *Model) share(path string, o *owner, redraw bool) error {
	from, fromPath := o.setOnce(m.params, path)
	if from == m.params {
		return nil
	}
	return params.Share(m.params, path, from, fromPath, redraw)
}

// useLoaded makes the layers of a model that was read from a file use the
// weights of the file, which has them under the path. Models in the model get
// sets of their own that share them.
func (m *Model) useLoaded(loaded *graph.Params, path string) error {
	for _, l := range m.body.layers() {
		under := path + "/" + l.name
		switch {
		case l.model != nil:
			own, err := graph.NewParams(l.model.cfg.Dtype, l.model.cfg.Seed)
			if err != nil {
				return err
			}
			if err := params.Share(own, l.model.cfg.Name, loaded, under, false); err != nil {
				return err
			}
			l.model.params, l.model.redrawn = own, true
			l.model.owner.setOnce(loaded, under)
			if err := l.model.useLoaded(loaded, under); err != nil {
				return err
			}
		case l.handle != nil:
			l.handle.owner.setOnce(loaded, under)
		}
	}
	return nil
}
