package models

import (
	"fmt"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/models/internal/saved"
)

// Sequential is a model whose layers follow one another. The first is
// layers.Input. Each of the others is a layer or a model.
type Sequential struct {
	Model
	chain *chain
}

// NewSequential makes a model of the given layers; Add adds more. Errors in them
// are returned by the first method that uses the model, such as Build.
func NewSequential(cfg Config, ls ...layers.Layer) *Sequential {
	c := &chain{names: newNames()}
	m := &Sequential{Model{cfg: cfg.named("sequential"), unnamed: cfg.Name == "", body: c}, c}
	c.model = m
	for _, l := range ls {
		m.Add(l)
	}
	return m
}

// Add adds a layer at the end. It must not be called while another goroutine uses
// the model, nor after train.Compile. A model that is a layer of another cannot be
// added to.
func (m *Sequential) Add(l layers.Layer) { m.add("", l) }

func (m *Sequential) add(name string, l layers.Layer) {
	if m.chain == nil {
		return // any use of the model is an error: NewSequential must make it
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.chain.fault == nil {
		m.chain.fault = m.chain.add(name, l)
	}
	m.calls = nil
	m.programs.Clear()
	m.batches.clear()
}

// chain is the body of a Sequential.
type chain struct {
	model *Sequential
	links []namedLayer
	names names
	uses  int    // of layers, those in models included
	fault *fault // the first one of add
}

// add adds a layer at the end. An empty name is the layer's own, or the next free
// one.
func (c *chain) add(name string, l layers.Layer) *fault {
	if c.model.nested {
		return &fault{"", graph.Error{Field: "model", Rule: "must not be added to once it is a layer of another"}}
	}
	added, f := newNamedLayer(c.names, fmt.Sprintf("layer %d", len(c.links)), name, l)
	if f == nil && added.model == &c.model.Model {
		f = &fault{added.name, graph.Error{Field: "layer", Rule: "must not be the model itself"}}
	}
	if f == nil {
		c.uses, f = added.countUse(c.uses)
	}
	if f == nil {
		f = added.addTo(&c.model.Model)
	}
	c.links = append(c.links, added)
	return f
}

func (c *chain) class() string { return "Sequential" }

func (c *chain) layers() []namedLayer { return c.links }

func (c *chain) size() int { return c.uses }

func (c *chain) inputs() ([]namedLayer, *fault) {
	if c.fault != nil {
		return nil, c.fault
	}
	if len(c.links) == 0 {
		return nil, &fault{"", graph.Error{Field: "model", Rule: "must have layers"}}
	}
	if !c.links[0].isInput() {
		return nil, &fault{"", graph.Error{Field: "first layer", Rule: "must be layers.Input, which gives the shape of a sample", Value: c.links[0].class()}}
	}
	if len(c.links) == 1 {
		return nil, &fault{"", graph.Error{Field: "model", Rule: "must have a layer after its Input"}}
	}
	return c.links[:1], nil
}

func (c *chain) call(s *graph.Scope, in []graph.Value, visit func(call)) []graph.Value {
	out := in
	var from []ref
	for i, l := range c.links {
		out = l.call(s, out)
		if s.Err() != nil {
			return out
		}
		visit(callOf(l, from, out))
		from = refs(i, len(out))
	}
	return out
}

func (c *chain) outputs(calls []call) []ref {
	last := len(calls) - 1
	return refs(last, len(calls[last].shapes))
}

// refs are all n outputs of a call.
func refs(call, n int) []ref {
	out := make([]ref, n)
	for k := range out {
		out[k] = ref{call, k}
	}
	return out
}

func (c *chain) config(m *Model) saved.Model {
	out := saved.Sequential{Name: m.cfg.Name, Seed: m.cfg.Seed, Dtype: m.Dtype().String()}
	for _, l := range c.links {
		out.Layers = append(out.Layers, l.config())
	}
	return out
}
