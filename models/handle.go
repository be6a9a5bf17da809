package models

import (
	"slices"
	"strings"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/internal/params"
	"github.com/engram-go/engram/layers"
)

// Tensor is a tensor of a functional model that is described: an input, or an
// output of a layer. It comes from NewInput or Handle.Call, holds no numbers, and
// never changes.
type Tensor struct {
	from   *use // nil in the zero value, which is not a tensor of any model
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
	owner owner
}

func (h *Handle) isInput() bool {
	_, ok := h.layer.(layers.Input)
	return ok
}

// Use makes a handle of a layer or of a model. Errors in it are returned by the
// model that it becomes a layer of. All handles of a model have the weights of
// the model.
//
// The first model around a model draws the weights of the inner one again when it
// is built, with its own seed and their paths in the outer model, but only weights
// that were not used before. Weights stay as they are once the inner model has
// predicted, stepped, been trained or evaluated, was saved or read from a file, or
// they were read, set or frozen.
func Use(l layers.Layer) *Handle { return &Handle{layer: l} }

// UseAs is Use under a name that the layer has in the model around it, whatever its
// own name is. Two models that were read from files may have one name.
func UseAs(name string, l layers.Layer) *Handle { return &Handle{name: name, layer: l} }

// Call describes what the layer computes from the inputs, and returns its first
// output; Tensor.Output gives the others.
func (h *Handle) Call(inputs ...Tensor) Tensor {
	return Tensor{from: &use{handle: h, inputs: slices.Clone(inputs)}}
}

// Handle is the handle of a layer of the model, to make another model with the
// same weights: the encoder alone of a translator that was read from a file.
// "encoder/lstm" is a layer of a model in the model. The path may begin with the
// name of the model.
func (m *Model) Handle(path string) (*Handle, error) {
	if err := m.Build(); err != nil {
		return nil, err
	}
	h, err := m.layerHandle(path)
	if rest, ok := strings.CutPrefix(path, m.cfg.Name+"/"); ok && err != nil {
		return m.layerHandle(rest)
	}
	return h, err
}

// layerHandle is Handle for a path without the name of a model that is built.
func (m *Model) layerHandle(path string) (*Handle, error) {
	name, rest, deeper := strings.Cut(path, "/")
	all := m.body.layers()
	i := slices.IndexFunc(all, func(l namedLayer) bool { return l.name == name && !l.isInput() && (l.model != nil || !deeper) })
	if i < 0 {
		return nil, graph.Error{
			Path: m.cfg.Name + "/" + path, Field: "layer",
			Rule: "must be one of the model's, and not an Input" + params.NearestOf(layerPaths(m.cfg.Name, m), m.cfg.Name+"/"+path),
		}
	}
	if deeper {
		return all[i].model.Handle(rest)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if all[i].handle == nil { // of a Sequential
		h := Use(all[i].layer)
		h.owner.setOnce(m.params, m.cfg.Name+"/"+name)
		all[i].handle = h
	}
	return all[i].handle, nil
}

// layerPaths are the paths of all layers of a model, except its Inputs.
func layerPaths(under string, m *Model) (all []string) {
	for _, l := range m.body.layers() {
		if l.isInput() {
			continue
		}
		path := under + "/" + l.name
		all = append(all, path)
		if l.model != nil {
			all = append(all, layerPaths(path, l.model)...)
		}
	}
	return all
}
