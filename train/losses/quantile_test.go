package losses_test

import (
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/train/losses"
	"pgregory.net/rapid"
)

var _ = describe(specimen{
	Loss: losses.Quantile{}, Golden: []string{"quantile", "quantile_two"}, Draw: drawOutputs(3),
	Bad: map[string]losses.Loss{
		"Levels[0]": losses.Quantile{Levels: []float64{0}},
		"Levels[1]": losses.Quantile{Levels: []float64{0.5, 1}},
	},
	Line: func(y, yhat []float64) float64 {
		loss := 0.0
		for i, yhat := range yhat {
			d, q := y[i/3]-yhat, []float64{0.1, 0.5, 0.9}[i%3]
			loss += max(q*d, (q-1)*d) / float64(3*len(y))
		}
		return loss
	},
})

// drawOutputs draws n outputs for each target.
func drawOutputs(n int) func(t *rapid.T, width int) (y, yhat []float64) {
	return func(t *rapid.T, width int) (y, yhat []float64) {
		y, _ = drawNumbers(t, width)
		return y, rapid.SliceOfN(rapid.Float64Range(-2, 2), n*width, n*width).Draw(t, "outputs")
	}
}

// Two samples of two targets, with two levels of each: [batch, targets·levels].
func ExampleQuantile() {
	show(losses.Quantile{Levels: []float64{0.1, 0.9}},
		[]float64{10, 20, 10, 20}, graph.Shape{2, 2},
		[]float64{8, 12, 18, 22, 11, 12, 21, 22}, graph.Shape{2, 4})
	// Output: [0.200 0.550]
}

// The median alone is half of the absolute error.
func TestQuantileOfTheMedian(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		y, yhat := drawNumbers(t, 3)
		got := lossesOf(t, losses.Quantile{Levels: []float64{0.5}}, y, graph.Shape{1, 3}, yhat, graph.Shape{1, 3})
		half := meanOf(plain["mae"])(y, yhat) / 2
		if d := got[0] - half; d > 1e-12 || d < -1e-12 {
			t.Fatalf("got %v, want %v", got[0], half)
		}
	})
}
