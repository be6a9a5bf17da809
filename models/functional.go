package models

import (
	"fmt"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/internal/layername"
	"github.com/engram-go/engram/models/internal/saved"
)

// Functional is a model with any number of inputs and outputs, with branches, and
// with layers and models that are used more than once.
type Functional struct{ Model }

// Inputs are the inputs of a functional model, in order.
type Inputs []Tensor

// Outputs are the outputs of a functional model, in order.
type Outputs []Tensor

// NewFunctional makes a model that computes the outputs from the inputs. Every
// input comes from NewInput, and an output depends on it. Layers without a name
// are numbered in the order in which the outputs need them. Errors in them are
// returned by the first method that uses the model, such as Build.
func NewFunctional(cfg Config, in Inputs, out Outputs) *Functional {
	n := &network{}
	m := &Functional{Model{cfg: cfg.named("functional"), unnamed: cfg.Name == "", body: n}}
	b := networkBuilder{network: n, model: &m.Model, names: newNames(), inputs: map[*use]int{}, layerAt: map[any]int{}, nodeAt: map[*use]int{}}
	n.fault = b.build(in, out)
	return m
}

// network is the body of a Functional: its layers, and the nodes, which are uses
// of them, in an order in which each comes after those that it depends on.
type network struct {
	all   []namedLayer
	nodes []node
	in    []int // the nodes that are the inputs
	out   []ref
	uses  int // of layers, those in models included
	fault *fault
}

// node is one use of a layer.
type node struct {
	layer  int
	inputs []ref
}

// ref is an output of a call of a layer, which in a network is a node.
type ref struct{ call, output int }

func (n *network) class() string { return "Functional" }

func (n *network) layers() []namedLayer { return n.all }

func (n *network) size() int { return n.uses }

func (n *network) inputs() ([]namedLayer, *fault) {
	if n.fault != nil {
		return nil, n.fault
	}
	out := make([]namedLayer, len(n.in))
	for i, node := range n.in {
		out[i] = n.all[n.nodes[node].layer]
	}
	return out, nil
}

func (n *network) call(s *graph.Scope, in []graph.Value, visit func(call)) []graph.Value {
	if len(in) != len(n.in) {
		s.Failf("Functional", fmt.Sprintf("must have %d inputs", len(n.in)), len(in))
		return in
	}
	given := map[int]graph.Value{}
	for i, node := range n.in {
		given[node] = in[i]
	}
	done := make([][]graph.Value, len(n.nodes)) // outputs, by node
	for i, node := range n.nodes {
		l := n.all[node.layer]
		var args []graph.Value
		if x, ok := given[i]; ok {
			args = []graph.Value{x}
		} else {
			args = n.values(s, node.inputs, done)
		}
		if s.Err() != nil {
			return in
		}
		done[i] = l.call(s, args)
		if s.Err() != nil {
			return in
		}
		visit(callOf(l, node.inputs, done[i]))
	}
	return n.values(s, n.out, done)
}

// values are the outputs of nodes that refs mean.
func (n *network) values(s *graph.Scope, refs []ref, done [][]graph.Value) []graph.Value {
	out := make([]graph.Value, len(refs))
	for k, r := range refs {
		outputs := done[r.call]
		if r.output < 0 || r.output >= len(outputs) {
			s.Within(n.all[n.nodes[r.call].layer].name, func() {
				s.Failf("output", fmt.Sprintf("must be one of the layer's %d, counted from 0", len(outputs)), r.output)
			})
			return nil
		}
		out[k] = outputs[r.output]
	}
	return out
}

func (n *network) outputs([]call) []ref { return n.out }

func (n *network) config(m *Model) saved.Model {
	out := saved.Functional{Name: m.cfg.Name, Seed: m.cfg.Seed, Dtype: m.Dtype().String(), Inputs: n.in, Outputs: savedTensors(n.out)}
	for _, l := range n.all {
		out.Layers = append(out.Layers, l.config())
	}
	for _, node := range n.nodes {
		out.Calls = append(out.Calls, saved.Call{Layer: n.all[node.layer].name, Inputs: savedTensors(node.inputs)})
	}
	return out
}

func savedTensors(refs []ref) []saved.Tensor {
	out := make([]saved.Tensor, len(refs))
	for i, r := range refs {
		out[i] = saved.Tensor{Call: r.call, Output: r.output}
	}
	return out
}

// networkBuilder makes a network of the tensors that a model ends with.
type networkBuilder struct {
	*network
	model   *Model
	names   names
	inputs  map[*use]int // places among the inputs
	visited int          // uses
	layerAt map[any]int  // places of the layers: by *Handle, or by *Model for all handles of a model
	nodeAt  map[*use]int // places of the nodes
}

func (b *networkBuilder) build(in Inputs, out Outputs) *fault {
	switch {
	case len(in) == 0:
		return modelFault("model", "must have an input")
	case len(out) == 0:
		return modelFault("model", "must have an output")
	}
	for i, t := range in {
		field := fmt.Sprintf("input %d", i)
		if t.from == nil || t.from.handle == nil || !t.from.handle.input || t.output != 0 {
			return modelFault(field, "must come from NewInput")
		}
		if _, ok := b.inputs[t.from]; ok {
			return modelFault(field, "must be given once")
		}
		b.inputs[t.from] = i
	}
	b.in = make([]int, len(in))
	for i, t := range out {
		r, f := b.visit(t, fmt.Sprintf("output %d", i))
		if f != nil {
			return f
		}
		b.out = append(b.out, r)
	}
	for i, t := range in {
		if _, ok := b.nodeAt[t.from]; !ok {
			return modelFault(fmt.Sprintf("input %d", i), "must lead to an output")
		}
	}
	return nil
}

func modelFault(field, rule string) *fault { return &fault{"", graph.Error{Field: field, Rule: rule}} }

// visit adds the node of a tensor, after those that it depends on; field names
// the tensor in errors.
func (b *networkBuilder) visit(t Tensor, field string) (ref, *fault) {
	if t.from == nil || t.from.handle == nil {
		return ref{}, modelFault(field, "must come from NewInput or Handle.Call")
	}
	if i, ok := b.nodeAt[t.from]; ok {
		return ref{i, t.output}, nil
	}
	if b.visited++; b.visited > maxUses {
		return ref{}, tooManyUses()
	}
	h := t.from.handle
	n := node{}
	for i, in := range t.from.inputs {
		r, f := b.visit(in, fmt.Sprintf("input %d of %s", i, layername.Class(h.layer)))
		if f != nil {
			return ref{}, f
		}
		n.inputs = append(n.inputs, r)
	}
	var f *fault
	if n.layer, f = b.layer(h); f != nil {
		return ref{}, f
	}
	l := b.all[n.layer]
	if b.uses, f = l.countUse(b.uses); f != nil {
		return ref{}, f
	}
	place := len(b.nodes)
	if h.input {
		i, ok := b.inputs[t.from]
		if !ok {
			return ref{}, &fault{l.name, graph.Error{Field: "input", Rule: "must be among the inputs of the model that needs it"}}
		}
		b.in[i] = place
	}
	b.nodes = append(b.nodes, n)
	b.nodeAt[t.from] = place
	return ref{place, t.output}, nil
}

// layer is the place of the layer of a handle.
func (b *networkBuilder) layer(h *Handle) (int, *fault) {
	var key any = h
	if m := modelOf(h.layer); m != nil {
		key = m
	}
	if i, ok := b.layerAt[key]; ok {
		return i, nil
	}
	l, f := newNamedLayer(b.names, fmt.Sprintf("layer %d", len(b.all)), h.name, h.layer)
	if f == nil {
		f = l.addTo(b.model)
	}
	l.handle = h
	b.layerAt[key] = len(b.all)
	b.all = append(b.all, l)
	return b.layerAt[key], f
}
