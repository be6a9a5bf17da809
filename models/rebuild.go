package models

import (
	"fmt"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/models/internal/saved"
	"gorgonia.org/tensor"
)

// rebuild makes a model of its config.
func rebuild(config saved.Model, cfg LoadConfig) (*Model, error) {
	if c, ok := config.(saved.Functional); ok {
		return rebuildFunctional(c, cfg)
	}
	return rebuildSequential(config.(saved.Sequential), cfg)
}

func rebuildSequential(c saved.Sequential, cfg LoadConfig) (*Model, error) {
	own, err := head(c.Name, c.Seed, c.Dtype, cfg)
	if err != nil {
		return nil, err
	}
	m := NewSequential(own)
	for _, saved := range c.Layers {
		l, err := rebuildLayer(c.Name, saved, cfg)
		if err != nil {
			return nil, err
		}
		m.add(saved.Name, l)
	}
	return &m.Model, nil
}

// rebuildFunctional makes the calls that the program made. What is wrong with them is
// reported as it is in a program.
func rebuildFunctional(c saved.Functional, cfg LoadConfig) (*Model, error) {
	own, err := head(c.Name, c.Seed, c.Dtype, cfg)
	if err != nil {
		return nil, err
	}
	handles := map[string]*Handle{}
	for _, saved := range c.Layers {
		l, err := rebuildLayer(c.Name, saved, cfg)
		if err != nil {
			return nil, err
		}
		if handles[saved.Name] != nil {
			return nil, graph.Error{Path: c.Name, Field: "layer name", Rule: "must be used once", Value: fmt.Sprintf("%q", saved.Name)}
		}
		handles[saved.Name] = &Handle{name: saved.Name, layer: l}
	}
	var calls []Tensor
	tensors := func(what string, refs []saved.Tensor) ([]Tensor, error) {
		out := make([]Tensor, len(refs))
		for i, r := range refs {
			if r.Call < 0 || r.Call >= len(calls) {
				return nil, graph.Error{Path: c.Name, Field: fmt.Sprintf("%s %d", what, i), Rule: fmt.Sprintf("must come from one of the %d calls before it", len(calls)), Value: r.Call}
			}
			out[i] = calls[r.Call].Output(r.Output)
		}
		return out, nil
	}
	for i, call := range c.Calls {
		h := handles[call.Layer]
		if h == nil {
			return nil, graph.Error{Path: c.Name, Field: fmt.Sprintf("layer of call %d", i), Rule: "must be one of the model's", Value: fmt.Sprintf("%q", call.Layer)}
		}
		in, err := tensors(fmt.Sprintf("call %d: input", i), call.Inputs)
		if err != nil {
			return nil, err
		}
		calls = append(calls, h.Call(in...))
	}
	var in Inputs
	for i, k := range c.Inputs {
		if k < 0 || k >= len(calls) || len(c.Calls[k].Inputs) > 0 || !calls[k].from.handle.isInput() {
			return nil, graph.Error{Path: c.Name, Field: fmt.Sprintf("input %d", i), Rule: "must be a call of an Input", Value: k}
		}
		calls[k].from.handle.input = true
		in = append(in, calls[k])
	}
	out, err := tensors("output", c.Outputs)
	if err != nil {
		return nil, err
	}
	m := NewFunctional(own, in, out)
	if n := m.body.(*network); n.fault == nil && (len(n.all) != len(c.Layers) || len(n.nodes) != len(c.Calls)) {
		return nil, graph.Error{Path: c.Name, Field: "layers and calls", Rule: "must all lead to an output"}
	}
	return &m.Model, nil
}

// rebuildLayer is a layer, or the model that is used as one.
func rebuildLayer(path string, l saved.Layer, cfg LoadConfig) (layers.Layer, error) {
	if err := checkName(path, "layer name", l.Name); err != nil {
		return nil, err
	}
	switch inner := l.Layer.(type) {
	case nil:
		return nil, graph.Error{Path: path + "/" + l.Name, Field: "layer", Rule: "must not be nil"}
	case saved.Model:
		m, err := rebuild(inner, cfg)
		if err != nil {
			return nil, err
		}
		return m, nil
	}
	return l.Layer, nil
}

// head is the config of a model that is loaded.
func head(name string, seed uint64, dtype string, cfg LoadConfig) (Config, error) {
	if err := checkName("", "name", name); err != nil {
		return Config{}, err
	}
	dt, err := dtypeOf(dtype)
	return Config{Name: name, Seed: seed, Dtype: dt, Custom: cfg.Custom}, err
}

func dtypeOf(name string) (tensor.Dtype, error) {
	for _, dt := range []tensor.Dtype{tensor.Float32, tensor.Float64} {
		if dt.String() == name {
			return dt, nil
		}
	}
	return tensor.Dtype{}, graph.Error{Field: "dtype", Rule: "must be float32 or float64", Value: fmt.Sprintf("%q", name)}
}
