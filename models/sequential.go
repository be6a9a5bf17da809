package models

import (
	"fmt"
	"reflect"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/models/internal/saved"
	"github.com/pkg/errors"
)

// Sequential is a model whose layers follow one another. The first is
// layers.Input.
type Sequential struct {
	Model
	chain *chain
}

// NewSequential makes a model of the given layers; Add adds more. What is
// wrong with them is reported by whatever uses the model first.
func NewSequential(cfg Config, ls ...layers.Layer) *Sequential {
	if cfg.Name == "" {
		cfg.Name = "sequential"
	}
	c := &chain{model: cfg.Name, names: map[string]bool{}, numbers: map[string]int{}}
	m := &Sequential{Model{cfg: cfg, body: c}, c}
	for _, l := range ls {
		m.Add(l)
	}
	return m
}

// Add puts a layer at the end. It must not be called while the model is in
// use, nor after a trainer was compiled for it.
func (m *Sequential) Add(l layers.Layer) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.chain.add(l)
	m.rows = nil
	m.pool.clear()
}

// chain is the body of a Sequential.
type chain struct {
	model   string
	links   []link
	names   map[string]bool // of the links
	numbers map[string]int  // the last number that propose gave, by the name before it
	err     error           // the first error of add
}

type link struct {
	name  string
	layer layers.Layer
}

// add puts a layer at the end, under its own name or the next free one.
func (c *chain) add(l layers.Layer) {
	if l == nil || reflect.TypeOf(l).Name() == "" {
		c.fail(graph.Error{
			Path: fmt.Sprintf("%s/layer %d", c.model, len(c.links)), Field: "layer",
			Rule:  "must be a value of a named type, such as layers.Dense{Units: 1}, and not a pointer",
			Value: fmt.Sprintf("%T", l),
		})
		return
	}
	name := layers.Name(l)
	if name == "" {
		name = c.propose(l)
	}
	c.addNamed(name, l)
}

func (c *chain) addNamed(name string, l layers.Layer) {
	if c.err != nil {
		return
	}
	if err := checkName(c.model, "layer name", name); err != nil {
		c.fail(err)
		return
	}
	if c.names[name] {
		c.fail(graph.Error{Path: c.model, Field: "layer name", Rule: "must be used once", Value: fmt.Sprintf("%q", name)})
		return
	}
	resolved, err := layers.Resolve(l)
	if err != nil {
		c.fail(at(c.model+"/"+name, err))
		return
	}
	c.links = append(c.links, link{name, resolved})
	c.names[name] = true
}

// fail keeps the first error.
func (c *chain) fail(err error) {
	if c.err == nil {
		c.err = err
	}
}

func (c *chain) config() []saved.Layer {
	out := make([]saved.Layer, len(c.links))
	for i, k := range c.links {
		out[i] = saved.Layer{Name: k.name, Layer: k.layer}
	}
	return out
}

// propose is a free name for a layer: lstm, lstm_1, lstm_2 …
func (c *chain) propose(l layers.Layer) string {
	base := layers.DefaultName(l)
	name := base
	for c.names[name] {
		c.numbers[base]++
		name = fmt.Sprintf("%s_%d", base, c.numbers[base])
	}
	return name
}

func (c *chain) inputs() ([]graph.Shape, error) {
	if c.err != nil {
		return nil, c.err
	}
	if len(c.links) == 0 {
		return nil, graph.Error{Path: c.model, Field: "model", Rule: "must have layers"}
	}
	in, ok := c.links[0].layer.(layers.Input)
	if !ok {
		return nil, graph.Error{Path: c.model, Field: "first layer", Rule: "must be layers.Input, which gives the shape of a sample", Value: layers.Class(c.links[0].layer)}
	}
	if len(c.links) == 1 {
		return nil, graph.Error{Path: c.model, Field: "model", Rule: "must have a layer after its Input"}
	}
	return []graph.Shape{in.Shape}, nil
}

func (c *chain) call(s *graph.Scope, in []graph.Value, visit func(string, layers.Layer, []graph.Value)) []graph.Value {
	if _, err := c.inputs(); err != nil {
		s.Fail(err)
		return in
	}
	out := in
	for _, k := range c.links {
		s.Within(k.name, func() { out = k.layer.Call(s, out...) })
		if s.Err() != nil {
			return out
		}
		if _, ok := k.layer.(layers.Input); !ok {
			visit(k.name, k.layer, out)
		}
	}
	return out
}

// at gives an error of a config the path of its layer.
func at(path string, err error) error {
	if e, ok := err.(graph.Error); ok && e.Path == "" {
		e.Path = path
		return e
	}
	var e graph.Error
	if errors.As(err, &e) && e.Path != "" {
		return err
	}
	return errors.Wrap(err, path)
}
