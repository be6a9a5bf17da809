package train_test

import (
	"fmt"
	"math"
	"runtime"
	"testing"

	"github.com/engram-go/engram/datasets"
	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/graph/graphtest"
	"github.com/engram-go/engram/internal/errs/errtest"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/layers/activations"
	"github.com/engram-go/engram/layers/constraints"
	"github.com/engram-go/engram/layers/initializers"
	"github.com/engram-go/engram/layers/regularizers"
	"github.com/engram-go/engram/models"
	"github.com/engram-go/engram/train"
	"github.com/engram-go/engram/train/losses"
	"github.com/pkg/errors"
	"gorgonia.org/tensor"
)

// A step allocates what the tape machine does for each layer's pass, and next to
// nothing of its own.
func TestAllocationsOfAStep(t *testing.T) {
	trainer := compile(t, linear(1), train.Config{})
	b := batch(t, table(t, 1, 1))
	got := testing.AllocsPerRun(100, func() {
		if _, err := trainer.Step(background, b); err != nil {
			t.Fatal(err)
		}
	})
	if got > 50 {
		t.Errorf("%v allocations", got)
	}
}

// A step of a transformer of two blocks makes at most 300 allocations, also where cores
// share the operations. testing.AllocsPerRun would measure on one core.
func TestAllocationsOfATransformersStep(t *testing.T) {
	const steps, units, vocabulary = 128, 128, 96
	in := models.NewInput(layers.Input{Shape: graph.Shape{steps}})
	use := func(l layers.Layer, in ...models.Tensor) models.Tensor { return models.Use(l).Call(in...) }
	x := use(layers.Embedding{InputDim: vocabulary, OutputDim: units}, in)
	x = use(layers.Add{}, x, use(layers.PositionEmbedding{SequenceLength: steps}, x))
	for range 2 {
		h := use(layers.LayerNormalization{}, x)
		x = use(layers.Add{}, x, use(layers.MultiHeadAttention{NumHeads: 4, KeyDim: units / 4, UseCausalMask: true}, h, h))
		h = use(layers.LayerNormalization{}, x)
		h = use(layers.Dense{Units: 4 * units, Activation: activations.GELU{}}, h)
		x = use(layers.Add{}, x, use(layers.Dense{Units: units}, h))
	}
	x = use(layers.Dense{Units: vocabulary}, use(layers.LayerNormalization{}, x))
	m := models.NewFunctional(models.Config{Seed: 1}, models.Inputs{in}, models.Outputs{x})
	trainer, err := train.Compile(m, train.Config{Loss: losses.SparseCategoricalCrossentropy{FromLogits: true}})
	check(t, err)
	ids := tensor.New(tensor.Of(tensor.Float32), tensor.WithShape(16, steps))
	for i, v := 0, ids.Float32s(); i < len(v); i++ {
		v[i] = float32(i % vocabulary)
	}
	b := &datasets.Batch{Inputs: []*tensor.Dense{ids}, Targets: []*tensor.Dense{ids}}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(2))
	step := func() {
		_, err := trainer.Step(background, b)
		check(t, err)
	}
	step() // compiles the program
	const runs = 5
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range runs {
		step()
	}
	runtime.ReadMemStats(&after)
	got := float64(after.Mallocs-before.Mallocs) / runs
	if got > 300 {
		t.Errorf("%v allocations", got)
	}
}

func byPath(t *testing.T, m *models.Sequential) map[string]*tensor.Dense {
	t.Helper()
	weights, err := m.Weights()
	check(t, err)
	out := map[string]*tensor.Dense{}
	for _, w := range weights {
		out[w.Path] = w.Value
	}
	return out
}

// Training changes what is not frozen, and nothing else; a part knows what it
// learned in the whole.
func TestTrainingAroundFrozenWeights(t *testing.T) {
	in := layers.Input{Shape: graph.Shape{features}}
	base := models.NewSequential(models.Config{Name: "base", Dtype: tensor.Float64}, in, layers.Dense{Units: 3}, layers.Dense{Units: 2})
	m := models.NewSequential(models.Config{Name: "m", Dtype: tensor.Float64}, in, base, layers.Dense{Units: 1})
	check(t, m.Freeze("base/dense"))
	before := byPath(t, m)
	fit := func(trainer *train.Trainer) error {
		_, err := trainer.Fit(t.Context(), table(t, 1, 8), train.FitConfig{})
		return err
	}
	trainer := compile(t, m, train.Config{})
	check(t, fit(trainer))
	after := byPath(t, m)
	for path, w := range before {
		frozen := path == "m/base/dense/kernel" || path == "m/base/dense/bias"
		if w.Eq(after[path]) != frozen {
			t.Errorf("%s: before %v, after %v", path, w, after[path])
		}
	}
	if got := byPath(t, base)["base/dense_1/kernel"]; !got.Eq(after["m/base/dense_1/kernel"]) {
		t.Error("the part does not know what it learned")
	}
	for _, change := range []func(...string) error{m.Freeze, m.Unfreeze} {
		check(t, change("base/dense_1"))
		errtest.Check(t, fit(trainer), graph.Error{Path: "m", Field: "trainer", Value: "m/base/dense_1/kernel"})
		trainer = compile(t, m, train.Config{})
		check(t, fit(trainer))
	}
}

// y = w·x for one number, with a penalty on w and on y, and w kept at 1 at most:
// two samples x with the targets 3x. Without the bound w would move towards 3.
func TestRegularizersAndConstraints(t *testing.T) {
	for _, dtype := range []tensor.Dtype{tensor.Float32, tensor.Float64} {
		t.Run(fmt.Sprint(dtype), func(t *testing.T) {
			m := models.NewSequential(models.Config{Dtype: dtype}, layers.Input{Shape: graph.Shape{1}}, layers.Dense{
				Units: 1, NoBias: true, KernelInitializer: initializers.Constant{Value: 0.5},
				KernelRegularizer: regularizers.L2{L2: 0.25}, ActivityRegularizer: regularizers.L2{L2: 0.5},
				KernelConstraint: constraints.MaxNorm{MaxValue: 1},
			})
			trainer := compile(t, m, train.Config{})
			data := numbers(t, dtype, [][]float64{{1}, {-1}}, [][]float64{{3}, {-3}})
			b, w := batch(t, data), 0.5
			for range 4 {
				logs, err := trainer.Evaluate(background, data, train.EvaluateConfig{})
				check(t, err)
				loss, err := trainer.Step(background, b)
				check(t, err)
				want := (3-w)*(3-w) + 0.25*w*w + 0.5*w*w // the mean over the batch, of the last term too
				graphtest.CheckOutput(t, "loss", []float64{loss, logs[0].Value}, []float64{want, want}, 1e-6)
				w -= 0.1 * (-2*(3-w) + 0.5*w + w)
				w *= math.Min(w, 1) / (w + 1e-7)
				got, err := m.Weight("sequential/dense/kernel")
				check(t, err)
				graphtest.CheckOutput(t, "w", float64s(got), []float64{w}, 1e-6)
			}
			if w < 0.999 {
				t.Errorf("w is %g: the bound had nothing to do", w)
			}
		})
	}
}

// moody is a constraint that fails once the first element is not 0.
type moody struct{}

var errMoody = errors.New("not today")

func (moody) Constrain(_ graph.Shape, elements []float64) error {
	if elements[0] != 0 {
		return errMoody
	}
	return nil
}

func TestErrorOfAConstraint(t *testing.T) {
	m := linear(1, layers.Dense{Units: 2, KernelConstraint: moody{}})
	_, err := compile(t, m, train.Config{}).Fit(background, table(t, 1, 4), train.FitConfig{})
	wantError(t, err, "epoch 1, batch 1: ", "sequential/dense/kernel", "not today")
	if !errors.Is(err, errMoody) {
		t.Errorf("%v does not hold the error of the constraint", err)
	}
}
