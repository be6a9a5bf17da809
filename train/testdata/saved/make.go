//go:build ignore

// This program wrote the files in this folder, with the version of Engram at
// commit aefe2c6, the first that had to be readable for ever:
//
//	git worktree add ../old aefe2c6
//	cp train/testdata/saved/make.go ../old
//	cd ../old && go run make.go ../engram/train/testdata/saved
//
// It is kept to say what the files hold, and is not run again.
//
// Each optimizer took three steps with a small model. Its tensors and the model
// were saved, and expected.json has the batch and the weights after two steps more,
// for the kernels "go" and, where they give other bits, "avx2".
package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"log"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"github.com/engram-go/engram/datasets"
	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/models"
	"github.com/engram-go/engram/models/safetensors"
	"github.com/engram-go/engram/train"
	"github.com/engram-go/engram/train/losses"
	"github.com/engram-go/engram/train/optimizers"
	"gorgonia.org/tensor"
)

// bits is a tensor in expected.json: its elements little-endian, in base64.
type bits struct {
	Dtype string
	Shape []int
	Bytes []byte
}

func bitsOf(ts ...*tensor.Dense) []bits {
	out := make([]bits, len(ts))
	for i, t := range ts {
		var b bytes.Buffer
		check(binary.Write(&b, binary.LittleEndian, t.Data()))
		out[i] = bits{t.Dtype().String(), slices.Clone([]int(t.Shape())), b.Bytes()}
	}
	return out
}

type expected struct {
	File    string            // with the tensors of the optimizer
	Model   string            // the file of the model
	Inputs  []bits            // x and y of the batch
	Outputs map[string][]bits // the weights after two steps, by the kernels
}

var source = rand.New(rand.NewPCG(1, 2))

func numbers(dtype tensor.Dtype, shape ...int) *tensor.Dense {
	n := graph.Shape(shape).Size()
	large, small := make([]float64, n), make([]float32, n)
	for i := range large {
		large[i] = 2*source.Float64() - 1
		small[i] = float32(large[i])
	}
	if dtype == tensor.Float64 {
		return tensor.New(tensor.WithShape(shape...), tensor.WithBacking(large))
	}
	return tensor.New(tensor.WithShape(shape...), tensor.WithBacking(small))
}

func main() {
	dir := os.Args[1]
	var lines []string
	for _, c := range []struct {
		name  string
		given optimizers.Optimizer
	}{
		{"adam", optimizers.Adam{LearningRate: 0.01, Beta1: new(0.5), ClipNorm: 0.5}},
		{"sgd", optimizers.SGD{GlobalClipNorm: 0.25}},
		{"momentum", optimizers.SGD{LearningRate: 0.05, Momentum: 0.75}},
		{"nesterov", optimizers.SGD{Momentum: 0.5, Nesterov: true, ClipValue: 0.125}},
	} {
		for _, dtype := range []tensor.Dtype{tensor.Float32, tensor.Float64} {
			name := c.name + "_" + dtype.String()
			x, y := numbers(dtype, 5, 4, 2), numbers(dtype, 5, 1)
			os.Setenv("ENGRAM_KERNELS", "go")
			m := models.NewSequential(models.Config{Seed: 3, Dtype: dtype}, layers.Input{Shape: graph.Shape{4, 2}}, layers.LSTM{Units: 3}, layers.Dense{Units: 1})
			check(m.Freeze("dense/bias"))
			t := compile(m, c.given)
			steps(t, 3, x, y)
			check(t.Optimizer().SetLearningRate(t.Optimizer().LearningRate() / 2))
			e := expected{name + ".safetensors", name + "_model.safetensors", bitsOf(x, y), map[string][]bits{}}
			check(m.Save(filepath.Join(dir, e.Model)))
			check(safetensors.WriteFile(filepath.Join(dir, e.File), safetensors.File{Tensors: t.Optimizer().Tensors()}))
			for _, set := range []string{"go", "avx2", "avx512"} {
				os.Setenv("ENGRAM_KERNELS", set)
				m, err := models.Load(filepath.Join(dir, e.Model), models.LoadConfig{})
				check(err)
				t := compile(m, c.given)
				f, err := safetensors.ReadFile(filepath.Join(dir, e.File))
				check(err)
				check(t.Optimizer().Restore(f.Tensors))
				steps(t, 2, x, y)
				weights, err := m.Weights()
				check(err)
				for _, w := range weights {
					e.Outputs[set] = append(e.Outputs[set], bitsOf(w.Value)...)
				}
			}
			if !reflect.DeepEqual(e.Outputs["avx2"], e.Outputs["avx512"]) {
				log.Fatal("avx2 and avx512 differ")
			}
			delete(e.Outputs, "avx512")
			if reflect.DeepEqual(e.Outputs["avx2"], e.Outputs["go"]) {
				delete(e.Outputs, "avx2")
			}
			text, err := json.Marshal(e)
			check(err)
			lines = append(lines, string(text))
		}
	}
	check(os.WriteFile(filepath.Join(dir, "expected.json"), []byte("[\n"+strings.Join(lines, ",\n")+"\n]\n"), 0o644))
}

func compile(m train.Model, o optimizers.Optimizer) *train.Trainer {
	t, err := train.Compile(m, train.Config{Loss: losses.MSE{}, Optimizer: o})
	check(err)
	return t
}

func steps(t *train.Trainer, n int, x, y *tensor.Dense) {
	for range n {
		_, err := t.Step(context.Background(), &datasets.Batch{Inputs: []*tensor.Dense{x}, Targets: []*tensor.Dense{y}})
		check(err)
	}
}

func check(err error) {
	if err != nil {
		log.Output(2, err.Error())
		os.Exit(1)
	}
}
