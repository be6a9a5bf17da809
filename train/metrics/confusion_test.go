package metrics_test

import (
	"fmt"
	"math"
	"reflect"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/errs/errtest"
	"github.com/engram-go/engram/train/metrics"
	"gorgonia.org/tensor"
	"pgregory.net/rapid"
)

// In any batches it is what a loop counts, and its diagonal has the accuracy.
func TestConfusionMatrix(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		classes := rapid.IntRange(2, 4).Draw(r, "classes")
		hot := rapid.Bool().Draw(r, "hot")
		want := make([][]float64, classes)
		for i := range want {
			want[i] = make([]float64, classes)
		}
		var c metrics.ConfusionMatrix
		accuracy := metrics.SparseCategoricalAccuracy{}.Start()
		total, right := 0.0, 0.0
		for range rapid.IntRange(1, 4).Draw(r, "batches") {
			var ys, hots, yhats, weights []float64
			n := rapid.IntRange(1, 3).Draw(r, "samples")
			for range n {
				y, yhat := drawClass(r, classes)
				weight := math.Abs(exact(r, "weight"))
				most := 0
				for j, x := range yhat {
					if x > yhat[most] {
						most = j
					}
				}
				want[int(y[0])][most] += weight
				total += weight
				ys, yhats, weights = append(ys, y...), append(yhats, yhat...), append(weights, weight)
				for j := range classes {
					hots = append(hots, 0)
					if j == int(y[0]) {
						hots[len(hots)-1] = 1
					}
				}
			}
			target, output := f64([]int{n}, ys...), f64([]int{n, classes}, yhats...)
			if err := accuracy.Add(target, output, f64([]int{n}, weights...)); err != nil {
				r.Fatal(err)
			}
			if hot {
				target = f64([]int{n, classes}, hots...)
			}
			if err := c.Add(target, output, f64([]int{n}, weights...)); err != nil {
				r.Fatal(err)
			}
		}
		got := c.Counts()
		if !reflect.DeepEqual(got, want) {
			r.Fatalf("got %v, want %v", got, want)
		}
		for i := range got {
			right += got[i][i]
			got[i][i] = -1 // a copy
		}
		if !reflect.DeepEqual(c.Counts(), want) || total > 0 && !near(right/total, accuracy.Result()) {
			r.Fatalf("%v: accuracy %v, want %v", want, right/total, accuracy.Result())
		}
	})
}

func TestConfusionMatrixOfOneNumber(t *testing.T) {
	target, output := f64([]int{4, 1}, 1, 0, 1, 0), f64([]int{4, 1}, 0.9, 0.5, 0.1, 0.6)
	for _, c := range []struct {
		threshold *float64
		want      [][]float64
	}{{nil, [][]float64{{1, 1}, {1, 1}}}, {new(0.0), [][]float64{{0, 2}, {0, 2}}}} {
		m := metrics.ConfusionMatrix{Threshold: c.threshold}
		if m.Counts() != nil {
			t.Errorf("counts %v before the first batch", m.Counts())
		}
		if err := m.Add(target, output, nil); err != nil {
			t.Fatal(err)
		}
		errtest.Check(t, m.Add(f64([]int{2}, 0, 2), f64([]int{2}, 1, 1), nil), errs.Error{Field: "target", Value: "2"})
		if got := m.Counts(); !reflect.DeepEqual(got, c.want) {
			t.Errorf("got %v, want %v", got, c.want)
		}
	}
}

func TestConfusionMatrixRefuses(t *testing.T) {
	nan := math.NaN()
	wide := f64([]int{1, 4097}, make([]float64, 4097)...)
	for _, c := range []struct {
		threshold              *float64
		target, output, weight *tensor.Dense
		want                   errs.Error
	}{
		{nil, nil, wide, nil, errs.Error{Field: "target"}},
		{nil, f64([]int{1}, 1), wide, nil, errs.Error{Field: "output", Value: "[1, 4097]"}},
		{nil, f64([]int{2}, 1, 3), f64([]int{2, 3}, 1, 0, 0, 0, 0, 1), nil, errs.Error{Field: "target", Value: "3"}},
		{nil, f64([]int{2}, 1, nan), f64([]int{2, 3}, 1, 0, 0, 0, 0, 1), nil, errs.Error{Field: "target", Value: "[NaN]", Kind: graph.ErrNotFinite}},
		{nil, f64([]int{2}, 1, 1), f64([]int{2, 3}, 1, 0, 0, 0, 0, nan), nil, errs.Error{Field: "output", Value: "[0 0 NaN]", Kind: graph.ErrNotFinite}},
		{nil, f64([]int{1, 3}, 1, 1, 0), f64([]int{1, 3}, 1, 0, 0), nil, errs.Error{Field: "target", Value: "[1 1 0]"}},
		{nil, f64([]int{1}, 1), f64([]int{1, 1}, 1), nil, errs.Error{Field: "target", Value: "[1]"}},
		{nil, f64([]int{1}, 1), f64([]int{1, 2}, 1, 0), nil, errs.Error{Field: "output", Value: "[1, 2]"}},
		{new(nan), f64([]int{1}, 1), f64([]int{1}, 1), nil, errs.Error{Field: "ConfusionMatrix.Threshold", Value: "NaN"}},
		{nil, f64([]int{1}, 1), f64([]int{1, 3}, 1, 0, 0), f64([]int{1}, -1), errs.Error{Field: "weights", Value: "-1"}},
	} {
		var m metrics.ConfusionMatrix
		if err := m.Add(f64([]int{1}, 2), f64([]int{1, 3}, 1, 0, 0), nil); err != nil {
			t.Fatal(err)
		}
		m.Threshold = c.threshold
		errtest.Check(t, m.Add(c.target, c.output, c.weight), c.want)
		if got, want := m.Counts(), [][]float64{{0, 0, 0}, {0, 0, 0}, {1, 0, 0}}; !reflect.DeepEqual(got, want) {
			t.Errorf("the error has left %v", got)
		}
	}
}

// Of three samples of class 2, one is taken for class 1.
func ExampleConfusionMatrix() {
	target := tensor.New(tensor.WithShape(5), tensor.WithBacking([]float64{0, 1, 2, 2, 2}))
	output := tensor.New(tensor.WithShape(5, 3), tensor.WithBacking([]float64{
		3, 1, 0,
		0, 5, 4,
		0, 1, 5,
		0, 2, 1,
		0, 1, 2,
	}))
	var c metrics.ConfusionMatrix
	if err := c.Add(target, output, nil); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Print(c.String())
	// Output:
	//   target\output  0  1  2
	//               0  1  0  0
	//               1  0  1  0
	//               2  0  1  2
}
