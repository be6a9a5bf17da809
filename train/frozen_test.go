package train_test

import (
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/models"
	"github.com/engram-go/engram/train"
	"gorgonia.org/tensor"
)

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
		wantError(t, fit(trainer), "m: trainer must be compiled again after Freeze or Unfreeze, got m/base/dense_1/kernel")
		trainer = compile(t, m, train.Config{})
		check(t, fit(trainer))
	}
}
