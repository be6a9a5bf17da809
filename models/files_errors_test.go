package models_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io/fs"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/models"
	"github.com/engram-go/engram/models/safetensors"
	"github.com/pkg/errors"
	"gorgonia.org/tensor"
)

// edited is what a file says after change was at it.
func edited(t testing.TB, m *models.Sequential, change func(f *safetensors.File)) []byte {
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

func read(data []byte) (*models.Sequential, error) {
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
		"an unknown layer":     {config(`"class_name":"LSTM"`, `"class_name":"Lstm"`), []string{"metadata engram_config", "config.layers[1].layer.class_name", "must name a registered layers.Layer, got Lstm"}},
		"no layer":             {config(`"class_name":"LSTM"`, `"class_name":"ZeroState"`), []string{"config.layers[1].layer.class_name", "got ZeroState"}},
		"an unknown name":      {config(`"tanh"`, `"tanhh"`), []string{"config.layers[1].layer.config.activation", "got tanhh"}},
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
			f.Metadata["engram_config"] = `{"class_name":"saved","config":{"name":"a","dtype":"float32","layers":[]}}`
		}, []string{"a: model must have layers"}},
		"a nil layer": {func(f *safetensors.File) {
			f.Metadata["engram_config"] = `{"class_name":"saved","config":{"name":"a","dtype":"float32","layers":[{"name":"b","layer":null}]}}`
		}, []string{"a/b: layer must not be nil"}},
		"an input of any size": {config(`"shape":[-1,2]`, `"shape":[-1,-1]`), []string{"sequential/lstm: LSTM must have an input whose last axis is known, got [any, any, any]"}},
		"a negative axis":      {config(`"shape":[-1,2]`, `"shape":[-2,2]`), []string{"sequential/input: Input.Shape must have positive or open axes, got [-2, 2]"}},
		"no config":            {func(f *safetensors.File) { delete(f.Metadata, "engram_config") }, []string{"metadata engram_config: JSON must be one complete value"}},
		"a config of nothing":  {func(f *safetensors.File) { f.Metadata["engram_config"] = "null" }, []string{"metadata engram_config"}},
		"a config of another":  {func(f *safetensors.File) { f.Metadata["engram_config"] = `{"class_name":"Dense","config":{"units":1}}` }, []string{"metadata engram_config", "got Dense"}},
		"a config cut short":   {func(f *safetensors.File) { f.Metadata["engram_config"] = f.Metadata["engram_config"][:100] }, []string{"metadata engram_config: JSON must be one complete value"}},
		"a later format":       {func(f *safetensors.File) { f.Metadata["engram_format"] = "2" }, []string{`metadata engram_format must be "1", as Save writes it, got "2"`}},
		"another's file":       {func(f *safetensors.File) { f.Metadata = map[string]string{"format": "pt"} }, []string{`metadata engram_format must be "1"`, `got ""`}},
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

// small is a model with everything that a file can have, in as few bytes as
// that takes.
func small(t testing.TB) []byte {
	return bytesOf(t, models.NewSequential(models.Config{Name: "m"},
		layers.Input{Shape: graph.Shape{2, 1}},
		layers.LSTM{Units: 1, InitialState: layers.FixedState{Elements: [][]float64{{1}, {2}}}},
		layers.Dense{Units: 1},
	))
}

func TestReadCutShort(t *testing.T) {
	data := small(t)
	for n := range data {
		m, err := read(data[:n])
		if m != nil || !errors.Is(err, graph.ErrInput) {
			t.Fatalf("%d of %d bytes: got %v, %v", n, len(data), m, err)
		}
	}
	broken := errors.New("the network is gone")
	for _, n := range []int{0, 1, 8, 9, len(data) / 2, len(data) - 1, len(data)} {
		r := &failingReader{data[:n], broken}
		if _, err := models.Read(r, models.LoadConfig{}); !errors.Is(err, broken) {
			t.Errorf("after %d bytes: got %v", n, err)
		}
	}
	if _, err := models.Read(iotest.OneByteReader(bytes.NewReader(data)), models.LoadConfig{}); err != nil {
		t.Error(err)
	}
}

type failingReader struct {
	data []byte
	err  error
}

func (r *failingReader) Read(p []byte) (int, error) {
	if len(r.data) == 0 {
		return 0, r.err
	}
	n := copy(p, r.data)
	r.data = r.data[n:]
	return n, nil
}

func TestReadTooLong(t *testing.T) {
	data := small(t)
	for _, more := range []string{"\x00", " ", "\n", "{}", string(data)} {
		_, err := read(append(bytes.Clone(data), more...))
		refused(t, err, "file must end with its last tensor, but goes on")
	}
}

// A byte that was changed is an error, or makes a model that is as good as any
// other: it goes out and comes in again, and predicts.
func TestReadChangedBytes(t *testing.T) {
	data := small(t)
	r := rand.New(rand.NewPCG(1, 1))
	valid := 0
	for at := range data {
		for _, mask := range []byte{1 << r.IntN(8), byte(1 + r.IntN(255))} {
			changed := bytes.Clone(data)
			changed[at] ^= mask
			if checkRead(t, changed) {
				valid++
			}
		}
	}
	if valid < 20 {
		t.Errorf("only %d changes made a model; the weights alone have more bits", valid)
	}
}

// checkRead reads what may be a model, and tells whether it is one.
func checkRead(t testing.TB, data []byte) bool {
	m, err := read(data)
	if err != nil {
		if m != nil {
			t.Fatal("a model beside an error")
		}
		if !errors.Is(err, graph.ErrInput) && !errors.Is(err, graph.ErrNotFinite) {
			t.Fatalf("an error without a kind: %v", err)
		}
		if strings.Contains(err.Error(), "panicked") {
			t.Fatal(err)
		}
		return false
	}
	again, err := read(bytesOf(t, m))
	if err != nil || hash(t, again) != hash(t, m) || summary(t, again) != summary(t, m) {
		t.Fatalf("a model that was read does not go out and in again: %v", err)
	}
	shapes, err := m.InputShapes()
	if err != nil {
		t.Fatal(err)
	}
	shape := shapes[0].With(0, 2)
	for i, d := range shape {
		if d == graph.Any {
			shape[i] = 2
		}
	}
	if size := shape.Size(); size > 0 && size < 100 {
		if _, err := m.PredictAll(ctx, inputs(m.Dtype(), shape...)); err != nil && strings.Contains(err.Error(), "panicked") {
			t.Fatal(err)
		}
	}
	return true
}

func FuzzRead(f *testing.F) {
	f.Add(small(f))
	f.Add(bytesOf(f, models.NewSequential(models.Config{}, layers.Input{Shape: graph.Shape{1}}, layers.Flatten{}, layers.Dropout{Rate: 0.5})))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, data []byte) { checkRead(t, data) })
}

// FuzzReadConfig reaches deeper: the file is whole, and the config anything.
func FuzzReadConfig(f *testing.F) {
	m, err := safetensors.Read(bytes.NewReader(small(f)))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(m.Metadata["engram_config"])
	f.Add(strings.Replace(m.Metadata["engram_config"], `"units":1`, `"units":1000000000000`, 1))
	f.Fuzz(func(t *testing.T, text string) {
		c := safetensors.File{Metadata: map[string]string{"engram_format": "1", "engram_config": text}, Tensors: m.Tensors}
		var b bytes.Buffer
		if err := safetensors.Write(&b, c); err != nil {
			t.Skip()
		}
		checkRead(t, b.Bytes())
	})
}

// allocated is how many bytes were taken while f ran.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// A small file that claims something large must not be believed.
func TestReadTakesNoMemoryForClaims(t *testing.T) {
	m := forecaster(models.Config{})
	dense := models.NewSequential(models.Config{}, layers.Input{Shape: graph.Shape{2}}, layers.Flatten{}, layers.Dense{Units: 1}, layers.Dropout{})
	whole := bytesOf(t, m)
	header := bytes.Clone(whole)
	binary.LittleEndian.PutUint64(header, 99_999_999)
	for name, data := range map[string][]byte{
		"LSTM units":  edited(t, m, config(`"units":3`, `"units":20000`)),
		"Dense units": edited(t, dense, config(`"units":1`, `"units":1000000000`)),
		"input":       edited(t, dense, config(`"shape":[2]`, `"shape":[1000000000]`)),
		"axes":        edited(t, dense, config(`"shape":[2]`, `"shape":[1000000,1000000,1000000,1000000]`)),
		"steps":       edited(t, m, config(`"shape":[-1,2]`, `"shape":[1000000000,2]`)),
		"states": edited(t, m, config(`{"class_name":"ZeroState","config":{}}`,
			`{"class_name":"FixedState","config":{"elements":[[1],[2]]}}`)),
		"header": header,
		"tensor": bytes.Replace(whole, []byte(`"shape":[3,1],"data_offsets":[4,16]`), []byte(`"shape":[9,9],"data_offsets":[4,328]`), 1),
	} {
		t.Run(name, func(t *testing.T) {
			var err error
			if n := allocated(func() { _, err = read(data) }); n > 8<<20 {
				t.Errorf("%d bytes were taken for a file of %d", n, len(data))
			}
			if name != "steps" { // which a model may well have
				refused(t, err)
			}
		})
	}
}

// A file of many layers takes time in proportion.
func TestReadManyLayers(t *testing.T) {
	m := models.NewSequential(models.Config{}, layers.Input{Shape: graph.Shape{1}}, layers.Flatten{})
	const one = `{"name":"flatten","layer":{"class_name":"Flatten","config":{"name":""}}}`
	var many strings.Builder
	for i := range 100_000 {
		if i > 0 {
			many.WriteByte(',')
		}
		many.WriteString(strings.Replace(one, "flatten", fmt.Sprint("f", i), 1))
	}
	data := edited(t, m, config(one, many.String()))
	begun := time.Now()
	back, err := read(data)
	if took := time.Since(begun); err != nil || took > 20*time.Second {
		t.Errorf("took %v, %v", took, err)
	}
	if _, err := back.OutputShapes(); err != nil {
		t.Error(err)
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
