package models

import (
	"slices"
	"strings"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/internal/params"
	"github.com/engram-go/engram/layers"
)

// Tensor stands for a tensor that a functional model will compute: an input, or
// an output of a layer. It comes from NewInput or Handle.Call, holds no numbers,
// and never changes.
type Tensor struct {
	from   *use // nil in the zero value, which stands for nothing
	output int
}

// use is one use of a layer.
type use struct {
	handle *Handle
	inputs []Tensor
}

// NewInput makes an input of a functional model.
func NewInput(l layers.Input) Tensor { return input("", l) }

func input(name string, l layers.Layer) Tensor {
	return Tensor{from: &use{handle: &Handle{name: name, layer: l, input: true}}}
}

// Output is another output of the layer that t comes from, counted from 0: an
// LSTM with ReturnState has its output as 0, h as 1 and c as 2.
func (t Tensor) Output(i int) Tensor { return Tensor{t.from, i} }

// Handle is a layer with its weights: every call uses the same ones, and their
// gradients add up. Models that are made of the same handle share them too.
type Handle struct {
	name  string // that it must have in the model, or ""
	layer layers.Layer
	input bool // from NewInput
	home  home
}

func (h *Handle) isInput() bool {
	_, ok := h.layer.(layers.Input)
	return ok
}

// Use makes a handle of a layer or of a model. What is wrong with it is reported
// by the model that it becomes a part of. All handles of a model stand for the
// same weights, which are the model's own.
//
// The first model around a model starts its weights anew when it is built, with
// its own seed and their paths in the whole, but only those that nobody has seen.
// Weights stay as they are once the inner model has predicted, stepped, trained or
// been evaluated, was saved or read from a file, or they were read, set or frozen.
func Use(l layers.Layer) *Handle { return &Handle{layer: l} }

// Call describes what the layer makes of the inputs, and returns its first
// output; Tensor.Output gives the others.
func (h *Handle) Call(inputs ...Tensor) Tensor {
	return Tensor{from: &use{handle: h, inputs: slices.Clone(inputs)}}
}

// Handle is the handle of a layer of the model, to make another model of the
// same weights with: the encoder alone of a translator that was read from a
// file. "encoder/lstm" is a layer of a model in the model. The path may begin with
// the name of the model.
func (m *Model) Handle(path string) (*Handle, error) {
	if err := m.Build(); err != nil {
		return nil, err
	}
	h, err := m.layerHandle(path)
	if err != nil {
		if rest, ok := strings.CutPrefix(path, m.cfg.Name+"/"); ok {
			if h, err := m.layerHandle(rest); err == nil {
				return h, nil
			}
		}
	}
	return h, err
}

// layerPaths are the paths of all layers of a model, but Inputs.
func layerPaths(under string, m *Model) (all []string) {
	for _, u := range m.body.units() {
		if u.isInput() {
			continue
		}
		path := under + "/" + u.name
		all = append(all, path)
		if u.model != nil {
			all = append(all, layerPaths(path, u.model)...)
		}
	}
	return all
}

// layerHandle is Handle for a path without the name of a model that is built.
func (m *Model) layerHandle(path string) (*Handle, error) {
	name, rest, deeper := strings.Cut(path, "/")
	units := m.body.units()
	i := slices.IndexFunc(units, func(u unit) bool { return u.name == name && !u.isInput() && (u.model != nil || !deeper) })
	if i < 0 {
		return nil, graph.Error{Path: m.cfg.Name + "/" + path, Field: "layer", Rule: "must be one of the model's, and not an Input" + params.NearestOf(layerPaths(m.cfg.Name, m), m.cfg.Name+"/"+path)}
	}
	if deeper {
		return units[i].model.Handle(rest)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if units[i].handle == nil { // of a Sequential
		h := Use(units[i].layer)
		h.home.claim(m.params, m.cfg.Name+"/"+name)
		units[i].handle = h
	}
	return units[i].handle, nil
}
