package train_test

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"testing"

	"github.com/engram-go/engram/datasets"
	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/graph/graphtest"
	"github.com/engram-go/engram/internal/errs/errtest"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/models"
	"github.com/engram-go/engram/train"
	"github.com/engram-go/engram/train/optimizers"
	"gorgonia.org/tensor"
)

// everything is a model with all that a step changes in addition to weights: random
// draws, moving averages and carried states.
func everything(dtype tensor.Dtype) *models.Sequential {
	return models.NewSequential(models.Config{Seed: 3, Dtype: dtype},
		layers.Input{Shape: graph.Shape{graph.Any, 1}},
		layers.LSTM{Units: 3, ReturnSequences: true, Dropout: 0.25, RecurrentDropout: 0.25},
		layers.BatchNormalization{}, layers.Dropout{Rate: 0.5}, layers.Dense{Units: 1},
	)
}

// continued are batches of two sequences, each the continuation of the one before.
func continued(dtype tensor.Dtype, n int) []*datasets.Batch {
	var out []*datasets.Batch
	for i := range n {
		b := &datasets.Batch{}
		for j, list := range []*[]*tensor.Dense{&b.Inputs, &b.Targets} {
			x := graphtest.Uniform(uint64(2*i+j+1), 2*4, 1)
			backing := any(x)
			if dtype == tensor.Float32 {
				narrow := make([]float32, len(x))
				for k := range x {
					narrow[k] = float32(x[k])
				}
				backing = narrow
			}
			*list = append(*list, tensor.New(tensor.WithShape(2, 4, 1), tensor.WithBacking(backing)))
		}
		out = append(out, b)
	}
	return out
}

// cut are batches of data with the given numbers of samples.
func cut(t testing.TB, data datasets.Data, sizes ...int) []*datasets.Batch {
	t.Helper()
	var out []*datasets.Batch
	next := 0
	for _, n := range sizes {
		b, at := &datasets.Batch{}, make([]int, n)
		for i := range at {
			at[i] = next
			next++
		}
		check(t, data.Gather(at, b))
		out = append(out, b)
	}
	return out
}

func TestGradientsOfPlainModel(t *testing.T) {
	m := linear(1)
	trainer, before := compile(t, m, train.Config{}), plainOf(t, m)
	x, y := rows(1, 5)
	g, err := trainer.Gradients(background, batch(t, inMemory(t, x, y)))
	check(t, err)
	after := before
	after.step(x, y, one, 1) // of rate 1: the difference is the gradient
	want := map[string][]float64{"sequential/dense/bias": {before.bias - after.bias}}
	for j := range before.kernel {
		want["sequential/dense/kernel"] = append(want["sequential/dense/kernel"], before.kernel[j]-after.kernel[j])
	}
	norm := 0.0
	for path, w := range want {
		graphtest.CheckOutput(t, path, g.ByPath[path].Float64s(), w, 1e-14)
		for _, x := range w {
			norm += x * x
		}
	}
	if len(g.ByPath) != 2 || g.Samples != 5 || math.Abs(g.Loss-before.loss(x, y, one)) > 1e-14 || math.Abs(g.Norm()-math.Sqrt(norm)) > 1e-14 {
		t.Errorf("paths %v, %d samples, loss %v, norm %v", slices.Sorted(maps.Keys(g.ByPath)), g.Samples, g.Loss, g.Norm())
	}
	g.Scale(0.5)
	check(t, trainer.Apply(g))
	if got, want := plainOf(t, m), before; math.Abs(got.bias-(want.bias-0.05*(before.bias-after.bias))) > 1e-14 {
		t.Errorf("half a gradient moves the bias from %v to %v", want.bias, got.bias)
	}
}

// Gradients and Apply are Step, bit for bit, and Gradients alone change nothing.
func TestApplyOfGradientsIsStep(t *testing.T) {
	for _, dtype := range []tensor.Dtype{tensor.Float32, tensor.Float64} {
		for _, carry := range []bool{false, true} {
			a, b := everything(dtype), everything(dtype)
			cfg := train.Config{Optimizer: optimizers.Adam{GlobalClipNorm: 0.5}, CarryState: carry}
			stepping, applying := compile(t, a, cfg), compile(t, b, cfg)
			for i, batch := range continued(dtype, 5) {
				want, err := stepping.Step(background, batch)
				check(t, err)
				for range i % 3 { // of no consequence
					_, err := applying.Gradients(background, batch)
					check(t, err)
				}
				if i == 3 {
					got, err := applying.Step(background, batch)
					check(t, err)
					if got != want {
						t.Errorf("%v, carry %v, step %d: loss %v after Gradients, want %v", dtype, carry, i, got, want)
					}
				} else {
					g, err := applying.Gradients(background, batch)
					check(t, err)
					if g.Loss != want {
						t.Errorf("%v, carry %v, step %d: loss %v, want %v", dtype, carry, i, g.Loss, want)
					}
					check(t, applying.Apply(g))
				}
				if hash(t, a) != hash(t, b) {
					t.Fatalf("%v, carry %v, step %d: other weights", dtype, carry, i)
				}
			}
			if n := applying.Optimizer().Iterations(); n != 5 {
				t.Errorf("%d iterations of the optimizer", n)
			}
		}
	}
}

// The mean over parts, equal or not, is the gradient of the whole batch, also
// with penalties and weights of samples.
func TestAccumulateIsOneBatch(t *testing.T) {
	for _, sizes := range [][]int{{3, 3, 3, 3}, {1, 6, 2, 3}} {
		for _, weighed := range []bool{false, true} {
			m := linear(1, layers.Dense{Units: 4, Activation: nil, ActivityRegularizer: l2{0.01}, KernelRegularizer: l2{0.1}})
			trainer := compile(t, m, train.Config{Optimizer: optimizers.Adam{}})
			var data datasets.Data = table(t, 2, 12)
			if weighed {
				var err error
				weights := graphtest.Uniform(8, 12, 0.5)
				for i := range weights {
					weights[i]++
				}
				data, err = datasets.Weigh(data, tensor.New(tensor.WithShape(12), tensor.WithBacking(weights)))
				check(t, err)
			}
			want, err := trainer.Gradients(background, batch(t, data))
			check(t, err)

			var got train.Gradients
			for _, part := range cut(t, data, sizes...) {
				check(t, trainer.Accumulate(background, &got, part))
			}
			at := fmt.Sprint("parts ", sizes, ", weighed ", weighed, ": ")
			graphtest.CheckOutput(t, at+"loss", []float64{got.Loss}, []float64{want.Loss}, 1e-14)
			if got.Samples != 12 || len(got.ByPath) != len(want.ByPath) {
				t.Errorf("%s%d samples, %d gradients", at, got.Samples, len(got.ByPath))
			}
			for path, g := range want.ByPath {
				graphtest.CheckOutput(t, at+path, got.ByPath[path].Float64s(), g.Float64s(), 1e-14)
			}
			before := hash(t, m)
			check(t, trainer.Apply(&got))
			if hash(t, m) == before || trainer.Optimizer().Iterations() != 1 {
				t.Errorf("%s%d iterations", at, trainer.Optimizer().Iterations())
			}
		}
	}
}

// Moving averages take one step, to the mean of those of the parts.
func TestAccumulateMovingAverages(t *testing.T) {
	data := table(t, 5, 6)
	parts := cut(t, data, 4, 2)
	var wantMean, wantVariance [2][]float64
	for i, part := range parts {
		m := normalized(1)
		trainer := compile(t, m, train.Config{})
		_, err := trainer.Step(background, part)
		check(t, err)
		wantMean[i], wantVariance[i] = averages(t, m)
	}
	m := normalized(1)
	trainer := compile(t, m, train.Config{})
	var g train.Gradients
	for _, part := range parts {
		check(t, trainer.Accumulate(background, &g, part))
	}
	if mean, _ := averages(t, m); mean[0] != 0 {
		t.Error("Accumulate moved the averages")
	}
	check(t, trainer.Apply(&g))
	mean, variance := averages(t, m)
	for i := range mean {
		if want := (4*wantMean[0][i] + 2*wantMean[1][i]) / 6; math.Abs(mean[i]-want) > 1e-14 {
			t.Errorf("mean %d is %v, want %v", i, mean[i], want)
		}
		if want := (4*wantVariance[0][i] + 2*wantVariance[1][i]) / 6; math.Abs(variance[i]-want) > 1e-14 {
			t.Errorf("variance %d is %v, want %v", i, variance[i], want)
		}
	}
}

// With carried states, parts are pieces of the sequences, each the continuation
// of the one before; so is the batch after the step.
func TestAccumulateCarriesStates(t *testing.T) {
	batches := continued(tensor.Float64, 4)
	cfg := train.Config{CarryState: true, Optimizer: optimizers.SGD{LearningRate: 0.1}}
	slow, m := sequencer(), sequencer()
	still, trainer := compile(t, slow, cfg), compile(t, m, cfg)
	check(t, still.Optimizer().SetLearningRate(0)) // steps carry the states on, and nothing else
	var want, got train.Gradients
	for _, b := range batches[:3] {
		g, err := still.Gradients(background, b)
		check(t, err)
		_, err = still.Step(background, b)
		check(t, err)
		if want.Samples == 0 {
			want.ByPath = map[string]*tensor.Dense{}
			for path, x := range g.ByPath {
				want.ByPath[path] = x.Clone().(*tensor.Dense)
				want.ByPath[path].Zero()
			}
		}
		want.Samples += 2
		for path, x := range g.ByPath {
			sum := want.ByPath[path].Float64s()
			for i, e := range x.Float64s() {
				sum[i] += e / 3
			}
		}
		check(t, trainer.Accumulate(background, &got, b))
	}
	for path, x := range want.ByPath {
		graphtest.CheckOutput(t, path, got.ByPath[path].Float64s(), x.Float64s(), 1e-14)
	}
	check(t, trainer.Apply(&got))
	check(t, still.Optimizer().SetLearningRate(0.1))
	check(t, still.Apply(&train.Gradients{ByPath: want.ByPath}))
	a, err := still.Gradients(background, batches[3])
	check(t, err)
	b, err := trainer.Gradients(background, batches[3])
	check(t, err)
	graphtest.CheckOutput(t, "the loss after the step", []float64{b.Loss}, []float64{a.Loss}, 1e-13)
	check(t, trainer.ResetStates())
	fresh, err := trainer.Gradients(background, batches[3])
	check(t, err)
	if math.Abs(fresh.Loss-b.Loss) < 1e-9 {
		t.Error("the states of the parts make no difference")
	}
}

// A trainer that has not run yet takes the states with the gradients of an equal
// one; one that carries none refuses them and changes nothing.
func TestApplyTakesStates(t *testing.T) {
	batches := continued(tensor.Float64, 2)
	cfg := train.Config{CarryState: true}
	m, n := sequencer(), sequencer()
	source, trainer := compile(t, m, cfg), compile(t, n, cfg)
	g, err := source.Gradients(background, batches[0])
	check(t, err)
	check(t, source.Apply(g))
	check(t, trainer.Apply(g))
	want, err := source.Step(background, batches[1])
	check(t, err)
	got, err := trainer.Step(background, batches[1])
	check(t, err)
	if got != want || hash(t, n) != hash(t, m) {
		t.Errorf("loss %v, want %v", got, want)
	}
	other := sequencer()
	before := hash(t, other)
	errtest.Check(t, compile(t, other, train.Config{}).Apply(g), graph.Error{Path: "sequential", Field: "states of gradients"})
	if hash(t, other) != before {
		t.Error("refused gradients changed the weights")
	}
}

// Parts of a step draw differently; the first draws what a step draws.
func TestAccumulateDrawsForEachPart(t *testing.T) {
	m := linear(1, layers.Dropout{Rate: 0.5})
	trainer := compile(t, m, train.Config{})
	b := batch(t, table(t, 1, 8))
	var sum train.Gradients
	var losses []float64
	for range 3 {
		before := sum.Loss * float64(sum.Samples)
		check(t, trainer.Accumulate(background, &sum, b))
		losses = append(losses, (sum.Loss*float64(sum.Samples)-before)/8)
	}
	first, err := trainer.Gradients(background, b)
	check(t, err)
	if first.Loss != losses[0] || math.Abs(losses[1]-losses[0]) < 1e-9 || math.Abs(losses[2]-losses[1]) < 1e-9 || math.Abs(losses[2]-losses[0]) < 1e-9 {
		t.Errorf("losses of the parts %v, of the batch alone %v", losses, first.Loss)
	}
}

// Add is the mean of what two machines computed.
func TestAddGradients(t *testing.T) {
	data := table(t, 2, 10)
	parts := cut(t, data, 6, 4)
	var got [2]*train.Gradients
	for i := range got {
		var err error
		got[i], err = compile(t, normalized(1), train.Config{}).Gradients(background, parts[i])
		check(t, err)
	}
	check(t, got[0].Add(got[1]))
	m, n := normalized(1), normalized(1)
	trainer, other := compile(t, m, train.Config{}), compile(t, n, train.Config{})
	var want train.Gradients
	for _, part := range parts {
		check(t, trainer.Accumulate(background, &want, part))
	}
	check(t, trainer.Apply(&want))
	check(t, other.Apply(got[0]))
	if hash(t, m) != hash(t, n) || got[0].Loss != want.Loss || got[0].Samples != 10 {
		t.Errorf("added: loss %v of %d samples, want %v", got[0].Loss, got[0].Samples, want.Loss)
	}
}

// Gradients that came from another machine have the exported fields only. They count
// in the mean, and moving averages are those of the batches that were run here.
func TestAddGradientsOfAnotherMachine(t *testing.T) {
	parts := cut(t, table(t, 2, 12), 6, 4, 2)
	var got [3]*train.Gradients
	for i := range got {
		var err error
		got[i], err = compile(t, normalized(1), train.Config{}).Gradients(background, parts[i])
		check(t, err)
	}
	sent := func(g *train.Gradients) *train.Gradients {
		return &train.Gradients{Loss: g.Loss, Samples: g.Samples, ByPath: maps.Clone(g.ByPath)}
	}
	apply := func(terms ...*train.Gradients) (byPath map[string]*tensor.Dense, weights map[string]*tensor.Dense) {
		var sum train.Gradients
		for _, g := range terms {
			check(t, sum.Add(g))
		}
		trainer := compile(t, normalized(1), train.Config{})
		check(t, trainer.Apply(&sum))
		return sum.ByPath, trainer.State().Weights
	}
	here, own := apply(got[0], got[2])
	all, _ := apply(got[0], got[1], got[2])
	for name, terms := range map[string][]*train.Gradients{
		"between": {got[0], sent(got[1]), got[2]},
		"first":   {sent(got[1]), got[0], got[2]},
		"last":    {got[0], got[2], sent(got[1])},
	} {
		byPath, weights := apply(terms...)
		for path, want := range all {
			graphtest.CheckOutput(t, name+": "+path, byPath[path].Float64s(), want.Float64s(), 1e-14)
		}
		for path, want := range own {
			if here[path] == nil && !slices.Equal(weights[path].Float64s(), want.Float64s()) { // a moving average
				t.Errorf("%s: %s is %v, want %v", name, path, weights[path], want)
			}
		}
	}
}

// samplesOf are the samples of a batch.
func samplesOf(t testing.TB, b *datasets.Batch) *datasets.Samples {
	t.Helper()
	d, err := datasets.FromTensors(b.Inputs, b.Targets)
	check(t, err)
	return d
}

// l2 is a penalty.
type l2 struct{ rate float64 }

func (r l2) Penalty(x graph.Value) graph.Value { return x.Square().Sum().Scale(r.rate) }
