package models_test

import (
	"bytes"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/errs/errtest"
	"github.com/engram-go/engram/models"
	"github.com/engram-go/engram/models/safetensors"
	"github.com/pkg/errors"
	"gorgonia.org/tensor"
)

// edited is the file of a model after a change.
func edited(t testing.TB, m model, change func(f *safetensors.File)) []byte {
	t.Helper()
	f, err := safetensors.Read(bytes.NewReader(bytesOf(t, m)))
	if err != nil {
		t.Fatal(err)
	}
	change(&f)
	var b bytes.Buffer
	if err := safetensors.Write(&b, f); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// config replaces a piece of the config.
func config(from, to string) func(*safetensors.File) {
	return func(f *safetensors.File) {
		text := f.Metadata["engram_config"]
		if !strings.Contains(text, from) {
			panic("the config has no " + from + ": " + text)
		}
		f.Metadata["engram_config"] = strings.Replace(text, from, to, 1)
	}
}

func weight(path string, shape ...int) func(*safetensors.File) {
	return func(f *safetensors.File) { f.Tensors[path] = inputs(tensor.Float32, shape...) }
}

func read(data []byte) (*models.Model, error) {
	return models.Read(bytes.NewReader(data), models.LoadConfig{})
}

func TestReadRefuses(t *testing.T) {
	m := forecaster(models.Config{Seed: 1})
	whole := func(text string) func(*safetensors.File) {
		return func(f *safetensors.File) { f.Metadata["engram_config"] = text }
	}
	const lstm = "config.layers[1].layer.config."
	type e = errs.Error
	for name, c := range map[string]struct {
		change func(f *safetensors.File)
		want   errs.Error
	}{
		"a weight missing":     {func(f *safetensors.File) { delete(f.Tensors, "sequential/dense/bias") }, e{Path: "sequential/dense/bias", Field: "weight"}},
		"all weights missing":  {func(f *safetensors.File) { clear(f.Tensors) }, e{Path: "sequential/lstm/kernel", Field: "weight"}},
		"one weight too many":  {weight("sequential/dense/extra", 1), e{Field: "weights", Value: "sequential/dense/extra"}},
		"a shape":              {weight("sequential/dense/kernel", 1, 3), e{Path: "sequential/dense/kernel", Field: "weight", Value: "[1, 3]"}},
		"a rank":               {weight("sequential/dense/bias", 1, 1), e{Path: "sequential/dense/bias", Field: "weight", Value: "[1, 1]"}},
		"a weight's dtype":     {func(f *safetensors.File) { f.Tensors["sequential/dense/bias"] = inputs(tensor.Float64, 1) }, e{Path: "sequential/dense/bias", Field: "dtype", Value: "float64"}},
		"NaN":                  {func(f *safetensors.File) { f.Tensors["sequential/dense/bias"].Float32s()[0] = float32(math.NaN()) }, e{Field: "element [0]", Value: "NaN", Kind: errs.ErrNotFinite}},
		"the dtype":            {config(`"dtype":"float32"`, `"dtype":"float64"`), e{Path: "sequential/dense/bias", Field: "dtype", Value: "float32"}},
		"no dtype":             {config(`"dtype":"float32"`, `"dtype":""`), e{Field: "dtype", Value: `""`}},
		"an absent dtype":      {config(`"dtype":"float32",`, ``), e{Field: "dtype", Value: `""`}},
		"an unknown dtype":     {config(`"float32"`, `"float16"`), e{Field: "dtype", Value: `"float16"`}},
		"an unknown layer":     {config(`"class_name":"LSTM"`, `"class_name":"Lstm"`), e{Path: "config.layers[1].layer.class_name", Value: "Lstm"}},
		"no layer":             {config(`"class_name":"LSTM"`, `"class_name":"ZeroState"`), e{Path: "config.layers[1].layer.class_name", Value: "ZeroState"}},
		"an unknown name":      {config(`"tanh"`, `"tanhh"`), e{Path: lstm + "activation", Value: "tanhh"}},
		"an unknown field":     {config(`"units"`, `"unit"`), e{Path: lstm + "unit", Value: "3"}},
		"an unknown zero":      {config(`"units"`, `"new":false,"units"`), e{Path: lstm + "new", Value: "false"}},
		"an absent field":      {config(`"units":3,`, ``), e{Path: "sequential/lstm", Field: "LSTM.Units", Value: "0"}},
		"negative units":       {config(`"units":3`, `"units":-3`), e{Path: "sequential/lstm", Field: "LSTM.Units", Value: "-3"}},
		"huge units":           {config(`"units":3`, `"units":1000000000`), e{Path: "sequential/lstm", Field: "LSTM.Units", Value: "1000000000"}},
		"units of 2⁶²":         {config(`"units":3`, `"units":4611686018427387904`), e{Path: "sequential/lstm", Field: "LSTM.Units"}},
		"other units":          {config(`"units":3`, `"units":4`), e{Path: "sequential/lstm/kernel", Field: "weight", Value: "[2, 12]"}},
		"a dropout of 1":       {config(`"units":3`, `"units":3,"dropout":1`), e{Path: "sequential/lstm", Field: "LSTM.Dropout", Value: "1"}},
		"a layer's name":       {config(`"name":"dense"`, `"name":"dens"`), e{Path: "sequential/dens/kernel", Field: "weight"}},
		"an empty layer name":  {config(`"name":"dense"`, `"name":""`), e{Path: "sequential", Field: "layer name", Value: `""`}},
		"a layer's name twice": {config(`"name":"dense"`, `"name":"lstm"`), e{Path: "sequential", Field: "layer name", Value: `"lstm"`}},
		"a name with /":        {config(`"name":"dense"`, `"name":"a/b"`), e{Path: "sequential", Field: "layer name", Value: `"a/b"`}},
		"a control sign":       {config(`"name":"dense"`, `"name":"\u001b[2J"`), e{Path: "sequential", Field: "layer name", Value: `"\x1b[2J"`}},
		"no model name":        {config(`"name":"sequential"`, `"name":""`), e{Field: "name", Value: `""`}},
		"a model name with /":  {config(`"name":"sequential"`, `"name":"a/b"`), e{Field: "name", Value: `"a/b"`}},
		"null for a layer":     {config(`"layer":{"class_name":"Dense"`, `"layer":null,"x":{"class_name":"Dense"`), e{Path: "config.layers[2].x"}},
		"no layers":            {whole(`{"class_name":"Sequential","config":{"name":"a","seed":0,"dtype":"float32","layers":[]}}`), e{Path: "a", Field: "model"}},
		"absent layers":        {whole(`{"class_name":"Sequential","config":{"name":"a","dtype":"float32"}}`), e{Path: "a", Field: "model"}},
		"a nil layer":          {whole(`{"class_name":"Sequential","config":{"name":"a","seed":0,"dtype":"float32","layers":[{"name":"b","layer":null}]}}`), e{Path: "a/b", Field: "layer"}},
		"an absent layer":      {whole(`{"class_name":"Sequential","config":{"name":"a","dtype":"float32","layers":[{"name":"b"}]}}`), e{Path: "a/b", Field: "layer"}},
		"an input of any size": {config(`"shape":[-1,2]`, `"shape":[-1,-1]`), e{Path: "sequential/lstm", Field: "LSTM", Value: "[any, any, any]"}},
		"a negative axis":      {config(`"shape":[-1,2]`, `"shape":[-2,2]`), e{Path: "sequential/input", Field: "Input.Shape", Value: "[-2, 2]"}},
		"no config":            {func(f *safetensors.File) { delete(f.Metadata, "engram_config") }, e{Path: "JSON"}},
		"a config of nothing":  {whole("null"), e{Field: "engram_config", Value: "null"}},
		"a config of another":  {whole(`{"class_name":"Flatten","config":{"name":""}}`), e{Field: "engram_config", Value: "Flatten"}},
		"a config cut short":   {func(f *safetensors.File) { f.Metadata["engram_config"] = f.Metadata["engram_config"][:100] }, e{Path: "JSON"}},
		"a later format":       {func(f *safetensors.File) { f.Metadata["engram_format"] = "2" }, e{Field: "engram_format", Value: "2"}},
		"format 0":             {func(f *safetensors.File) { f.Metadata["engram_format"] = "0" }, e{Field: "engram_format", Value: `"0"`}},
		"format 01":            {func(f *safetensors.File) { f.Metadata["engram_format"] = "01" }, e{Field: "engram_format", Value: `"01"`}},
		"another's file":       {func(f *safetensors.File) { f.Metadata = map[string]string{"format": "pt"} }, e{Field: "engram_format", Value: `""`}},
		"new metadata":         {func(f *safetensors.File) { f.Metadata["engram_new"] = "1" }, e{Field: "engram_new"}},
	} {
		t.Run(name, func(t *testing.T) {
			data := edited(t, m, c.change)
			back, err := read(data)
			if back != nil {
				t.Error("got a model and an error")
			}
			errtest.Check(t, err, c.want)
			path := filepath.Join(t.TempDir(), "a model")
			if err := os.WriteFile(path, data, 0o600); err != nil {
				t.Fatal(err)
			}
			_, err = models.Load(path, models.LoadConfig{})
			errtest.Check(t, err, c.want)
			if !strings.HasPrefix(err.Error(), path) {
				t.Errorf("the error must name the file, got %v", err)
			}
		})
	}
	if _, err := read(edited(t, m, func(f *safetensors.File) { f.Metadata["note"] = "made on a Monday" })); err != nil {
		t.Errorf("other metadata must be allowed, got %v", err)
	}
}

func TestLoadRefusesOtherFiles(t *testing.T) {
	dir := t.TempDir()
	_, err := models.Load(filepath.Join(dir, "nothing"), models.LoadConfig{})
	errtest.Check(t, err, errs.Error{Path: filepath.Join(dir, "nothing"), Field: "file"})
	if !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("want fs.ErrNotExist, got %v", err)
	}
	_, err = models.Load(dir, models.LoadConfig{})
	errtest.Check(t, err, errs.Error{Path: dir, Field: "file", Value: "a directory"})
	for name, content := range map[string]string{"empty": "", "text": "this is no model", "long text": strings.Repeat("no model ", 100), "zeros": strings.Repeat("\x00", 100), "JSON": `{"class_name":"Sequential"}`} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := models.Load(path, models.LoadConfig{})
		errtest.Check(t, err, errs.Error{Path: path, Field: "header"})
	}
}
