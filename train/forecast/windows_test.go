package forecast

import (
	"math"
	"testing"

	"github.com/engram-go/engram/datasets"
	"github.com/engram-go/engram/datasets/samples"
	"gorgonia.org/tensor"
)

// TestTargetsOfWindows compares the targets that networks learn, and their weights, with a plain
// loop: a missing value, or with a lag one whose value before is missing, has the weight 0.
func TestTargetsOfWindows(t *testing.T) {
	a := []float64{100, 104, 98, math.NaN(), 110, 107, 111, 120, math.NaN(), math.NaN(), 118, 125, 119, 130, 128, 133}
	b := make([]float64, len(a))
	for i := range b {
		b[i] = 50 + float64(i*i%11)
	}
	b[12] = math.NaN()
	s, err := datasets.FromColumns("s", []string{"a", "b"}, [][]float64{a, b})
	if err != nil {
		t.Fatal(err)
	}
	for _, transform := range []datasets.Transform{datasets.Standard{}, datasets.LogReturn{}, datasets.SeasonalDifference{Period: 2}} {
		c := Config{Horizon: 3, Block: 2, Steps: 3, Season: 1, Transform: transform, Normalize: NormalizeLast, Dtype: tensor.Float64, Validation: 3, Test: 3}
		f, parts, err := prepare(c, []*datasets.Series{s}, true)
		if err != nil {
			t.Fatal(err)
		}
		lag := transform.Lag()
		w := &windows{task: f.task(), normalize: c.Normalize, places: places(parts, part.refitted, 0)}
		if got, want := w.Len(), len(a)-2-3-lag+1; got != want {
			t.Fatalf("%T: %d windows, want %d", transform, got, want)
		}
		var batch samples.Batch
		if err := w.Gather(rows(w.Len()), &batch); err != nil {
			t.Fatal(err)
		}
		targets, weights := batch.Targets[0].Data().([]float64), batch.Weights[0].Data().([]float64)
		known := func(x []float64, r int) bool {
			return !math.IsNaN(x[r]) && (lag == 0 || r >= lag && !math.IsNaN(x[r-lag]))
		}
		for i := range w.Len() {
			row := lag + 2 + i // the newest row of the window
			for j, x := range [][]float64{a, b} {
				fitted, err := transform.Fit(x[:len(a)-6])
				if err != nil {
					t.Fatal(err)
				}
				value := func(r int) float64 { return fitted.Do(x[max(0, r-lag)], x[r]) }
				last := 0.0
				for r := row - 2; r <= row; r++ {
					if known(x, r) {
						last = value(r)
					}
				}
				for h := range 2 {
					at, r := i*4+h*2+j, row+1+h
					want, weight := 0.0, 0.0
					if known(x, r) {
						want, weight = value(r)-last, 1
					}
					if weights[at] != weight || math.Abs(targets[at]-want) > 1e-12 {
						t.Errorf("%T, window %d, row %d of column %d: target %v with the weight %v, want %v with %v", transform, i, h, j, targets[at], weights[at], want, weight)
					}
				}
			}
		}
	}
}
