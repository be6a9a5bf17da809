package models_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/internal/errs/errtest"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/models"
	"gorgonia.org/tensor"
)

// translator is an encoder whose last states are where its decoder starts.
func translator(cfg models.Config) *models.Functional {
	source := models.NewInput(layers.Input{Shape: graph.Shape{graph.Any, 2}, Name: "source"})
	target := models.NewInput(layers.Input{Shape: graph.Shape{graph.Any, 2}, Name: "target"})
	encoded := models.Use(layers.LSTM{Units: 3, ReturnState: true, Name: "encoder"}).Call(source)
	decoded := models.Use(layers.LSTM{Units: 3, ReturnSequences: true, Name: "decoder"}).Call(target, encoded.Output(1), encoded.Output(2))
	return models.NewFunctional(cfg, models.Inputs{source, target}, models.Outputs{models.Use(layers.Dense{Units: 2}).Call(decoded)})
}

// A decoder that starts with the encoder's states gives what one LSTM gives that
// reads both sequences.
func TestEncoderDecoder(t *testing.T) {
	x := inputs(tensor.Float32, 3, 7, 2)
	source, target := steps(x, 0, 4), steps(x, 4, 7)
	in := models.NewInput(layers.Input{Shape: graph.Shape{graph.Any, 2}})
	more := models.NewInput(layers.Input{Shape: graph.Shape{graph.Any, 2}})
	lstm := models.Use(layers.LSTM{Units: 3, ReturnSequences: true, ReturnState: true})
	first := lstm.Call(in)
	second := lstm.Call(more, first.Output(1), first.Output(2))
	pieces := models.NewFunctional(models.Config{Name: "pieces"}, models.Inputs{in, more}, models.Outputs{second})
	whole := models.NewFunctional(models.Config{Name: "whole"}, models.Inputs{in}, models.Outputs{first})
	got, err := pieces.Predict(ctx, source, target)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "decoded", got, steps(predict(t, whole, x), 4, 7))
	roundTrip(t, translator(models.Config{Seed: 1}))
}

// steps are some steps of all samples, copied.
func steps(x *tensor.Dense, from, to int) *tensor.Dense {
	shape := slices.Clone([]int(x.Shape()))
	n, features := shape[1], shape[2]
	shape[1] = to - from
	y := tensor.New(tensor.WithShape(shape...), tensor.Of(tensor.Float32))
	for i := range shape[0] {
		copy(y.Float32s()[i*(to-from)*features:], x.Float32s()[(i*n+from)*features:(i*n+to)*features])
	}
	return y
}

// The three models of a translator, the one for training and the two for
// inference, share their weights, whichever is built first.
func TestModelsShareHandles(t *testing.T) {
	for _, builtFirst := range []int{0, 1, 2} {
		source := models.NewInput(layers.Input{Shape: graph.Shape{graph.Any, 2}})
		target := models.NewInput(layers.Input{Shape: graph.Shape{graph.Any, 2}})
		h := models.NewInput(layers.Input{Shape: graph.Shape{3}, Name: "h"})
		c := models.NewInput(layers.Input{Shape: graph.Shape{3}, Name: "c"})
		encoder := models.Use(layers.LSTM{Units: 3, ReturnState: true})
		decoder := models.Use(layers.LSTM{Units: 3, ReturnSequences: true, ReturnState: true})
		dense := models.Use(layers.Dense{Units: 2})
		encoded := encoder.Call(source)
		trained := models.NewFunctional(models.Config{Name: "trained"}, models.Inputs{source, target},
			models.Outputs{dense.Call(decoder.Call(target, encoded.Output(1), encoded.Output(2)))})
		encoding := models.NewFunctional(models.Config{Name: "encoding", Seed: 2}, models.Inputs{source}, models.Outputs{encoded.Output(1), encoded.Output(2)})
		step := decoder.Call(target, h, c)
		decoding := models.NewFunctional(models.Config{Name: "decoding", Seed: 3}, models.Inputs{target, h, c}, models.Outputs{dense.Call(step), step.Output(1), step.Output(2)})
		all := []*models.Functional{trained, encoding, decoding}
		if err := all[builtFirst].Build(); err != nil {
			t.Fatal(err)
		}
		x := inputs(tensor.Float32, 2, 5, 2)
		check := func() {
			t.Helper()
			want, err := trained.Predict(ctx, x, x)
			if err != nil {
				t.Fatal(err)
			}
			states, err := encoding.PredictAll(ctx, x)
			if err != nil {
				t.Fatal(err)
			}
			for i := range 5 {
				got, err := decoding.PredictAll(ctx, steps(x, i, i+1), states[0], states[1])
				if err != nil {
					t.Fatal(err)
				}
				same(t, fmt.Sprint("step ", i), got[0], steps(want, i, i+1))
				states = got[1:]
			}
		}
		check()
		before := hash(t, encoding)
		weights, err := trained.Weights()
		if err != nil {
			t.Fatal(err)
		}
		for _, w := range weights {
			for i := range w.Value.Float32s() {
				w.Value.Float32s()[i] += 0.1
			}
		}
		if err := trained.SetWeights(weights...); err != nil {
			t.Fatal(err)
		}
		if hash(t, encoding) == before {
			t.Error("the encoder kept its weights")
		}
		check()
	}
}

// Inner and outer models may predict while the weights change.
func TestSharedWeightsConcurrently(t *testing.T) {
	inner := sum()
	x := models.NewInput(layers.Input{Shape: graph.Shape{2}})
	outer := models.NewFunctional(models.Config{Name: "outer"}, models.Inputs{x}, models.Outputs{models.Use(inner).Call(x)})
	other := models.NewFunctional(models.Config{Name: "other"}, models.Inputs{x}, models.Outputs{models.Use(inner).Call(x)})
	var wg sync.WaitGroup
	for _, m := range []model{inner, outer, other, inner, outer, other} {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for range 20 {
				y, err := m.Predict(context.Background(), inputs(tensor.Float32, 4, 2))
				if err != nil || y == nil {
					t.Error(err)
				}
				params, err := m.(interface{ Params() (*graph.Params, error) }).Params()
				if err != nil {
					t.Error(err)
				}
				all := params.All()
				if err := params.Update(func() error { all[0].Value().Float32s()[0]++; return nil }); err != nil {
					t.Error(err)
				}
			}
		}()
	}
	wg.Wait()
}

func TestSharingRefused(t *testing.T) {
	x := models.NewInput(layers.Input{Shape: graph.Shape{2}})
	dense := models.Use(layers.Dense{Units: 2})
	inner := models.NewFunctional(models.Config{Name: "inner"}, models.Inputs{x}, models.Outputs{dense.Call(x)})
	both := models.NewFunctional(models.Config{Name: "both"}, models.Inputs{x}, models.Outputs{dense.Call(x), models.Use(inner).Call(x)})
	errtest.Check(t, both.Build(), graph.Error{Path: "both/inner/dense/kernel", Field: "weight"})

	double := models.NewFunctional(models.Config{Dtype: tensor.Float64}, models.Inputs{x}, models.Outputs{dense.Call(x)})
	errtest.Check(t, double.Build(), graph.Error{Path: "functional/dense", Field: "dtype", Value: tensor.Float32})
	wrong := models.NewSequential(models.Config{Dtype: tensor.Float64}, layers.Input{Shape: graph.Shape{2}}, sum())
	errtest.Check(t, wrong.Build(), graph.Error{Path: "sequential/sequential", Field: "Config.Dtype", Value: tensor.Float32})

	self := models.NewSequential(models.Config{}, layers.Input{Shape: graph.Shape{2}})
	self.Add(self)
	errtest.Check(t, self.Build(), graph.Error{Path: "sequential/sequential", Field: "layer"})
	a := models.NewSequential(models.Config{Name: "a"}, layers.Input{Shape: graph.Shape{2}})
	b := models.NewSequential(models.Config{Name: "b"}, layers.Input{Shape: graph.Shape{2}}, a)
	a.Add(b)
	errtest.Check(t, a.Build(), graph.Error{Path: "a", Field: "model"})
	errtest.Check(t, b.Build(), graph.Error{Path: "b/a", Field: "model"})
}
