package models

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/internal/codec"
	"github.com/engram-go/engram/internal/layername"
	"github.com/engram-go/engram/internal/params"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/models/internal/saved"
	"github.com/engram-go/engram/models/safetensors"
	"github.com/pkg/errors"
)

// LoadConfig says what a file may hold besides Engram's types.
type LoadConfig struct {
	Custom []any // as in Config
}

// Load reads a model that Save wrote, in this version of Engram or an earlier one. A
// field that the file lacks is zero, and then its default: so it is for fields that a
// type got after the file was written.
//
// The file is not trusted. One that is cut short or too long, has a newer format, an
// unknown layer or field, as a newer version may write it, or weights that do not fit
// the layers is an error. Weights are read once they are known to fit.
func Load(path string, cfg LoadConfig) (*Model, error) {
	f, err := safetensors.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	m, err := restore(f, cfg, currentFormat())
	return m, errors.Wrap(err, path)
}

// Read reads from a stream what WriteTo wrote, as Load does.
func Read(r io.Reader, cfg LoadConfig) (*Model, error) {
	f, err := safetensors.NewReader(r)
	if err != nil {
		return nil, err
	}
	return restore(f, cfg, currentFormat())
}

// restore makes the model of what a file says, and reads the weights once they
// are known to fit.
func restore(f *safetensors.Reader, cfg LoadConfig, known format) (*Model, error) {
	m, r, err := described(f.Metadata, cfg, known)
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
	if err := m.useLoaded(m.params, m.cfg.Name); err != nil {
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

// described makes a model of what describe says of it, without weights, and the
// registry for what is frozen.
func described(text map[string]string, cfg LoadConfig, known format) (*Model, *codec.Registry, error) {
	config, err := known.config(text)
	if err != nil {
		return nil, nil, err
	}
	r, err := registry("LoadConfig.Custom", cfg.Custom)
	if err != nil {
		return nil, nil, err
	}
	var whole layers.Layer
	if err := r.Decode(config, &whole); err != nil {
		return nil, nil, errors.Wrap(err, configKey)
	}
	model, ok := whole.(saved.Model)
	if !ok {
		got := "null"
		if whole != nil {
			got = layername.Class(whole)
		}
		return nil, nil, graph.Error{Field: configKey, Rule: "must be the config of a Sequential or a Functional", Value: got}
	}
	m, err := rebuild(model, cfg)
	if err != nil {
		return nil, nil, err
	}
	if _, err := m.inputs(); err != nil {
		return nil, nil, err
	}
	return m, r, nil
}

// stored are the shapes of the weights in a file, whose dtype must be the model's.
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
