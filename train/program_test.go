package train_test

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"testing"

	"github.com/engram-go/engram/datasets"
	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/graph/graphtest"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/layers/initializers"
	"github.com/engram-go/engram/models"
	"github.com/engram-go/engram/train"
	"github.com/engram-go/engram/train/metrics"
	"github.com/pkg/errors"
	"gorgonia.org/tensor"
)

// helper is a layer with all that a trainer takes from a scope: a weight that
// it scales by, with a loss of its own, the square of the weight; a state that
// counts the steps; and a weight that no batch ever uses.
type helper struct{}

func (helper) Call(s *graph.Scope, in ...graph.Value) []graph.Value {
	scale := s.Param("scale", graph.Shape{1}, initializers.Ones)
	s.AddLoss(scale.Square().Sum())
	count := s.State("count", graph.Shape{1}, initializers.Zeros)
	s.AddUpdate("count", count.AddConst(1))
	if s.Symbolic() {
		s.Param("idle", graph.Shape{2}, initializers.Ones)
	}
	return []graph.Value{in[0].Times(scale)}
}

func TestLossesAndUpdatesOfLayers(t *testing.T) {
	for _, dtype := range []tensor.Dtype{tensor.Float32, tensor.Float64} {
		t.Run(fmt.Sprint(dtype), func(t *testing.T) {
			m := models.NewSequential(models.Config{Dtype: dtype}, layers.Input{Shape: graph.Shape{1}}, helper{})
			trainer := compile(t, m, train.Config{})
			b := batch(t, numbers(t, dtype, [][]float64{{1}, {3}}, [][]float64{{0.5}, {1.5}}))
			weight := func(name string) float64 {
				w, err := m.Weight("sequential/helper/" + name)
				check(t, err)
				return float64s(w)[0]
			}
			scale := 1.0
			for step := range 3 {
				logs, err := trainer.Evaluate(background, numbers(t, dtype, [][]float64{{1}, {3}}, [][]float64{{0.5}, {1.5}}), train.EvaluateConfig{})
				check(t, err)
				loss, err := trainer.Step(background, b)
				check(t, err)
				// The mean of (x·scale − x/2)², which is 5·(scale − 1/2)², and scale².
				want := 5*(scale-0.5)*(scale-0.5) + scale*scale
				graphtest.CheckOutput(t, "loss", []float64{loss, logs[0].Value}, []float64{want, want}, 1e-6)
				scale -= 0.1 * (10*(scale-0.5) + 2*scale)
				graphtest.CheckOutput(t, "scale, count, idle",
					[]float64{weight("scale"), weight("count"), weight("idle")},
					[]float64{scale, float64(step + 1), 1}, 1e-6)
			}
		})
	}
}

// faulty is a layer whose random draws panic in a run.
type faulty struct{}

func (faulty) Call(s *graph.Scope, in ...graph.Value) []graph.Value {
	if !s.Training() {
		return in
	}
	return []graph.Value{in[0].Add(s.Random("noise", in[0].Shape(), func(*rand.Rand) float64 { panic("mine") }))}
}

func TestFaultInARun(t *testing.T) {
	m := linear(1, faulty{})
	before := hash(t, m)
	_, err := compile(t, m, train.Config{}).Fit(background, table(t, 1, 4), train.FitConfig{})
	wantError(t, err, "epoch 1, batch 1: ", "sequential/faulty", "mine")
	if hash(t, m) != before {
		t.Error("the weights have changed")
	}
}

// shrinking is a layer that loses samples.
type shrinking struct{}

func (shrinking) Call(s *graph.Scope, in ...graph.Value) []graph.Value {
	if s.Symbolic() {
		return in
	}
	return []graph.Value{in[0].Slice(0, 0, 1)}
}

func TestOutputOfOtherSamples(t *testing.T) {
	trainer := compile(t, linear(1, shrinking{}), train.Config{})
	_, err := trainer.Predict(background, table(t, 1, 4), train.EvaluateConfig{})
	wantWithin(t, err, "batch 1: ", graph.Error{Path: "sequential", Field: "output", Value: graph.Shape{1, 1}})
	_, err = trainer.Fit(background, table(t, 1, 4), train.FitConfig{})
	wantWithin(t, err, "epoch 1, batch 1: ", graph.Error{Path: "loss", Field: "target", Value: graph.Shape{4, 1}})
}

// broken is a metric that takes nothing in.
type broken struct{ metrics.MAE }

var errMetric = errors.New("no room")

func (broken) Start() metrics.Accumulator { return noRoom{} }

type noRoom struct{}

func (noRoom) Add(_, _, _ *tensor.Dense) error { return errMetric }
func (noRoom) Result() float64                 { return 0 }

func TestErrorOfAMetric(t *testing.T) {
	trainer := compile(t, linear(1), train.Config{Metrics: []metrics.Metric{broken{}}})
	_, err := trainer.Fit(background, table(t, 1, 4), train.FitConfig{})
	wantError(t, err, "epoch 1, batch 1: mae: no room")
	_, err = trainer.Evaluate(background, table(t, 1, 4), train.EvaluateConfig{})
	wantError(t, err, "batch 1: mae: no room")
	if !errors.Is(err, errMetric) {
		t.Errorf("%v does not hold the error of the metric", err)
	}
}

// anyLength trains a model on sequences of any length: step trains on a batch of 32
// sequences of so many steps.
func anyLength(t *testing.T, units int) (step func(steps int)) {
	t.Helper()
	const batch, features = 32, 2
	m := models.NewSequential(models.Config{Seed: 1}, layers.Input{Shape: graph.Shape{graph.Any, features}},
		layers.Bidirectional{Layer: layers.LSTM{Units: units}}, layers.Dense{Units: 1})
	trainer := compile(t, m, train.Config{})
	return func(steps int) {
		t.Helper()
		b := &datasets.Batch{
			Inputs:  []*tensor.Dense{tensor.New(tensor.Of(tensor.Float32), tensor.WithShape(batch, steps, features))},
			Targets: []*tensor.Dense{tensor.New(tensor.Of(tensor.Float32), tensor.WithShape(batch, 1))},
		}
		if _, err := trainer.Step(background, b); err != nil {
			t.Fatal(err)
		}
	}
}

// Programs for batches of many lengths take little more memory than the largest
// of them.
func TestManyLengthsShareMemory(t *testing.T) {
	heap := func() uint64 {
		runtime.GC()
		var s runtime.MemStats
		runtime.ReadMemStats(&s)
		return s.HeapAlloc
	}
	step, before := anyLength(t, 64), heap()
	step(200)
	one := heap() - before
	for i := range 20 {
		step(200 - i)
	}
	step(210) // a larger one takes the place of the workspace
	if all := heap() - before; one < 10<<20 || all > one*3/2 {
		t.Errorf("programs of 22 lengths take %d kB, and one takes %d kB", all>>10, one>>10)
	}
	step(1)
}

// Batches of several lengths in turn compile each program once.
func TestLengthsInTurnCompileOnce(t *testing.T) {
	step := anyLength(t, 4)
	nine := func() {
		for steps := range 9 {
			step(steps + 1)
		}
	}
	nine()
	if got := testing.AllocsPerRun(2, nine) / 9; got > 300 {
		t.Errorf("%v allocations a step", got)
	}
}
