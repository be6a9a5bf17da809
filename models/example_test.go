package models_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/layers/initializers"
	"github.com/engram-go/engram/models"
	"gorgonia.org/tensor"
)

// The usual first model: it reads 30 steps of one feature
// and forecasts one number.
func ExampleNewSequential() {
	model := models.NewSequential(models.Config{Seed: 1},
		layers.Input{Shape: graph.Shape{30, 1}},
		layers.LSTM{Units: 50},
		layers.Dense{Units: 1},
	)
	if err := model.Summary(os.Stdout); err != nil {
		log.Fatal(err)
	}
	// Output:
	// Model: "sequential"
	// ┏━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━┓
	// ┃ Layer (type)                    ┃ Output Shape           ┃       Param # ┃
	// ┡━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━┩
	// │ lstm (LSTM)                     │ [any, 50]              │        10,400 │
	// ├─────────────────────────────────┼────────────────────────┼───────────────┤
	// │ dense (Dense)                   │ [any, 1]               │            51 │
	// └─────────────────────────────────┴────────────────────────┴───────────────┘
	//  Total params: 10,451 (40.82 KB)
	//  Trainable params: 10,451 (40.82 KB)
	//  Non-trainable params: 0 (0.00 B)
	//  lstm runs as one operation for all steps
}

// Line by line, as in Keras. An error of Add is kept, and returned by whatever
// uses the model first.
func ExampleSequential_Add() {
	model := models.NewSequential(models.Config{})
	model.Add(layers.Input{Shape: graph.Shape{30, 1}})
	model.Add(layers.LSTM{Units: -3})
	model.Add(layers.Dense{Units: 1})
	fmt.Println(model.Build())
	// Output: sequential/lstm: LSTM.Units must be positive, got -3
}

// sum is a model whose weights are set by hand, to x₀ + 10·x₁ + 0.5.
func sum() *models.Sequential {
	model := models.NewSequential(models.Config{}, layers.Input{Shape: graph.Shape{2}}, layers.Dense{Units: 1})
	err := model.SetWeights(
		models.Weight{Path: "sequential/dense/kernel", Value: tensor.New(tensor.WithShape(2, 1), tensor.WithBacking([]float32{1, 10}))},
		models.Weight{Path: "sequential/dense/bias", Value: tensor.New(tensor.WithShape(1), tensor.WithBacking([]float32{0.5}))},
	)
	if err != nil {
		log.Fatal(err)
	}
	return model
}

// One row of the output for every row of the input.
func ExampleModel_Predict() {
	x := tensor.New(tensor.WithShape(3, 2), tensor.WithBacking([]float32{1, 2, 3, 4, 5, 6}))
	y, err := sum().Predict(context.Background(), x)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(y.Shape(), y.Float32s())
	// Output: (3, 1) [21.5 43.5 65.5]
}

// A file holds the layers with all their settings, and the weights.
func ExampleLoad() {
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "sum.safetensors")
	if err := sum().Save(path); err != nil {
		log.Fatal(err)
	}
	model, err := models.Load(path, models.LoadConfig{})
	if err != nil {
		log.Fatal(err)
	}
	weights, err := model.Weights()
	if err != nil {
		log.Fatal(err)
	}
	for _, w := range weights {
		fmt.Println(w.Path, w.Value.Shape(), w.Value.Float32s())
	}
	// Output:
	// sequential/dense/kernel (2, 1) [1 10]
	// sequential/dense/bias (1) [0.5]
}

// A program computes with a model, here also the gradient of its input, as with
// Keras' GradientTape.
func ExampleModel_Call() {
	m := models.NewSequential(models.Config{},
		layers.Input{Shape: graph.Shape{2}},
		layers.Dense{Units: 1, KernelInitializer: initializers.Constant{Value: 3}},
	)
	params, err := m.Params()
	if err != nil {
		fmt.Println(err)
		return
	}
	program, err := graph.NewProgram(graph.Config{Params: params, Training: true}, func(s *graph.Scope) {
		x := s.Input("x", graph.Shape{1, 2}) // [batch, features]
		y := m.Call(s, x)[0]                 // [batch, 1]
		s.Output("y", y)
		s.Output("gradient", s.Gradients(y.Square().Sum(), x)[0]) // [batch, features]
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := program.SetInput("x", tensor.New(tensor.WithShape(1, 2), tensor.WithBacking([]float32{1, 2}))); err != nil {
		fmt.Println(err)
		return
	}
	if err := program.Run(graph.Tick{}); err != nil {
		fmt.Println(err)
		return
	}
	y, _ := program.Output("y")
	gradient, _ := program.Output("gradient")
	fmt.Println(y.Data(), gradient.Data())
	// Output: [9] [54 54]
}

// A model that got other units and one more layer keeps the weights of its first layer.
func ExampleModel_LoadMatchingWeights() {
	build := func(units int, more ...layers.Layer) *models.Sequential {
		m := models.NewSequential(models.Config{Seed: 1}, layers.Input{Shape: graph.Shape{3}}, layers.Dense{Name: "first", Units: 2}, layers.Dense{Name: "second", Units: units})
		for _, l := range more {
			m.Add(l)
		}
		return m
	}
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "model.safetensors")
	if err := build(4).Save(file); err != nil {
		log.Fatal(err)
	}
	model := build(5, layers.Dense{Name: "third", Units: 1})
	mismatch, err := model.LoadMatchingWeights(file)
	fmt.Println(mismatch.Missing, err)
	for _, u := range mismatch.Unfitting {
		fmt.Println(u)
	}
	// Output:
	// [sequential/third/kernel sequential/third/bias] <nil>
	// sequential/second/bias must be float32 [5], got float32 [4]
	// sequential/second/kernel must be float32 [2, 5], got float32 [2, 4]
}
