package models

import (
	"fmt"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/models/internal/saved"
)

// network is the body of a Functional: uses of units, each after those that it
// takes its inputs from.
type network struct {
	nodes []unit
	steps []step
	in    []int // the steps that stand for the inputs
	out   []ref
	uses  int // of layers, those in models included
	fault *fault
}

// step is one use of a unit.
type step struct {
	unit   int
	inputs []ref
}

// ref is an output of a step.
type ref struct{ call, output int }

func (n *network) class() string { return "Functional" }

func (n *network) units() []unit { return n.nodes }

func (n *network) size() int { return n.uses }

func (n *network) inputs() ([]unit, *fault) {
	if n.fault != nil {
		return nil, n.fault
	}
	out := make([]unit, len(n.in))
	for i, step := range n.in {
		out[i] = n.nodes[n.steps[step].unit]
	}
	return out, nil
}

func (n *network) call(s *graph.Scope, in []graph.Value, visit func(call)) []graph.Value {
	if len(in) != len(n.in) {
		s.Failf("Functional", fmt.Sprintf("must have %d inputs", len(n.in)), len(in))
		return in
	}
	given := map[int]graph.Value{}
	for i, step := range n.in {
		given[step] = in[i]
	}
	done := make([][]graph.Value, len(n.steps))
	for i, st := range n.steps {
		u := n.nodes[st.unit]
		var args []graph.Value
		if x, ok := given[i]; ok {
			args = []graph.Value{x}
		} else {
			args = n.values(s, st.inputs, done)
		}
		if s.Err() != nil {
			return in
		}
		done[i] = u.call(s, args)
		if s.Err() != nil {
			return in
		}
		visit(call{u, st.inputs, shapesOf(done[i])})
	}
	return n.values(s, n.out, done)
}

// values are the outputs that refs stand for.
func (n *network) values(s *graph.Scope, refs []ref, done [][]graph.Value) []graph.Value {
	out := make([]graph.Value, len(refs))
	for k, r := range refs {
		have := done[r.call]
		if r.output < 0 || r.output >= len(have) {
			s.Within(n.nodes[n.steps[r.call].unit].name, func() {
				s.Failf("output", fmt.Sprintf("must be one of the layer's %d, counted from 0", len(have)), r.output)
			})
			return nil
		}
		out[k] = have[r.output]
	}
	return out
}

func (n *network) outputs([]call) []ref { return n.out }

func (n *network) config(m *Model) saved.Model {
	out := saved.Functional{Name: m.cfg.Name, Seed: m.cfg.Seed, Dtype: m.Dtype().String(), Inputs: n.in, Outputs: tensors(n.out)}
	for _, u := range n.nodes {
		out.Layers = append(out.Layers, u.config())
	}
	for _, st := range n.steps {
		out.Calls = append(out.Calls, saved.Call{Layer: n.nodes[st.unit].name, Inputs: tensors(st.inputs)})
	}
	return out
}

func tensors(refs []ref) []saved.Tensor {
	out := make([]saved.Tensor, len(refs))
	for i, r := range refs {
		out[i] = saved.Tensor{Call: r.call, Output: r.output}
	}
	return out
}
