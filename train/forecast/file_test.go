package forecast_test

import (
	"bytes"
	"context"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/engram-go/engram/datasets"
	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/errs/errtest"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/models/safetensors"
	"github.com/engram-go/engram/train/forecast"
	"github.com/engram-go/engram/train/forecast/networks"
	"github.com/engram-go/engram/train/losses"
	"github.com/engram-go/engram/train/optimizers"
	"github.com/pkg/errors"
	"gorgonia.org/tensor"
	"pgregory.net/rapid"
)

func bytesOf(t rapid.TB, f *forecast.Forecaster) []byte {
	t.Helper()
	var b bytes.Buffer
	if _, err := f.WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func read(data []byte) (*forecast.Forecaster, error) {
	return forecast.Read(bytes.NewReader(data), forecast.LoadConfig{Custom: custom})
}

// counts are whole numbers.
func counts(name string, n int, seed uint64) *datasets.Series {
	s := walk(name, n, seed)
	for i, v := range s.Values[0] {
		s.Values[0][i] = math.Trunc(math.Abs(v - 95))
	}
	return s
}

// TestFiles saves and loads forecasters of every kind, which then forecast the same bits, say
// the same of themselves, and are saved as the same bytes.
func TestFiles(t *testing.T) {
	heads := map[string]forecast.Head{
		"Point": forecast.Point{}, "Point of a loss": forecast.Point{Of: losses.Huber{Delta: 2}},
		"Quantiles": forecast.Quantiles{Levels: []float64{0.05, 0.25, 0.5, 0.75, 0.95}}, "Gaussian": forecast.Gaussian{}, "StudentT": forecast.StudentT{},
	}
	cases := map[string]forecast.Config{
		"counts":     {Head: forecast.NegativeBinomial{}},
		"blocks":     {Block: 2, Normalize: forecast.NormalizeStandard},
		"float64":    {Dtype: tensor.Float64},
		"members":    {Members: 3},
		"best":       {Use: forecast.Best},
		"refit":      {Refit: true},
		"optimizer":  {Optimizer: optimizers.SGD{LearningRate: 0.01, Momentum: 0.5}},
		"no changes": {Transform: datasets.Difference{}, NoCalendar: true, Season: 4, MaxSteps: 7, BatchSize: 5, Seed: 8},
	}
	for name, h := range heads {
		cases[name] = forecast.Config{Head: h}
	}
	for name, tr := range transforms {
		cases[name] = forecast.Config{Transform: tr}
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if c.Optimizer == nil && c.Season == 0 {
				c.Season = 1
			}
			c.Horizon, c.Steps, c.Epochs, c.Validation, c.Test = 3, 6, 1, 0.1, 0.05
			a, b := walk("a", 60, 1), walk("b", 55, 2)
			if name == "counts" {
				a, b = counts("a", 60, 1), counts("b", 55, 2)
			}
			if c.Network == nil {
				c.Network = networks.Sequential{Layers: []layers.Layer{layers.Dense{Units: 2}}}
			}
			one := []string{"sold"}
			a.Columns, b.Columns = one, one
			a.Values[0][56], b.Values[0][2], b.Values[0][53] = math.NaN(), math.NaN(), math.NaN() // missing in the newest rows too
			f := fit(t, c, a, b)
			data := bytesOf(t, f)
			g, err := read(data)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(bytesOf(t, g), data) {
				t.Error("a file that is loaded and saved is another one")
			}
			other := counts("new", 60, 5)
			if name != "counts" {
				other = walk("new", 60, 5)
			}
			other.Columns = one
			for _, recent := range [][]*datasets.Series{nil, {a}, {other}, {b, a}} {
				if got, want := next(t, g, recent...), next(t, f, recent...); !reflect.DeepEqual(got, want) {
					t.Errorf("forecasts %v, want %v", got, want)
				}
			}
			if !reflect.DeepEqual(g.Verdict(), f.Verdict()) || !reflect.DeepEqual(g.Updates(), f.Updates()) || !reflect.DeepEqual(g.Levels(), f.Levels()) || g.Rows() != f.Rows() {
				t.Errorf("verdict %+v, want %+v", g.Verdict(), f.Verdict())
			}
			if !reflect.DeepEqual(g.Config(), withCustom(f.Config())) {
				t.Errorf("config %+v, want %+v", g.Config(), f.Config())
			}
		})
	}
}

func withCustom(c forecast.Config) forecast.Config {
	c.Custom = custom
	return c
}

// doubling is a transform of a user.
type doubling struct{ By float64 }

func (doubling) Lag() int                                       { return 0 }
func (doubling) Check(float64) error                            { return nil }
func (d doubling) Fit([]float64) (datasets.Fitted, error)       { return doubled(d), nil }
func (d doubling) Restore(p []float64) (datasets.Fitted, error) { return doubled{p[0]}, nil }

type doubled struct{ By float64 }

func (d doubled) Do(_, v float64) float64   { return d.By * v }
func (d doubled) Undo(_, v float64) float64 { return v / d.By }
func (d doubled) Parameters() []float64     { return []float64{d.By} }

// median is a head of a user.
type median struct{ Name string }

func (median) Outputs() int      { return 1 }
func (median) Loss() losses.Loss { return losses.MAE{} }
func (median) Read(out []float64) (forecast.Distribution, error) {
	return forecast.Point{}.Read(out)
}

// TestFilesOfCustomTypes needs the types of a user for a file with them.
func TestFilesOfCustomTypes(t *testing.T) {
	c := copying(copies{Column: -1, Add: 0.25}, forecast.Config{Horizon: 2, Steps: 4, Validation: 0.1, Test: 0.1, Transform: doubling{By: 2}})
	c.Head = median{Name: "m"}
	c.Custom = append([]any{doubling{}, median{}}, custom...)
	f := fit(t, c, walk("a", 40, 1))
	data := bytesOf(t, f)
	g, err := forecast.Read(bytes.NewReader(data), forecast.LoadConfig{Custom: c.Custom})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := next(t, g), next(t, f); !reflect.DeepEqual(got, want) {
		t.Errorf("forecasts %v, want %v", got, want)
	}
	for _, missing := range [][]any{nil, custom, append([]any{doubling{}}, custom...), {doubling{}, median{}, copier{}}, {doubling{}, median{}, copies{}}} {
		if _, err := forecast.Read(bytes.NewReader(data), forecast.LoadConfig{Custom: missing}); !errors.Is(err, graph.ErrInput) || !strings.Contains(err.Error(), "Custom") {
			t.Errorf("%T: got %v, want an error that names LoadConfig.Custom", missing, err)
		}
	}
	c.Custom = custom
	f = fit(t, c, walk("a", 40, 1))
	if _, err := f.WriteTo(new(bytes.Buffer)); !errors.Is(err, graph.ErrInput) || !strings.Contains(err.Error(), "Custom") {
		t.Errorf("got %v, want an error that names Config.Custom", err)
	}
}

// tiny is the file of a small forecaster with all that a file can have.
func tiny(t testing.TB) []byte {
	c := dense(forecast.Config{Targets: []string{"sold"}, Future: []string{"open"}, Static: []string{"size"}, Horizon: 2, Block: 1, Steps: 3, Validation: 0.1, Test: 0.1, Epochs: 1})
	a, b := shop(t, "a", 30, 2, 1), shop(t, "b", 30, 2, 3)
	a.Values[2][5] = math.NaN()
	return bytesOf(t, fit(t, c, a, b))
}

// edit changes the JSON and the tensors of a file.
func edit(t testing.TB, data []byte, change func(*safetensors.File)) []byte {
	t.Helper()
	file, err := safetensors.Read(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	delete(file.Metadata, key+"_sha256") // as in a file of an earlier version
	change(&file)
	var b bytes.Buffer
	if err := safetensors.Write(&b, file); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

const key = "engram_forecast" // of the JSON in a file

// checkFile reads data that may be a forecaster, and tells whether it is one. Then it can be
// saved and used, or says why not.
func checkFile(t testing.TB, data []byte) bool {
	f, err := read(data)
	if err != nil {
		if f != nil {
			t.Fatal("got a forecaster and an error")
		}
		checkError(t, err)
		return false
	}
	if again, err := read(bytesOf(t, f)); err != nil || !bytes.Equal(bytesOf(t, again), bytesOf(t, f)) {
		t.Fatalf("a forecaster that was read cannot be saved and read again: %v", err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if _, err := f.Forecast(ctx); err != nil && ctx.Err() == nil {
		checkError(t, err)
	}
	if _, err := f.Forecast(ctx, shop(t, "a", 30, 2, 1)); err != nil && ctx.Err() == nil {
		checkError(t, err)
	}
	_ = f.Verdict().String()
	return true
}

// checkError refuses an error that is no fault of the input, such as a panic.
func checkError(t rapid.TB, err error) {
	t.Helper()
	if !errors.Is(err, graph.ErrInput) && !errors.Is(err, graph.ErrNotFinite) || strings.Contains(err.Error(), "panicked") {
		t.Fatalf("got %v, want an error of the input", err)
	}
}

func TestFilesDamaged(t *testing.T) {
	data := tiny(t)
	if !checkFile(t, data) {
		t.Fatal("the file itself cannot be read")
	}
	for n := 0; n < len(data); n += 1 + n/20 {
		if checkFile(t, data[:n]) {
			t.Fatalf("%d of %d bytes were read", n, len(data))
		}
	}
	want, err := read(data)
	if err != nil {
		t.Fatal(err)
	}
	forged := edit(t, data, func(*safetensors.File) {}) // is not protected by a hash
	r := rand.New(rand.NewPCG(1, 1))
	valid := 0
	for at := 0; at < len(data); at += 1 + r.IntN(250) {
		change := byte(1 + r.IntN(255))
		changed := bytes.Clone(data)
		changed[at] ^= change
		if checkFile(t, changed) { // only the name of the hash was changed
			if got, err := read(changed); err != nil || !reflect.DeepEqual(next(t, got), next(t, want)) {
				t.Errorf("a change of byte %d gives other forecasts, %v", at, err)
			}
		}
		if at < len(forged) {
			changed = bytes.Clone(forged)
			changed[at] ^= change
			if checkFile(t, changed) {
				valid++
			}
		}
	}
	if valid == 0 {
		t.Error("no change gave a forecaster; the weights alone have many bits")
	}
}

// TestFilesOfOtherKinds refuses models, checkpoints and newer versions.
func TestFilesOfOtherKinds(t *testing.T) {
	data := tiny(t)
	model := edit(t, data, func(f *safetensors.File) {
		delete(f.Metadata, key)
		for name := range f.Tensors {
			if strings.HasPrefix(name, "forecast/") {
				delete(f.Tensors, name)
			}
		}
	})
	_, err := read(model)
	errtest.Check(t, err, errs.Error{Field: key})
	newer := edit(t, data, func(f *safetensors.File) {
		f.Metadata[key] = strings.Replace(f.Metadata[key], `"version":1`, `"version":2`, 1)
	})
	none := edit(t, data, func(f *safetensors.File) {
		from := strings.Index(f.Metadata[key], `"scores":[`)
		f.Metadata[key] = f.Metadata[key][:from] + `"scores":[` + f.Metadata[key][strings.LastIndex(f.Metadata[key], `]}]`)+2:]
	})
	_, err = read(none)
	errtest.Check(t, err, errs.Error{Path: key, Field: "Verdict.Scores"})
	_, err = read(newer)
	errtest.Check(t, err, errs.Error{Field: key, Value: 2})
	for name, data := range map[string][]byte{"empty": nil, "text": []byte("close\n1\n2\n"), "JSON": []byte(`{"version":1}`)} {
		if _, err := read(data); err == nil {
			t.Errorf("%s was read", name)
		}
	}
	if _, err := forecast.Load(filepath.Join(t.TempDir(), "none"), forecast.LoadConfig{}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v for a file that does not exist", err)
	}
	if _, err := forecast.Read(nil, forecast.LoadConfig{}); err == nil {
		t.Error("nil was read")
	}
}

// TestFilesTakeNoMemoryForClaims reads small files that claim to hold something large.
func TestFilesTakeNoMemoryForClaims(t *testing.T) {
	data := tiny(t)
	var text string
	edit(t, data, func(f *safetensors.File) { text = f.Metadata[key] })
	for _, c := range []struct{ old, new string }{
		{`"horizon":2`, `"horizon":1000000`},
		{`"steps":3`, `"steps":1000000`},
		{`"season":1`, `"season":1000000`},
		{`"rows":`, `"rows":1000000000`},
		{`"rows":`, `"rows":-1`},
		{`"parameters":`, `"parameters":1000000000`},
		{`"class_name":"Standard","config":{}`, `"class_name":"SeasonalDifference","config":{"period":1000000}`},
		{`"members":1`, `"members":1000`},
	} {
		if !strings.Contains(text, c.old) {
			t.Errorf("the file has no %s", c.old)
		}
		changed := edit(t, data, func(f *safetensors.File) { f.Metadata[key] = strings.Replace(text, c.old, c.new, 1) })
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		checkFile(t, changed)
		runtime.ReadMemStats(&after)
		if n := after.TotalAlloc - before.TotalAlloc; n > 300<<20 {
			t.Errorf("%s: %d MiB were allocated", c.new, n>>20)
		}
	}
}

func FuzzRead(f *testing.F) {
	data := tiny(f)
	f.Add(data)
	f.Add(edit(f, data, func(*safetensors.File) {}))
	f.Add([]byte{})
	f.Add(data[:len(data)/2])
	f.Fuzz(func(t *testing.T, data []byte) { checkFile(t, data) })
}

// FuzzStored fuzzes the JSON in a file that is otherwise valid.
func FuzzStored(f *testing.F) {
	data := tiny(f)
	edit(f, data, func(file *safetensors.File) { f.Add(file.Metadata[key]) })
	f.Add(`{"version":1}`)
	f.Fuzz(func(t *testing.T, text string) {
		file, err := safetensors.Read(bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		file.Metadata[key] = text
		var b bytes.Buffer
		if err := safetensors.Write(&b, file); err != nil {
			t.Skip()
		}
		checkFile(t, b.Bytes())
	})
}
