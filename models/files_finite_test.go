package models_test

import (
	"bytes"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/models"
	"github.com/pkg/errors"
	"gorgonia.org/tensor"
)

// keeps checks that write is refused, and leaves the file at path as it is.
func keeps(t *testing.T, path string, write func(path string) error, want ...string) {
	t.Helper()
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	err = write(path)
	refused(t, err, want...)
	if !errors.Is(err, graph.ErrNotFinite) {
		t.Errorf("the error must be of the kind ErrNotFinite, got %v", err)
	}
	if after, err := os.ReadFile(path); err != nil || !bytes.Equal(after, before) {
		t.Errorf("the file was touched, %v", err)
	}
}

// Weights that Load would refuse are not written.
func TestSaveRefusesWeightsThatAreNotFinite(t *testing.T) {
	m := forecaster(models.Config{})
	path := filepath.Join(t.TempDir(), "model")
	if err := m.Save(path); err != nil {
		t.Fatal(err)
	}
	params, err := m.Params()
	if err != nil {
		t.Fatal(err)
	}
	kernel := params.Get("sequential/dense/kernel").Value().Float32s()
	for x, text := range map[float32]string{float32(math.Inf(-1)): "-Inf", float32(math.NaN()): "NaN"} {
		if err := params.Update(func() error { kernel[1] = x; return nil }); err != nil {
			t.Fatal(err)
		}
		keeps(t, path, m.Save, "sequential/dense/kernel: element [1 0] must be finite, got "+text)
		var b bytes.Buffer
		n, err := m.WriteTo(&b)
		refused(t, err, "sequential/dense/kernel")
		if n != 0 || b.Len() != 0 {
			t.Errorf("%d bytes were written", b.Len())
		}
	}
}

// exploding is a cell whose state grows beyond all numbers.
type exploding struct{}

func (exploding) States() []int { return []int{1} }

func (exploding) Step(_ *graph.Scope, x graph.Value, states, _ []graph.Value) (graph.Value, []graph.Value) {
	h := states[0].Scale(1e30).Add(x)
	return h, []graph.Value{h}
}

// States that LoadStates would refuse are not written.
func TestSaveStatesRefusesWhatIsNotFinite(t *testing.T) {
	m := models.NewSequential(models.Config{}, layers.Input{Shape: graph.Shape{graph.Any, 1}}, layers.RNN{Cell: exploding{}})
	st, err := m.Stepper(models.StepperConfig{})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "states")
	if err := st.SaveStates(path); err != nil {
		t.Fatal(err)
	}
	one := tensor.New(tensor.WithShape(1, 1, 1), tensor.WithBacking([]float32{1}))
	for range 3 {
		if _, err := st.Step(ctx, one); err != nil {
			t.Fatal(err)
		}
	}
	keeps(t, path, st.SaveStates, "sequential/rnn/state_0: element [0 0] must be finite, got +Inf")
}
