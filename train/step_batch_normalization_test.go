package train_test

import (
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/engram-go/engram/datasets"
	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/graph/graphtest"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/models"
	"github.com/engram-go/engram/train"
	"gorgonia.org/tensor"
)

// normalized is a BatchNormalization before a Dense, in float64.
func normalized(seed uint64) *models.Sequential {
	return linear(seed, layers.BatchNormalization{Momentum: new(0.75)})
}

// averaged is a model of any kind.
type averaged interface {
	Weight(path string) (*tensor.Dense, error)
}

// averages are the moving mean and variance of a model that has them.
func averages(t testing.TB, m averaged) (mean, variance []float64) {
	t.Helper()
	for i, name := range []string{"moving_mean", "moving_variance"} {
		w, err := m.Weight("sequential/batch_normalization/" + name)
		check(t, err)
		if i == 0 {
			mean = float64s(w)
		} else {
			variance = float64s(w)
		}
	}
	return mean, variance
}

// Fit moves the averages by every batch, which evaluating and predicting do
// not; predicting uses them, as does the model that is saved and loaded.
func TestMovingAverages(t *testing.T) {
	const n, size, epochs = 10, 4, 3
	m := normalized(1)
	x, y := rows(3, n)
	for i := range x {
		x[i][1] = 5 + 3*x[i][1] // far from mean 0 and variance 1
	}
	data := inMemory(t, x, y)
	trainer := compile(t, m, train.Config{})
	_, err := trainer.Fit(background, data, train.FitConfig{Epochs: epochs, BatchSize: size, NoShuffle: true, Validation: table(t, 4, 5)})
	check(t, err)

	wantMean, wantVariance := make([]float64, features), slices.Repeat([]float64{1}, features)
	for range epochs {
		for batch := range slices.Chunk(x, size) {
			for f := range features {
				mean, variance := 0.0, 0.0
				for _, row := range batch {
					mean += row[f] / float64(len(batch))
				}
				for _, row := range batch {
					variance += (row[f] - mean) * (row[f] - mean) / float64(len(batch))
				}
				wantMean[f] = 0.75*wantMean[f] + 0.25*mean
				wantVariance[f] = 0.75*wantVariance[f] + 0.25*variance
			}
		}
	}
	mean, variance := averages(t, m)
	graphtest.CheckOutput(t, "moving mean", mean, wantMean, 1e-12)
	graphtest.CheckOutput(t, "moving variance", variance, wantVariance, 1e-12)

	weight := func(name string) []float64 {
		w, err := m.Weight("sequential/" + name)
		check(t, err)
		return float64s(w)
	}
	gamma, beta := weight("batch_normalization/gamma"), weight("batch_normalization/beta")
	kernel, bias := weight("dense/kernel"), weight("dense/bias")
	var want []float64
	for _, row := range x {
		y := bias[0]
		for f := range features {
			y += kernel[f] * (gamma[f]*(row[f]-mean[f])/math.Sqrt(variance[f]+1e-3) + beta[f])
		}
		want = append(want, y)
	}
	before := hash(t, m)
	predict := func(m *models.Model) []float64 {
		out, err := m.Predict(background, data.X()...)
		check(t, err)
		return float64s(out)
	}
	predicted := predict(&m.Model)
	graphtest.CheckOutput(t, "prediction", predicted, want, 1e-12)
	_, err = trainer.Evaluate(background, data, train.EvaluateConfig{})
	check(t, err)
	if hash(t, m) != before {
		t.Error("predicting or evaluating moved the averages")
	}

	var table strings.Builder
	check(t, m.Summary(&table))
	if !strings.Contains(table.String(), " Trainable params: 10 (80.00 B)\n Non-trainable params: 6 (48.00 B)\n") {
		t.Errorf("the averages must count as not trainable:\n%s", &table)
	}

	path := filepath.Join(t.TempDir(), "model.safetensors")
	check(t, m.Save(path))
	back, err := models.Load(path, models.LoadConfig{})
	check(t, err)
	loadedMean, loadedVariance := averages(t, back)
	if !slices.Equal(loadedMean, mean) || !slices.Equal(loadedVariance, variance) || !slices.Equal(predict(back), predicted) {
		t.Error("the averages are not those that were saved")
	}
}

// Equal seeds give equal bits, averages included; another seed gives others.
func TestMovingAveragesAreReproducible(t *testing.T) {
	fit := func(seed uint64) string {
		m := normalized(seed)
		_, err := compile(t, m, train.Config{}).Fit(background, table(t, 3, 50), train.FitConfig{Epochs: 2, BatchSize: 8})
		check(t, err)
		return hash(t, m)
	}
	if first := fit(1); fit(1) != first || fit(2) == first {
		t.Error("the weights do not depend on the seed alone")
	}
}

// One that stands in a model twice is moved by both of its batches, the first
// before the second.
func TestSharedMovingAverages(t *testing.T) {
	add := layers.NewFunction("add", func(_ *graph.Scope, inputs ...graph.Value) []graph.Value {
		return []graph.Value{inputs[0].Add(inputs[1])}
	})
	first, second := models.NewInput(layers.Input{Shape: graph.Shape{1}}), models.NewInput(layers.Input{Shape: graph.Shape{1}})
	norm := models.Use(layers.BatchNormalization{Momentum: new(0.5)})
	sum := models.Use(layers.Lambda{Function: add}).Call(norm.Call(first), norm.Call(second))
	m := models.NewFunctional(models.Config{Name: "sequential", Dtype: tensor.Float64}, models.Inputs{first, second}, models.Outputs{sum})
	column := func(numbers ...float64) *tensor.Dense {
		return tensor.New(tensor.WithShape(len(numbers), 1), tensor.WithBacking(numbers))
	}
	_, err := compile(t, m, train.Config{}).Step(background, &datasets.Batch{
		Inputs: []*tensor.Dense{column(1, 3), column(10, 18)}, Targets: []*tensor.Dense{column(0, 0)},
	})
	check(t, err)
	mean, variance := averages(t, m)
	graphtest.CheckOutput(t, "mean", mean, []float64{(0.0+2)/2/2 + 14.0/2}, 1e-12)
	graphtest.CheckOutput(t, "variance", variance, []float64{(1.0+1)/2/2 + 16.0/2}, 1e-12)
}

// A last batch of one sample has no variance, and the moving variance follows it
// as far as a full batch, as in Keras; DropRemainder leaves it out.
func TestDropRemainderKeepsTheMovingVariance(t *testing.T) {
	const n, size, epochs = 33, 32, 60
	data := table(t, 3, n)
	for _, drop := range []bool{false, true} {
		m := normalized(1)
		trainer := compile(t, m, train.Config{})
		batches := 0
		count := train.CallbackFunc(func(e *train.Event) error {
			if e.Moment == train.TrainBatchEnd {
				batches++
			}
			return nil
		})
		_, err := trainer.Fit(background, data, train.FitConfig{Epochs: epochs, BatchSize: size, DropRemainder: drop, Callbacks: []train.Callback{count}})
		check(t, err)
		_, moving := averages(t, m)
		x, _ := rows(3, n)
		for f, got := range moving {
			mean, variance := 0.0, 0.0
			for i := range x {
				mean += x[i][f] / n
			}
			for i := range x {
				variance += (x[i][f] - mean) * (x[i][f] - mean) / n
			}
			if near := math.Abs(got/variance-1) < 0.1; near != drop {
				t.Errorf("DropRemainder %v: moving variance %v of feature %d, whose variance is %v", drop, got, f, variance)
			}
		}
		if want := map[bool]int{false: 2 * epochs, true: epochs}[drop]; batches != want {
			t.Errorf("DropRemainder %v: %d batches, want %d", drop, batches, want)
		}
	}
}
