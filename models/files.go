package models

import (
	"io"
	"reflect"
	"slices"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/internal/codec"
	"github.com/engram-go/engram/internal/dense"
	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/layers/activations"
	"github.com/engram-go/engram/layers/constraints"
	"github.com/engram-go/engram/layers/initializers"
	"github.com/engram-go/engram/layers/regularizers"
	"github.com/engram-go/engram/models/internal/saved"
	"github.com/engram-go/engram/models/safetensors"
	"github.com/pkg/errors"
	"gorgonia.org/tensor"
)

// A saved model is one safetensors file: the weights by path, and in its
// metadata the config of every layer, all defaults written out, so that a
// default that changes later never changes an old model, and the paths of the
// weights that are frozen.
const (
	formatKey     = "engram_format"
	formatVersion = "1"
	configKey     = "engram_config"
	frozenKey     = "engram_frozen" // there only where something is frozen
)

// registry knows the types that a config may hold; field is where those come from
// that are not Engram's own.
func registry(field string, custom []any) (*codec.Registry, error) {
	r, err := codec.NewRegistry(slices.Concat([]any{saved.Sequential{}, saved.Functional{}}, layers.All(), activations.All(), initializers.All(),
		regularizers.All(), constraints.All())...)
	if err != nil {
		return nil, err
	}
	return r.With(field, custom...)
}

// registry is that of the model's own config.
func (m *Model) registry() (*codec.Registry, error) {
	r, err := registry("Config.Custom", m.cfg.Custom)
	return r, errors.Wrap(err, m.cfg.Name)
}

// Save writes the model to a file, which appears whole or not at all. It
// refuses what Load could not read again, before anything is written: a layer
// that is neither Engram's own nor in Config.Custom, and weights that are not
// finite.
func (m *Model) Save(path string) error {
	f, err := m.file()
	if err != nil {
		return err
	}
	return safetensors.WriteFile(path, f)
}

// WriteTo writes what Save writes to a stream.
func (m *Model) WriteTo(w io.Writer) (int64, error) {
	if w == nil {
		return 0, graph.Error{Path: m.cfg.Name, Field: "writer", Rule: "must not be nil"}
	}
	f, err := m.file()
	if err != nil {
		return 0, err
	}
	c := &counter{w: w}
	err = safetensors.Write(c, f)
	return c.n, errs.At(err, m.cfg.Name, "")
}

type counter struct {
	w io.Writer
	n int64
}

func (c *counter) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.n += int64(n)
	return n, err
}

func (m *Model) file() (safetensors.File, error) {
	weights, err := m.Weights()
	if err != nil {
		return safetensors.File{}, err
	}
	f := safetensors.File{Tensors: map[string]*tensor.Dense{}}
	if f.Metadata, err = m.describe(); err != nil {
		return safetensors.File{}, err
	}
	for _, w := range weights {
		if err := finite(w.Path, w.Value); err != nil {
			return safetensors.File{}, err
		}
		f.Tensors[w.Path] = w.Value
	}
	return f, nil
}

// describe is all of a model that is built but its weights, in JSON by the keys
// of a file.
func (m *Model) describe() (map[string]string, error) {
	r, err := m.registry()
	if err != nil {
		return nil, err
	}
	if err := writable(r, m.cfg.Name, m.body.units()); err != nil {
		return nil, err
	}
	text, err := r.Encode(m.body.config(m))
	if err != nil {
		return nil, errors.Wrap(err, m.cfg.Name)
	}
	out := map[string]string{formatKey: formatVersion, configKey: string(text)}
	if frozen, err := m.frozen(r); err != nil {
		return nil, err
	} else if frozen != "" {
		out[frozenKey] = frozen
	}
	return out, nil
}

// finite refuses numbers that could not be read again.
func finite(path string, t *tensor.Dense) error {
	return errs.At(dense.CheckFinite(t), path, "")
}

// writable finds the layer that Load could not read again, by its path.
func writable(r *codec.Registry, path string, units []unit) error {
	for _, u := range units {
		here := path + "/" + u.name
		if u.model != nil {
			if err := writable(r, here, u.model.body.units()); err != nil {
				return err
			}
		} else if k := reflect.TypeOf(u.layer).Kind(); k != reflect.Struct && k != reflect.String {
			return graph.Error{Path: here, Field: u.class(), Rule: "must be of a struct or string type to be saved", Value: k}
		} else if _, err := r.Encode(u.layer); err != nil {
			return errors.Wrap(err, here)
		}
	}
	return nil
}
