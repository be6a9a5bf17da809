package models_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
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
)

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
	for _, other := range []model{translator(models.Config{}), towers(false, models.Config{})} {
		c, err := safetensors.Read(bytes.NewReader(bytesOf(f, other)))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(c.Metadata["engram_config"])
	}
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
	const one = `{"name":"flatten","layer":{"class_name":"Flatten","config":{}}}`
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
