package models

import (
	"bytes"
	"io"
	"reflect"
	"slices"
	"strconv"
	"sync"

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

// registry knows the types that a config may hold: Engram's, and custom ones, which
// come from the given field.
func registry(field string, custom []any) (*codec.Registry, error) {
	r, err := builtIn()
	if err != nil {
		return nil, err
	}
	return r.With(field, custom...)
}

// builtIn knows Engram's types. Making it takes longer than reading a small config.
var builtIn = sync.OnceValues(func() (*codec.Registry, error) {
	r, err := codec.NewRegistry(slices.Concat([]any{saved.Sequential{}, saved.Functional{}}, layers.All(), activations.All(), initializers.All(),
		regularizers.All(), constraints.All())...)
	if err != nil {
		return nil, err
	}
	// The cells had all fields of their layers once, and these had to be zero.
	for _, cell := range []any{layers.LSTMCell{}, layers.GRUCell{}, layers.SimpleRNNCell{}} {
		r = r.Retire(cell, "activity_regularizer", "return_sequences", "return_state", "go_backwards", "zero_output_for_mask", "initial_state", "unrolled", "name")
	}
	return r, nil
})

// registry is that of the model's config.
func (m *Model) registry() (*codec.Registry, error) {
	r, err := registry("Config.Custom", m.cfg.Custom)
	return r, errors.Wrap(err, m.cfg.Name)
}

// Save writes the model to a file, which appears whole or not at all. It refuses
// what Load could not read again, before anything is written: weights that are not
// finite, and whatever CheckSave refuses. Later versions of Engram read the file and
// predict the same.
func (m *Model) Save(path string) error {
	f, err := m.file()
	if err != nil {
		return err
	}
	return safetensors.WriteFile(path, f)
}

// CheckSave reports what Save would refuse whatever the weights are: a layer,
// activation, initializer, function or the like that is neither Engram's nor in
// Config.Custom, and a config with a value that a file cannot hold. Call it before a
// long training whose result is to be saved. Build and training do not, as a model
// that is only tried out needs no Config.Custom.
func (m *Model) CheckSave() error {
	if err := m.Build(); err != nil {
		return err
	}
	_, err := m.describe()
	return err
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
		if err := errs.At(dense.CheckFinite(w.Value), w.Path, ""); err != nil {
			return safetensors.File{}, err
		}
		f.Tensors[w.Path] = w.Value
	}
	return f, nil
}

// describe is what a file says of a model that is built, in JSON by the keys of its
// metadata: all but the weights.
func (m *Model) describe() (map[string]string, error) {
	r, err := m.registry()
	if err != nil {
		return nil, err
	}
	if err := writable(r, m.cfg.Name, m.body.layers()); err != nil {
		return nil, err
	}
	text, err := r.Encode(m.body.config(m))
	if err != nil {
		return nil, errs.At(err, m.cfg.Name, "")
	}
	out := map[string]string{formatKey: strconv.Itoa(currentFormat().version), configKey: string(text)}
	if frozen, err := m.frozen(r); err != nil {
		return nil, err
	} else if frozen != "" {
		out[frozenKey] = frozen
	}
	return out, nil
}

// writable refuses, by its path, a layer that Load could not read again.
func writable(r *codec.Registry, path string, all []namedLayer) error {
	for _, l := range all {
		here := path + "/" + l.name
		if l.model != nil {
			if err := writable(r, here, l.model.body.layers()); err != nil {
				return err
			}
		} else if k := reflect.TypeOf(l.layer).Kind(); k != reflect.Struct && k != reflect.String {
			return graph.Error{Path: here, Field: l.class(), Rule: "must be of a struct or string type to be saved", Value: k}
		} else if _, err := r.Encode(l.layer); err != nil {
			return errs.At(err, here, "")
		}
	}
	return nil
}

// Clone is a model with the same layers, name, seed, dtype and frozen weights, and with
// copies of the weights. It refuses what Save refuses.
func (m *Model) Clone() (*Model, error) {
	var file bytes.Buffer
	if _, err := m.WriteTo(&file); err != nil {
		return nil, err
	}
	return Read(&file, LoadConfig{Custom: m.cfg.Custom})
}
