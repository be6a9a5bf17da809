package models_test

import (
	"bytes"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/models"
	"github.com/engram-go/engram/models/safetensors"
	"github.com/pkg/errors"
	"gorgonia.org/tensor"
)

// edited is what a file says after change was at it.
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
	for name, c := range map[string]struct {
		change func(f *safetensors.File)
		want   []string
	}{
		"a weight missing":     {func(f *safetensors.File) { delete(f.Tensors, "sequential/dense/bias") }, []string{"sequential/dense/bias: weight must be stored"}},
		"all weights missing":  {func(f *safetensors.File) { clear(f.Tensors) }, []string{"sequential/lstm/", "weight must be stored"}},
		"one weight too many":  {weight("sequential/dense/extra", 1), []string{"weights must all belong to a layer, got sequential/dense/extra"}},
		"a shape":              {weight("sequential/dense/kernel", 1, 3), []string{"sequential/dense/kernel: weight must have the shape [3, 1], got [1, 3]"}},
		"a rank":               {weight("sequential/dense/bias", 1, 1), []string{"sequential/dense/bias: weight must have the shape [1], got [1, 1]"}},
		"a weight's dtype":     {func(f *safetensors.File) { f.Tensors["sequential/dense/bias"] = inputs(tensor.Float64, 1) }, []string{"sequential/dense/bias", "dtype must be float32, got float64"}},
		"NaN":                  {func(f *safetensors.File) { f.Tensors["sequential/dense/bias"].Float32s()[0] = float32(math.NaN()) }, []string{"sequential/dense/bias", "must be finite, got NaN"}},
		"the dtype":            {config(`"dtype":"float32"`, `"dtype":"float64"`), []string{"dtype must be float64, got float32"}},
		"no dtype":             {config(`"dtype":"float32"`, `"dtype":""`), []string{`dtype must be float32 or float64, got ""`}},
		"an unknown dtype":     {config(`"float32"`, `"float16"`), []string{`dtype must be float32 or float64, got "float16"`}},
		"an unknown layer":     {config(`"class_name":"LSTM"`, `"class_name":"Lstm"`), []string{"engram_config", "config.layers[1].layer.class_name", "must name a registered layers.Layer, or one in Custom, got Lstm"}},
		"no layer":             {config(`"class_name":"LSTM"`, `"class_name":"ZeroState"`), []string{"config.layers[1].layer.class_name", "got ZeroState"}},
		"an unknown name":      {config(`"tanh"`, `"tanhh"`), []string{"config.layers[1].layer.config.activation", "got tanhh"}},
		"a missing field":      {config(`"return_sequences":false,`, ``), []string{"config.layers[1].layer.config.return_sequences: must be given"}},
		"an unknown field":     {config(`"units"`, `"unit"`), []string{"config.layers[1].layer.config.unit", "must be a field of layers.LSTM"}},
		"negative units":       {config(`"units":3`, `"units":-3`), []string{"sequential/lstm: LSTM.Units must be positive, got -3"}},
		"huge units":           {config(`"units":3`, `"units":1000000000`), []string{"sequential/lstm"}},
		"units of 2⁶²":         {config(`"units":3`, `"units":4611686018427387904`), []string{"sequential/lstm"}},
		"other units":          {config(`"units":3`, `"units":4`), []string{"sequential/lstm/kernel: weight must have the shape [2, 16], got [2, 12]"}},
		"a dropout of 1":       {config(`"dropout":0`, `"dropout":1`), []string{"sequential/lstm: LSTM.Dropout must be at least 0 and less than 1, got 1"}},
		"a layer's name":       {config(`"name":"dense"`, `"name":"dens"`), []string{"sequential/dens/kernel: weight must be stored"}},
		"an empty layer name":  {config(`"name":"dense"`, `"name":""`), []string{`sequential: layer name must be one line of text without /, got ""`}},
		"a layer's name twice": {config(`"name":"dense"`, `"name":"lstm"`), []string{`sequential: layer name must be used once, got "lstm"`}},
		"a name with /":        {config(`"name":"dense"`, `"name":"a/b"`), []string{`got "a/b"`}},
		"a control sign":       {config(`"name":"dense"`, `"name":"\u001b[2J"`), []string{`got "\x1b[2J"`}},
		"no model name":        {config(`"name":"sequential"`, `"name":""`), []string{`name must be one line of text without /, got ""`}},
		"a model name with /":  {config(`"name":"sequential"`, `"name":"a/b"`), []string{`name must be one line of text without /, got "a/b"`}},
		"null for a layer":     {config(`"layer":{"class_name":"Dense"`, `"layer":null,"x":{"class_name":"Dense"`), []string{"config.layers[2].x", "must be a field"}},
		"no layers": {func(f *safetensors.File) {
			f.Metadata["engram_config"] = `{"class_name":"Sequential","config":{"name":"a","seed":0,"dtype":"float32","layers":[]}}`
		}, []string{"a: model must have layers"}},
		"a nil layer": {func(f *safetensors.File) {
			f.Metadata["engram_config"] = `{"class_name":"Sequential","config":{"name":"a","seed":0,"dtype":"float32","layers":[{"name":"b","layer":null}]}}`
		}, []string{"a/b: layer must not be nil"}},
		"an input of any size": {config(`"shape":[-1,2]`, `"shape":[-1,-1]`), []string{"sequential/lstm: LSTM must have an input whose last axis is known, got [any, any, any]"}},
		"a negative axis":      {config(`"shape":[-1,2]`, `"shape":[-2,2]`), []string{"sequential/input: Input.Shape must have positive or open axes, got [-2, 2]"}},
		"no config":            {func(f *safetensors.File) { delete(f.Metadata, "engram_config") }, []string{"engram_config: JSON must be one complete value"}},
		"a config of nothing":  {func(f *safetensors.File) { f.Metadata["engram_config"] = "null" }, []string{"engram_config must be the config of a Sequential or a Functional, got null"}},
		"a config of another": {func(f *safetensors.File) {
			f.Metadata["engram_config"] = `{"class_name":"Flatten","config":{"name":""}}`
		}, []string{"engram_config must be the config of a Sequential or a Functional, got Flatten"}},
		"a config cut short": {func(f *safetensors.File) { f.Metadata["engram_config"] = f.Metadata["engram_config"][:100] }, []string{"engram_config: JSON must be one complete value"}},
		"a later format":     {func(f *safetensors.File) { f.Metadata["engram_format"] = "2" }, []string{`engram_format must be "1", as Save writes it, got "2"`}},
		"another's file":     {func(f *safetensors.File) { f.Metadata = map[string]string{"format": "pt"} }, []string{`engram_format must be "1"`, `got ""`}},
	} {
		t.Run(name, func(t *testing.T) {
			data := edited(t, m, c.change)
			back, err := read(data)
			if back != nil {
				t.Error("got a model beside the error")
			}
			refused(t, err, c.want...)
			path := filepath.Join(t.TempDir(), "a model")
			if err := os.WriteFile(path, data, 0o600); err != nil {
				t.Fatal(err)
			}
			_, err = models.Load(path, models.LoadConfig{})
			refused(t, err, append(c.want, path)...)
		})
	}
	if _, err := read(edited(t, m, func(f *safetensors.File) { f.Metadata["note"] = "made on a Monday" })); err != nil {
		t.Errorf("other metadata does no harm, got %v", err)
	}
}

func TestLoadWhatIsNoModel(t *testing.T) {
	dir := t.TempDir()
	_, err := models.Load(filepath.Join(dir, "nothing"), models.LoadConfig{})
	refused(t, err, filepath.Join(dir, "nothing"))
	if !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("want fs.ErrNotExist, got %v", err)
	}
	_, err = models.Load(dir, models.LoadConfig{})
	refused(t, err, dir, "file must be a regular one")
	for name, content := range map[string]string{"empty": "", "text": "this is no model", "long text": strings.Repeat("no model ", 100), "zeros": strings.Repeat("\x00", 100), "JSON": `{"class_name":"Sequential"}`} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := models.Load(path, models.LoadConfig{})
		refused(t, err, path, "header")
	}
}

func TestSaveKeepsWhatIsThere(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "model")
	if err := forecaster(models.Config{Seed: 1}).Save(path); err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	unknown := models.NewSequential(models.Config{}, layers.Input{Shape: graph.Shape{2}}, scaled{})
	refused(t, unknown.Save(path), "sequential/scaled")
	refused(t, models.NewSequential(models.Config{}).Save(path), "must have layers")
	after, err := os.ReadFile(path)
	if err != nil || !bytes.Equal(before, after) {
		t.Errorf("a failed Save touched the file, %v", err)
	}
	refused(t, forecaster(models.Config{}).Save(dir), dir, "must be a regular one")
	err = forecaster(models.Config{}).Save(filepath.Join(dir, "no", "folder"))
	refused(t, err, "no/folder")
	if !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("want fs.ErrNotExist, got %v", err)
	}
	refused(t, forecaster(models.Config{}).Save(""), "file must be a regular one")
	if err := forecaster(models.Config{Seed: 2}).Save(path); err != nil {
		t.Fatal(err)
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) != 1 {
		t.Errorf("the folder holds %v, %v", left, err)
	}
}

func TestSaveIntoAFolderThatIsReadOnly(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "model")
	if err := forecaster(models.Config{Seed: 1}).Save(path); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o500); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.Chmod(dir, 0o700) })
	if f, err := os.CreateTemp(dir, ""); err == nil { // root may write everywhere
		f.Close()
		t.Skip("the folder can be written to all the same")
	}
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	err = forecaster(models.Config{Seed: 2}).Save(path)
	refused(t, err, path, "permission denied")
	if after, err := os.ReadFile(path); err != nil || !bytes.Equal(after, before) {
		t.Errorf("the file was touched, %v", err)
	}
}
