package conformance_test

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/models"
	"github.com/pkg/errors"
)

func TestBadFiles(t *testing.T) { checkBadInput(t, badFiles(t)) }

// unregistered is a layer that Load has no type for.
type unregistered struct{}

func (unregistered) Call(_ *graph.Scope, inputs ...graph.Value) []graph.Value { return inputs }

func badFiles(t *testing.T) []badInput {
	path := filepath.Join(t.TempDir(), "model.safetensors")
	save := func(ls ...layers.Layer) []byte {
		m := models.NewSequential(models.Config{Custom: []any{unregistered{}}}, ls...)
		var b bytes.Buffer
		if _, err := m.WriteTo(&b); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	load := func(data []byte) func() error {
		return func() error {
			if err := os.WriteFile(path, data, 0o600); err != nil {
				return err
			}
			m, err := models.Load(path, models.LoadConfig{})
			if m != nil {
				return errors.Errorf("a model together with the error %v", err)
			}
			return err
		}
	}
	good := save(row, one)
	if err := load(good)(); err == nil || err.Error() != "a model together with the error <nil>" {
		t.Fatal(err)
	}
	return []badInput{
		{"a model file cut short in its numbers", load(good[:len(good)-1]), "", errs.Error{Path: path, Field: "data"}},
		{"a model file cut short in its header", load(good[:len(good)/2]), "", errs.Error{Path: path, Field: "header"}},
		{"an empty model file", load(nil), "", errs.Error{Path: path, Field: "header"}},
		{"a model file that is too long", load(append(bytes.Clone(good), 0)), "", errs.Error{Path: path, Field: "file"}},
		{"a model file with an unknown layer", load(save(row, unregistered{}, one)), path + ": engram_config: config.layers[1].layer.class_name", errs.Error{Path: "config.layers[1].layer.class_name", Value: "unregistered"}},
		{"a model file of a later format", load(bytes.Replace(good, []byte(`"engram_format":"1"`), []byte(`"engram_format":"2"`), 1)), path, errs.Error{Field: "engram_format", Value: 2}},
		{"a file that is no model", load([]byte("this is a letter to my aunt")), "", errs.Error{Path: path, Field: "header", Value: uint64(2338328219631577204)}},
		{"a model file that is not there", func() error { _, err := models.Load(path+".old", models.LoadConfig{}); return err }, "", errs.Error{Path: path + ".old", Field: "file", Value: "no such file or directory", Kind: fs.ErrNotExist}},
		{"a folder for a model file", func() error { _, err := models.Load(filepath.Dir(path), models.LoadConfig{}); return err }, "", errs.Error{Path: filepath.Dir(path), Field: "file", Value: "a directory"}},
		{"saving a function that is not registered", func() error {
			f := layers.NewFunction("mine", func(_ *graph.Scope, inputs ...graph.Value) []graph.Value { return inputs })
			return sequential(row, layers.Lambda{Function: f}).Save(path)
		}, "", errs.Error{Path: "sequential/lambda", Field: "Lambda.Function", Value: "mine"}},
		{"saving what cannot be read again", func() error { return sequential(row, unregistered{}).Save(path) }, "", errs.Error{Path: "sequential/unregistered", Field: "unregistered", Value: "conformance_test.unregistered"}},
	}
}
