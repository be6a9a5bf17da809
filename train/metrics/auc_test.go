package metrics_test

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/errs/errtest"
	"github.com/engram-go/engram/train/metrics"
	"gorgonia.org/tensor"
	"pgregory.net/rapid"
)

var (
	_ = describe(specimen{Metric: metrics.AUC{}, Name: "auc", HigherIsBetter: true, Whole: pairsInOrder, Draw: drawScores,
		Bad: map[string]metrics.Metric{"ClassID": metrics.AUC{ClassID: new(0)}}}) // [batch] has no classes
	_ = describe(specimen{Metric: metrics.AveragePrecision{}, Name: "average_precision", HigherIsBetter: true, Whole: sumOfPrecisions, Draw: drawScores,
		Bad: map[string]metrics.Metric{"ClassID": metrics.AveragePrecision{ClassID: new(0)}}})
	_ = describe(specimen{Metric: metrics.AUC{}, Name: "auc", HigherIsBetter: true, Config: metrics.AUC{ClassID: new(1)}, Draw: drawClass,
		Whole: func(lines []line) float64 { return pairsInOrder(secondClass(lines)) }})
	_ = describe(specimen{Metric: metrics.AveragePrecision{}, Name: "average_precision", HigherIsBetter: true, Config: metrics.AveragePrecision{ClassID: new(1)}, Draw: drawOneHot,
		Whole: func(lines []line) float64 { return sumOfPrecisions(secondClass(lines)) }})
)

// drawScores draws few different scores, so that many are equal.
func drawScores(t *rapid.T, width int) (y, yhat []float64) {
	y, _ = drawAnswers(t, width)
	for range width {
		yhat = append(yhat, float64(rapid.IntRange(-2, 2).Draw(t, "score")))
	}
	return y, yhat
}

// secondClass are the scores of class 1 against the others.
func secondClass(lines []line) (out []line) {
	for _, l := range lines {
		is := l.y[len(l.y)-1]
		if len(l.y) > 1 {
			is = l.y[1]
		} else if is != 1 {
			is = 0
		}
		out = append(out, line{[]float64{is}, l.yhat[1:2], l.weight})
	}
	return out
}

// pairsInOrder is the weight of the pairs of a yes and a no in which the yes has the
// larger score.
func pairsInOrder(lines []line) float64 {
	sum, total := 0.0, 0.0
	for _, a := range lines {
		for _, b := range lines {
			for i := range a.y {
				for j := range b.y {
					if a.y[i] != 1 || b.y[j] != 0 {
						continue
					}
					w := a.weight * b.weight
					total += w
					switch {
					case a.yhat[i] > b.yhat[j]:
						sum += w
					case a.yhat[i] == b.yhat[j]:
						sum += w / 2
					}
				}
			}
		}
	}
	return sum / total
}

// sumOfPrecisions takes every score as a threshold, the largest first.
func sumOfPrecisions(lines []line) float64 {
	var thresholds []float64
	weight, yes := 0.0, 0.0
	for _, l := range lines {
		for k := range l.y {
			thresholds = append(thresholds, l.yhat[k])
			weight += l.weight
			yes += l.weight * l.y[k]
		}
	}
	if weight == 0 {
		return math.NaN()
	}
	if yes == 0 {
		return 0
	}
	slices.Sort(thresholds)
	slices.Reverse(thresholds)
	sum, recall := 0.0, 0.0
	for _, threshold := range thresholds {
		tp, fp := 0.0, 0.0
		for _, l := range lines {
			for k := range l.y {
				if l.yhat[k] >= threshold {
					tp += l.weight * l.y[k]
					fp += l.weight * (1 - l.y[k])
				}
			}
		}
		if tp > 0 {
			sum += (tp/yes - recall) * tp / (tp + fp)
		}
		recall = tp / yes
	}
	return sum
}

// Examples of scikit-learn's documentation of roc_auc_score and average_precision_score;
// one class, one sample, equal outputs, masks and what is not finite.
func TestRankings(t *testing.T) {
	y, yhat := []float64{0, 0, 1, 1}, []float64{0.1, 0.4, 0.35, 0.8}
	for _, c := range []struct {
		y, yhat, weights []float64
		auc, ap          float64
	}{
		{y, yhat, nil, 0.75, 0.8333333333333333},
		{y, yhat, []float64{0, 1, 1, 1}, 0.5, 0.5*1 + 0.5*2.0/3},
		{y, []float64{0, 0, 1, 1}, nil, 1, 1},
		{y, []float64{1, 1, 0, 0}, nil, 0, 0.5},
		{y, []float64{7, 7, 7, 7}, nil, 0.5, 0.5},
		{[]float64{1, 1}, []float64{0, 1}, nil, math.NaN(), 1},
		{[]float64{0, 0}, []float64{0, 1}, nil, math.NaN(), 0},
		{[]float64{1}, []float64{0}, nil, math.NaN(), 1},
		{y, yhat, []float64{0, 0, 0, 0}, math.NaN(), math.NaN()},
		{y, []float64{0.1, 0.4, 0.35, math.NaN()}, []float64{1, 1, 1, 0}, math.NaN(), math.NaN()},
		{y, []float64{0.1, 0.4, 0.35, math.Inf(1)}, nil, math.NaN(), math.NaN()},
		{[]float64{0, 1, 1, math.NaN()}, yhat, []float64{1, 1, 1, 0}, math.NaN(), math.NaN()},
	} {
		for m, want := range map[metrics.Metric]float64{metrics.AUC{}: c.auc, metrics.AveragePrecision{}: c.ap} {
			a := m.Start()
			var weights *tensor.Dense
			if c.weights != nil {
				weights = f64([]int{len(c.weights)}, c.weights...)
			}
			if err := a.Add(f64([]int{len(c.y)}, c.y...), f64([]int{len(c.y)}, c.yhat...), weights); err != nil {
				t.Fatal(err)
			}
			if got := a.Result(); !near(got, want) && !(math.IsNaN(got) && math.IsNaN(want)) {
				t.Errorf("%s of %v for %v, weights %v: got %v, want %v", m.Name(), c.yhat, c.y, c.weights, got, want)
			}
		}
	}
}

// The order of the samples does not change a bit.
func TestRankingsInAnyOrder(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		n := rapid.IntRange(2, 30).Draw(r, "n")
		var y, yhat, weights []float64
		for range n {
			a, b := drawScores(r, 1)
			y, yhat = append(y, a...), append(yhat, b...)
			weights = append(weights, rapid.Float64Range(0, 1).Draw(r, "weight"))
		}
		order := rapid.Permutation(indices(n)).Draw(r, "order")
		for _, m := range []metrics.Metric{metrics.AUC{}, metrics.AveragePrecision{}} {
			a, b := m.Start(), m.Start()
			if err := a.Add(f64([]int{n}, y...), f64([]int{n}, yhat...), f64([]int{n}, weights...)); err != nil {
				r.Fatal(err)
			}
			for _, i := range order {
				if err := b.Add(f64([]int{1}, y[i]), f64([]int{1}, yhat[i]), f64([]int{1}, weights[i])); err != nil {
					r.Fatal(err)
				}
			}
			if x, y := a.Result(), b.Result(); math.Float64bits(x) != math.Float64bits(y) && !math.IsNaN(x) {
				r.Fatalf("%s: %v and %v", m.Name(), x, y)
			}
		}
	})
}

func indices(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i
	}
	return out
}

func TestRankingsRefuse(t *testing.T) {
	a := metrics.AUC{}.Start().(metrics.StatefulAccumulator)
	if err := a.Add(f64([]int{2}, 0, 1), f64([]int{2}, 0, 1), nil); err != nil {
		t.Fatal(err)
	}
	errtest.Check(t, a.Add(f64([]int{2}, 1, 0), f64([]int{2, 2}, 0, 1, 1, 1), nil), errs.Error{Field: "AUC.ClassID", Value: "[2]"})
	errtest.Check(t, a.Add(f64([]int{2}, 1, 2), f64([]int{2}, 0, 1), nil), errs.Error{Field: "target", Value: "2"})
	for _, state := range [][]float64{nil, {2}, {0, 1}, {0, 1, 0}, {0, math.NaN(), 1}, {0, 1, math.Inf(1)}} {
		errtest.Check(t, a.Restore(state), errs.Error{Field: "state"})
	}
	if got := a.State(); a.Result() != 1 || len(got) != 5 {
		t.Errorf("the errors have left %v", got)
	}

	// what was not finite stays so in a saved state, also with a weight of 0
	for _, weight := range []float64{0, 1} {
		bad := metrics.AUC{}.Start().(metrics.StatefulAccumulator)
		if err := bad.Add(f64([]int{3}, 0, 1, 1), f64([]int{3}, 0, 1, math.NaN()), f64([]int{3}, 1, 1, weight)); err != nil {
			t.Fatal(err)
		}
		next := metrics.AUC{}.Start().(metrics.StatefulAccumulator)
		if err := next.Restore(bad.State()); err != nil || !math.IsNaN(next.Result()) {
			t.Errorf("restored %v, %v", next.Result(), err)
		}
	}
}

func ExampleAUC() {
	fmt.Println(measured(metrics.AUC{}, []float64{0, 0, 1, 1}, []float64{0.1, 0.4, 0.35, 0.8}))
	// Output: auc: 0.75
}

// The scores of class 1 against those of the other classes.
func ExampleAUC_classID() {
	auc := metrics.AUC{ClassID: new(1)}.Start()
	target := tensor.New(tensor.WithShape(3), tensor.WithBacking([]float64{0, 1, 2}))
	output := tensor.New(tensor.WithShape(3, 3), tensor.WithBacking([]float64{
		5, 2, 0,
		0, 3, 1,
		0, 4, 1,
	}))
	if err := auc.Add(target, output, nil); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(auc.Result())
	// Output: 0.5
}

func ExampleAveragePrecision() {
	fmt.Println(measured(metrics.AveragePrecision{}, []float64{0, 0, 1, 1}, []float64{0.1, 0.4, 0.35, 0.8}))
	// Output: average_precision: 0.8333
}
