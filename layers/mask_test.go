package layers_test

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/graph/graphtest"
	"github.com/engram-go/engram/internal/conformance"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/layers/activations"
	"github.com/engram-go/engram/layers/initializers"
	"github.com/engram-go/engram/layers/layertest"
	"gorgonia.org/tensor"
)

// Which of the steps of samples count.
var (
	gaps = [][]float64{{1, 1, 1, 1, 1}, {0, 0, 1, 0, 1}, {1, 0, 1, 0, 1}, {0, 0, 0, 1, 0}, {0, 1, 1, 1, 0}}
	ends = [][]float64{{1, 1, 1, 1, 1}, {1, 1, 0, 0, 0}, {1, 0, 0, 0, 0}}
)

// What stands between the mask and the layer that uses it must not let padding
// through: a padded sample gives what it gives alone, and so do all gradients.
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

// A layer that looks at other steps does not look at masked ones, whatever they
// hold, on any way that it may run.
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

// So it is with the last states.
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

// A layer whose output has no mask although its input has one adds a remark,
// unless it computes with the mask; a Reshape or Permute that keeps the steps keeps
// the mask.
func TestEndOfAMaskIsNoted(t *testing.T) {
	x := graph.Shape{2, 6, 4}
	own := func(f func(in []graph.Value) graph.Value) layers.Layer {
		return layers.Lambda{Function: layers.NewFunction("own", func(_ *graph.Scope, in ...graph.Value) []graph.Value { return []graph.Value{f(in)} })}
	}
	words := layers.TimeDistributed{Layer: layers.Embedding{InputDim: 2, OutputDim: 3, MaskZero: true}}
	for name, c := range map[string]struct {
		layer  layers.Layer
		masked []bool // of the inputs
		keeps  bool
		note   string
	}{
		"dense":                {layers.Dense{Units: 2}, []bool{true}, true, ""},
		"without a mask":       {layers.Conv1D{Filters: 2, KernelSize: 1}, []bool{false}, false, ""},
		"conv1d":               {layers.Conv1D{Filters: 2, KernelSize: 3, Padding: layers.Same}, []bool{true}, false, maskEnds},
		"causal":               {layers.Conv1D{Filters: 2, KernelSize: 3, Padding: layers.Causal}, []bool{true}, false, maskEnds},
		"max pooling":          {layers.MaxPooling1D{Strides: 1, Padding: layers.Same}, []bool{true}, false, maskEnds},
		"average pooling":      {layers.AveragePooling1D{}, []bool{true}, false, maskEnds},
		"global max":           {layers.GlobalMaxPooling1D{}, []bool{true}, false, maskEnds},
		"flatten":              {layers.Flatten{}, []bool{true}, false, maskEnds},
		"lambda":               {own(func(in []graph.Value) graph.Value { return in[0].Scale(2).WithoutMask() }), []bool{true}, false, maskEnds},
		"mask of another":      {own(func(in []graph.Value) graph.Value { m, _ := in[1].Mask(); return in[0].WithMask(m) }), []bool{false, true}, true, ""},
		"own layer":            {deaf{}, []bool{true}, false, maskEnds},
		"add one without":      {layers.Add{}, []bool{true, false}, false, maskEnds},
		"add":                  {layers.Add{}, []bool{true, true}, true, ""},
		"last of lstm":         {layers.LSTM{Units: 2}, []bool{true}, false, ""},
		"last of both":         {layers.Bidirectional{Layer: layers.GRU{Units: 2}}, []bool{true}, false, ""},
		"attention to masked":  {layers.Attention{}, []bool{false, true}, false, ""},
		"global average":       {layers.GlobalAveragePooling1D{}, []bool{true}, false, ""},
		"reshape to itself":    {layers.Reshape{TargetShape: graph.Shape{6, 4}}, []bool{true}, true, ""},
		"reshape of features":  {layers.Reshape{TargetShape: graph.Shape{graph.Any, 2, 2}}, []bool{true}, true, ""},
		"reshape of steps":     {layers.Reshape{TargetShape: graph.Shape{3, 8}}, []bool{true}, false, maskEnds},
		"reshape to a vector":  {layers.Reshape{TargetShape: graph.Shape{24}}, []bool{true}, false, maskEnds},
		"permute to itself":    {layers.Permute{Dims: []int{1, 2}}, []bool{true}, true, ""},
		"permute":              {layers.Permute{Dims: []int{2, 1}}, []bool{true}, false, maskEnds},
		"time distributed":     {layers.TimeDistributed{Layer: layers.Dense{Units: 2}}, []bool{true}, true, ""},
		"mask of inner steps":  {words, []bool{false}, false, "ends the mask that its layer makes"},
		"masks of both levels": {words, []bool{true}, true, "ends the mask that its layer makes"},
	} {
		var notes []graph.Note
		keeps := false
		follow(t, config(t), func(s *graph.Scope) {
			var in []graph.Value
			for i, masked := range c.masked {
				v := s.Input(fmt.Sprint(i), x)
				if masked {
					v = v.WithMask(s.Input(fmt.Sprint("mask ", i), x[:2]))
				}
				in = append(in, v)
			}
			s.Within("layer", func() {
				resolved, err := layers.Resolve(c.layer)
				if err != nil {
					t.Fatal(err)
				}
				var mask graph.Value
				mask, keeps = layers.Call(s, resolved, in...)[0].Mask()
				if keeps && !mask.Shape().Equal(x[:2]) {
					t.Errorf("%s: the mask has the shape %v", name, mask.Shape())
				}
			})
			notes = s.Notes()
		})
		notes = slices.DeleteFunc(notes, func(n graph.Note) bool { return strings.HasPrefix(n.Text, "runs as") })
		var want []graph.Note
		if c.note != "" {
			want = []graph.Note{{Path: "layer", Text: c.note}}
		}
		if keeps != c.keeps || !slices.Equal(notes, want) {
			t.Errorf("%s: the output has a mask: %v, want %v; remarks %v, want %v", name, keeps, c.keeps, notes, want)
		}
	}
}

const maskEnds = "ends the mask: what follows counts masked steps as data"

// deaf is a layer that does not know of masks.
type deaf struct{}

func (deaf) Call(_ *graph.Scope, in ...graph.Value) []graph.Value {
	return []graph.Value{in[0].WithoutMask().Scale(2)}
}

var _ = specimen(conformance.Layer{
	Value:     layers.Masking{},
	Inputs:    []graph.Shape{{4, 6}},
	Outputs:   []graph.Shape{{4, 6}},
	Valid:     map[string]any{"MaskValue": -1.0},
	Accepts:   "-+---+",
	MakesMask: true,
	Compared:  "TestMaskingSteps",
	Steps: []conformance.Step{
		{Layer: layers.Masking{}},
	},
	Draw: func(d *conformance.Drawing) {
		x := d.Series()
		d.Use(layers.Masking{MaskValue: conformance.OneOf(d, "value", 0, math.Pi)}, x.Shape, x.Tensor)
	},
})

func TestMasking(t *testing.T) {
	padded := graphtest.Array{Shape: []int{2, 3, 2}, Data: []float64{1, 2, 0.5, 0.5, 0, 3, 0.5, 0.5, -1, 0.75, 0.5, -2}}
	for _, l := range []layers.Masking{{}, {MaskValue: -1.5}, {MaskValue: 7, Name: "padding"}} {
		layertest.Check(t, layertest.Case{
			Layer: l, Inputs: []graphtest.Array{graphtest.Input(1, 2, 3, 4)}, Outputs: []graph.Shape{{graph.Any, 3, 4}},
		})
	}
	layertest.Check(t, layertest.Case{ // some steps are padding, so that differences would leave it
		Layer: layers.Masking{MaskValue: 0.5}, Inputs: []graphtest.Array{padded}, Whole: []int{0}, Outputs: []graph.Shape{{graph.Any, 3, 2}},
	})
}

// A step is padding when all its features equal the value, as the dtype has it:
// 0.1 is another number in float32.
func TestMaskingSteps(t *testing.T) {
	for _, dtype := range []tensor.Dtype{tensor.Float32, tensor.Float64} {
		for _, value := range []float64{0, 0.1, -1} {
			params, err := graph.NewParams(dtype, 1)
			if err != nil {
				t.Fatal(err)
			}
			v := value
			got := evaluate(t, graph.Config{Params: params}, graph.Tick{}, func(s *graph.Scope) {
				x := s.Values([]float64{v, v, v, 2, 3, v, v, v, 4, 5, v, v}, graph.Shape{2, 3, 2})
				y := layers.Apply(s, "masking", layers.Masking{MaskValue: v}, x)[0]
				mask, _ := y.Mask()
				s.Output("y", y)
				s.Output("mask", mask)
				s.Output("gradient", s.Gradients(y.Sum(), x)[0])

				before := x.WithMask(s.Values([]float64{1, 0, 1, 1, 1, 1}, graph.Shape{2, 3}))
				mask, _ = layers.Apply(s, "masking", layers.Masking{MaskValue: v}, before)[0].Mask()
				s.Output("both masks", mask)
			})
			graphtest.CheckOutput(t, "y", got["y"], []float64{0, 0, v, 2, 3, v, 0, 0, 4, 5, 0, 0}, 1e-8)
			graphtest.CheckOutput(t, "mask", got["mask"], []float64{0, 1, 1, 0, 1, 0}, 0)
			graphtest.CheckOutput(t, "both masks", got["both masks"], []float64{0, 0, 1, 0, 1, 0}, 0)
			graphtest.CheckOutput(t, "gradient", got["gradient"], []float64{0, 0, 1, 1, 1, 1, 0, 0, 1, 1, 0, 0}, 0)
		}
	}
}

func TestMaskingRefuses(t *testing.T) {
	in := graph.Shape{graph.Any, graph.Any, 3}
	for _, v := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		layertest.Invalid(t, layers.Masking{MaskValue: v}, "Masking.MaskValue", in)
	}
	for _, bad := range [][]graph.Shape{nil, {in, in}, {{2, 3}}, {{2, 3, 4, 5}}} {
		layertest.Invalid(t, layers.Masking{}, "Masking", bad...)
	}
}
