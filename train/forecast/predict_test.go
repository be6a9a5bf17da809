package forecast

import (
	"math"
	"testing"

	"github.com/engram-go/engram/datasets"
	"pgregory.net/rapid"
)

// TestQuantilesNeverCross reads random outputs with random moves, as a calibration may have
// them.
func TestQuantilesNeverCross(t *testing.T) {
	values := []float64{100, 110, 90, 120, 80, 130, 100, 105}
	s := datasets.FromSlice("a", values)
	rapid.Check(t, func(t *rapid.T) {
		head := rapid.SampledFrom([]Head{Point{}, Quantiles{}, Quantiles{Levels: []float64{0.05, 0.2, 0.5, 0.6, 0.95}}, Gaussian{}, StudentT{}, NegativeBinomial{}}).Draw(t, "head")
		transform := rapid.SampledFrom([]datasets.Transform{datasets.None{}, datasets.Standard{}, datasets.Log{}, datasets.Difference{}, datasets.LogReturn{}}).Draw(t, "transform")
		_, counts := head.(NegativeBinomial)
		if counts {
			transform = datasets.None{}
		}
		tr, err := newTrack(s, layout{Targets: []string{"a"}, Lag: transform.Lag()}, Config{Transform: transform, Steps: 4, Head: head}, map[columnKey]datasets.Fitted{}, len(values))
		if err != nil {
			t.Fatal(err)
		}
		number := rapid.Float64Range(-5, 5)
		p := predictor{head: head, levels: levelsOf(head), horizon: 1}
		for range p.levels {
			p.calibration.Moves = append(p.calibration.Moves, []float64{number.Draw(t, "move")})
		}
		for l, level := range p.levels {
			if level == 0.5 {
				p.calibration.Moves[l][0] = 0 // as calibrate has it
			}
		}
		outputs := rapid.SliceOfN(number, head.Outputs(), head.Outputs()).Draw(t, "outputs")
		factor := rapid.Float64Range(0.01, 10).Draw(t, "factor")
		out := predicted{values: make([]float64, 1), factor: factor}
		for range p.levels {
			out.quantiles = append(out.quantiles, make([]float64, 1))
		}
		if err := p.read(outputs, place{tr, len(values) - 1}, 0, number.Draw(t, "shift"), factor, 0, 0, &out); err != nil {
			t.Fatal(err)
		}
		before := math.Inf(-1)
		if counts {
			before = 0 // no count is less
		}
		for l, q := range out.quantiles {
			if !(q[0] >= before) {
				t.Fatalf("the quantile of %v is %v, below %v", p.levels[l], q[0], before)
			}
			before = q[0]
		}
		_, symmetric := head.(StudentT)
		_, normal := head.(Gaussian)
		if median := out.quantiles[middleOf(p.levels)][0]; !counts && p.levels[middleOf(p.levels)] == 0.5 {
			if d := math.Abs(median - out.values[0]); d != 0 && !(d < 1e-9*math.Abs(median) && (symmetric || normal)) {
				t.Fatalf("the median is %v, the forecast %v", median, out.values[0])
			}
		}
	})
}
