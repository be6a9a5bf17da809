package train_test

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"os"

	"github.com/engram-go/engram/datasets"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/models"
	"github.com/engram-go/engram/train"
	"github.com/engram-go/engram/train/losses"
	"github.com/engram-go/engram/train/metrics"
	"github.com/engram-go/engram/train/optimizers"
	"gorgonia.org/tensor"
)

// Signum steps by the sign of a moving average m of the gradient (Bernstein et al. 2018).
type Signum struct{ LearningRate float64 }

func (s Signum) Rule(tensor.Dtype) (optimizers.Rule, error) {
	return optimizers.Rule{Name: "signum", LearningRate: s.LearningRate, Slots: []optimizers.Slot{{Name: "m"}}, Float32: signum[float32], Float64: signum[float64]}, nil
}

func signum[T optimizers.Float](s optimizers.Step[T]) {
	for i, g := range s.Gradient {
		s.Slots[0][i] = 0.9*s.Slots[0][i] + 0.1*g
		s.Weights[i] -= s.Rate * T(cmp.Compare(s.Slots[0][i], 0))
	}
}

// Near is the share of outputs that are within a distance of their targets.
type Near struct{ distance, near, all float64 }

func (n Near) Name() string               { return "near" }
func (n Near) HigherIsBetter() bool       { return true }
func (n Near) Start() metrics.Accumulator { return &Near{distance: n.distance} }
func (n *Near) Result() float64           { return n.near / n.all }
func (n *Near) Add(target, output, _ *tensor.Dense) error {
	for i, y := range target.Float32s() {
		if n.all++; math.Abs(float64(y-output.Float32s()[i])) <= n.distance {
			n.near++
		}
	}
	return nil
}

// One step with the gradients of four batches, then Fit with a callback.
func Example_customTraining() {
	check := func(err error) {
		if err != nil {
			panic(err)
		}
	}
	data, err := datasets.FromSlices([][]float64{{0}, {1}, {2}, {3}}, [][]float64{{1}, {3}, {5}, {7}}, tensor.Float32)
	check(err)
	trainer, err := train.Compile(models.NewSequential(models.Config{Seed: 1}, layers.Input{Shape: []int{1}}, layers.Dense{Units: 1}),
		train.Config{Loss: losses.MSE{}, Optimizer: Signum{0.01}, Metrics: []metrics.Metric{Near{distance: 0.2}}})
	check(err)
	sum, batch := train.Gradients{}, datasets.Batch{}
	for i := range 4 {
		check(data.Gather([]int{i}, &batch))
		check(trainer.Accumulate(context.Background(), &sum, &batch))
	}
	check(trainer.Apply(&sum))
	best, file := 0.0, os.TempDir()+"/engram-custom-training.safetensors"
	saveBest := train.CallbackFunc(func(e *train.Event) error {
		if near, ok := e.Logs.Get("near"); ok && e.Moment == train.EpochEnd && near > best {
			best = near
			return e.Trainer.Model().(*models.Sequential).Save(file)
		}
		return nil
	})
	_, err = trainer.Fit(context.Background(), data, train.FitConfig{Epochs: 400, Callbacks: []train.Callback{saveBest}})
	fmt.Println("near", best, err, os.Remove(file))
	// Output: near 1 <nil> <nil>
}
