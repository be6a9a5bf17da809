//go:build ignore

// This program wrote version1.safetensors, a checkpoint with everything that one can
// have:
//
//	go run train/checkpoint/testdata/saved/make.go train/checkpoint/testdata/saved/version1.safetensors
//
// It is kept to say what the file holds, and is not run again: later versions must read
// the file.
package main

import (
	"log"
	"math"
	"os"

	"github.com/engram-go/engram/train"
	"github.com/engram-go/engram/train/checkpoint"
	"gorgonia.org/tensor"
)

func main() {
	small := func(x ...float32) *tensor.Dense { return tensor.New(tensor.WithBacking(x)) }
	large := func(x ...float64) *tensor.Dense { return tensor.New(tensor.WithBacking(x)) }
	kernel := tensor.New(tensor.WithShape(2, 3), tensor.WithBacking([]float32{1, -2, 3.5, 0, 1e-40, math.MaxFloat32}))
	s := &train.State{
		Weights:   map[string]*tensor.Dense{"sequential/dense/kernel": kernel, "sequential/dense/bias": small(0.1, 0.2, 0.3)},
		Optimizer: map[string]*tensor.Dense{"adam/iterations": large(7), "adam/m/sequential/dense/bias": small(1, 2, 3)},
		Carried:   map[string]*tensor.Dense{"fresh": large(1, 0)},
		Epoch:     3, Step: 2,
		Fit: &train.FitState{
			Epoch: 2, InEpoch: true, Batch: 2, Batches: 5, Stopped: true,
			Setup:  `{"Data":{"Samples":10},"FitConfig":{"BatchSize":2}}`,
			Totals: map[string][]float64{"loss": {1.5, 4}, "none": {}},
			History: train.History{Epochs: []int{0, 1}, Values: map[string][]float64{
				"loss": {math.Inf(1), math.Float64frombits(0x7ff8000000000123)}, "é": {math.Copysign(0, -1), 0.1},
			}},
			Callbacks: map[int]train.CallbackState{
				0: {Numbers: map[string]float64{"best": math.NaN()}, Tensors: map[string]*tensor.Dense{"sequential/dense/bias": small(1, 2, 3)}},
				2: {},
			},
		},
	}
	if err := checkpoint.WriteFile(os.Args[1], s); err != nil {
		log.Fatal(err)
	}
}
