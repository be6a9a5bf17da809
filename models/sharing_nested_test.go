package models_test

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/models"
	"gorgonia.org/tensor"
)

// towers are two equal models in one, and a third in a fourth.
func towers(built bool, cfg models.Config) *models.Functional {
	tower := func() *models.Sequential {
		inner := models.NewSequential(models.Config{}, layers.Input{Shape: graph.Shape{3}}, layers.Dense{Units: 2})
		if built {
			inner.Build()
		}
		return inner
	}
	x := models.NewInput(layers.Input{Shape: graph.Shape{3}})
	deep := models.NewSequential(models.Config{Name: "deep"}, layers.Input{Shape: graph.Shape{3}}, tower(), layers.Dense{Units: 2})
	if built {
		deep.Build()
	}
	return models.NewFunctional(cfg, models.Inputs{x}, models.Outputs{models.Use(tower()).Call(x), models.Use(tower()).Call(x), models.Use(deep).Call(x)})
}

// Weights of models that were not used are drawn again in the outer model, with
// its seed and their paths in it, whether the models were built before or not.
func TestNestedModelsAreRedrawn(t *testing.T) {
	m := towers(false, models.Config{Seed: 4})
	paths := strings.Join(weightPaths(t, m), " ")
	want := "functional/sequential/dense/kernel functional/sequential/dense/bias functional/sequential_1/dense/kernel functional/sequential_1/dense/bias " +
		"functional/deep/sequential/dense/kernel functional/deep/sequential/dense/bias functional/deep/dense/kernel functional/deep/dense/bias"
	if paths != want {
		t.Errorf("got the paths\n%s, want\n%s", paths, want)
	}
	if hash(t, m) != hash(t, towers(true, models.Config{Seed: 4})) {
		t.Error("building the parts first changes the weights")
	}
	if hash(t, m) == hash(t, towers(true, models.Config{Seed: 5})) {
		t.Error("another seed must give other weights")
	}
	seen := map[string]bool{}
	for _, path := range weightPaths(t, m) {
		if w, _ := m.Weight(path); strings.HasSuffix(path, "kernel") {
			if text := fmt.Sprint(w); seen[text] {
				t.Errorf("%s starts like another", path)
			} else {
				seen[text] = true
			}
		}
	}
	roundTrip(t, m)
}

func weightPaths(t *testing.T, m model) (paths []string) {
	t.Helper()
	weights, err := m.Weights()
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range weights {
		paths = append(paths, w.Path)
	}
	return paths
}

// Weights that were used, in any way, stay the same bits in an outer model.
func TestNestedModelsKeepUsedWeights(t *testing.T) {
	x := inputs(tensor.Float32, 2, 4, 2)
	for name, see := range map[string]func(m *models.Sequential) error{
		"Predict": func(m *models.Sequential) error { _, err := m.Predict(ctx, x); return err },
		"Weights": func(m *models.Sequential) error { _, err := m.Weights(); return err },
		"Hash":    func(m *models.Sequential) error { _, err := m.WeightsSHA256(); return err },
		"WriteTo": func(m *models.Sequential) error { _, err := m.WriteTo(io.Discard); return err },
		"Freeze":  func(m *models.Sequential) error { return m.Freeze("dense") },
		"Stepper": func(m *models.Sequential) error { _, err := m.Stepper(models.StepperConfig{}); return err },
	} {
		inner, twin := forecaster(models.Config{Seed: 7}), forecaster(models.Config{Seed: 7})
		if err := see(inner); err != nil {
			t.Fatal(err)
		}
		outer := models.NewSequential(models.Config{Name: "outer", Seed: 8}, layers.Input{Shape: graph.Shape{graph.Any, 2}}, inner, layers.Dense{Units: 1})
		if err := outer.Build(); err != nil {
			t.Fatal(err)
		}
		for _, path := range []string{"lstm/kernel", "dense/kernel"} {
			got, err := inner.Weight("sequential/" + path)
			if err != nil {
				t.Fatal(err)
			}
			want, err := twin.Weight("sequential/" + path)
			if err != nil {
				t.Fatal(err)
			}
			shared, err := outer.Weight("outer/sequential/" + path)
			if err != nil {
				t.Fatal(err)
			}
			same(t, name+": the outer model's "+path, shared, got)
			if name == "Freeze" && path == "lstm/kernel" {
				continue // it was not frozen, nor seen
			}
			same(t, name+": "+path, got, want)
		}
	}
}

// Weights that were set or read from a file are kept in an outer model, and what
// is set there changes the inner model.
func TestNestedModelsKeepSetAndLoadedWeights(t *testing.T) {
	learned := sum()
	read, err := models.Read(bytes.NewReader(bytesOf(t, learned)), models.LoadConfig{})
	if err != nil {
		t.Fatal(err)
	}
	for name, inner := range map[string]layers.Layer{"set": learned, "read": read} {
		x := models.NewInput(layers.Input{Shape: graph.Shape{2}})
		wrapped := models.NewSequential(models.Config{Name: "wrapped"}, layers.Input{Shape: graph.Shape{2}}, inner)
		m := models.NewFunctional(models.Config{}, models.Inputs{x}, models.Outputs{models.Use(wrapped).Call(x)})
		in := inputs(tensor.Float32, 3, 2)
		same(t, name, predict(t, m, in), predict(t, sum(), in))
		path := "functional/wrapped/sequential/dense/bias"
		w, err := m.Weight(path)
		if err != nil {
			t.Fatal(err)
		}
		w.Float32s()[0] = 7
		if err := m.SetWeights(models.Weight{Path: path, Value: w}); err != nil {
			t.Fatal(err)
		}
		same(t, name, predict(t, inner.(model), in), predict(t, m, in))
		roundTrip(t, m)
	}
}
