package layers_test

import (
	"fmt"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/graph/graphtest"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/layers/initializers"
	"gorgonia.org/tensor"
)

// ownTraining is the training program of an LSTM of 50 units that is written as
// a user's cell: forwards, the mean squared error and all gradients, in float32
// on 32 samples of one feature.
func ownTraining(b *testing.B, steps int) *graph.Program {
	b.Helper()
	params, err := graph.NewParams(tensor.Float32, 1)
	if err != nil {
		b.Fatal(err)
	}
	prog, err := graph.NewProgram(graph.Config{Params: params, Training: true}, func(s *graph.Scope) {
		cell := ownLSTM{50, initializers.GlorotUniform, initializers.Orthogonal{}, initializers.Zeros}
		x := s.Values(graphtest.Uniform(1, 32*steps, 1), graph.Shape{32, steps, 1})
		y := layers.Apply(s, "rnn", layers.RNN{Cell: cell}, x)
		y = layers.Apply(s, "dense", layers.Dense{Units: 1}, y...)
		loss := y[0].AddConst(-1).Square().Mean()
		s.Output("loss", loss)
		var wrt []graph.Value
		for _, p := range s.Bound() {
			wrt = append(wrt, p.Value)
		}
		for i, g := range s.Gradients(loss, wrt...) {
			s.Output(fmt.Sprint("gradient ", i), g)
		}
	})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { prog.Close() })
	return prog
}

// BenchmarkRNNBuild builds, differentiates and compiles.
func BenchmarkRNNBuild(b *testing.B) {
	for _, steps := range []int{30, 1000} {
		b.Run(fmt.Sprint("steps=", steps), func(b *testing.B) {
			for b.Loop() {
				ownTraining(b, steps)
			}
		})
	}
}

// BenchmarkRNNTraining computes a loss and its gradients.
func BenchmarkRNNTraining(b *testing.B) {
	for _, steps := range []int{30, 100, 400} {
		b.Run(fmt.Sprint("steps=", steps), func(b *testing.B) {
			prog := ownTraining(b, steps)
			for b.Loop() {
				if err := prog.Run(graph.Tick{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
