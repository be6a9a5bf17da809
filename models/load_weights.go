package models

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/models/safetensors"
	"github.com/pkg/errors"
	"gorgonia.org/tensor"
)

// Mismatch is how weights differ from those that a model needs. It is an error where
// all must fit. Paths are those of the model.
type Mismatch struct {
	Missing    []string // weights of the model that are not given
	Unexpected []string // weights that are given, and are not the model's
	Unfitting  []Unfitting
}

// Unfitting is a weight that is given with another shape or dtype.
type Unfitting struct {
	Path      string
	Want, Got graph.Shape
	WantDtype tensor.Dtype
	GotDtype  tensor.Dtype
}

func (u Unfitting) String() string {
	return fmt.Sprintf("%s must be %v %v, got %v %v", u.Path, u.WantDtype, u.Want, u.GotDtype, u.Got)
}

// Empty reports whether all weights fit.
func (m *Mismatch) Empty() bool {
	return len(m.Missing)+len(m.Unexpected)+len(m.Unfitting) == 0
}

// Error lists every weight.
func (m *Mismatch) Error() string {
	var parts []string
	if len(m.Missing) > 0 {
		parts = append(parts, "missing: "+strings.Join(m.Missing, ", "))
	}
	if len(m.Unexpected) > 0 {
		parts = append(parts, "not in the model: "+strings.Join(m.Unexpected, ", "))
	}
	for _, u := range m.Unfitting {
		parts = append(parts, u.String())
	}
	return "weights must be those of the model; " + strings.Join(parts, "; ")
}

// Unwrap is graph.ErrInput.
func (m *Mismatch) Unwrap() error { return graph.ErrInput }

// LoadWeights reads the weights of a file that Save wrote, for a model that is made in
// the program; Load makes the model too. The names of the two models may differ, and
// all else that is not a weight. Weights that are not exactly those of the model are a
// *Mismatch, and change nothing.
func (m *Model) LoadWeights(path string) error {
	weights, err := m.read(path)
	if err != nil {
		return err
	}
	fitting, mismatch, err := m.match(weights)
	if err != nil {
		return err
	}
	if !mismatch.Empty() {
		return errors.Wrap(mismatch, path)
	}
	return errors.Wrap(m.SetWeights(fitting...), path)
}

// LoadMatchingWeights is LoadWeights of those weights that fit, for a model that was
// changed since. It returns how the others differ, as PyTorch's load_state_dict does with
// strict=False.
func (m *Model) LoadMatchingWeights(path string) (*Mismatch, error) {
	weights, err := m.read(path)
	if err != nil {
		return nil, err
	}
	mismatch, err := m.SetMatchingWeights(weights...)
	return mismatch, errors.Wrap(err, path)
}

// SetMatchingWeights is SetWeights of those weights that fit. It returns how the others
// differ. Weights that fit but are not finite are an error, and change nothing.
func (m *Model) SetMatchingWeights(weights ...Weight) (*Mismatch, error) {
	fitting, mismatch, err := m.match(weights)
	if err != nil {
		return nil, err
	}
	return mismatch, m.SetWeights(fitting...)
}

// match divides weights into those that fit the model, and the rest.
func (m *Model) match(weights []Weight) (fitting []Weight, mismatch *Mismatch, err error) {
	params, err := m.Params()
	if err != nil {
		return nil, nil, err
	}
	mismatch = &Mismatch{}
	given := map[string]bool{}
	for _, w := range weights {
		path, err := m.weightPath(w.Path)
		if err != nil {
			mismatch.Unexpected = append(mismatch.Unexpected, w.Path)
			continue
		}
		given[path] = true
		p := params.Get(path)
		if w.Value == nil || w.Value.Dtype().Type == nil {
			return nil, nil, graph.Error{Path: path, Field: "weight", Rule: "must not be nil or unset"}
		}
		if w.Value.Dtype() == m.Dtype() && p.Shape.Equal(graph.Shape(w.Value.Shape())) {
			fitting = append(fitting, Weight{path, w.Value})
			continue
		}
		mismatch.Unfitting = append(mismatch.Unfitting, Unfitting{path, p.Shape, graph.Shape(w.Value.Shape()).Clone(), m.Dtype(), w.Value.Dtype()})
	}
	for _, p := range params.All() {
		if !given[p.Path] {
			mismatch.Missing = append(mismatch.Missing, p.Path)
		}
	}
	return fitting, mismatch, nil
}

// read reads the weights of a file, under the name of this model.
func (m *Model) read(path string) ([]Weight, error) {
	f, err := safetensors.ReadFile(path)
	if err != nil {
		return nil, err
	}
	names := slices.Sorted(maps.Keys(f.Tensors))
	var old string // name of the model in the file, with which all paths begin
	if len(names) > 0 {
		old, _, _ = strings.Cut(names[0], "/")
	}
	weights := make([]Weight, len(names))
	for i, name := range names {
		if !strings.HasPrefix(name, old+"/") {
			return nil, graph.Error{Path: path, Field: "weights", Rule: "must be those of one model, as Save writes them", Value: names[0] + " and " + name}
		}
		weights[i] = Weight{m.Name() + strings.TrimPrefix(name, old), f.Tensors[name]}
	}
	return weights, nil
}
