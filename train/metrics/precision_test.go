package metrics_test

import (
	"cmp"
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
	_ = describe(specimen{Metric: metrics.Precision{}, Name: "precision", HigherIsBetter: true, Whole: micro(precisionOf), Draw: drawProbabilities, Bad: badAnswers(func(p metrics.Precision) metrics.Metric { return p })})
	_ = describe(specimen{Metric: metrics.Recall{}, Name: "recall", HigherIsBetter: true, Whole: micro(recallOf), Draw: drawProbabilities, Bad: badAnswers(func(p metrics.Precision) metrics.Metric { return metrics.Recall(p) })})
	_ = describe(specimen{Metric: metrics.F1Score{}, Name: "f1_score", HigherIsBetter: true, Whole: micro(f1Of), Draw: drawProbabilities, Bad: badAnswers(func(p metrics.Precision) metrics.Metric { return metrics.F1Score(p) })})

	_ = describe(specimen{Metric: metrics.Precision{}, Name: "precision", HigherIsBetter: true, Config: metrics.Precision{Average: metrics.Macro}, Whole: perClass(precisionOf, false), Draw: drawClass})
	_ = describe(specimen{Metric: metrics.Recall{}, Name: "recall", HigherIsBetter: true, Config: metrics.Recall{Average: metrics.Weighted}, Whole: perClass(recallOf, true), Draw: drawClass})
	_ = describe(specimen{Metric: metrics.F1Score{}, Name: "f1_score", HigherIsBetter: true, Config: metrics.F1Score{Average: metrics.Macro}, Whole: perClass(f1Of, false), Draw: drawClass})
	_ = describe(specimen{Metric: metrics.F1Score{}, Name: "f1_score", HigherIsBetter: true, Config: metrics.F1Score{Average: metrics.Weighted, TopK: 1}, Whole: perClass(f1Of, true), Draw: drawOneHot})
	_ = describe(specimen{Metric: metrics.Recall{}, Name: "recall", HigherIsBetter: true, Config: metrics.Recall{Average: metrics.Micro, TopK: 1}, Draw: drawOneHot, Line: largestIsRight})
)

func precisionOf(tp, fp, fn float64) float64 { return orZero(tp, tp+fp) }
func recallOf(tp, fp, fn float64) float64    { return orZero(tp, tp+fn) }

// f1Of is the harmonic mean.
func f1Of(tp, fp, fn float64) float64 {
	p, r := precisionOf(tp, fp, fn), recallOf(tp, fp, fn)
	return orZero(2*p*r, p+r)
}

func orZero(a, b float64) float64 {
	if b == 0 {
		return 0
	}
	return a / b
}

// micro is a function of the counts over all elements, above 0.5.
func micro(f func(tp, fp, fn float64) float64) func([]line) float64 {
	return func(lines []line) float64 {
		tp, fp, fn, total := 0.0, 0.0, 0.0, 0.0
		for _, l := range lines {
			for k := range l.y {
				total += l.weight
				switch got := l.yhat[k] > 0.5; {
				case got && l.y[k] == 1:
					tp += l.weight
				case got:
					fp += l.weight
				case l.y[k] == 1:
					fn += l.weight
				}
			}
		}
		if total == 0 {
			return math.NaN()
		}
		return f(tp, fp, fn)
	}
}

// perClass is the mean of a function of the counts of each class, where the largest
// output of a line says yes: over the classes that occur, or by their weights.
func perClass(f func(tp, fp, fn float64) float64, weighted bool) func([]line) float64 {
	return func(lines []line) float64 {
		sum, total, all := 0.0, 0.0, 0.0
		for class := range lines[0].yhat {
			tp, fp, fn := 0.0, 0.0, 0.0
			for _, l := range lines {
				all += l.weight
				want := l.y[0] == float64(class)
				if len(l.y) > 1 {
					want = l.y[class] == 1
				}
				got := true
				for j, x := range l.yhat {
					got = got && (x < l.yhat[class] || j >= class && x == l.yhat[class])
				}
				switch {
				case want && got:
					tp += l.weight
				case got:
					fp += l.weight
				case want:
					fn += l.weight
				}
			}
			switch {
			case weighted:
				sum, total = sum+(tp+fn)*f(tp, fp, fn), total+tp+fn
			case tp+fp+fn > 0:
				sum, total = sum+f(tp, fp, fn), total+1
			}
		}
		if all == 0 {
			return math.NaN()
		}
		return orZero(sum, total)
	}
}

func drawProbabilities(t *rapid.T, width int) (y, yhat []float64) {
	y, yhat = drawAnswers(t, width)
	for i := range yhat {
		yhat[i] = math.Abs(yhat[i]) / 4
	}
	return y, yhat
}

func badAnswers(as func(metrics.Precision) metrics.Metric) map[string]metrics.Metric {
	return map[string]metrics.Metric{
		"TopK":    as(metrics.Precision{TopK: -1}),
		"ClassID": as(metrics.Precision{ClassID: new(0)}), // [batch] has no classes
		"Average": as(metrics.Precision{Average: "samples"}),
	}
}

// Examples of the documentation of Keras and scikit-learn.
func TestPrecisionRecallF1(t *testing.T) {
	numbers := f64([]int{6}, 0, 1, 2, 0, 1, 2)
	guesses := f64([]int{6, 3}, 1, 0, 0, 0, 0, 1, 0, 1, 0, 1, 0, 0, 1, 0, 0, 0, 1, 0) // 0 2 1 0 0 1
	four, eight := f64([]int{4}, 0, 1, 1, 1), f64([]int{4}, 1, 0, 1, 1)
	labels := f64([]int{3, 3}, 1, 1, 1, 1, 0, 0, 1, 1, 0)
	scores := f64([]int{3, 3}, 0.2, 0.6, 0.7, 0.2, 0.6, 0.6, 0.6, 0.8, 0)
	for _, c := range []struct {
		metric                  metrics.Metric
		target, output, weights *tensor.Dense
		want                    float64
	}{
		{metrics.Precision{}, four, eight, nil, 2.0 / 3},
		{metrics.Precision{}, four, eight, f64([]int{4}, 0, 0, 1, 0), 1},
		{metrics.Precision{TopK: 4}, f64([]int{1, 4}, 0, 0, 1, 1), f64([]int{1, 4}, 1, 1, 1, 1), nil, 0.5},
		{metrics.Recall{}, four, eight, nil, 2.0 / 3},
		{metrics.Recall{}, four, eight, f64([]int{4}, 0, 0, 1, 0), 1},
		{metrics.F1Score{Threshold: new(0.5), ClassID: new(0)}, labels, scores, nil, 0.5},
		{metrics.F1Score{Threshold: new(0.5), ClassID: new(1)}, labels, scores, nil, 0.8},
		{metrics.F1Score{Threshold: new(0.5), ClassID: new(2)}, labels, scores, nil, 2.0 / 3},
		{metrics.F1Score{Average: metrics.Macro}, labels, scores, nil, (0.5 + 0.8 + 2.0/3) / 3},
		{metrics.F1Score{Average: metrics.Weighted}, labels, scores, nil, (3*0.5 + 2*0.8 + 2.0/3) / 6},

		{metrics.Precision{Average: metrics.Macro}, numbers, guesses, nil, 2.0 / 9},
		{metrics.Precision{Average: metrics.Micro}, numbers, guesses, nil, 1.0 / 3},
		{metrics.Precision{Average: metrics.Weighted}, numbers, guesses, nil, 2.0 / 9},
		{metrics.Recall{Average: metrics.Macro}, numbers, guesses, nil, 1.0 / 3},
		{metrics.Recall{Average: metrics.Micro}, numbers, guesses, nil, 1.0 / 3},
		{metrics.Recall{Average: metrics.Weighted}, numbers, guesses, nil, 1.0 / 3},
		{metrics.F1Score{Average: metrics.Macro}, numbers, guesses, nil, 4.0 / 15},
		{metrics.F1Score{Average: metrics.Micro}, numbers, guesses, nil, 1.0 / 3},
		{metrics.F1Score{Average: metrics.Weighted}, numbers, guesses, nil, 4.0 / 15},
		{metrics.Precision{ClassID: new(0)}, numbers, guesses, nil, 2.0 / 3},
		{metrics.Recall{ClassID: new(0)}, numbers, guesses, nil, 1},
		{metrics.F1Score{ClassID: new(0)}, numbers, guesses, nil, 0.8},

		// no answer is yes; all are; a class that never occurs
		{metrics.Precision{}, four, f64([]int{4}, 0, 0, 0, 0), nil, 0},
		{metrics.Recall{}, f64([]int{4}, 0, 0, 0, 0), eight, nil, 0},
		{metrics.F1Score{}, f64([]int{2}, 0, 0), f64([]int{2}, 0, 0), nil, 0},
		{metrics.F1Score{}, f64([]int{2}, 1, 1), f64([]int{2}, 1, 1), nil, 1},
		{metrics.F1Score{}, f64([]int{1}, 1), f64([]int{1}, 1), nil, 1},
		{metrics.F1Score{Average: metrics.Weighted}, f64([]int{1, 2}, 0, 0), f64([]int{1, 2}, 0, 1), nil, 0},
		{metrics.F1Score{Average: metrics.Macro}, f64([]int{2}, 0, 1), f64([]int{2, 3}, 1, 0, 0, 0, 1, 0), nil, 1},
		{metrics.F1Score{Average: metrics.Macro, TopK: 1}, f64([]int{2, 3}, 1, 0, 0, 0, 1, 0), f64([]int{2, 3}, 1, 0, 0, 0, 1, 0), nil, 2.0 / 3},
		// exactly at the threshold; logits; both conditions; as many as there are
		{metrics.Precision{}, f64([]int{2}, 1, 1), f64([]int{2}, 0.5, 1), nil, 1},
		{metrics.Recall{}, f64([]int{2}, 1, 1), f64([]int{2}, 0.5, 1), nil, 0.5},
		{metrics.Recall{Threshold: new(0.0)}, f64([]int{2}, 1, 1), f64([]int{2}, -7, 7), nil, 0.5},
		{metrics.Recall{Threshold: new(0.6), TopK: 1}, labels, scores, nil, 2.0 / 6},
		{metrics.Recall{TopK: 3}, labels, scores, nil, 1},
		{metrics.Precision{TopK: 1}, f64([]int{1, 3}, 0, 1, 1), f64([]int{1, 3}, 2, 2, 2), nil, 0},
		{metrics.Recall{Average: metrics.Micro, Threshold: new(0.55)}, f64([]int{1}, 2), f64([]int{1, 3}, 0.6, 0.9, 0.6), nil, 1},
		{metrics.Precision{Average: metrics.Micro, Threshold: new(0.55)}, f64([]int{1}, 2), f64([]int{1, 3}, 0.6, 0.9, 0.6), nil, 1.0 / 3},
		// masked steps; nothing but masked steps; what is not finite, with any weight
		{metrics.F1Score{}, f64([]int{1, 2, 1}, 1, 1), f64([]int{1, 2, 1}, 1, 0), f64([]int{1, 2}, 1, 0), 1},
		{metrics.F1Score{}, f64([]int{1, 2, 1}, 1, 1), f64([]int{1, 2, 1}, 1, 0), f64([]int{1, 2}, 0, 0), math.NaN()},
		{metrics.F1Score{}, f64([]int{2}, 1, 1), f64([]int{2}, 1, math.NaN()), f64([]int{2}, 1, 0), math.NaN()},
		{metrics.F1Score{}, f64([]int{2}, 1, math.Inf(1)), f64([]int{2}, 1, 1), f64([]int{2}, 1, 0), math.NaN()},
		{metrics.F1Score{Average: metrics.Macro}, f64([]int{2}, 1, math.NaN()), f64([]int{2, 2}, 1, 0, 0, 1), nil, math.NaN()},
	} {
		a := c.metric.Start()
		if err := a.Add(c.target, c.output, c.weights); err != nil {
			t.Errorf("%+v: %v", c.metric, err)
			continue
		}
		if got := a.Result(); !near(got, c.want) && !(math.IsNaN(got) && math.IsNaN(c.want)) {
			t.Errorf("%s %+v of %v for %v: got %v, want %v", c.metric.Name(), c.metric, c.output, c.target, got, c.want)
		}
	}
}

// The TopK largest outputs are those of a stable sort, the first of equal ones.
func TestTopKOfAnswers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(2, 40).Draw(t, "classes")
		k := rapid.IntRange(1, n).Draw(t, "k")
		output := make([]float64, n)
		order := make([]int, n)
		for j := range n {
			output[j], order[j] = float64(rapid.IntRange(-3, 3).Draw(t, "output")), j
		}
		slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(output[b], output[a]) })
		for place, class := range order {
			a := metrics.Recall{TopK: k, Average: metrics.Micro}.Start()
			if err := a.Add(f64([]int{1}, float64(class)), f64([]int{1, n}, output...), nil); err != nil {
				t.Fatal(err)
			}
			want := 0.0
			if place < k {
				want = 1
			}
			if got := a.Result(); got != want {
				t.Fatalf("class %d at place %d of %v with k %d: got %v, want %v", class, place, output, k, got, want)
			}
		}
	})
}

// Thousands of the largest outputs among tens of thousands take no longer than a sort.
func BenchmarkTopKOfAnswers(b *testing.B) {
	const n = 50000
	output := make([]float64, n)
	for j := range output {
		output[j] = float64(j * 7919 % n)
	}
	a := metrics.Recall{TopK: 1000, Average: metrics.Micro}.Start()
	for b.Loop() {
		if err := a.Add(f64([]int{1}, 1), f64([]int{1, n}, output...), nil); err != nil {
			b.Fatal(err)
		}
	}
}

// Errors change nothing, also those of the second line of a batch.
func TestPrecisionRefuses(t *testing.T) {
	for _, c := range []struct {
		metric         metrics.Precision
		target, output *tensor.Dense
		want           errs.Error
	}{
		{metrics.Precision{}, f64([]int{2}, 1, 0.5), f64([]int{2}, 1, 0), errs.Error{Field: "target", Value: "0.5"}},
		{metrics.Precision{}, f64([]int{2}, 1, 1), f64([]int{2}, 1, 3), errs.Error{Field: "output", Value: "3"}},
		{metrics.Precision{}, f64([]int{2}, 1, 1), f64([]int{2, 1}, 1, 1), errs.Error{Field: "target", Value: "[2]"}},
		{metrics.Precision{}, f64([]int{2}, 1, 1), f64([]int{2, 2}, 1, 1, 1, 1), errs.Error{Field: "Precision.Average", Value: "[2]"}},
		{metrics.Precision{Average: metrics.Micro}, f64([]int{2}, 1, 2), f64([]int{2, 2}, 1, 1, 1, 1), errs.Error{Field: "target", Value: "2"}},
		{metrics.Precision{ClassID: new(2)}, f64([]int{2}, 1, 1), f64([]int{2, 2}, 1, 1, 1, 1), errs.Error{Field: "Precision.ClassID", Value: "2"}},
		{metrics.Precision{ClassID: new(-1)}, f64([]int{2}, 1, 1), f64([]int{2, 2}, 1, 1, 1, 1), errs.Error{Field: "Precision.ClassID", Value: "-1"}},
		{metrics.Precision{ClassID: new(1), Average: metrics.Macro}, f64([]int{2}, 1, 1), f64([]int{2, 2}, 1, 1, 1, 1), errs.Error{Field: "Precision.Average", Value: "macro"}},
	} {
		a := c.metric.Start().(metrics.StatefulAccumulator)
		errtest.Check(t, a.Add(c.target, c.output, nil), c.want)
		if got := a.State(); len(got) != 2 || got[0] != 0 {
			t.Errorf("%v: the error has left %v", c.want, got)
		}
	}
	a := metrics.F1Score{Average: metrics.Macro}.Start().(metrics.StatefulAccumulator)
	two, three := f64([]int{2, 2}, 1, 0, 1, 1), f64([]int{1, 3}, 1, 0, 1)
	if err := a.Add(two, two, nil); err != nil {
		t.Fatal(err)
	}
	errtest.Check(t, a.Add(three, three, nil), errs.Error{Field: "output", Value: "[1, 3]"})
	errtest.Check(t, a.Add(two, f64([]int{2, 2}, 0, 1, 2, 0), nil), errs.Error{Field: "output", Value: "2"})
	for _, state := range [][]float64{nil, {0}, {1, 0}, {1, 0, 1}, {-1, 0, 1, 1, 1}, {1, 0, 1, -1, 1}, {1, 0, math.NaN(), 1, 1}} {
		errtest.Check(t, a.Restore(state), errs.Error{Field: "state"})
	}
	if got := a.Result(); got != 1 {
		t.Errorf("the errors have left %v", got)
	}
}

// The zero value is for one answer, yes or no.
func ExamplePrecision() {
	fmt.Println(measured(metrics.Precision{}, []float64{0, 1, 1, 1}, []float64{0.9, 0.2, 0.7, 0.8}))
	// Output: precision: 0.6667
}

// Logits are above 0 where they say yes.
func ExampleRecall() {
	fmt.Println(measured(metrics.Recall{Threshold: new(0.0)}, []float64{0, 1, 1, 1}, []float64{2.2, -1.4, 0.8, 1.4}))
	// Output: recall: 0.6667
}

// Three classes, of which the largest output is taken.
func ExampleF1Score() {
	f1 := metrics.F1Score{Average: metrics.Macro}.Start()
	target := tensor.New(tensor.WithShape(4), tensor.WithBacking([]float64{0, 1, 2, 2}))
	output := tensor.New(tensor.WithShape(4, 3), tensor.WithBacking([]float64{
		3, 1, 0,
		2, 1, 0, // wrong
		0, 1, 5,
		0, 1, 2,
	}))
	if err := f1.Add(target, output, nil); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%.4f\n", f1.Result()) // the mean of 2/3, 0 and 1
	// Output: 0.5556
}
