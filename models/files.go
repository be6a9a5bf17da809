package models

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/internal/codec"
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
// default that changes later never changes an old model.
const (
	formatKey     = "engram_format"
	formatVersion = "1"
	configKey     = "engram_config"
)

// registry knows the types that a config may hold.
func registry(custom []any) (*codec.Registry, error) {
	known := slices.Concat([]any{saved.Sequential{}}, layers.All(), activations.All(), initializers.All(),
		regularizers.All(), constraints.All(), custom)
	r, err := codec.NewRegistry(known...)
	return r, errors.Wrap(err, "Config.Custom")
}

// Save writes the model to a file, which appears whole or not at all. It
// refuses a layer that Load could not read again: one that is neither Engram's
// own nor in Config.Custom.
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
	return c.n, err
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
	r, err := registry(m.cfg.Custom)
	if err != nil {
		return safetensors.File{}, err
	}
	config := saved.Sequential{Name: m.cfg.Name, Seed: m.cfg.Seed, Dtype: m.Dtype().String(), Layers: m.body.config()}
	for _, l := range config.Layers {
		if _, err := r.Encode(l.Layer); err != nil {
			return safetensors.File{}, errors.Wrapf(err, "%s/%s", m.cfg.Name, l.Name)
		}
	}
	text, err := r.Encode(config)
	if err != nil {
		return safetensors.File{}, errors.Wrap(err, m.cfg.Name)
	}
	f := safetensors.File{
		Metadata: map[string]string{formatKey: formatVersion, configKey: string(text)},
		Tensors:  map[string]*tensor.Dense{},
	}
	for _, w := range weights {
		f.Tensors[w.Path] = w.Value
	}
	return f, nil
}

// LoadConfig says what a file may hold besides Engram's own types.
type LoadConfig struct {
	Custom []any // as in Config
}

// Load reads a model that Save wrote. The file is not trusted: one that is cut
// short, too long, of a later format, that names an unknown layer or whose
// weights do not fit its layers is an error.
func Load(path string, cfg LoadConfig) (*Sequential, error) {
	f, err := safetensors.ReadFile(path)
	if err != nil {
		return nil, err
	}
	m, err := restore(f, cfg)
	return m, errors.Wrap(err, path)
}

// Read reads from a stream what WriteTo wrote.
func Read(r io.Reader, cfg LoadConfig) (*Sequential, error) {
	if r == nil {
		return nil, graph.Error{Field: "reader", Rule: "must not be nil"}
	}
	f, err := safetensors.Read(r)
	if err != nil {
		return nil, err
	}
	return restore(f, cfg)
}

func restore(f safetensors.File, cfg LoadConfig) (*Sequential, error) {
	if v := f.Metadata[formatKey]; v != formatVersion {
		return nil, graph.Error{Field: "metadata " + formatKey, Rule: fmt.Sprintf("must be %q, as Save writes it", formatVersion), Value: fmt.Sprintf("%q", v)}
	}
	r, err := registry(cfg.Custom)
	if err != nil {
		return nil, err
	}
	var config saved.Sequential
	if err := r.Decode([]byte(f.Metadata[configKey]), &config); err != nil {
		return nil, errors.Wrap(err, "metadata "+configKey)
	}
	dtype, err := dtypeOf(config.Dtype)
	if err != nil {
		return nil, err
	}
	if err := checkName("", "name", config.Name); err != nil {
		return nil, err
	}
	m := NewSequential(Config{Name: config.Name, Seed: config.Seed, Dtype: dtype, Custom: cfg.Custom})
	for _, l := range config.Layers {
		m.chain.addNamed(l.Name, l.Layer)
	}
	if m.params, err = graph.RestoreParams(dtype, config.Seed, f.Tensors); err != nil {
		return nil, err
	}
	if err := m.Build(); err != nil {
		return nil, err
	}
	if extra := m.params.Unused(); len(extra) > 0 {
		return nil, graph.Error{Field: "weights", Rule: "must all belong to a layer", Value: strings.Join(extra, ", ")}
	}
	m.params.Restored()
	return m, nil
}

func dtypeOf(name string) (tensor.Dtype, error) {
	for _, dt := range []tensor.Dtype{tensor.Float32, tensor.Float64} {
		if dt.String() == name {
			return dt, nil
		}
	}
	return tensor.Dtype{}, graph.Error{Field: "dtype", Rule: "must be float32 or float64", Value: fmt.Sprintf("%q", name)}
}
