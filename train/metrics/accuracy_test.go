package metrics_test

import (
	"math"
	"slices"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/errs/errtest"
	"github.com/engram-go/engram/train/metrics"
	"gorgonia.org/tensor"
	"pgregory.net/rapid"
)

var (
	_ = describe(specimen{Metric: metrics.Accuracy{}, Name: "accuracy", HigherIsBetter: true, Line: largestIsRight, Draw: drawOneHot})
	_ = describe(specimen{Metric: metrics.Accuracy{}, Name: "accuracy", HigherIsBetter: true, Line: largestIsRight, Draw: drawClass})
	_ = describe(specimen{Metric: metrics.BinaryAccuracy{}, Name: "binary_accuracy", HigherIsBetter: true, Draw: drawAnswers,
		Line: sumOf(func(y, yhat float64) float64 {
			if (yhat > 0.5) == (y == 1) {
				return 1
			}
			return 0
		})})
	_ = describe(specimen{Metric: metrics.CategoricalAccuracy{}, Name: "categorical_accuracy", HigherIsBetter: true, Line: largestIsRight, Draw: drawOneHot})
	_ = describe(specimen{Metric: metrics.SparseCategoricalAccuracy{}, Name: "sparse_categorical_accuracy", HigherIsBetter: true, Line: largestIsRight, Draw: drawClass})
)

// largestIsRight is 1 where no output is larger than that of the class, and none
// before it as large.
func largestIsRight(y, yhat []float64) (sum, count float64) {
	class := int(y[0])
	if len(y) > 1 {
		class = slices.Index(y, 1)
	}
	for i, x := range yhat {
		if x > yhat[class] || i < class && x == yhat[class] {
			return 0, 1
		}
	}
	return 1, 1
}

func drawClass(t *rapid.T, width int) (y, yhat []float64) {
	return []float64{float64(rapid.IntRange(0, width-1).Draw(t, "class"))}, exacts(t, "yhat", width)
}

func drawOneHot(t *rapid.T, width int) (y, yhat []float64) {
	class, yhat := drawClass(t, width)
	y = make([]float64, width)
	y[int(class[0])] = 1
	return y, yhat
}

func drawAnswers(t *rapid.T, width int) (y, yhat []float64) {
	for range width {
		y = append(y, float64(rapid.IntRange(0, 1).Draw(t, "y")))
	}
	return y, exacts(t, "yhat", width)
}

// The examples of Keras' documentation.
func TestAccuraciesOfKeras(t *testing.T) {
	hot := []float64{0, 0, 1, 0, 1, 0}
	for _, c := range []struct {
		metric            metrics.Metric
		name              string
		target, output    *tensor.Dense
		weights           []float64
		want, wantWeighed float64
	}{
		{metrics.BinaryAccuracy{}, "binary_accuracy", f64([]int{4, 1}, 1, 1, 0, 0), f64([]int{4, 1}, 0.98, 1, 0, 0.6), []float64{1, 0, 0, 1}, 0.75, 0.5},
		{metrics.BinaryAccuracy{Threshold: new(0.7)}, "binary_accuracy", f64([]int{4, 1}, 1, 1, 0, 0), f64([]int{4, 1}, 0.98, 1, 0, 0.6), []float64{1, 0, 0, 1}, 1, 1},
		{metrics.BinaryAccuracy{Threshold: new(0.0)}, "binary_accuracy", f64([]int{4}, 1, 1, 0, 0), f64([]int{4}, 3, -1, -2, 0), []float64{1, 2, 1, 1}, 0.75, 0.6},
		{metrics.CategoricalAccuracy{}, "categorical_accuracy", f64([]int{2, 3}, hot...), f64([]int{2, 3}, 0.1, 0.9, 0.8, 0.05, 0.95, 0), []float64{0.7, 0.3}, 0.5, 0.3},
		{metrics.SparseCategoricalAccuracy{}, "sparse_categorical_accuracy", f64([]int{2, 1}, 2, 1), f64([]int{2, 3}, 0.1, 0.6, 0.3, 0.05, 0.95, 0), []float64{0.7, 0.3}, 0.5, 0.3},
		{metrics.SparseCategoricalAccuracy{}, "sparse_categorical_accuracy", f64([]int{2}, 2, 1), f64([]int{2, 3}, 0.1, 0.6, 0.3, 0.05, 0.95, 0), []float64{0.7, 0.3}, 0.5, 0.3},
		{metrics.Accuracy{}, "accuracy", f64([]int{4, 1}, 1, 1, 0, 0), f64([]int{4, 1}, 0.98, 1, 0, 0.6), []float64{1, 0, 0, 1}, 0.75, 0.5},
		{metrics.Accuracy{}, "accuracy", f64([]int{4}, 1, 1, 0, 0), f64([]int{4}, 0.98, 1, 0, 0.6), []float64{1, 0, 0, 1}, 0.75, 0.5},
		{metrics.Accuracy{}, "accuracy", f64([]int{2, 3}, hot...), f64([]int{2, 3}, 0.1, 0.9, 0.8, 0.05, 0.95, 0), []float64{0.7, 0.3}, 0.5, 0.3},
		{metrics.Accuracy{}, "accuracy", f64([]int{2}, 2, 1), f64([]int{2, 3}, 0.1, 0.6, 0.3, 0.05, 0.95, 0), []float64{0.7, 0.3}, 0.5, 0.3},
		// the first of equal outputs, and of equal targets
		{metrics.CategoricalAccuracy{}, "categorical_accuracy", f64([]int{2, 2}, 0.5, 0.5, 0, 1), f64([]int{2, 2}, 3, 3, 3, 3), []float64{3, 1}, 0.5, 0.75},
	} {
		if got := c.metric.Name(); got != c.name {
			t.Errorf("name: got %s, want %s", got, c.name)
		}
		for _, w := range []struct {
			weights *tensor.Dense
			want    float64
		}{{nil, c.want}, {f64([]int{len(c.weights)}, c.weights...), c.wantWeighed}} {
			a := c.metric.Start()
			if err := a.Add(c.target, c.output, w.weights); err != nil {
				t.Fatal(err)
			}
			if got := a.Result(); !near(got, w.want) {
				t.Errorf("%s of %v, weights %v: got %v, want %v", c.name, c.output, w.weights, got, w.want)
			}
		}
	}
}

func TestAccuraciesPassOnWhatIsNotFinite(t *testing.T) {
	for _, bad := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		for i, c := range []struct {
			metric         metrics.Metric
			target, output *tensor.Dense
		}{
			{metrics.BinaryAccuracy{}, f64([]int{2}, 1, 0), f64([]int{2}, bad, 0)},
			{metrics.BinaryAccuracy{}, f64([]int{2}, bad, 0), f64([]int{2}, 1, 0)},
			{metrics.CategoricalAccuracy{}, f64([]int{1, 2}, 1, 0), f64([]int{1, 2}, 0, bad)},
			{metrics.CategoricalAccuracy{}, f64([]int{1, 2}, bad, 0), f64([]int{1, 2}, 0, 1)},
			{metrics.SparseCategoricalAccuracy{}, f64([]int{1}, 1), f64([]int{1, 2}, bad, 1)},
			{metrics.SparseCategoricalAccuracy{}, f64([]int{1}, bad), f64([]int{1, 2}, 0, 1)},
			{metrics.Accuracy{}, f64([]int{2}, 1, 0), f64([]int{2}, bad, 0)},
			{metrics.Accuracy{}, f64([]int{1, 2}, bad, 0), f64([]int{1, 2}, 0, 1)},
		} {
			a := c.metric.Start()
			if err := a.Add(c.target, c.output, f64([]int{c.output.Shape()[0]}, make([]float64, c.output.Shape()[0])...)); err != nil {
				t.Fatal(err)
			}
			if err := a.Add(f64([]int{1, 2}, 1, 0), f64([]int{1, 2}, 1, 0), nil); err != nil && c.metric.Name() != "sparse_categorical_accuracy" {
				t.Fatal(err)
			}
			if got := a.Result(); got-got == 0 {
				t.Errorf("%d, %s of %v: got %v", i, c.metric.Name(), bad, got)
			}
		}
	}
}

func TestAccuraciesRefuse(t *testing.T) {
	for i, c := range []struct {
		metric         metrics.Metric
		target, output *tensor.Dense
		want           errs.Error
	}{
		{metrics.BinaryAccuracy{}, f64([]int{2}, 1, 0.5), f64([]int{2}, 1, 0), errs.Error{Field: "target", Value: "0.5"}},
		{metrics.BinaryAccuracy{}, f64([]int{2}, 1, 0), f64([]int{2, 1}, 1, 0), errs.Error{Field: "target", Value: "[2]"}},
		{metrics.BinaryAccuracy{Threshold: new(math.NaN())}, f64([]int{2}, 1, 0), f64([]int{2}, 1, 0), errs.Error{Field: "BinaryAccuracy.Threshold", Value: "NaN"}},
		{metrics.CategoricalAccuracy{}, f64([]int{2}, 1, 0), f64([]int{2, 2}, 1, 0, 0, 1), errs.Error{Field: "target", Value: "[2]"}},
		{metrics.CategoricalAccuracy{}, f64([]int{2, 1}, 1, 0), f64([]int{2, 1}, 1, 0), errs.Error{Field: "output", Value: "[2, 1]"}},
		{metrics.SparseCategoricalAccuracy{}, f64([]int{2}, 1, 0), f64([]int{2}, 1, 0), errs.Error{Field: "output", Value: "[2]"}},
		{metrics.SparseCategoricalAccuracy{}, f64([]int{2, 2}, 1, 0, 0, 1), f64([]int{2, 2}, 1, 0, 0, 1), errs.Error{Field: "target", Value: "[2, 2]"}},
		{metrics.SparseCategoricalAccuracy{}, f64([]int{2}, 0, 2), f64([]int{2, 2}, 1, 0, 0, 1), errs.Error{Field: "target", Value: "2"}},
		{metrics.SparseCategoricalAccuracy{}, f64([]int{2}, 0, -1), f64([]int{2, 2}, 1, 0, 0, 1), errs.Error{Field: "target", Value: "-1"}},
		{metrics.SparseCategoricalAccuracy{}, f64([]int{2}, 0, 0.5), f64([]int{2, 2}, 1, 0, 0, 1), errs.Error{Field: "target", Value: "0.5"}},
		{metrics.Accuracy{}, f64([]int{2}, 1, 0), f64([]int{2, 1}, 1, 0), errs.Error{Field: "target", Value: "[2]"}},
		{metrics.Accuracy{}, f64([]int{2}, 1, 0), f64([]int{2}, 1, -3), errs.Error{Field: "output", Value: "-3"}},
		{metrics.Accuracy{}, f64([]int{1, 2}, 1, 1), f64([]int{1, 2}, 1, 0), errs.Error{Field: "target", Value: "[1 1]"}},
		{metrics.Accuracy{}, f64([]int{1, 2}, 0.5, 0.5), f64([]int{1, 2}, 1, 0), errs.Error{Field: "target", Value: "[0.5 0.5]"}},
		{metrics.Accuracy{}, f64([]int{1, 3}, 1, 0, 0), f64([]int{1, 2}, 1, 0), errs.Error{Field: "target", Value: "[1, 3]"}},
		{metrics.Accuracy{}, f64([]int{2}, 0, 7), f64([]int{2, 2}, 1, 0, 0, 1), errs.Error{Field: "target", Value: "7"}},
	} {
		a := c.metric.Start()
		errtest.Check(t, a.Add(c.target, c.output, nil), c.want)
		if got := a.Result(); !math.IsNaN(got) {
			t.Errorf("%d: the error has left %v", i, got)
		}
	}
}

// Weights are those of samples or of steps, and of nothing finer.
func TestShapesOfWeights(t *testing.T) {
	target, output := f64([]int{2, 3, 1}, 1, 2, 3, 4, 5, 6), f64([]int{2, 3, 1}, 0, 0, 0, 0, 0, 0)
	for _, c := range []struct {
		shape graph.Shape
		fits  bool
	}{{graph.Shape{2}, true}, {graph.Shape{2, 3}, true}, {graph.Shape{3}, false}, {graph.Shape{2, 2}, false}, {graph.Shape{2, 3, 1}, false}} {
		err := metrics.MAE{}.Start().Add(target, output, f64(c.shape, make([]float64, c.shape.Size())...))
		if c.fits && err != nil {
			t.Errorf("%v: %v", c.shape, err)
		} else if !c.fits {
			errtest.Check(t, err, graph.Error{Path: "weights", Field: "shape", Value: c.shape})
		}
	}
	a := metrics.MAE{}.Start()
	if err := a.Add(target, output, f64([]int{2, 3}, 1, 0, 2, 0, 0, 1)); err != nil {
		t.Fatal(err)
	}
	if got, want := a.Result(), (1+2*3+6)/4.0; !near(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
