package models

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/internal/codec"
	"github.com/engram-go/engram/internal/params"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/models/internal/saved"
	"github.com/engram-go/engram/models/safetensors"
	"github.com/pkg/errors"
)

// LoadConfig says what a file may hold besides Engram's own types.
type LoadConfig struct {
	Custom []any // as in Config
}

// Load reads a model that Save wrote. The file is not trusted: one that is cut
// short, too long, of a later format, that names an unknown layer, lacks a field
// of one of Engram's own types, or whose weights do not fit its layers is an error.
// Weights are read once they are known to fit.
func Load(path string, cfg LoadConfig) (*Model, error) {
	f, err := safetensors.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	m, err := restore(f, cfg)
	return m, errors.Wrap(err, path)
}

// Read reads from a stream what WriteTo wrote.
func Read(r io.Reader, cfg LoadConfig) (*Model, error) {
	f, err := safetensors.NewReader(r)
	if err != nil {
		return nil, err
	}
	return restore(f, cfg)
}

// restore makes the model of what a file says, and reads the weights once they
// are known to fit.
func restore(f *safetensors.Reader, cfg LoadConfig) (*Model, error) {
	m, r, err := described(f.Metadata, cfg)
	if err != nil {
		return nil, err
	}
	shapes, err := m.stored(f.Infos)
	if err != nil {
		return nil, err
	}
	if m.params, err = params.Stored(m.Dtype(), m.cfg.Seed, shapes); err != nil {
		return nil, err
	}
	if err := m.inherit(m.params, m.cfg.Name); err != nil {
		return nil, err
	}
	if err := m.Build(); err != nil {
		return nil, err
	}
	if extra := params.Unused(m.params); len(extra) > 0 {
		return nil, graph.Error{Field: "weights", Rule: "must all belong to a layer", Value: strings.Join(extra, ", ")}
	}
	weights, err := f.Tensors()
	if err != nil {
		return nil, err
	}
	if err := params.Fill(m.params, weights); err != nil {
		return nil, err
	}
	if err := m.refreeze(r, f.Metadata[frozenKey]); err != nil {
		return nil, err
	}
	return m, nil
}

// described makes the model that describe told of, without weights, and the
// registry for the rest of what it said.
func described(text map[string]string, cfg LoadConfig) (*Model, *codec.Registry, error) {
	if v := text[formatKey]; v != formatVersion {
		return nil, nil, graph.Error{Field: formatKey, Rule: fmt.Sprintf("must be %q, as Save writes it", formatVersion), Value: fmt.Sprintf("%q", v)}
	}
	r, err := registry("LoadConfig.Custom", cfg.Custom)
	if err != nil {
		return nil, nil, err
	}
	var whole layers.Layer
	if err := r.Decode([]byte(text[configKey]), &whole); err != nil {
		return nil, nil, errors.Wrap(err, configKey)
	}
	config, ok := whole.(saved.Model)
	if !ok {
		got := "null"
		if whole != nil {
			got = layers.Class(whole)
		}
		return nil, nil, graph.Error{Field: configKey, Rule: "must be the config of a Sequential or a Functional", Value: got}
	}
	m, err := rebuild(config, cfg)
	if err != nil {
		return nil, nil, err
	}
	if _, err := m.inputs(); err != nil {
		return nil, nil, err
	}
	return m, r, nil
}

// stored are the shapes of the weights in a file, which must be of the model's
// dtype.
func (m *Model) stored(infos map[string]safetensors.Info) (map[string]graph.Shape, error) {
	shapes := make(map[string]graph.Shape, len(infos))
	for _, path := range slices.Sorted(maps.Keys(infos)) {
		if got := infos[path].Dtype; got != m.Dtype() {
			return nil, graph.Error{Path: path, Field: "dtype", Rule: fmt.Sprintf("must be %v", m.Dtype()), Value: got}
		}
		shapes[path] = infos[path].Shape
	}
	return shapes, nil
}
