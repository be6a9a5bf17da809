package models

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/internal/codec"
	"github.com/engram-go/engram/internal/params"
	"github.com/pkg/errors"
	"gorgonia.org/tensor"
)

// Weight is a copy of one parameter.
type Weight struct {
	Path  string // such as "sequential/lstm/kernel"
	Value *tensor.Dense
}

// Weights returns copies of all parameters, in the order of the layers.
func (m *Model) Weights() ([]Weight, error) {
	params, err := m.Params()
	if err != nil {
		return nil, err
	}
	values := params.Copy()
	out := make([]Weight, 0, len(values))
	for _, p := range params.All() {
		out = append(out, Weight{p.Path, values[p.Path]})
	}
	return out, nil
}

// Weight returns a copy of the parameter of that path, with or without the name
// of the model: "sequential/lstm/kernel" or "lstm/kernel".
func (m *Model) Weight(path string) (*tensor.Dense, error) {
	params, err := m.Params()
	if err != nil {
		return nil, err
	}
	full, err := m.weightPath(path)
	if err != nil {
		return nil, err
	}
	p := params.Get(full)
	var value *tensor.Dense
	err = params.View(func() error {
		value = p.Value().Clone().(*tensor.Dense)
		return nil
	})
	return value, err
}

// SetWeights copies tensors into the parameters of their paths, which may leave
// out the name of the model. Dtypes and shapes must be equal, all elements finite
// and no path given twice; otherwise nothing is changed.
func (m *Model) SetWeights(weights ...Weight) error {
	params, err := m.Params()
	if err != nil {
		return err
	}
	values := make(map[string]*tensor.Dense, len(weights))
	for _, w := range weights {
		path, err := m.weightPath(w.Path)
		if err != nil {
			return err
		}
		if _, ok := values[path]; ok {
			return graph.Error{Path: path, Field: "weight", Rule: "must be given once"}
		}
		if err := checkGRUBias(params.Get(path), w.Value); err != nil {
			return err
		}
		values[path] = w.Value
	}
	return params.Set(values)
}

// weightPath is the full path of a weight of a model that is built. Paths as in
// Weights come first: a model "a" may have a model "a" in it.
func (m *Model) weightPath(path string) (string, error) {
	for _, full := range []string{path, m.cfg.Name + "/" + path} {
		if m.params.Get(full) != nil {
			return full, nil
		}
	}
	return "", graph.Error{Path: path, Field: "weight", Rule: "must belong to the model" + params.NearestParam(m.params, path)}
}

// checkGRUBias explains the bias of a GRU that computes as in Keras 2 or with
// reset_after=False, which has one row instead of two.
func checkGRUBias(p *graph.Param, value *tensor.Dense) error {
	if value == nil || len(p.Shape) != 2 || p.Shape[0] != 2 || !strings.HasSuffix(p.Path, "/bias") || !p.Shape[1:].Equal(graph.Shape(value.Shape())) {
		return nil
	}
	return graph.Error{
		Path: p.Path, Field: "shape", Value: graph.Shape(value.Shape()).Clone(),
		Rule: fmt.Sprintf("must be %v; one row is the bias of a GRU with ResetBefore, which is Keras' reset_after=False and the GRU of Keras 2", p.Shape),
	}
}

// WeightsSHA256 is a hash in hexadecimal over the path, dtype, shape and
// little-endian bits of all parameters, sorted by path: equal weights, and
// only those, have equal hashes.
func (m *Model) WeightsSHA256() (string, error) {
	weights, err := m.Weights()
	if err != nil {
		return "", err
	}
	slices.SortFunc(weights, func(a, b Weight) int { return strings.Compare(a.Path, b.Path) })
	h := sha256.New()
	for _, w := range weights {
		fmt.Fprintf(h, "%q\n%v\n%v\n", w.Path, w.Value.Dtype(), []int(w.Value.Shape()))
		if err := binary.Write(h, binary.LittleEndian, w.Value.Data()); err != nil {
			return "", errors.Wrap(err, w.Path)
		}
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// Freeze keeps training from changing the weights at the given paths and below
// them: "lstm" for a layer, "encoder/lstm" for a layer of a model in the model,
// "dense/kernel" for a single weight, each with or without the name of the model
// in front; of a model and a layer of one name, the name alone means the layer.
// Without a path it freezes all. Moving averages stay as they are, too, and a frozen
// normalisation layer computes in training what it computes in prediction. Files
// keep what is frozen.
//
// It applies to the training of this model, and of those that have it as a layer.
// A trainer must be compiled after it.
func (m *Model) Freeze(paths ...string) error { return m.freeze(true, paths) }

// Unfreeze lets training change the weights again. What a model in this one has
// frozen itself must be unfrozen there.
func (m *Model) Unfreeze(paths ...string) error { return m.freeze(false, paths) }

func (m *Model) freeze(frozen bool, paths []string) error {
	if err := m.Build(); err != nil {
		return err
	}
	full := []string{m.cfg.Name}
	if len(paths) > 0 {
		full = make([]string, len(paths))
		for i, path := range paths {
			var ok bool
			// Paths after the name come first: "lstm" is a layer of a model "lstm".
			if full[i], ok = params.Find(m.params, m.cfg.Name+"/"+path, path); !ok {
				return graph.Error{Path: path, Field: "path", Rule: "must lead to weights" + params.Nearest(m.params, path)}
			}
		}
	}
	return m.params.Freeze(frozen, full...)
}

// frozen are the paths of all weights that are frozen, as a file has them; ""
// where there are none.
func (m *Model) frozen(r *codec.Registry) (string, error) {
	var paths []string
	for _, p := range m.params.All() {
		if p.Frozen() {
			paths = append(paths, strings.TrimPrefix(p.Path, m.cfg.Name+"/"))
		}
	}
	if len(paths) == 0 {
		return "", nil
	}
	text, err := r.Encode(paths)
	return string(text), errors.Wrap(err, m.cfg.Name)
}

// refreeze freezes what was frozen when a file was written.
func (m *Model) refreeze(r *codec.Registry, text string) error {
	if text == "" {
		return nil
	}
	var paths []string
	if err := r.Decode([]byte(text), &paths); err != nil {
		return errors.Wrap(err, frozenKey)
	}
	for i, path := range paths {
		paths[i] = m.cfg.Name + "/" + path
		if m.params.Get(paths[i]) == nil {
			return graph.Error{Path: paths[i], Field: frozenKey, Rule: "must name a weight of the model"}
		}
	}
	return m.params.Freeze(true, paths...)
}
