package models_test

import (
	"errors"
	"math"
	"path/filepath"
	"strings"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/internal/errs/errtest"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/layers/activations"
	"github.com/engram-go/engram/models"
	"github.com/engram-go/engram/models/safetensors"
	"github.com/google/go-cmp/cmp"
	"gorgonia.org/tensor"
)

// stack is a Sequential of layers with names.
func stack(cfg models.Config, dense ...layers.Dense) *models.Sequential {
	m := models.NewSequential(cfg, layers.Input{Shape: graph.Shape{3}})
	for _, l := range dense {
		m.Add(l)
	}
	return m
}

func TestLoadWeights(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	saved := stack(models.Config{Seed: 1}, layers.Dense{Name: "a", Units: 2}, layers.Dense{Name: "b", Units: 4}, layers.Dense{Name: "c", Units: 1, NoBias: true})
	if err := saved.Save(file); err != nil {
		t.Fatal(err)
	}
	// A model of another name and seed, in which other things than weights differ.
	equal := stack(models.Config{Seed: 2, Name: "other"}, layers.Dense{Name: "a", Units: 2, Activation: activations.Tanh}, layers.Dense{Name: "b", Units: 4}, layers.Dense{Name: "c", Units: 1, NoBias: true})
	if err := equal.LoadWeights(file); err != nil {
		t.Fatal(err)
	}
	for i, w := range weightsOf(t, equal) {
		same(t, w.Path, w.Value, weightsOf(t, saved)[i].Value)
	}
	if mismatch, err := equal.LoadMatchingWeights(file); err != nil || !mismatch.Empty() {
		t.Errorf("%v, %v", mismatch, err)
	}

	changed := func(dtype tensor.Dtype) *models.Sequential {
		return stack(models.Config{Seed: 2, Name: "other", Dtype: dtype}, layers.Dense{Name: "a", Units: 2}, layers.Dense{Name: "b", Units: 5, NoBias: true}, layers.Dense{Name: "d", Units: 1})
	}
	want := &models.Mismatch{
		Missing:    []string{"other/d/kernel", "other/d/bias"},
		Unexpected: []string{"other/b/bias", "other/c/kernel"},
		Unfitting:  []models.Unfitting{{Path: "other/b/kernel", Want: graph.Shape{2, 5}, Got: graph.Shape{2, 4}, WantDtype: tensor.Float32, GotDtype: tensor.Float32}},
	}
	dtypes := cmp.Comparer(func(a, b tensor.Dtype) bool { return a == b })
	m := changed(tensor.Float32)
	before := hash(t, m)
	err := m.LoadWeights(file)
	var got *models.Mismatch
	if !errors.As(err, &got) || !errors.Is(err, graph.ErrInput) {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got, dtypes); diff != "" || hash(t, m) != before {
		t.Errorf("changed: %v, (-want +got):\n%s", hash(t, m) != before, diff)
	}
	const text = "weights must be those of the model; missing: other/d/kernel, other/d/bias; not in the model: other/b/bias, other/c/kernel; other/b/kernel must be float32 [2, 5], got float32 [2, 4]"
	if err.Error() != file+": "+text {
		t.Error(err)
	}
	mismatch, err := m.LoadMatchingWeights(file)
	if diff := cmp.Diff(want, mismatch, dtypes); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	other := weightsOf(t, changed(tensor.Float32))
	for i, w := range weightsOf(t, m) {
		expected := other[i].Value
		if strings.HasPrefix(w.Path, "other/a/") {
			expected = weightsOf(t, saved)[i].Value
		}
		same(t, w.Path, w.Value, expected)
	}
	// No weight of another dtype fits.
	mismatch, err = changed(tensor.Float64).LoadMatchingWeights(file)
	if err != nil || len(mismatch.Unfitting) != 3 || mismatch.Unfitting[0].GotDtype != tensor.Float32 {
		t.Errorf("%v, %v", mismatch, err)
	}
}

func TestLoadWeightsErrors(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	m := stack(models.Config{Seed: 1}, layers.Dense{Name: "a", Units: 2})
	before := hash(t, m)
	errtest.Check(t, m.LoadWeights(file), graph.Error{Path: file, Field: "file"})
	_, err := m.LoadMatchingWeights(file)
	errtest.Check(t, err, graph.Error{Path: file, Field: "file"})

	bias := func(x float32) *tensor.Dense { return tensor.New(tensor.WithBacking([]float32{1, x})) }
	write := func(tensors map[string]*tensor.Dense) {
		t.Helper()
		if err := safetensors.WriteFile(file, safetensors.File{Tensors: tensors}); err != nil {
			t.Fatal(err)
		}
	}
	write(map[string]*tensor.Dense{"a/bias": bias(1), "b/bias": bias(1)})
	errtest.Check(t, m.LoadWeights(file), graph.Error{Path: file, Field: "weights", Value: "a/bias and b/bias"})
	write(map[string]*tensor.Dense{"x/a/bias": bias(float32(math.NaN())), "x/a/more": bias(1)})
	_, err = m.LoadMatchingWeights(file)
	errtest.Check(t, err, graph.Error{Path: "sequential/a/bias", Field: "element [1]", Kind: graph.ErrNotFinite})

	_, err = m.SetMatchingWeights(models.Weight{Path: "a/bias"})
	errtest.Check(t, err, graph.Error{Path: "sequential/a/bias", Field: "weight"})
	_, err = m.SetMatchingWeights(models.Weight{Path: "a/bias", Value: bias(1)}, models.Weight{Path: "sequential/a/bias", Value: bias(2)})
	errtest.Check(t, err, graph.Error{Path: "sequential/a/bias", Field: "weight"})
	if hash(t, m) != before {
		t.Error("changed the weights")
	}
	write(nil)
	mismatch, err := m.LoadMatchingWeights(file)
	if err != nil || len(mismatch.Missing) != 2 || hash(t, m) != before {
		t.Errorf("%v, %v", mismatch, err)
	}
}
