package models

import (
	"slices"
	"strings"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/internal/codec"
	"github.com/pkg/errors"
)

// Freeze keeps training from changing the weights under the given paths, which
// begin after the name of the model: "lstm", or "encoder/lstm" for a layer of a
// model in the model, or "dense/kernel" for a single weight. Without a path it
// freezes all. Moving averages stay as they are, too, and a frozen
// normalisation layer behaves in training as it does otherwise. Files keep what
// is frozen.
//
// It concerns the training of this model, and of those that it is a part of. A
// trainer must be compiled after it.
func (m *Model) Freeze(paths ...string) error { return m.freeze(true, paths) }

// Unfreeze lets training change what Freeze kept from it. What a model in this
// one has frozen itself must be unfrozen there.
func (m *Model) Unfreeze(paths ...string) error { return m.freeze(false, paths) }

func (m *Model) freeze(frozen bool, paths []string) error {
	if err := m.Build(); err != nil {
		return err
	}
	full := []string{m.cfg.Name}
	if len(paths) > 0 {
		full = slices.Clone(paths)
		for i := range full {
			full[i] = m.cfg.Name + "/" + full[i]
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

// refreeze freezes what a file says was frozen.
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
