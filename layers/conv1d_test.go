package layers_test

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/graph/graphtest"
	"github.com/engram-go/engram/internal/conformance"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/layers/activations"
	"github.com/engram-go/engram/layers/constraints"
	"github.com/engram-go/engram/layers/initializers"
	"github.com/engram-go/engram/layers/layertest"
	"github.com/engram-go/engram/layers/regularizers"
	"gorgonia.org/tensor"
	"pgregory.net/rapid"
)

var _ = specimen(conformance.Layer{
	Value:   layers.Conv1D{Filters: 2, KernelSize: 2},
	Inputs:  []graph.Shape{{4, 6}},
	Outputs: []graph.Shape{{3, 2}},
	Defaults: layers.Conv1D{
		Filters: 2, KernelSize: 2, Strides: 1, Padding: layers.Valid, DilationRate: 1, Groups: 1, Activation: activations.Linear,
		KernelInitializer: initializers.GlorotUniform, BiasInitializer: initializers.Zeros,
	},
	Accepts:  "-+----",
	Compared: "TestConv1DAgainstPyTorch",
	Cases: map[string]layertest.Case{
		"causal": {
			Layer:   layers.Conv1D{Filters: 2, KernelSize: 2, Padding: layers.Causal},
			Inputs:  []graphtest.Array{graphtest.Input(1, 2, 4, 3)},
			Outputs: []graph.Shape{{graph.Any, 4, 2}},
		},
		"same": {
			Layer:   layers.Conv1D{Filters: 2, KernelSize: 3, Padding: layers.Same},
			Inputs:  []graphtest.Array{graphtest.Input(1, 2, 4, 3)},
			Outputs: []graph.Shape{{graph.Any, 4, 2}},
		},
	},
	NoMask:      map[int]string{0: "a filter reads masked steps, too; a Lambda can add the mask where that does no harm"},
	ReadsMasked: "as in Keras, a filter reads all its steps",
	Steps: []conformance.Step{
		{Layer: layers.Conv1D{Filters: 2, KernelSize: 3, Padding: layers.Causal}},
		{Layer: layers.Conv1D{Filters: 2, KernelSize: 2, DilationRate: 3, Padding: layers.Causal, Activation: activations.ReLU}},
		{Layer: layers.Conv1D{Filters: 2, KernelSize: 1, Padding: layers.Same}},
		{Layer: layers.Conv1D{Filters: 2, KernelSize: 2}, Refused: true},
		{Layer: layers.Conv1D{Filters: 2, KernelSize: 1, Activation: activations.Softmax{Axis: 1}}, Refused: true},
		{Layer: layers.Conv1D{Filters: 2, KernelSize: 3, Padding: layers.Same}, Refused: true},
		{Layer: layers.Conv1D{Filters: 2, KernelSize: 2, Strides: 2, Padding: layers.Causal}, Refused: true},
	},
	Draw: func(d *conformance.Drawing) {
		x := d.Series()
		l := layers.Conv1D{KernelSize: d.Number("size", 1, 2), Groups: conformance.OneOf(d, "groups", 0, d.Features(x))}
		l.Filters = d.Units() * max(l.Groups, 1)
		span := l.KernelSize
		if d.Yes("dilated") {
			l.DilationRate = 2
			span = 2*l.KernelSize - 1
		} else {
			l.Strides = d.Number("strides", 1, 2)
		}
		l.Padding = conformance.OneOf(d, "padding", layers.Causal, d.Padding(x, span))
		d.Pooled(conformance.Rest(d, l), l.Filters, x.Tensor)
	},
})

// paddings are numbered as the golden files have them.
var paddings = []layers.Padding{layers.Valid, layers.Same, layers.Causal}

// The golden file holds what PyTorch computes; testdata/convolution.py made it.
func TestConv1DAgainstPyTorch(t *testing.T) {
	golden := graphtest.Golden(t, "testdata/convolution.npz")
	for _, name := range cases(t, golden, 20) {
		t.Run(name, func(t *testing.T) {
			want := part(golden, name)
			var n []int
			for _, x := range golden[name+"_settings"].Data {
				n = append(n, int(x))
			}
			seed, batch, steps, features, filters, size, groups := uint64(n[0]), n[1], n[2], n[3], n[4], n[5], n[8]
			kernel := graphtest.Uniform(seed+1, size*features/groups*filters, 0.5)
			a := applied{
				layer: layers.Conv1D{
					Filters: filters, KernelSize: size, Strides: n[6], DilationRate: n[7], Groups: groups, Padding: paddings[n[9]],
					KernelInitializer: given(kernel), BiasInitializer: given(graphtest.Uniform(seed+2, filters, 0.5)),
				},
				inputs: []graphtest.Array{drawn(seed, 2, batch, steps, features)},
				loss:   func(n int) []float64 { return graphtest.Uniform(seed+3, n, 1) },
			}
			a.check(t, map[string][]float64{
				"output": want["output"], "grad_0": want["grad_x"],
				"grad_kernel": want["grad_kernel"], "grad_bias": want["grad_bias"],
			})
		})
	}
}

// convolution is a Conv1D with its numbers.
type convolution struct {
	layer                  layers.Conv1D
	batch, steps, features int
	x, kernel, bias        []float64
}

// plain computes one number after the other from the equation.
func (c convolution) plain() []float64 {
	l, part, out := c.layer, c.features/c.layer.Groups, []float64{}
	span := (l.KernelSize-1)*l.DilationRate + 1
	n, before := (c.steps-span)/l.Strides+1, 0
	if l.Padding != layers.Valid {
		n = int(math.Ceil(float64(c.steps) / float64(l.Strides)))
	}
	switch l.Padding {
	case layers.Causal:
		before = span - 1
	case layers.Same:
		before = max((n-1)*l.Strides+span-c.steps, 0) / 2
	}
	for b := range c.batch {
		for t := range n {
			for f := range l.Filters {
				sum := 0.0
				if !l.NoBias {
					sum = c.bias[f]
				}
				group := f / (l.Filters / l.Groups)
				for j := range l.KernelSize {
					step := t*l.Strides + j*l.DilationRate - before
					if step < 0 || step >= c.steps {
						continue
					}
					for d := range part {
						sum += c.x[(b*c.steps+step)*c.features+group*part+d] * c.kernel[(j*part+d)*l.Filters+f]
					}
				}
				out = append(out, sum)
			}
		}
	}
	return out
}

func TestConv1DAgainstLoop(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		draw := func(name string, most int) int { return rapid.IntRange(1, most).Draw(t, name) }
		groups := draw("groups", 3)
		l := layers.Conv1D{
			Filters: groups * draw("filters", 3), KernelSize: draw("size", 4), Strides: 1, DilationRate: 1, Groups: groups,
			Padding: rapid.SampledFrom(paddings).Draw(t, "padding"), NoBias: rapid.Bool().Draw(t, "no bias"),
		}
		if rapid.Bool().Draw(t, "strides") {
			l.Strides = draw("strides", 4)
		} else {
			l.DilationRate = draw("dilation", 4)
		}
		c := convolution{batch: draw("batch", 3), features: groups * draw("features", 3)}
		c.steps = draw("steps", 8)
		if l.Padding == layers.Valid {
			c.steps += (l.KernelSize - 1) * l.DilationRate
		}
		seed := rapid.Uint64().Draw(t, "seed")
		c.x = graphtest.Uniform(seed, c.batch*c.steps*c.features, 2)
		c.kernel = graphtest.Uniform(seed+1, l.KernelSize*c.features/groups*l.Filters, 1)
		c.bias = graphtest.Uniform(seed+2, l.Filters, 1)
		l.KernelInitializer, l.BiasInitializer = given(c.kernel), given(c.bias)
		c.layer = l
		want := c.plain()
		got := applied{layer: l, inputs: []graphtest.Array{{Shape: []int{c.batch, c.steps, c.features}, Data: c.x}}}.run(t, tensor.Float64)["output"]
		if len(got) != len(want) {
			t.Fatalf("%+v: got %d elements, want %d", l, len(got), len(want))
		}
		for i, w := range want {
			if !(math.Abs(got[i]-w) <= graphtest.Tol64) {
				t.Fatalf("%+v: element %d is %g, want %g", l, i, got[i], w)
			}
		}
	})
}

func TestConv1D(t *testing.T) {
	for name, c := range map[string]struct {
		layer layers.Conv1D // 4 filters over 3 steps where they are 0
		want  graph.Shape
	}{
		"defaults":     {layers.Conv1D{}, graph.Shape{graph.Any, 4, 4}},
		"same":         {layers.Conv1D{Padding: layers.Same, Strides: 2}, graph.Shape{graph.Any, 3, 4}},
		"causal":       {layers.Conv1D{Padding: layers.Causal, DilationRate: 4, Activation: activations.Tanh}, graph.Shape{graph.Any, 6, 4}},
		"no bias":      {layers.Conv1D{NoBias: true, KernelSize: 6}, graph.Shape{graph.Any, 1, 4}},
		"groups":       {layers.Conv1D{Groups: 2, KernelInitializer: initializers.HeNormal, BiasInitializer: initializers.Ones}, graph.Shape{graph.Any, 4, 4}},
		"regularizers": {layers.Conv1D{KernelRegularizer: regularizers.L2{}, BiasRegularizer: regularizers.L1{}, ActivityRegularizer: regularizers.L2{}}, graph.Shape{graph.Any, 4, 4}},
		"constraints":  {layers.Conv1D{KernelConstraint: constraints.MaxNorm{}, BiasConstraint: constraints.NonNeg{}}, graph.Shape{graph.Any, 4, 4}},
	} {
		t.Run(name, func(t *testing.T) {
			c.layer.Filters = 4
			if c.layer.KernelSize == 0 {
				c.layer.KernelSize = 3
			}
			checkLayer(t, c.layer, c.want, []int{2, 6, 2})
		})
	}
}

func TestConv1DPenalties(t *testing.T) {
	l := layers.Conv1D{
		Filters: 2, KernelSize: 1, KernelInitializer: initializers.Ones, BiasInitializer: initializers.Ones,
		KernelRegularizer: regularizers.L1{}, BiasRegularizer: regularizers.L2{}, ActivityRegularizer: regularizers.L1{},
		KernelConstraint: constraints.NonNeg{}, BiasConstraint: constraints.NonNeg{},
	}
	x := graphtest.Array{Shape: []int{1, 2, 1}, Data: []float64{1, 1}} // gives 2 in 2 steps and 2 filters
	got, constrained := penalties(t, config(t), l, x)
	if want := 0.02 + 0.02 + 0.08; math.Abs(got-want) > 1e-12 || !slices.Equal(constrained, []string{"layer/kernel", "layer/bias"}) {
		t.Errorf("got the penalty %g and the constraints of %v, want %g and both", got, constrained, want)
	}
}

func TestConv1DWeights(t *testing.T) {
	want := []weight{{"conv1d/kernel", graph.Shape{4, 3, 6}}, {"conv1d/bias", graph.Shape{6}}}
	checkWeights(t, start(t, layers.Conv1D{Filters: 6, KernelSize: 4, Padding: layers.Causal}), want)
	checkWeights(t, start(t, layers.Conv1D{Filters: 6, KernelSize: 4, Padding: layers.Causal, NoBias: true}), want[:1])
	want[0].shape = graph.Shape{4, 1, 6}
	checkWeights(t, start(t, layers.Conv1D{Filters: 6, KernelSize: 4, Padding: layers.Causal, Groups: 3}), want)
}

func TestConv1DLeavesOpenAxesOpen(t *testing.T) {
	open := graph.Shape{graph.Any, graph.Any, 4}
	for _, p := range paddings {
		for _, groups := range []int{1, 2} {
			l := layers.Conv1D{Filters: 6, KernelSize: 3, Padding: p, Groups: groups}
			checkShape(t, l, graph.Shape{graph.Any, graph.Any, 6}, open)
			checkShape(t, l, graph.Shape{5, graph.Any, 6}, open.With(0, 5))
		}
	}
}

// A causal layer looks at nothing behind a step: what comes later changes
// nothing of what was before.
func TestConv1DCausalDoesNotLookAhead(t *testing.T) {
	const steps = 9
	l := layers.Conv1D{Filters: 2, KernelSize: 3, Padding: layers.Causal, DilationRate: 2}
	x := drawn(1, 1, 1, steps, 2)
	whole := applied{layer: l, inputs: []graphtest.Array{x}}.run(t, tensor.Float64)["output"]
	for n := 1; n < steps; n++ {
		head := graphtest.Array{Shape: []int{1, n, 2}, Data: x.Data[:2*n]}
		graphtest.CheckOutput(t, fmt.Sprint(n, " steps"), applied{layer: l, inputs: []graphtest.Array{head}}.run(t, tensor.Float64)["output"], whole[:2*n], graphtest.Tol64)
	}
}

func TestMasksEndInConvolutionsAndPools(t *testing.T) {
	x := drawn(1, 1, 2, 4, 3)
	for _, l := range []layers.Layer{
		layers.Conv1D{Filters: 2, KernelSize: 2, Padding: layers.Causal}, layers.MaxPooling1D{}, layers.AveragePooling1D{}, layers.GlobalMaxPooling1D{},
	} {
		plain := applied{layer: l, inputs: []graphtest.Array{x}}.run(t, tensor.Float64)
		masked := applied{layer: l, inputs: []graphtest.Array{x}, masks: [][]float64{{1, 1, 0, 0, 1, 1, 1, 0}}}.run(t, tensor.Float64)
		if _, ok := masked["mask"]; ok || !slices.Equal(plain["output"], masked["output"]) {
			t.Errorf("%T: a mask must end here and change nothing", l)
		}
	}
}

func TestConv1DRefuses(t *testing.T) {
	in := graph.Shape{graph.Any, 5, 4}
	nan, huge := math.NaN(), math.MaxInt
	for _, c := range []struct {
		field string
		layer layers.Conv1D // 2 filters over 3 steps where 0
	}{
		{"Conv1D.Filters", layers.Conv1D{Filters: -1}},
		{"Conv1D.KernelSize", layers.Conv1D{KernelSize: -1}},
		{"Conv1D.KernelSize", layers.Conv1D{KernelSize: huge}},
		{"Conv1D.Strides", layers.Conv1D{Strides: -2}},
		{"Conv1D.Strides", layers.Conv1D{Strides: huge}},
		{"Conv1D.Padding", layers.Conv1D{Padding: "full"}},
		{"Conv1D.Padding", layers.Conv1D{Padding: "Same"}},
		{"Conv1D.DilationRate", layers.Conv1D{DilationRate: -1}},
		{"Conv1D.DilationRate", layers.Conv1D{DilationRate: huge}},
		{"Conv1D.DilationRate", layers.Conv1D{DilationRate: 2, Strides: 2}},
		{"Conv1D.Groups", layers.Conv1D{Groups: -1}},
		{"Conv1D.Groups", layers.Conv1D{Groups: 3}},
		{"Conv1D.Groups", layers.Conv1D{Groups: 3, Filters: 3}}, // 4 features
		{"Conv1D.Activation", layers.Conv1D{Activation: activations.Name("tanhh")}},
		{"Conv1D.KernelInitializer", layers.Conv1D{KernelInitializer: initializers.Name("zeroes")}},
		{"Conv1D.BiasInitializer.Value", layers.Conv1D{BiasInitializer: initializers.Constant{Value: nan}}},
		{"Conv1D.KernelRegularizer.L2", layers.Conv1D{KernelRegularizer: regularizers.L2{L2: -1}}},
		{"Conv1D.BiasRegularizer.L1", layers.Conv1D{BiasRegularizer: regularizers.L1{L1: nan}}},
		{"Conv1D.ActivityRegularizer.L1", layers.Conv1D{ActivityRegularizer: regularizers.L1{L1: -1}}},
		{"Conv1D.KernelConstraint.MaxValue", layers.Conv1D{KernelConstraint: constraints.MaxNorm{MaxValue: -1}}},
		{"Conv1D.BiasConstraint.MaxValue", layers.Conv1D{BiasConstraint: constraints.MaxNorm{MaxValue: nan}}},
		{"Conv1D", layers.Conv1D{KernelSize: 6}},
		{"Conv1D", layers.Conv1D{DilationRate: 3}},
		{"Conv1D.DilationRate", layers.Conv1D{DilationRate: 1 << 30}},
		{"Conv1D.DilationRate", layers.Conv1D{DilationRate: math.MaxInt32, Padding: layers.Causal}},
		{"Conv1D.DilationRate", layers.Conv1D{DilationRate: math.MaxInt32, KernelSize: math.MaxInt32, Padding: layers.Same}},
		{"Conv1D", layers.Conv1D{DilationRate: 1<<30 - 1}},
	} {
		if c.layer.Filters == 0 {
			c.layer.Filters = 2
		}
		if c.layer.KernelSize == 0 {
			c.layer.KernelSize = 3
		}
		layertest.Invalid(t, c.layer, c.field, in)
	}
	l := layers.Conv1D{Filters: 2, KernelSize: 3}
	layertest.Invalid(t, layers.Conv1D{KernelSize: 3}, "Conv1D.Filters", in)
	layertest.Invalid(t, layers.Conv1D{Filters: 3}, "Conv1D.KernelSize", in)
	layertest.Invalid(t, l, "Conv1D", graph.Shape{graph.Any, 5})
	layertest.Invalid(t, l, "Conv1D", graph.Shape{graph.Any, 5, graph.Any})
	layertest.Invalid(t, l, "Conv1D", in, in)
	// Sizes that a file may give do not overflow, and take no memory.
	for _, p := range paddings {
		far := layers.Conv1D{Filters: 1, KernelSize: 1 << 20, DilationRate: math.MaxInt32, Padding: p}
		if err := graph.Shapes(config(t), func(s *graph.Scope) {
			layers.Apply(s, "layer", far, s.Input("x", in))
		}); err == nil {
			t.Errorf("%s: a window of 2⁵¹ steps must be refused", p)
		}
	}
}
