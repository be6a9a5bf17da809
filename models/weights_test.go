package models_test

import (
	"crypto/sha256"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/internal/errs/errtest"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/models"
	"github.com/google/go-cmp/cmp"
	"gorgonia.org/tensor"
)

func weightsOf(t testing.TB, m model) []models.Weight {
	t.Helper()
	w, err := m.Weights()
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func TestWeightsAreCopies(t *testing.T) {
	for _, dtype := range dtypes {
		m := forecaster(models.Config{Seed: 1, Dtype: dtype})
		before, x := hash(t, m), inputs(dtype, 3, 4, 2)
		want := predict(t, m, x)
		ws := weightsOf(t, m)
		for _, w := range ws {
			w.Value.Zero()
		}
		one, err := m.Weight("sequential/lstm/kernel")
		if err != nil {
			t.Fatal(err)
		}
		one.Zero()
		if hash(t, m) != before {
			t.Error("writing to what Weights returned changed the model")
		}
		if err := m.SetWeights(ws...); err != nil {
			t.Fatal(err)
		}
		if hash(t, m) == before {
			t.Error("SetWeights must change the hash")
		}
		if y := fmt.Sprint(predict(t, m, x)); y == fmt.Sprint(want) {
			t.Error("SetWeights must change what Predict gives")
		}
		other := weightsOf(t, forecaster(models.Config{Seed: 1, Dtype: dtype}))
		slices.Reverse(other)
		if err := m.SetWeights(other...); err != nil {
			t.Fatal(err)
		}
		for _, w := range other { // they stay the caller's
			w.Value.Zero()
		}
		if hash(t, m) != before {
			t.Error("the weights that were set are not those of before")
		}
		same(t, "prediction", predict(t, m, x), want)
	}
}

func TestSetOneWeight(t *testing.T) {
	m := forecaster(models.Config{Seed: 1})
	kernel := tensor.New(tensor.WithShape(1, 3), tensor.WithBacking([]float32{1, 2, 3}))
	if err := kernel.T(); err != nil { // a transposed tensor is read as it shows itself
		t.Fatal(err)
	}
	if err := m.SetWeights(models.Weight{Path: "sequential/dense/kernel", Value: kernel}); err != nil {
		t.Fatal(err)
	}
	got, err := m.Weight("sequential/dense/kernel")
	if err != nil {
		t.Fatal(err)
	}
	same(t, "kernel", got, tensor.New(tensor.WithShape(3, 1), tensor.WithBacking([]float32{1, 2, 3})))
	square := models.NewSequential(models.Config{}, layers.Input{Shape: graph.Shape{2}}, layers.Dense{Units: 2})
	two := tensor.New(tensor.WithShape(2, 2), tensor.WithBacking([]float32{1, 2, 3, 4}))
	if err := two.T(); err != nil {
		t.Fatal(err)
	}
	if err := square.SetWeights(models.Weight{Path: "sequential/dense/kernel", Value: two}); err != nil {
		t.Fatal(err)
	}
	if got, err = square.Weight("sequential/dense/kernel"); err != nil {
		t.Fatal(err)
	}
	same(t, "square", got, tensor.New(tensor.WithShape(2, 2), tensor.WithBacking([]float32{1, 3, 2, 4})))
}

func TestSetWeightsAllOrNothing(t *testing.T) {
	float := func(elements ...float32) *tensor.Dense {
		return tensor.New(tensor.WithShape(len(elements)), tensor.WithBacking(elements))
	}
	const bias = "sequential/dense/bias"
	for name, c := range map[string]struct {
		bad  models.Weight
		want graph.Error
	}{
		"shape":       {models.Weight{Path: bias, Value: float(1, 2)}, graph.Error{Path: "sequential/dense/bias", Field: "shape", Value: "[2]"}},
		"rank":        {models.Weight{Path: bias, Value: tensor.New(tensor.WithShape(1, 1), tensor.WithBacking([]float32{1}))}, graph.Error{Path: "sequential/dense/bias", Field: "shape", Value: "[1, 1]"}},
		"dtype":       {models.Weight{Path: bias, Value: tensor.New(tensor.WithShape(1), tensor.WithBacking([]float64{1}))}, graph.Error{Path: "sequential/dense/bias", Field: "dtype", Value: "float64"}},
		"NaN":         {models.Weight{Path: bias, Value: float(float32(math.NaN()))}, graph.Error{Path: "sequential/dense/bias", Field: "element [0]", Value: "NaN", Kind: graph.ErrNotFinite}},
		"infinity":    {models.Weight{Path: bias, Value: float(float32(math.Inf(1)))}, graph.Error{Path: "sequential/dense/bias", Field: "element [0]", Value: "+Inf", Kind: graph.ErrNotFinite}},
		"nil":         {models.Weight{Path: bias}, graph.Error{Path: "sequential/dense/bias", Field: "tensor"}},
		"path":        {models.Weight{Path: "sequential/dense/bia", Value: float(1)}, graph.Error{Path: "sequential/dense/bia", Field: "weight"}},
		"no path":     {models.Weight{Value: float(1)}, graph.Error{Field: "weight"}},
		"given twice": {models.Weight{Path: "sequential/lstm/bias", Value: float(1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1)}, graph.Error{Path: "sequential/lstm/bias", Field: "weight"}},
	} {
		t.Run(name, func(t *testing.T) {
			m := forecaster(models.Config{Seed: 1})
			before := hash(t, m)
			good := weightsOf(t, forecaster(models.Config{Seed: 2}))[:4]
			for range 20 { // the order in which they are looked at may vary
				err := m.SetWeights(append(good, c.bad)...)
				errtest.Check(t, err, c.want)
				if hash(t, m) != before {
					t.Fatal("a part of the weights was changed")
				}
			}
			if err := m.SetWeights(good...); err != nil {
				t.Fatal(err)
			}
			if hash(t, m) == before {
				t.Error("the good ones alone must be taken")
			}
		})
	}
}

func TestWeightOfNoPath(t *testing.T) {
	_, err := forecaster(models.Config{}).Weight("sequential/gru/kernel")
	errtest.Check(t, err, graph.Error{Path: "sequential/gru/kernel", Field: "weight"})
}

// The definition, written out for a model of two parameters.
func TestWeightsSHA256(t *testing.T) {
	m := models.NewSequential(models.Config{}, layers.Input{Shape: graph.Shape{2}}, layers.Dense{Units: 1})
	err := m.SetWeights(
		models.Weight{Path: "sequential/dense/kernel", Value: tensor.New(tensor.WithShape(2, 1), tensor.WithBacking([]float32{1, -2}))},
		models.Weight{Path: "sequential/dense/bias", Value: tensor.New(tensor.WithShape(1), tensor.WithBacking([]float32{0.5}))},
	)
	if err != nil {
		t.Fatal(err)
	}
	want := sha256.Sum256([]byte("\"sequential/dense/bias\"\nfloat32\n[1]\n\x00\x00\x00\x3f" +
		"\"sequential/dense/kernel\"\nfloat32\n[2 1]\n\x00\x00\x80\x3f\x00\x00\x00\xc0"))
	if got := hash(t, m); got != fmt.Sprintf("%x", want) {
		t.Errorf("got %s, want %x", got, want)
	}
}

func TestWeightsSHA256TellsApart(t *testing.T) {
	dense := func(cfg models.Config, l layers.Dense, features int) *models.Sequential {
		l.KernelInitializer, l.BiasInitializer = ramp{}, ramp{}
		return models.NewSequential(cfg, layers.Input{Shape: graph.Shape{features}}, l)
	}
	set := func(path string, to float32) *models.Sequential {
		m := dense(models.Config{}, layers.Dense{Units: 3}, 2)
		w, err := m.Weight(path)
		if err != nil {
			t.Fatal(err)
		}
		w.Float32s()[0] = to
		if err := m.SetWeights(models.Weight{Path: path, Value: w}); err != nil {
			t.Fatal(err)
		}
		return m
	}
	seen := map[string]string{}
	for name, m := range map[string]*models.Sequential{
		"base":       dense(models.Config{}, layers.Dense{Units: 3}, 2),
		"dtype":      dense(models.Config{Dtype: tensor.Float64}, layers.Dense{Units: 3}, 2),
		"shape":      dense(models.Config{}, layers.Dense{Units: 2}, 3),
		"layer name": dense(models.Config{}, layers.Dense{Units: 3, Name: "dens"}, 2),
		"model name": dense(models.Config{Name: "s"}, layers.Dense{Units: 3}, 2),
		"no bias":    dense(models.Config{}, layers.Dense{Units: 3, NoBias: true}, 2),
		"last bit":   set("sequential/dense/kernel", math.SmallestNonzeroFloat32),
		"minus zero": set("sequential/dense/kernel", float32(math.Copysign(0, -1))),
		"bias":       set("sequential/dense/bias", math.SmallestNonzeroFloat32),
	} {
		h := hash(t, m)
		if other, ok := seen[h]; ok {
			t.Errorf("%s and %s have one hash", name, other)
		}
		seen[h] = name
	}
	if hash(t, set("sequential/dense/kernel", 0)) != hash(t, dense(models.Config{Seed: 5}, layers.Dense{Units: 3}, 2)) {
		t.Error("equal weights must have equal hashes")
	}
}

// Paths may leave out the name of the model; where both forms exist, that of
// Weights comes first, and Freeze takes the layer rather than the model.
func TestPathForms(t *testing.T) {
	layer := layers.Dense{Units: 2, Name: "a"}
	inner := models.NewSequential(models.Config{Name: "a"}, layers.Input{Shape: graph.Shape{2}}, layer)
	m := models.NewSequential(models.Config{Name: "a"}, layers.Input{Shape: graph.Shape{2}}, inner, layers.Dense{Units: 1, Name: "b"})
	for path, want := range map[string]string{
		"a/a/a/kernel": "a/a/a/kernel", "a/a/kernel": "a/a/a/kernel", "b/bias": "a/b/bias", "a/b/bias": "a/b/bias",
	} {
		got, err := m.Weight(path)
		if err != nil {
			t.Fatal(err)
		}
		full, err := m.Weight(want)
		if err != nil {
			t.Fatal(err)
		}
		same(t, path, got, full)
		got.Float32s()[0] = 9
		if err := m.SetWeights(models.Weight{Path: path, Value: got}); err != nil {
			t.Fatal(err)
		}
		if full, err = m.Weight(want); err != nil || full.Float32s()[0] != 9 {
			t.Errorf("%s was set to %v, %v", path, full, err)
		}
	}
	bias, err := m.Weight("b/bias")
	if err != nil {
		t.Fatal(err)
	}
	err = m.SetWeights(models.Weight{Path: "b/bias", Value: bias}, models.Weight{Path: "a/b/bias", Value: bias})
	errtest.Check(t, err, graph.Error{Path: "a/b/bias", Field: "weight"})
	if err := m.Freeze("a"); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"a/b/kernel", "a/b/bias"}, trainables(t, m)); diff != "" {
		t.Errorf("Freeze(\"a\") must freeze the layer (-want +got):\n%s", diff)
	}
}

// A path that does not exist names the nearest ones.
func TestNearestPaths(t *testing.T) {
	m := forecaster(models.Config{})
	_, err := m.Weight("lstm/kernal")
	errtest.Check(t, err, graph.Error{Path: "lstm/kernal", Field: "weight"})
	set := m.SetWeights(models.Weight{Path: "sequential/lstm/kernal"})
	_, noLayer := m.Handle("lstn")
	for _, c := range []struct {
		err  error
		near string
	}{
		{err, "; the nearest are sequential/lstm/kernel,"},
		{set, "; the nearest are sequential/lstm/kernel,"},
		{m.Freeze("lstn"), "; the nearest are sequential/lstm,"},
		{m.Unfreeze("sequential/lstn"), "; the nearest are sequential/lstm,"},
		{noLayer, "; the nearest are sequential/lstm and sequential/dense"},
		{m.SetWeights(models.Weight{Path: "dense"}), "; the nearest are sequential/dense/bias and sequential/dense/kernel"},
	} {
		if c.err == nil || !strings.Contains(c.err.Error(), c.near) {
			t.Errorf("got %v, want %q in it", c.err, c.near)
		}
	}
	_, err = m.Handle("sequential/lstm/kernel")
	errtest.Check(t, err, graph.Error{Path: "sequential/lstm/kernel", Field: "layer"})
	h, err := m.Handle("sequential/lstm")
	if again, e := m.Handle("lstm"); err != nil || e != nil || h != again {
		t.Errorf("got %v, %v and %v, %v", h, err, again, e)
	}
}

// The bias of a GRU from Keras 2 has one row, and the error says what to do.
func TestGRUBiasOfOneRow(t *testing.T) {
	m := models.NewSequential(models.Config{}, layers.Input{Shape: graph.Shape{graph.Any, 2}}, layers.GRU{Units: 4})
	bias := models.Weight{Path: "gru/bias", Value: tensor.New(tensor.Of(tensor.Float32), tensor.WithShape(12))}
	err := m.SetWeights(bias)
	errtest.Check(t, err, graph.Error{Path: "sequential/gru/bias", Field: "shape", Value: graph.Shape{12}})
	if !strings.Contains(err.Error(), "ResetBefore") {
		t.Errorf("%v does not say what to do", err)
	}
	before := models.NewSequential(models.Config{}, layers.Input{Shape: graph.Shape{graph.Any, 2}}, layers.GRU{Units: 4, ResetBefore: true})
	if err := before.SetWeights(bias); err != nil {
		t.Error(err)
	}
	bias.Value = tensor.New(tensor.Of(tensor.Float32), tensor.WithShape(11))
	errtest.Check(t, m.SetWeights(bias), graph.Error{Path: "sequential/gru/bias", Field: "shape", Value: graph.Shape{11}})
}
