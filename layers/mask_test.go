package layers_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/graph/graphtest"
	"github.com/engram-go/engram/layers"
)

// What stands between the mask and the layer that uses it must not let padding
// through: a padded sample gives what it gives alone, and so do all gradients.
func TestPaddingStaysOut(t *testing.T) {
	lstm := layers.LSTM{Units: 2}
	pad := layers.Masking{MaskValue: -1}
	table := graphtest.Uniform(5, 4*3, 1)
	words := layers.Embedding{InputDim: 4, OutputDim: 3, MaskZero: true, EmbeddingsInitializer: given(table)}
	norm := layers.BatchNormalization{MovingMeanInitializer: given{0.5, -1, 2}, MovingVarianceInitializer: given{2, 1, 0.5}}
	for name, c := range map[string]struct {
		layers   chain
		features int // 0 where steps are whole numbers
	}{
		"masking":             {chain{pad, lstm}, 3},
		"embedding":           {chain{words, lstm}, 0},
		"dropout":             {chain{pad, layers.Dropout{Rate: 0.5}, layers.SpatialDropout1D{Rate: 0.5}, lstm}, 3},
		"noise":               {chain{pad, layers.GaussianNoise{Stddev: 1}, lstm}, 3},
		"layer normalization": {chain{pad, layers.LayerNormalization{}, lstm}, 3},
		"batch normalization": {chain{pad, norm, lstm}, 3},
		"time distributed":    {chain{pad, layers.TimeDistributed{Layer: layers.Dense{Units: 4}}, lstm}, 3},
		"global average":      {chain{words, layers.GlobalAveragePooling1D{}, layers.Dense{Units: 2}}, 0},
		"add":                 {chain{words, beside{layers.Add{}}, lstm}, 0},
		"subtract":            {chain{words, beside{layers.Subtract{}}, lstm}, 0},
		"multiply":            {chain{pad, beside{layers.Multiply{}}, lstm}, 3},
		"average":             {chain{pad, beside{layers.Average{}}, lstm}, 3},
		"maximum":             {chain{pad, beside{layers.Maximum{}}, lstm}, 3},
		"minimum":             {chain{pad, beside{layers.Minimum{}}, lstm}, 3},
		"concatenate":         {chain{words, beside{layers.Concatenate{}}, lstm}, 0},
		"concatenate steps":   {chain{words, beside{layers.Concatenate{Axis: 1}}, layers.GlobalAveragePooling1D{}, layers.Dense{Units: 2}}, 0},
		"all": {chain{words, layers.LayerNormalization{}, layers.TimeDistributed{Layer: norm}, layers.TimeDistributed{Layer: layers.Dense{Units: 4}},
			layers.GRU{Units: 2, ReturnSequences: true}, layers.Dropout{Rate: 0.5}, lstm}, 0},
	} {
		t.Run(name, func(t *testing.T) { checkPadding(t, c.layers, c.features) })
	}
}

// beside merges its input with what a recurrent layer makes of it, as a skip
// connection does.
type beside struct{ merge layers.Layer }

func (l beside) Call(s *graph.Scope, inputs ...graph.Value) []graph.Value {
	y := layers.Apply(s, "branch", layers.GRU{Units: inputs[0].Dim(2), ReturnSequences: true}, inputs...)
	return layers.Apply(s, "merge", l.merge, inputs[0], y[0])
}

// checkPadding compares samples of 5, 2 and 1 steps, filled up with −1 or 0 at
// the end, with each of them alone.
func checkPadding(t *testing.T, l chain, features int) {
	t.Helper()
	const steps = 5
	run := func(x []float64, batch int) map[string][]float64 {
		shape := graph.Shape{batch, len(x) / batch}
		if features > 0 {
			shape = graph.Shape{batch, len(x) / batch / features, features}
		}
		return evaluate(t, config(t), graph.Tick{}, func(s *graph.Scope) {
			v := s.Values(x, shape)
			y := layers.Apply(s, "chain", l, v)[0] // [batch, 2]
			s.Output("y", y)
			wrt := []graph.Value{v}
			for _, b := range s.Bound() {
				wrt = append(wrt, b.Value)
			}
			for i, g := range s.Gradients(y.Times(s.Values([]float64{1, -2}, graph.Shape{1, 2})).Sum(), wrt...) {
				s.Output(fmt.Sprint("gradient ", i), g)
			}
		})
	}
	wide, fill := max(features, 1), -1.0
	if features == 0 {
		fill = 0
	}
	var x []float64
	want := map[string][]float64{}
	for n, length := range []int{5, 2, 1} {
		sample := graphtest.Uniform(uint64(n+1), length*wide, 1)
		if features == 0 {
			for i := range sample {
				sample[i] = float64(1 + (n+i)%3)
			}
		}
		alone := run(sample, 1)
		padding := slices.Repeat([]float64{fill}, (steps-length)*wide)
		x = append(x, append(sample, padding...)...)
		for name, g := range alone {
			switch {
			case name == "y":
				want[name] = append(want[name], g...)
			case name == "gradient 0":
				want[name] = append(want[name], append(g, make([]float64, len(padding))...)...)
			case want[name] == nil:
				want[name] = g
			default: // of the weights, which the samples share
				for i := range g {
					want[name][i] += g[i]
				}
			}
		}
	}
	got := run(x, 3)
	if len(want) < 5 {
		t.Fatalf("got %d values, want y, the gradient of x and those of weights", len(want))
	}
	for name := range want {
		graphtest.CheckOutput(t, name, got[name], want[name], 1e-12)
	}
}
