package layers_test

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/graph/graphtest"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/layers/activations"
	"github.com/engram-go/engram/layers/initializers"
)

// Which of the steps of samples count.
var (
	gaps = [][]float64{{1, 1, 1, 1, 1}, {0, 0, 1, 0, 1}, {1, 0, 1, 0, 1}, {0, 0, 0, 1, 0}, {0, 1, 1, 1, 0}}
	ends = [][]float64{{1, 1, 1, 1, 1}, {1, 1, 0, 0, 0}, {1, 0, 0, 0, 0}}
)

// The layers between the mask and the layer that uses it keep padding out: a padded
// sample gives the same output and gradients as the sample alone.
func TestPaddingStaysOut(t *testing.T) {
	lstm := layers.LSTM{Units: 2}
	pad := layers.Masking{MaskValue: -1}
	table := graphtest.Uniform(5, 4*3, 1)
	words := layers.Embedding{InputDim: 4, OutputDim: 3, MaskZero: true, EmbeddingsInitializer: given(table)}
	norm := layers.BatchNormalization{MovingMeanInitializer: given{0.5, -1, 2}, MovingVarianceInitializer: given{2, 1, 0.5}}
	for name, l := range map[string]chain{
		"masking":             {pad, lstm},
		"embedding":           {words, lstm},
		"layer normalization": {pad, layers.LayerNormalization{}, lstm},
		"batch normalization": {pad, norm, lstm},
		"time distributed":    {pad, layers.TimeDistributed{Layer: layers.Dense{Units: 4}}, lstm},
		"activation":          {pad, layers.Activation{Function: activations.Softmax{}}, lstm},
		"global average":      {words, layers.GlobalAveragePooling1D{}, layers.Dense{Units: 2}},
		"add":                 {words, skip{layers.Add{}, nil}, lstm},
		"subtract":            {words, skip{layers.Subtract{}, nil}, lstm},
		"multiply":            {pad, skip{layers.Multiply{}, nil}, lstm},
		"average":             {pad, skip{layers.Average{}, nil}, lstm},
		"maximum":             {pad, skip{layers.Maximum{}, nil}, lstm},
		"minimum":             {pad, skip{layers.Minimum{}, nil}, lstm},
		"concatenate":         {words, skip{layers.Concatenate{}, nil}, lstm},
		"concatenate steps":   {words, skip{layers.Concatenate{Axis: 1}, nil}, layers.GlobalAveragePooling1D{}, layers.Dense{Units: 2}},
		"reshape":             {pad, layers.Reshape{TargetShape: graph.Shape{graph.Any, 1, 3}}, layers.Reshape{TargetShape: graph.Shape{graph.Any, 3}}, lstm},
		"permute": {pad, layers.Reshape{TargetShape: graph.Shape{graph.Any, 1, 3}}, layers.Permute{Dims: []int{1, 3, 2}},
			layers.Reshape{TargetShape: graph.Shape{graph.Any, 3}}, lstm},
		"all": {words, layers.LayerNormalization{}, layers.TimeDistributed{Layer: norm}, layers.TimeDistributed{Layer: layers.Dense{Units: 4}},
			layers.GRU{Units: 2, ReturnSequences: true}, lstm},
	} {
		t.Run(name, func(t *testing.T) { checkPadding(t, l, gaps) })
	}
	// These count the steps, padding too.
	for name, l := range map[string]layers.Layer{
		"sine position": layers.SinePositionEncoding{}, "position": layers.PositionEmbedding{SequenceLength: 7},
	} {
		t.Run(name, func(t *testing.T) { checkPadding(t, chain{pad, skip{layers.Add{}, l}, lstm}, ends) })
	}
}

// A layer that uses other steps does not use masked ones, whatever they contain, as an
// operation, as a scan and unrolled.
func TestMaskedStepsAreNotLookedAt(t *testing.T) {
	own := ownLSTM{3, initializers.GlorotUniform, initializers.Orthogonal{}, initializers.Zeros}
	gru := layers.GRU{Units: 2, ReturnSequences: true}
	stack := layers.StackedRNNCells{Cells: []layers.Cell{layers.LSTMCell{Units: 3, Peepholes: true}, layers.GRUCell{Units: 2, ResetBefore: true}}}
	for name, l := range map[string]layers.Layer{
		"lstm":                 layers.LSTM{Units: 3, ReturnSequences: true},
		"lstm backwards":       layers.LSTM{Units: 3, ReturnSequences: true, GoBackwards: true},
		"lstm unrolled":        layers.LSTM{Units: 3, ReturnSequences: true, Unrolled: true},
		"peepholes":            layers.LSTM{Units: 3, ReturnSequences: true, Peepholes: true, CoupledGates: true},
		"lstm with norm":       layers.LSTM{Units: 3, ReturnSequences: true, LayerNorm: true, GoBackwards: true},
		"gru":                  gru,
		"gru reset before":     layers.GRU{Units: 3, ReturnSequences: true, ResetBefore: true, GoBackwards: true, ZeroOutputForMask: true},
		"simple rnn":           layers.SimpleRNN{Units: 3, ReturnSequences: true},
		"user's cell":          layers.RNN{Cell: own, ReturnSequences: true},
		"slstm":                layers.RNN{Cell: layers.SLSTMCell{Units: 4, Heads: 2}, ReturnSequences: true},
		"exponential slstm":    layers.RNN{Cell: layers.SLSTMCell{Units: 2, ExponentialForget: true}, ReturnSequences: true, GoBackwards: true},
		"stack":                layers.RNN{Cell: stack, ReturnSequences: true},
		"unrolled stack":       layers.RNN{Cell: stack, ReturnSequences: true, Unrolled: true},
		"bidirectional":        layers.Bidirectional{Layer: layers.LSTM{Units: 2, ReturnSequences: true}},
		"bidirectional gru":    layers.Bidirectional{Layer: gru, MergeMode: layers.MergeMul},
		"bidirectional slstm":  layers.Bidirectional{Layer: layers.RNN{Cell: layers.SLSTMCell{Units: 2}, ReturnSequences: true}},
		"attention":            layers.Attention{UseScale: true, UseCausalMask: true},
		"concat attention":     layers.Attention{ScoreMode: layers.ScoreConcat},
		"additive attention":   layers.AdditiveAttention{UseCausalMask: true},
		"multi-head attention": layers.MultiHeadAttention{NumHeads: 2, KeyDim: 3, UseCausalMask: true},
	} {
		t.Run(name, func(t *testing.T) {
			checkPadding(t, chain{counting{}, l, layers.GlobalAveragePooling1D{}, layers.Dense{Units: 2}}, gaps)
		})
	}
	t.Run("last of both", func(t *testing.T) {
		checkPadding(t, chain{counting{}, layers.Bidirectional{Layer: layers.SimpleRNN{Units: 2}, MergeMode: layers.MergeAve}}, gaps)
	})
	t.Run("global average", func(t *testing.T) {
		checkPadding(t, chain{counting{}, layers.GlobalAveragePooling1D{}, layers.Dense{Units: 2}}, gaps)
	})
}

// The same holds for the last states.
func TestMaskedStepsLeaveStates(t *testing.T) {
	gru := layers.GRUCell{Units: 2, ResetBefore: true}
	for name, l := range map[string]layers.Layer{
		"lstm":          layers.LSTM{Units: 2, ReturnState: true, ZeroOutputForMask: true},
		"peepholes":     layers.LSTM{Units: 2, ReturnState: true, Peepholes: true, GoBackwards: true},
		"gru":           layers.GRU{Units: 2, ReturnState: true},
		"slstm":         layers.RNN{Cell: layers.SLSTMCell{Units: 2}, ReturnState: true},
		"stack":         layers.RNN{Cell: layers.StackedRNNCells{Cells: []layers.Cell{layers.SLSTMCell{Units: 2}, gru}}, ReturnState: true},
		"bidirectional": layers.Bidirectional{Layer: layers.LSTM{Units: 2, ReturnState: true}},
	} {
		t.Run(name, func(t *testing.T) { checkPadding(t, chain{counting{}, lastStates{l}, layers.Dense{Units: 2}}, gaps) })
	}
}

// lastStates puts the last states of a layer side by side.
type lastStates struct{ layer layers.Layer }

func (l lastStates) Call(s *graph.Scope, inputs ...graph.Value) []graph.Value {
	out := layers.Apply(s, "layer", l.layer, inputs...)
	return []graph.Value{graph.Concat(1, out[1], out[2:]...)}
}

// counting masks the steps whose features are above 1 or no numbers, and
// leaves them as they are.
type counting struct{}

func (counting) Call(s *graph.Scope, inputs ...graph.Value) []graph.Value {
	return []graph.Value{inputs[0].WithMask(s.Const(1, graph.Shape{}).GreaterEqual(inputs[0]).Max(-1))}
}

// skip merges its input with what a branch makes of it, as a skip connection
// does: a GRU where it is nil.
type skip struct{ merge, branch layers.Layer }

func (l skip) Call(s *graph.Scope, inputs ...graph.Value) []graph.Value {
	if l.branch == nil {
		l.branch = layers.GRU{Units: inputs[0].Dim(2), ReturnSequences: true}
	}
	y := layers.Apply(s, "branch", l.branch, inputs...)
	return layers.Apply(s, "merge", l.merge, inputs[0], y[0])
}

// padded gives the outputs of a chain, and the gradients of their weighted sum.
// The steps of x are words where the chain starts with an Embedding, and of three
// features otherwise.
func (l chain) padded(t *testing.T, cfg graph.Config, x []float64, batch int) map[string][]float64 {
	t.Helper()
	shape := graph.Shape{batch, len(x) / batch}
	if n := l.features(); n > 1 {
		shape = graph.Shape{batch, len(x) / batch / n, n}
	}
	return evaluate(t, cfg, graph.Tick{}, func(s *graph.Scope) {
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
		for _, u := range s.Updates() {
			s.Output("update of "+u.Path, u.Value)
		}
	})
}

func (l chain) features() int {
	if _, ok := l[0].(layers.Embedding); ok {
		return 1
	}
	return 3
}

// fill is what the chain takes for padding.
func (l chain) fill() float64 {
	switch first := l[0].(type) {
	case layers.Masking:
		return first.MaskValue
	case counting:
		return math.NaN()
	}
	return 0
}

// checkPadding compares samples with padding with the steps that count in each
// of them alone.
func checkPadding(t *testing.T, l chain, masks [][]float64) {
	t.Helper()
	wide := l.features()
	var x []float64
	want := map[string][]float64{}
	for n, mask := range masks {
		spread := func(steps []float64, fill float64) []float64 { // over those that count
			var out []float64
			for _, m := range mask {
				if m == 0 {
					out = append(out, slices.Repeat([]float64{fill}, wide)...)
				} else {
					out, steps = append(out, steps[:wide]...), steps[wide:]
				}
			}
			return out
		}
		count := 0
		for _, m := range mask {
			count += int(m)
		}
		sample := graphtest.Uniform(uint64(n+1), count*wide, 1)
		if wide == 1 {
			for i := range sample {
				sample[i] = float64(1 + (n+i)%3)
			}
		}
		x = append(x, spread(sample, l.fill())...)
		for name, g := range l.padded(t, config(t), sample, 1) {
			switch {
			case strings.Contains(name, "/"): // traces
			case name == "y":
				want[name] = append(want[name], g...)
			case name == "gradient 0":
				want[name] = append(want[name], spread(g, 0)...)
			case want[name] == nil:
				want[name] = g
			default: // of the weights, which the samples share
				for i := range g {
					want[name][i] += g[i]
				}
			}
		}
	}
	got := l.padded(t, config(t), x, len(masks))
	if len(want) < 4 {
		t.Fatalf("got %d values, want y, the gradient of x and those of weights", len(want))
	}
	for name := range want {
		graphtest.CheckOutput(t, name, got[name], want[name], 1e-12)
	}
}

// In training, where layers draw and take means over a batch, what masked steps
// hold changes nothing.
func TestPaddingStaysOutOfTraining(t *testing.T) {
	drawn := layers.RNN{Cell: layers.LSTMCell{Units: 2, Dropout: 0.3, RecurrentDropout: 0.3}, ReturnSequences: true}
	for name, l := range map[string]layers.Layer{
		"dropout":             layers.Dropout{Rate: 0.5},
		"spatial dropout":     layers.SpatialDropout1D{Rate: 0.5},
		"noise":               layers.GaussianNoise{Stddev: 1},
		"batch normalization": layers.BatchNormalization{},
		"each step":           layers.TimeDistributed{Layer: layers.BatchNormalization{}},
		"gru":                 layers.GRU{Units: 2, ReturnSequences: true, Dropout: 0.3},
		"recurrent dropout":   layers.GRU{Units: 2, ReturnSequences: true, RecurrentDropout: 0.3},
		"cell":                drawn,
		"attention":           layers.Attention{Dropout: 0.3},
		"multi-head":          layers.MultiHeadAttention{NumHeads: 2, KeyDim: 2, Dropout: 0.3},
	} {
		t.Run(name, func(t *testing.T) {
			c := chain{counting{}, l, layers.LSTM{Units: 2}}
			run := func(cfg graph.Config, fill float64) map[string][]float64 {
				x := graphtest.Uniform(1, len(gaps)*5*3, 1)
				for n, mask := range gaps {
					for i, m := range mask {
						for k := 0; k < 3 && m == 0; k++ {
							x[(n*5+i)*3+k] = fill * float64(1+k)
						}
					}
				}
				return c.padded(t, cfg, x, len(gaps))
			}
			got, want := run(training(t), 2), run(training(t), 3)
			if slices.Equal(want["y"], run(config(t), 3)["y"]) {
				t.Fatal("training must make a difference")
			}
			for name := range want {
				if !strings.HasPrefix(name, "chain/") { // no trace
					graphtest.CheckOutput(t, name, got[name], want[name], 0)
				}
			}
		})
	}
}
