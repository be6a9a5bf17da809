package models

import (
	"fmt"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/layers"
)

// Functional is a model of any shape: with several inputs and outputs, branches,
// layers and models that are used more than once.
type Functional struct{ Model }

// Inputs are the inputs of a functional model, in order.
type Inputs []Tensor

// Outputs are the outputs of a functional model, in order.
type Outputs []Tensor

// NewFunctional makes a model that computes the outputs from the inputs. Every
// input comes from NewInput and leads to an output. Layers without a name are
// numbered in the order in which the outputs need them. What is wrong is
// reported by whatever uses the model first.
func NewFunctional(cfg Config, in Inputs, out Outputs) *Functional {
	n := &network{}
	m := &Functional{Model{cfg: cfg.named("functional"), unnamed: cfg.Name == "", body: n}}
	w := walker{network: n, owner: &m.Model, names: newNames(), inputs: map[*use]int{}, at: map[any]int{}, done: map[*use]int{}}
	n.fault = w.walk(in, out)
	return m
}

// walker makes a network of the tensors that a model ends with.
type walker struct {
	*network
	owner  *Model
	names  names
	inputs map[*use]int // places among the inputs
	met    int          // uses, done or under way
	at     map[any]int  // places of the units, by *Handle, or by *Model whatever the handle
	done   map[*use]int // places of the steps
}

func (w *walker) walk(in Inputs, out Outputs) *fault {
	switch {
	case len(in) == 0:
		return wrong("model", "must have an input")
	case len(out) == 0:
		return wrong("model", "must have an output")
	}
	for i, t := range in {
		field := fmt.Sprintf("input %d", i)
		if t.from == nil || t.from.handle == nil || !t.from.handle.input || t.output != 0 {
			return wrong(field, "must come from NewInput")
		}
		if _, ok := w.inputs[t.from]; ok {
			return wrong(field, "must be given once")
		}
		w.inputs[t.from] = i
	}
	w.in = make([]int, len(in))
	for i, t := range out {
		r, f := w.follow(t, fmt.Sprintf("output %d", i))
		if f != nil {
			return f
		}
		w.out = append(w.out, r)
	}
	for i, t := range in {
		if _, ok := w.done[t.from]; !ok {
			return wrong(fmt.Sprintf("input %d", i), "must lead to an output")
		}
	}
	return nil
}

func wrong(field, rule string) *fault { return &fault{"", graph.Error{Field: field, Rule: rule}} }

// follow adds what a tensor needs, and what it comes from, to the network; field
// says what it is.
func (w *walker) follow(t Tensor, field string) (ref, *fault) {
	if t.from == nil || t.from.handle == nil {
		return ref{}, wrong(field, "must come from NewInput or Handle.Call")
	}
	if i, ok := w.done[t.from]; ok {
		return ref{i, t.output}, nil
	}
	if w.met++; w.met > maxUses {
		return ref{}, tooMany()
	}
	h := t.from.handle
	st := step{}
	for i, in := range t.from.inputs {
		r, f := w.follow(in, fmt.Sprintf("input %d of %s", i, layers.Class(h.layer)))
		if f != nil {
			return ref{}, f
		}
		st.inputs = append(st.inputs, r)
	}
	var f *fault
	if st.unit, f = w.unit(h); f != nil {
		return ref{}, f
	}
	u := w.nodes[st.unit]
	if w.uses, f = u.count(w.uses); f != nil {
		return ref{}, f
	}
	n := len(w.steps)
	if h.input {
		i, ok := w.inputs[t.from]
		if !ok {
			return ref{}, &fault{u.name, graph.Error{Field: "input", Rule: "must be among the inputs of the model that needs it"}}
		}
		w.in[i] = n
	}
	w.steps = append(w.steps, st)
	w.done[t.from] = n
	return ref{n, t.output}, nil
}

// unit is the place of what a handle stands for.
func (w *walker) unit(h *Handle) (int, *fault) {
	var key any = h
	if m := modelOf(h.layer); m != nil {
		key = m
	}
	if i, ok := w.at[key]; ok {
		return i, nil
	}
	u, f := newUnit(w.names, fmt.Sprintf("layer %d", len(w.nodes)), h.name, h.layer)
	if f == nil {
		f = u.join(w.owner)
	}
	u.handle = h
	w.at[key] = len(w.nodes)
	w.nodes = append(w.nodes, u)
	return w.at[key], f
}
