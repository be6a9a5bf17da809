package train_test

import (
	"strings"
	"testing"

	"github.com/engram-go/engram/datasets"
	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/graph/graphtest"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/models"
	"github.com/engram-go/engram/train"
	"github.com/engram-go/engram/train/losses"
	"github.com/engram-go/engram/train/optimizers"
	"gorgonia.org/tensor"
)

const features = 3

// linear is the model y = x·kernel + bias in float64, from 3 features.
func linear(seed uint64, more ...layers.Layer) *models.Sequential {
	m := models.NewSequential(models.Config{Seed: seed, Dtype: tensor.Float64}, layers.Input{Shape: graph.Shape{features}})
	for _, l := range more {
		m.Add(l)
	}
	m.Add(layers.Dense{Units: 1})
	return m
}

// rows makes n samples of 3 features and one target.
func rows(seed uint64, n int) (x, y [][]float64) {
	numbers := graphtest.Uniform(seed, n*(features+1), 1)
	for i := range n {
		row := numbers[i*(features+1) : (i+1)*(features+1)]
		x, y = append(x, row[:features]), append(y, row[features:])
	}
	return x, y
}

// table is data of rows.
func table(t testing.TB, seed uint64, n int) *datasets.Samples {
	t.Helper()
	x, y := rows(seed, n)
	return inMemory(t, x, y)
}

func inMemory(t testing.TB, x, y [][]float64) *datasets.Samples {
	t.Helper()
	return numbers(t, tensor.Float64, x, y)
}

func numbers(t testing.TB, dtype tensor.Dtype, x, y [][]float64) *datasets.Samples {
	t.Helper()
	d, err := datasets.FromSlices(x, y, dtype)
	check(t, err)
	return d
}

// batch is all of data.
func batch(t testing.TB, data datasets.Data) *datasets.Batch {
	t.Helper()
	all := make([]int, data.Len())
	for i := range all {
		all[i] = i
	}
	b := &datasets.Batch{}
	check(t, data.Gather(all, b))
	return b
}

// compile makes a trainer with SGD at 0.1 and MSE, where cfg does not say
// otherwise.
func compile(t testing.TB, m train.Model, cfg train.Config) *train.Trainer {
	t.Helper()
	if cfg.Loss == nil && cfg.Outputs == nil {
		cfg.Loss = losses.MSE{}
	}
	if cfg.Optimizer == nil {
		cfg.Optimizer = optimizers.SGD{LearningRate: 0.1}
	}
	trainer, err := train.Compile(m, cfg)
	check(t, err)
	return trainer
}

func hash(t testing.TB, m interface{ WeightsSHA256() (string, error) }) string {
	t.Helper()
	h, err := m.WeightsSHA256()
	check(t, err)
	return h
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// wantError fails the test unless err says all the given things.
func wantError(t testing.TB, err error, parts ...string) {
	t.Helper()
	if err == nil {
		t.Errorf("got no error, want one of %q", parts)
		return
	}
	for _, p := range parts {
		if !strings.Contains(err.Error(), p) {
			t.Errorf("got %q, want %q in it", err, p)
		}
	}
}

// plain is the linear model in plain Go, as a check on the whole of Fit.
type plain struct {
	kernel [features]float64
	bias   float64
}

func plainOf(t testing.TB, m *models.Sequential) plain {
	t.Helper()
	kernel, err := m.Weight("sequential/dense/kernel")
	check(t, err)
	bias, err := m.Weight("sequential/dense/bias")
	check(t, err)
	return plain{[features]float64(kernel.Float64s()), bias.Float64s()[0]}
}

func (p plain) at(x []float64) float64 {
	y := p.bias
	for j, w := range p.kernel {
		y += w * x[j]
	}
	return y
}

// loss is the mean squared error on the samples, times their weights.
func (p plain) loss(x, y [][]float64, weight func(i int) float64) float64 {
	sum := 0.0
	for i := range x {
		d := p.at(x[i]) - y[i][0]
		sum += weight(i) * d * d
	}
	return sum / float64(len(x))
}

// step goes down the gradient of loss.
func (p *plain) step(x, y [][]float64, weight func(i int) float64, rate float64) {
	old := *p
	for i := range x {
		g := rate * weight(i) * 2 * (old.at(x[i]) - y[i][0]) / float64(len(x))
		for j := range p.kernel {
			p.kernel[j] -= g * x[i][j]
		}
		p.bias -= g
	}
}

func one(int) float64 { return 1 }

// pick is the samples at those places.
func pick(x [][]float64, at []int) [][]float64 {
	out := make([][]float64, len(at))
	for i, k := range at {
		out[i] = x[k]
	}
	return out
}
