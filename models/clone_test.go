package models_test

import (
	"math"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/internal/errs/errtest"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/models"
	"gorgonia.org/tensor"
)

// A clone is written as its model is, and has weights of its own.
func TestClone(t *testing.T) {
	double := layers.NewFunction("double", func(_ *graph.Scope, in ...graph.Value) []graph.Value { return []graph.Value{in[0].Scale(2)} })
	m := models.NewSequential(models.Config{Name: "m", Seed: 5, Custom: []any{double}},
		layers.Input{Shape: graph.Shape{graph.Any, 2}}, forecaster(models.Config{}), layers.Lambda{Function: double})
	if err := m.Freeze("sequential/lstm"); err != nil {
		t.Fatal(err)
	}
	before := bytesOf(t, m)
	c, err := m.Clone()
	if err != nil {
		t.Fatal(err)
	}
	if got := bytesOf(t, c); string(got) != string(before) {
		t.Error("a clone is written otherwise than its model")
	}
	x := inputs(tensor.Float32, 2, 4, 2)
	want := predict(t, m, x)
	if err := m.SetWeights(models.Weight{Path: "sequential/dense/bias", Value: tensor.New(tensor.WithShape(1), tensor.WithBacking([]float32{3}))}); err != nil {
		t.Fatal(err)
	}
	same(t, "the clone", predict(t, c, x), want)
}

func TestCloneErrors(t *testing.T) {
	unsaved := layers.NewFunction("unsaved", func(_ *graph.Scope, in ...graph.Value) []graph.Value { return in })
	m := models.NewSequential(models.Config{}, layers.Input{Shape: graph.Shape{2}}, layers.Lambda{Function: unsaved})
	_, err := m.Clone()
	errtest.Check(t, err, graph.Error{Path: "sequential/lambda", Field: "Lambda.Function"})
	_, err = (&models.Model{}).Clone()
	errtest.Check(t, err, graph.Error{Field: "model"})
	broken := forecaster(models.Config{})
	params, err := broken.Params()
	if err != nil {
		t.Fatal(err)
	}
	params.Get("sequential/dense/bias").Value().Float32s()[0] = float32(math.NaN())
	_, err = broken.Clone()
	errtest.Check(t, err, graph.Error{Path: "sequential/dense/bias", Field: "element [0]", Kind: graph.ErrNotFinite})
}
