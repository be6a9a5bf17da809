package models_test

import (
	"bytes"
	"context"
	"io"
	"slices"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/graph/graphtest"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/models"
	"gorgonia.org/tensor"
)

var ctx = context.Background()

// forecaster is a small model that takes series of any length.
func forecaster(cfg models.Config) *models.Sequential {
	return models.NewSequential(cfg,
		layers.Input{Shape: graph.Shape{graph.Any, 2}},
		layers.LSTM{Units: 3},
		layers.Dense{Units: 1},
	)
}

// model is what all kinds of models have.
type model interface {
	layers.Layer
	Name() string
	Seed() uint64
	Dtype() tensor.Dtype
	Build() error
	Predict(ctx context.Context, inputs ...*tensor.Dense) (*tensor.Dense, error)
	PredictAll(ctx context.Context, inputs ...*tensor.Dense) ([]*tensor.Dense, error)
	Save(path string) error
	Summary(w io.Writer) error
	Weights() ([]models.Weight, error)
	WeightsSHA256() (string, error)
	WriteTo(w io.Writer) (int64, error)
}

// inputs are pseudo-random numbers in [−1, 1).
func inputs(dtype tensor.Dtype, shape ...int) *tensor.Dense {
	elements := graphtest.Uniform(7, graph.Shape(shape).Size(), 1)
	if dtype == tensor.Float64 {
		return tensor.New(tensor.WithShape(shape...), tensor.WithBacking(elements))
	}
	return tensor.New(tensor.WithShape(shape...), tensor.WithBacking(float32s(elements)))
}

func float32s(elements []float64) []float32 {
	out := make([]float32, len(elements))
	for i, x := range elements {
		out[i] = float32(x)
	}
	return out
}

func predict(t testing.TB, m model, x *tensor.Dense) *tensor.Dense {
	t.Helper()
	y, err := m.Predict(ctx, x)
	if err != nil {
		t.Fatal(err)
	}
	return y
}

// rows are some of the samples of a tensor, copied.
func rows(x *tensor.Dense, from, to int) *tensor.Dense {
	shape := slices.Clone([]int(x.Shape()))
	size := x.Shape().TotalSize() / shape[0]
	shape[0] = to - from
	if x.Dtype() == tensor.Float64 {
		return tensor.New(tensor.WithShape(shape...), tensor.WithBacking(slices.Clone(x.Float64s()[from*size:to*size])))
	}
	return tensor.New(tensor.WithShape(shape...), tensor.WithBacking(slices.Clone(x.Float32s()[from*size:to*size])))
}

// same reports tensors that differ in dtype, shape or a bit.
func same(t testing.TB, what string, got, want *tensor.Dense) {
	t.Helper()
	if got.Dtype() != want.Dtype() || !slices.Equal(got.Shape(), want.Shape()) {
		t.Fatalf("%s: got %v %v, want %v %v", what, got.Dtype(), got.Shape(), want.Dtype(), want.Shape())
	}
	equal := slices.Equal[[]float32]
	if got.Dtype() == tensor.Float64 {
		if !slices.Equal(got.Float64s(), want.Float64s()) {
			t.Errorf("%s: got %v, want %v", what, got, want)
		}
	} else if !equal(got.Float32s(), want.Float32s()) {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

func hash(t testing.TB, m model) string {
	t.Helper()
	h, err := m.WeightsSHA256()
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// bytesOf is what WriteTo writes.
func bytesOf(t testing.TB, m model) []byte {
	t.Helper()
	var b bytes.Buffer
	if _, err := m.WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
