package models

import (
	"fmt"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/models/internal/saved"
)

// Sequential is a model whose layers follow one another. The first is
// layers.Input. Any of the others may be a model itself.
type Sequential struct {
	Model
	chain *chain
}

// NewSequential makes a model of the given layers; Add adds more. What is
// wrong with them is reported by whatever uses the model first.
func NewSequential(cfg Config, ls ...layers.Layer) *Sequential {
	c := &chain{names: newNames()}
	m := &Sequential{Model{cfg: cfg.named("sequential"), unnamed: cfg.Name == "", body: c}, c}
	c.owner = m
	for _, l := range ls {
		m.Add(l)
	}
	return m
}

// Add puts a layer at the end. It must not be called while the model is in
// use, nor after a trainer was compiled for it. A model that is a layer of
// another takes no more.
func (m *Sequential) Add(l layers.Layer) { m.add("", l) }

func (m *Sequential) add(name string, l layers.Layer) {
	if m.chain == nil {
		return // whatever uses the model says that NewSequential must make it
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.chain.fault == nil {
		m.chain.fault = m.chain.add(name, l)
	}
	m.calls = nil
	m.pool.clear()
}

// chain is the body of a Sequential.
type chain struct {
	owner *Sequential
	links []unit
	names names
	uses  int    // of layers, those in models included
	fault *fault // the first of add
}

// add puts a layer at the end, under a name or, where that is empty, its own or
// the next free one.
func (c *chain) add(name string, l layers.Layer) *fault {
	if c.owner.used {
		return &fault{"", graph.Error{Field: "model", Rule: "must not be added to once it is a layer of another"}}
	}
	u, f := newUnit(c.names, fmt.Sprintf("layer %d", len(c.links)), name, l)
	if f == nil && u.model == &c.owner.Model {
		f = &fault{u.name, graph.Error{Field: "layer", Rule: "must not be the model itself"}}
	}
	if f == nil {
		c.uses, f = u.count(c.uses)
	}
	if f == nil {
		f = u.join(&c.owner.Model)
	}
	c.links = append(c.links, u)
	return f
}

func (c *chain) class() string { return "Sequential" }

func (c *chain) units() []unit { return c.links }

func (c *chain) size() int { return c.uses }

func (c *chain) inputs() ([]unit, *fault) {
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
	for i, u := range c.links {
		out = u.call(s, out)
		if s.Err() != nil {
			return out
		}
		visit(call{u, from, shapesOf(out)})
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
	for _, u := range c.links {
		out.Layers = append(out.Layers, u.config())
	}
	return out
}
