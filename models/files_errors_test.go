package models_test

import (
	"bytes"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/errs/errtest"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/models"
	"github.com/pkg/errors"
	"gorgonia.org/tensor"
)

// keeps checks that write fails and does not change the file at path.
func keeps(t *testing.T, path string, write func(path string) error, want errs.Error) {
	t.Helper()
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	errtest.Check(t, write(path), want)
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
		want := errs.Error{Path: "sequential/dense/kernel", Field: "element [1, 0]", Value: text, Kind: errs.ErrNotFinite}
		keeps(t, path, m.Save, want)
		var b bytes.Buffer
		n, err := m.WriteTo(&b)
		errtest.Check(t, err, want)
		if n != 0 || b.Len() != 0 {
			t.Errorf("%d bytes were written", b.Len())
		}
	}
}

// exploding is a cell whose state overflows.
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
	keeps(t, path, st.SaveStates, errs.Error{Path: "sequential/rnn/state_0", Field: "element [0, 0]", Value: "+Inf", Kind: errs.ErrNotFinite})
}

func TestFailedSaveKeepsTheFile(t *testing.T) {
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
	errtest.Check(t, unknown.Save(path), errs.Error{Path: "sequential/scaled", Field: "scaled", Value: "models_test.scaled"})
	errtest.Check(t, models.NewSequential(models.Config{}).Save(path), errs.Error{Path: "sequential", Field: "model"})
	after, err := os.ReadFile(path)
	if err != nil || !bytes.Equal(before, after) {
		t.Errorf("a failed Save touched the file, %v", err)
	}
	errtest.Check(t, forecaster(models.Config{}).Save(dir), errs.Error{Path: dir, Field: "file", Value: "a directory"})
	err = forecaster(models.Config{}).Save(filepath.Join(dir, "no", "folder"))
	errtest.Check(t, err, errs.Error{Path: filepath.Join(dir, "no", "folder"), Field: "file"})
	if !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("want fs.ErrNotExist, got %v", err)
	}
	errtest.Check(t, forecaster(models.Config{}).Save(""), errs.Error{Field: "file"})
	if err := forecaster(models.Config{Seed: 2}).Save(path); err != nil {
		t.Fatal(err)
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) != 1 {
		t.Errorf("the folder holds %v, %v", left, err)
	}
}

func TestSaveIntoReadOnlyFolder(t *testing.T) {
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
		t.Skip("the folder is writable for this user")
	}
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	err = forecaster(models.Config{Seed: 2}).Save(path)
	errtest.Check(t, err, errs.Error{Path: path, Field: "file", Value: "permission denied"})
	if after, err := os.ReadFile(path); err != nil || !bytes.Equal(after, before) {
		t.Errorf("the file was touched, %v", err)
	}
}
