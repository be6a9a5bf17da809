package conformance_test

import (
	"slices"
	"testing"

	"github.com/engram-go/engram/datasets"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/train"
	"github.com/engram-go/engram/train/losses"
	"gorgonia.org/tensor"
)

func transposed(shape ...int) *tensor.Dense {
	x := tensor.New(tensor.WithShape(shape...), tensor.Of(tensor.Float32))
	for i := range x.Float32s() {
		x.Float32s()[i] = float32(i)
	}
	if err := x.T(); err != nil {
		panic(err)
	}
	return x
}

// Tensors that are transposed or sliced are taken, and give what their copies
// in plain order give, in prediction and in training.
func TestViewsAreRight(t *testing.T) {
	wide := tensor.New(tensor.WithShape(6, 9, 3), tensor.WithBacking(tensor.Range(tensor.Float32, 0, 6*9*3)))
	part, err := wide.Slice(tensor.S(1, 6), tensor.S(2, 6), tensor.S(1, 3))
	if err != nil {
		t.Fatal(err)
	}
	for name, x := range map[string]*tensor.Dense{"transposed": transposed(2, 4, 5), "sliced": part.(*tensor.Dense)} {
		t.Run(name, func(t *testing.T) {
			var plain []float32
			for i := range 5 {
				for k := range 4 {
					for f := range 2 {
						v, err := x.At(i, k, f)
						if err != nil {
							t.Fatal(err)
						}
						plain = append(plain, v.(float32)/100)
					}
				}
			}
			x, err := x.DivScalar(float32(100), true)
			if err != nil {
				t.Fatal(err)
			}
			y := tensor.New(tensor.WithShape(5, 1), tensor.WithBacking([]float32{1, 2, 3, 4, 5}))
			var results [2][]float32
			for i, in := range []*tensor.Dense{x, tensor.New(tensor.WithShape(5, 4, 2), tensor.WithBacking(plain))} {
				m := sequential(series, layers.LSTM{Units: 3}, one)
				before, err := m.Predict(background, in)
				if err != nil {
					t.Fatal(err)
				}
				data, err := datasets.FromTensors([]*tensor.Dense{in}, []*tensor.Dense{y})
				if err != nil {
					t.Fatal(err)
				}
				trainer, err := train.Compile(m, train.Config{Loss: losses.MSE{}})
				if err != nil {
					t.Fatal(err)
				}
				if _, err := trainer.Fit(background, data, train.FitConfig{Epochs: 2, BatchSize: 2}); err != nil {
					t.Fatal(err)
				}
				if _, err := trainer.Step(background, &datasets.Batch{Inputs: []*tensor.Dense{in}, Targets: []*tensor.Dense{y}}); err != nil {
					t.Fatal(err)
				}
				after, err := m.Predict(background, in)
				if err != nil {
					t.Fatal(err)
				}
				results[i] = append(before.Float32s(), after.Float32s()...)
			}
			if !slices.Equal(results[0], results[1]) {
				t.Errorf("got %v, want %v", results[0], results[1])
			}
		})
	}
}
