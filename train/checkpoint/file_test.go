package checkpoint_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/internal/errs/errtest"
	"github.com/engram-go/engram/train"
	"github.com/engram-go/engram/train/checkpoint"
	"github.com/google/go-cmp/cmp"
	"gorgonia.org/tensor"
)

// state is that of a run after a few batches of its second epoch.
func state(t testing.TB, name string) *train.State {
	t.Helper()
	r, err := trainings[name]()
	check(t, err)
	var s *train.State
	r.cfg.Epochs = 2
	r.cfg.Callbacks = append(r.cfg.Callbacks, train.CallbackFunc(func(e *train.Event) error {
		if e.Moment == train.TrainBatchEnd && e.Epoch == 1 && e.Batch == 2 {
			s = e.Trainer.State()
		}
		return nil
	}))
	_, err = r.fit(t.Context())
	check(t, err)
	return s
}

// Equal states give equal bytes.
func TestEqualBytes(t *testing.T) {
	for name := range trainings {
		a, b := filepath.Join(t.TempDir(), "a"), filepath.Join(t.TempDir(), "b")
		check(t, checkpoint.WriteFile(a, state(t, name)))
		check(t, checkpoint.WriteFile(b, state(t, name)))
		if !bytes.Equal(content(t, a), content(t, b)) {
			t.Errorf("%s: other bytes", name)
		}
	}
}

func content(t testing.TB, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	check(t, err)
	return data
}

// Every damage is found: any bit that is flipped, and any end.
func TestDamage(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	check(t, checkpoint.WriteFile(path, state(t, "plain")))
	good := content(t, path)
	random := rand.New(rand.NewPCG(1, 1))
	refused := func(what string, data []byte) {
		t.Helper()
		check(t, os.WriteFile(path, data, 0o600))
		if _, err := checkpoint.ReadFile(path); err == nil || !strings.HasPrefix(err.Error(), path) {
			t.Errorf("%s: %v", what, err)
		}
	}
	for i := range 200 {
		at := i // all of the beginning
		if i >= 100 {
			at = random.IntN(len(good))
		}
		bad := bytes.Clone(good)
		bad[at] ^= 1 << random.IntN(8)
		refused(fmt.Sprintf("byte %d", at), bad)
		refused(fmt.Sprintf("cut at %d", at), good[:at])
	}
	refused("longer", append(bytes.Clone(good), 0))
	refused("twice", append(bytes.Clone(good), good...))
	_, err := checkpoint.ReadFile(filepath.Dir(path))
	errtest.Check(t, err, graph.Error{Path: filepath.Dir(path), Field: "file", Value: "a directory"})
	_, err = checkpoint.ReadFile(path + "s")
	errtest.Check(t, err, graph.Error{Path: path + "s", Field: "file"})
}

const checksumKey = `"engram_checksum":"`

// sealed gives a file the checksum of its content, if it has a place for one.
func sealed(data []byte) []byte {
	at := bytes.Index(data, []byte(checksumKey)) + len(checksumKey)
	if at < len(checksumKey) || at+64 > len(data) {
		return data
	}
	out := bytes.Clone(data)
	copy(out[at:], strings.Repeat("0", 64))
	h := sha256.Sum256(out)
	hex.Encode(out[at:], h[:])
	return out
}

// What cannot be written is an error, and leaves no file.
func TestWriteErrors(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "file")
	with := func(change func(s *train.State)) *train.State {
		s := state(t, "plain")
		change(s)
		return s
	}
	for name, s := range map[string]*train.State{
		"nil":        nil,
		"nil tensor": with(func(s *train.State) { s.Weights["x"] = nil }),
		"integers": with(func(s *train.State) {
			s.Fit.Callbacks[3] = train.CallbackState{Tensors: map[string]*tensor.Dense{"x": tensor.New(tensor.WithBacking([]int{1}))}}
		}),
		"name":  with(func(s *train.State) { s.Fit.Totals["\xff"] = []float64{1} }),
		"setup": with(func(s *train.State) { s.Fit.Setup = "{" }),
	} {
		if err := checkpoint.WriteFile(path, s); err == nil || !strings.HasPrefix(err.Error(), path) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) > 0 {
		t.Errorf("%v, left %v", err, entries)
	}
}

// FuzzReadFile: whatever a file holds, and though its checksum is right, reading it takes
// memory in proportion to its size, and what can be read can be written.
func FuzzReadFile(f *testing.F) {
	path := filepath.Join(f.TempDir(), "file")
	for name := range trainings {
		check(f, checkpoint.WriteFile(path, state(f, name)))
		f.Add(content(f, path))
	}
	check(f, checkpoint.WriteFile(path, &train.State{}))
	f.Add(content(f, path))
	f.Fuzz(func(t *testing.T, data []byte) {
		path := filepath.Join(t.TempDir(), "file")
		check(t, os.WriteFile(path, sealed(data), 0o600))
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		s, err := checkpoint.ReadFile(path)
		runtime.ReadMemStats(&after)
		if used, most := after.TotalAlloc-before.TotalAlloc, uint64(1<<20+100*len(data)); used > most {
			t.Errorf("reading %d bytes takes %d of memory, want at most %d", len(data), used, most)
		}
		if err != nil {
			return
		}
		check(t, checkpoint.WriteFile(path, s))
		again, err := checkpoint.ReadFile(path)
		check(t, err)
		if diff := cmp.Diff(s, again, append(slices.Clone(bits), setups)...); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

// setups leaves out the setup, whose spaces are not kept.
var setups = cmp.FilterPath(func(p cmp.Path) bool { return p.Last().String() == ".Setup" }, cmp.Ignore())
