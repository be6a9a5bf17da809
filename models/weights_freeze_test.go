package models_test

import (
	"bytes"
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/internal/errs/errtest"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/models"
	"github.com/engram-go/engram/models/safetensors"
	"github.com/google/go-cmp/cmp"
)

// trainables are the paths of the weights that training changes.
func trainables(t *testing.T, m interface{ Params() (*graph.Params, error) }) (paths []string) {
	t.Helper()
	params, err := m.Params()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range params.All() {
		if p.Trainable() {
			paths = append(paths, p.Path)
		}
	}
	return paths
}

func TestFreeze(t *testing.T) {
	base := models.NewSequential(models.Config{Name: "base"}, layers.Input{Shape: graph.Shape{3}},
		layers.Dense{Units: 3}, layers.Dense{Units: 3, NoBias: true})
	m := models.NewSequential(models.Config{Name: "m"}, layers.Input{Shape: graph.Shape{3}}, base, layers.Dense{Units: 1})
	check := func(want ...string) {
		t.Helper()
		if diff := cmp.Diff(want, trainables(t, m)); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		// A file keeps what is frozen.
		back := roundTrip(t, m)
		if diff := cmp.Diff(want, trainables(t, back)); diff != "" {
			t.Errorf("read (-want +got):\n%s", diff)
		}
	}
	do := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	check("m/base/dense/kernel", "m/base/dense/bias", "m/base/dense_1/kernel", "m/dense/kernel", "m/dense/bias")
	do(m.Freeze("base"))
	check("m/dense/kernel", "m/dense/bias")
	const totals = ` Total params: 25 (100.00 B)
 Trainable params: 4 (16.00 B)
 Non-trainable params: 21 (84.00 B)
`
	if text := summary(t, m); !strings.HasSuffix(text, totals) {
		t.Errorf("the totals must be\n%s, got\n%s", totals, text)
	}
	if got := trainables(t, base); len(got) != 3 {
		t.Errorf("the part itself can be trained: %v", got)
	}
	do(m.Unfreeze("base/dense_1"))
	check("m/base/dense_1/kernel", "m/dense/kernel", "m/dense/bias")
	do(m.Freeze("dense/kernel"))
	check("m/base/dense_1/kernel", "m/dense/bias")
	do(m.Freeze())
	check()
	do(m.Unfreeze())
	do(base.Freeze("dense")) // and so where it is a part
	check("m/base/dense_1/kernel", "m/dense/kernel", "m/dense/bias")
	errtest.Check(t, m.Unfreeze(), graph.Error{Path: "m/base/dense/kernel", Field: "weight", Value: "base/dense/kernel"})
	errtest.Check(t, m.Freeze("dense", "bose"), graph.Error{Path: "bose", Field: "path"})
	errtest.Check(t, m.Freeze("m/dens"), graph.Error{Path: "m/dens", Field: "path"})
	errtest.Check(t, m.Freeze(""), graph.Error{Field: "path"})
	check("m/base/dense_1/kernel", "m/dense/kernel", "m/dense/bias")
	do(base.Unfreeze())
	do(m.Freeze("m/base/dense_1", "m/dense/bias")) // with the name of the model
	check("m/base/dense/kernel", "m/base/dense/bias", "m/dense/kernel")
	do(m.Unfreeze("m"))
	check("m/base/dense/kernel", "m/base/dense/bias", "m/base/dense_1/kernel", "m/dense/kernel", "m/dense/bias")
	errtest.Check(t, models.NewSequential(models.Config{}).Freeze(), graph.Error{Path: "sequential", Field: "model"})
}

// What is frozen may change while others look at it; the race detector watches.
func TestFreezeConcurrently(t *testing.T) {
	m := forecaster(models.Config{})
	if err := m.Build(); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			for k := range 20 {
				if err := errors.Join(m.Freeze("lstm"), m.Unfreeze("lstm/bias")); err != nil {
					t.Error(err)
				}
				if i == 0 && k%5 == 0 {
					bytesOf(t, m)
				}
				trainables(t, m)
			}
		})
	}
	wg.Wait()
}

func TestReadRefusesWhatIsFrozen(t *testing.T) {
	m := forecaster(models.Config{})
	for text, want := range map[string]graph.Error{
		`["dense/kernel","dense/bios"]`: {Path: "sequential/dense/bios", Field: "engram_frozen"},
		`["dense"]`:                     {Path: "sequential/dense", Field: "engram_frozen"},
		`"dense"`:                       {Path: "JSON", Value: `"dense"`},
		`[`:                             {Path: "JSON"},
	} {
		_, err := read(edited(t, m, func(f *safetensors.File) { f.Metadata["engram_frozen"] = text }))
		errtest.Check(t, err, want)
	}
	data := edited(t, m, func(f *safetensors.File) { f.Metadata["engram_frozen"] = `["dense/kernel","dense/kernel"]` })
	back, err := models.Read(bytes.NewReader(data), models.LoadConfig{})
	if err != nil {
		t.Fatal(err)
	}
	if got := trainables(t, back); len(got) != 4 {
		t.Errorf("got %v", got)
	}
}

// A frozen normalisation computes in training what it computes otherwise.
func TestFrozenNormalisation(t *testing.T) {
	m := models.NewSequential(models.Config{}, layers.Input{Shape: graph.Shape{2}}, layers.BatchNormalization{})
	updates := func() (n int) {
		t.Helper()
		params, err := m.Params()
		if err != nil {
			t.Fatal(err)
		}
		err = graph.Shapes(graph.Config{Params: params, Training: true}, func(s *graph.Scope) {
			s.Within(m.Name(), func() { m.Call(s, s.Input("x", graph.Shape{graph.Any, 2})) })
			n = len(s.Updates())
		})
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	if n := updates(); n != 2 {
		t.Errorf("got %d updates", n)
	}
	if err := m.Freeze(); err != nil {
		t.Fatal(err)
	}
	if n := updates(); n != 0 {
		t.Errorf("got %d updates of a frozen layer", n)
	}
	if weights, err := m.Weights(); err != nil || len(weights) != 4 {
		t.Errorf("got %v, %v", weights, err)
	}
}
