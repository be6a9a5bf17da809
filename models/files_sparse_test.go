package models_test

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/models"
)

// sparse makes of a file one whose only tensor has 2 GB, that take no room on the
// disk: the numbers are a hole.
func sparse(t *testing.T, data []byte, tensor string) string {
	t.Helper()
	const size = 1 << 31
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
	if err := os.Truncate(path, int64(8+len(text)+size)); err != nil {
		t.Fatal(err)
	}
	return path
}

// A file that claims much, and seems to have it, is refused before it is read.
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
		want   string
	}{
		{bytesOf(t, m), "sequential/simple_rnn/kernel", load, "sequential/simple_rnn/kernel: weight must have the shape [3, 2], got [536870912]"},
		{bytesOf(t, m), "huge", load, "sequential/simple_rnn/kernel: weight must be stored"},
		{saved, "sequential/simple_rnn/state_0", st.LoadStates, "state must be float32 of shape [1, 2], got float32 of shape [536870912]"},
		{saved, "huge", st.LoadStates, "huge: state must belong to the model"},
	} {
		path := sparse(t, c.data, c.tensor)
		n := allocated(func() { refused(t, c.load(path), path, c.want) })
		if n > 4<<20 {
			t.Errorf("%s: %d bytes were taken", c.tensor, n)
		}
	}
}
