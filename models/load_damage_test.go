package models_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/errs/errtest"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/models"
	"github.com/engram-go/engram/models/safetensors"
	"github.com/pkg/errors"
)

// small is a file with all that a file can have, in few bytes.
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
		errtest.Check(t, err, errs.Error{Field: "file"})
	}
}

// A changed byte is an error, or gives a valid model: one that can be saved, loaded
// and used for predictions.
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
		t.Errorf("only %d changes gave a model; the weights alone have more bits", valid)
	}
}

// checkRead reads data that may be a model, and tells whether it is one.
func checkRead(t testing.TB, data []byte) bool {
	m, err := read(data)
	if err != nil {
		if m != nil {
			t.Fatal("got a model and an error")
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
		t.Fatalf("a model that was read cannot be saved and read again: %v", err)
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
	for _, name := range []string{"forecaster_float32", "towers_float64", "layer_multi_head_attention"} {
		data, err := os.ReadFile(filepath.Join(savedFiles, name+".safetensors"))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) { checkRead(t, data) })
}

// FuzzReadConfig fuzzes the config in a file that is otherwise valid.
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

// allocated is the number of bytes that were allocated while f ran.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// A small file that claims to hold something large takes no memory for it.
func TestReadTakesNoMemoryForClaims(t *testing.T) {
	m := forecaster(models.Config{})
	dense := models.NewSequential(models.Config{}, layers.Input{Shape: graph.Shape{2}}, layers.Flatten{}, layers.Dense{Units: 1}, layers.Dropout{})
	whole := bytesOf(t, m)
	header := bytes.Clone(whole)
	binary.LittleEndian.PutUint64(header, 99_999_999)
	for name, c := range map[string]struct {
		data []byte
		want *graph.Error // nil for a file that can be read
	}{
		"LSTM units": {edited(t, m, config(`"units":3`, `"units":20000`)),
			&graph.Error{Path: "sequential/lstm/kernel", Field: "weight", Value: "[2, 12]"}},
		"Dense units": {edited(t, dense, config(`"units":1`, `"units":1000000000`)),
			&graph.Error{Path: "sequential/dense/kernel", Field: "weight", Value: "[2, 1]"}},
		"input": {edited(t, dense, config(`"shape":[2]`, `"shape":[1000000000]`)),
			&graph.Error{Path: "sequential/dense/kernel", Field: "weight", Value: "[2, 1]"}},
		"axes": {edited(t, dense, config(`"shape":[2]`, `"shape":[1000000,1000000,1000000,1000000]`)),
			&graph.Error{Path: "sequential/input", Field: "Input.Shape"}},
		"steps": {edited(t, m, config(`"shape":[-1,2]`, `"shape":[1000000000,2]`)), nil},
		"states": {edited(t, m, config(`{"class_name":"ZeroState","config":{}}`,
			`{"class_name":"FixedState","config":{"elements":[[1],[2]]}}`)),
			&graph.Error{Path: "sequential/lstm", Field: "FixedState.Elements[0]", Value: 1}},
		"header": {header, &graph.Error{Field: "header"}},
		"tensor": {bytes.Replace(whole, []byte(`"shape":[3,1],"data_offsets":[4,16]`), []byte(`"shape":[9,9],"data_offsets":[4,328]`), 1),
			&graph.Error{Path: "sequential/lstm/bias", Field: "data_offsets", Value: 16}},
	} {
		t.Run(name, func(t *testing.T) {
			var err error
			if n := allocated(func() { _, err = read(c.data) }); n > 8<<20 {
				t.Errorf("%d bytes were allocated for a file of %d", n, len(c.data))
			}
			if c.want != nil {
				errtest.Check(t, err, *c.want)
			} else if err != nil {
				t.Error(err)
			}
		})
	}
}

// The time to read a file grows in proportion to its layers.
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

// sparse makes a file whose only tensor has 2 GB. It is a sparse file, which takes no
// space on the disk.
func sparse(t *testing.T, data []byte, tensor string) string {
	t.Helper()
	const size int64 = 1 << 31
	if strconv.IntSize < 64 {
		t.Skip("no tensor has as many bytes")
	}
	var header map[string]json.RawMessage
	if err := json.Unmarshal(data[8:8+binary.LittleEndian.Uint64(data)], &header); err != nil {
		t.Fatal(err)
	}
	for name := range header {
		if name != "__metadata__" {
			delete(header, name)
		}
	}
	header[tensor] = json.RawMessage(fmt.Sprintf(`{"dtype":"F32","shape":[%d],"data_offsets":[0,%d]}`, size/4, size))
	text, err := json.Marshal(header)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "sparse")
	if err := os.WriteFile(path, append(binary.LittleEndian.AppendUint64(nil, uint64(len(text))), text...), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, int64(8+len(text))+size); err != nil {
		t.Fatal(err)
	}
	return path
}

// A large file is refused before its numbers are read.
func TestLoadSparseFiles(t *testing.T) {
	m := models.NewSequential(models.Config{}, layers.Input{Shape: graph.Shape{graph.Any, 3}}, layers.SimpleRNN{Units: 2, NoBias: true})
	st, err := m.Stepper(models.StepperConfig{})
	if err != nil {
		t.Fatal(err)
	}
	states := filepath.Join(t.TempDir(), "states")
	if err := st.SaveStates(states); err != nil {
		t.Fatal(err)
	}
	saved, err := os.ReadFile(states)
	if err != nil {
		t.Fatal(err)
	}
	load := func(path string) error {
		_, err := models.Load(path, models.LoadConfig{})
		return err
	}
	for _, c := range []struct {
		data   []byte
		tensor string
		load   func(path string) error
		want   errs.Error
	}{
		{bytesOf(t, m), "sequential/simple_rnn/kernel", load, errs.Error{Path: "sequential/simple_rnn/kernel", Field: "weight", Value: "[536870912]"}},
		{bytesOf(t, m), "huge", load, errs.Error{Path: "sequential/simple_rnn/kernel", Field: "weight"}},
		{saved, "sequential/simple_rnn/state_0", st.LoadStates, errs.Error{Path: "sequential/simple_rnn/state_0", Field: "state", Value: "float32 of shape [536870912]"}},
		{saved, "huge", st.LoadStates, errs.Error{Path: "huge", Field: "state"}},
	} {
		path := sparse(t, c.data, c.tensor)
		n := allocated(func() { errtest.Check(t, c.load(path), c.want) })
		if n > 4<<20 {
			t.Errorf("%s: %d bytes were allocated", c.tensor, n)
		}
	}
}
