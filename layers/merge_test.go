package layers_test

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/graph/graphtest"
	"github.com/engram-go/engram/internal/conformance"
	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/errs/errtest"
	"github.com/engram-go/engram/internal/layername"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/layers/layertest"
	"gorgonia.org/tensor"
	"pgregory.net/rapid"
)

var _ = specimen(conformance.Layer{
	Value:    layers.Add{},
	Inputs:   []graph.Shape{{4, 6}, {4, 6}},
	Outputs:  []graph.Shape{{4, 6}},
	Accepts:  "++++++ ----+-",
	Compared: "TestMergingAgainstPyTorch",
	Steps: []conformance.Step{
		{Layer: layers.Add{}, Inputs: []graph.Shape{{2, 4, 3}, {2, 4, 3}, {2, 3}, {2, 1, 3}}},
		{Layer: layers.Add{}, Inputs: []graph.Shape{{2, 2, 3}, {2, 2, 2, 3}}, Refused: true},
	},
	Draw: func(d *conformance.Drawing) { d.Merge(layers.Add{}) },
})

var _ = specimen(conformance.Layer{
	Value:    layers.Average{},
	Inputs:   []graph.Shape{{4, 6}, {4, 6}},
	Outputs:  []graph.Shape{{4, 6}},
	Accepts:  "++++++ ----+-",
	Compared: "TestMergingAgainstPyTorch",
	Steps: []conformance.Step{
		{Layer: layers.Average{}, Inputs: []graph.Shape{{2, 4, 3}, {2, 4, 3}}},
		{Layer: layers.Average{Weights: []float64{0.25, 0.75}}, Inputs: []graph.Shape{{2, 4, 3}, {2, 4, 3}}},
	},
	Draw: func(d *conformance.Drawing) {
		x, all := d.Alike()
		l := layers.Average{}
		if d.Yes("weights") {
			l.Weights = slices.Repeat([]float64{1 / float64(len(all))}, len(all))
		}
		d.Use(l, x.Shape, all...)
	},
})

var _ = specimen(conformance.Layer{
	Value:    layers.Maximum{},
	Inputs:   []graph.Shape{{4, 6}, {4, 6}},
	Outputs:  []graph.Shape{{4, 6}},
	Accepts:  "++++++ ----+-",
	Compared: "TestMergingAgainstPyTorch",
	Steps: []conformance.Step{
		{Layer: layers.Maximum{}, Inputs: []graph.Shape{{2, 4, 3}, {2, 4, 3}}},
	},
	Draw: func(d *conformance.Drawing) { d.Merge(layers.Maximum{}) },
})

var _ = specimen(conformance.Layer{
	Value:    layers.Minimum{},
	Inputs:   []graph.Shape{{4, 6}, {4, 6}},
	Outputs:  []graph.Shape{{4, 6}},
	Accepts:  "++++++ ----+-",
	Compared: "TestMergingAgainstPyTorch",
	Steps: []conformance.Step{
		{Layer: layers.Minimum{}, Inputs: []graph.Shape{{2, 4, 3}, {2, 4, 3}}},
	},
	Draw: func(d *conformance.Drawing) { d.Merge(layers.Minimum{}) },
})

var _ = specimen(conformance.Layer{
	Value:    layers.Multiply{},
	Inputs:   []graph.Shape{{4, 6}, {4, 6}},
	Outputs:  []graph.Shape{{4, 6}},
	Accepts:  "++++++ ----+-",
	Compared: "TestMergingAgainstPyTorch",
	Steps: []conformance.Step{
		{Layer: layers.Multiply{}, Inputs: []graph.Shape{{2, 4, 3}, {2, 4, 3}}},
	},
	Draw: func(d *conformance.Drawing) {
		x, all := d.Alike()
		d.Use(layers.Multiply{}, x.Shape, x.Tensor, all[0])
	},
})

var _ = specimen(conformance.Layer{
	Value:    layers.Subtract{},
	Inputs:   []graph.Shape{{4, 6}, {4, 6}},
	Outputs:  []graph.Shape{{4, 6}},
	Accepts:  "++++++ ----+-",
	Compared: "TestMergingAgainstPyTorch",
	Steps: []conformance.Step{
		{Layer: layers.Subtract{}, Inputs: []graph.Shape{{2, 4, 3}, {2, 4, 3}}},
	},
	Draw: func(d *conformance.Drawing) {
		x, all := d.Alike()
		d.Use(layers.Subtract{}, x.Shape, x.Tensor, all[0])
	},
})

// The golden file holds what PyTorch computes; testdata/merging.py made it.
func TestMergingAgainstPyTorch(t *testing.T) {
	three, broad := [][]int{{2, 3, 4}, {2, 3, 4}, {2, 3, 4}}, [][]int{{2, 3, 4}, {2, 1, 4}, {2, 3, 1}}
	all := map[string]struct {
		layer  layers.Layer
		shapes [][]int
	}{
		"add":                  {layers.Add{}, three},
		"add_broadcast":        {layers.Add{}, broad},
		"add_vector":           {layers.Add{}, [][]int{{2, 3, 4}, {2, 4}}},
		"subtract":             {layers.Subtract{}, three[:2]},
		"multiply":             {layers.Multiply{}, three},
		"multiply_broadcast":   {layers.Multiply{}, broad},
		"average":              {layers.Average{}, three},
		"average_weighted":     {layers.Average{Weights: []float64{0.5, 0.2, 0.3}}, three},
		"maximum":              {layers.Maximum{}, three},
		"minimum":              {layers.Minimum{}, three},
		"concatenate":          {layers.Concatenate{}, [][]int{{2, 3, 4}, {2, 3, 1}, {2, 3, 2}}},
		"concatenate_steps":    {layers.Concatenate{Axis: 1}, [][]int{{2, 3, 4}, {2, 1, 4}, {2, 2, 4}}},
		"dot":                  {layers.Dot{Axes: [2]int{1, 1}}, [][]int{{2, 4}, {2, 4}}},
		"dot_sequences":        {layers.Dot{Axes: [2]int{-1, 2}}, [][]int{{2, 3, 4}, {2, 5, 4}}},
		"dot_steps":            {layers.Dot{Axes: [2]int{1, 2}}, [][]int{{2, 3, 4}, {2, 5, 3}}},
		"dot_vector":           {layers.Dot{Axes: [2]int{2, 1}}, [][]int{{2, 3, 4}, {2, 4}}},
		"dot_deep":             {layers.Dot{Axes: [2]int{2, -1}}, [][]int{{2, 3, 4, 2}, {2, 2, 3, 4}}},
		"dot_cosine":           {layers.Dot{Axes: [2]int{-1, -1}, Normalize: true}, [][]int{{2, 4}, {2, 4}}},
		"dot_cosine_sequences": {layers.Dot{Axes: [2]int{1, 2}, Normalize: true}, [][]int{{2, 3, 4}, {2, 5, 3}}},
	}
	golden := graphtest.Golden(t, "testdata/merging.npz")
	for name, c := range all {
		t.Run(name, func(t *testing.T) {
			seed := uint64(golden[name+"_settings"].Data[0])
			a := applied{layer: c.layer, loss: func(n int) []float64 { return graphtest.Uniform(seed+9, n, 1) }}
			want := map[string][]float64{"output": golden[name+"_output"].Data}
			for i, shape := range c.shapes {
				a.inputs = append(a.inputs, drawn(seed+uint64(i), 2, shape...))
				key := fmt.Sprint("grad_", i)
				want[key] = golden[name+"_"+key].Data
			}
			a.check(t, want)
			shape := graph.Shape(golden[name+"_output"].Shape).With(0, graph.Any)
			checkLayer(t, c.layer, shape, c.shapes...)
			openShapes(t, c.layer, shape.Rank(), c.shapes...)
		})
	}
	if got := len(cases(t, golden, 19)); got != len(all) {
		t.Errorf("the golden file has %d cases, the table %d", got, len(all))
	}
}

// openShapes opens all axes of the inputs, and finds as many in the output.
func openShapes(t *testing.T, l layers.Layer, rank int, inputs ...[]int) {
	t.Helper()
	follow(t, config(t), func(s *graph.Scope) {
		in := make([]graph.Value, len(inputs))
		for i, shape := range inputs {
			in[i] = s.Input(fmt.Sprint("x", i), slices.Repeat(graph.Shape{graph.Any}, len(shape)))
		}
		if y := layers.Apply(s, "layer", l, in...)[0]; y.Rank() != rank {
			t.Errorf("%+v of open axes gives the shape %v, want %d axes", l, y.Shape(), rank)
		}
	})
}

var merges = []layers.Layer{layers.Add{}, layers.Average{}, layers.Multiply{}, layers.Maximum{}, layers.Minimum{}}

// One input is the output.
func TestMergeOfOne(t *testing.T) {
	x := drawn(1, 1, 2, 3, 2)
	mask := []float64{1, 0, 0, 1, 1, 1}
	for _, l := range append(slices.Clone(merges), layers.Concatenate{}, layers.Concatenate{Axis: 1}) {
		out := applied{layer: l, inputs: []graphtest.Array{x}, masks: [][]float64{mask}}.run(t, tensor.Float64)
		want := slices.Clone(x.Data)
		if _, ok := l.(layers.Multiply); ok { // a step that no input counts is 0
			clear(want[2:6])
		}
		if !slices.Equal(out["output"], want) || !slices.Equal(out["mask"], mask) {
			t.Errorf("%T: got %v", l, out)
		}
	}
}

// The rules of Keras for masks, element by element: which inputs of a step
// have a say, and whether the step counts in the output.
func TestMergeMasks(t *testing.T) {
	type rule func(xs []float64, counts []bool) float64
	chosen := func(xs []float64, counts []bool) []float64 {
		var out []float64
		for i, x := range xs {
			if counts[i] {
				out = append(out, x)
			}
		}
		return out
	}
	product := func(xs []float64) float64 {
		p := 1.0
		for _, x := range xs {
			p *= x
		}
		return p
	}
	sum := func(xs []float64) (s float64) {
		for _, x := range xs {
			s += x
		}
		return s
	}
	for _, c := range []struct {
		layer layers.Layer
		want  rule // of a step that counts
	}{
		{layers.Add{}, func(xs []float64, _ []bool) float64 { return sum(xs) }},
		{layers.Average{}, func(xs []float64, _ []bool) float64 { return sum(xs) / float64(len(xs)) }},
		{layers.Multiply{}, func(xs []float64, counts []bool) float64 { return product(chosen(xs, counts)) }},
		{layers.Maximum{}, func(xs []float64, counts []bool) float64 { return slices.Max(chosen(xs, counts)) }},
		{layers.Minimum{}, func(xs []float64, counts []bool) float64 { return slices.Min(chosen(xs, counts)) }},
		{layers.Concatenate{}, nil},
	} {
		t.Run(layername.Class(c.layer), func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				const batch, steps, features = 2, 3, 2
				a := applied{layer: c.layer}
				masked := true
				for i := range rapid.IntRange(1, 4).Draw(t, "inputs") {
					a.inputs = append(a.inputs, drawn(uint64(i), 2, batch, steps, features))
					var mask []float64
					if rapid.Bool().Draw(t, "masked") {
						mask = rapid.SliceOfN(rapid.SampledFrom([]float64{0, 1}), batch*steps, batch*steps).Draw(t, "mask")
					}
					masked = masked && mask != nil
					a.masks = append(a.masks, mask)
				}
				out := a.run(t, tensor.Float64)
				if (out["mask"] != nil) != masked {
					t.Fatalf("got the mask %v of %v", out["mask"], a.masks)
				}
				for k := range batch * steps {
					counts, some := make([]bool, len(a.inputs)), false
					for i, mask := range a.masks {
						counts[i] = mask == nil || mask[k] != 0
						some = some || counts[i]
					}
					if masked && (out["mask"][k] != 0) != some {
						t.Fatalf("step %d: got the mask %v of %v", k, out["mask"], a.masks)
					}
					for f := range features {
						xs := make([]float64, len(a.inputs))
						for i, x := range a.inputs {
							xs[i] = x.Data[k*features+f]
						}
						if c.want == nil || !some {
							continue
						}
						if got, want := out["output"][k*features+f], c.want(xs, counts); !(math.Abs(got-want) < 1e-12) {
							t.Fatalf("step %d of %v with the masks %v: got %g, want %g", k, xs, counts, got, want)
						}
					}
				}
			})
		})
	}
}

// The values of a masked step reach neither values nor gradients where another input
// counts.
func TestMergeLeavesMaskedStepsOut(t *testing.T) {
	for _, l := range []layers.Layer{layers.Multiply{}, layers.Maximum{}, layers.Minimum{}} {
		a := applied{
			layer: l, inputs: []graphtest.Array{drawn(1, 1, 1, 3, 1), {Shape: []int{1, 3, 1}, Data: []float64{5, math.NaN(), math.Inf(-1)}}},
			masks: [][]float64{{1, 1, 1}, {1, 0, 0}}, loss: func(n int) []float64 { return slices.Repeat([]float64{1}, n) },
		}
		for range 2 {
			out := a.run(t, tensor.Float64)
			x, other := 0, 1
			if a.masks[0][1] == 0 {
				x, other = 1, 0
			}
			if !slices.Equal(out["output"][1:], a.inputs[x].Data[1:]) || !slices.Equal(out[fmt.Sprint("grad_", x)][1:], []float64{1, 1}) ||
				!slices.Equal(out[fmt.Sprint("grad_", other)][1:], []float64{0, 0}) {
				t.Errorf("%T: got %v", l, out)
			}
			slices.Reverse(a.inputs)
			slices.Reverse(a.masks)
		}
	}
}

// A batch of samples that are filled up gives what each sample gives alone.
func TestMergePadding(t *testing.T) {
	const steps, features = 4, 2
	for _, l := range append(slices.Clone(merges), layers.Subtract{}, layers.Concatenate{}) {
		whole := applied{layer: l, inputs: []graphtest.Array{drawn(1, 1, 2, steps, features), drawn(2, 1, 2, steps, features)}}
		mask := []float64{1, 1, 1, 1, 1, 1, 0, 0}
		whole.masks = [][]float64{mask, mask}
		out := whole.run(t, tensor.Float64)
		alone := applied{layer: l}
		for _, x := range whole.inputs {
			alone.inputs = append(alone.inputs, graphtest.Array{Shape: []int{1, 2, features}, Data: x.Data[steps*features:][:2*features]})
		}
		want := alone.run(t, tensor.Float64)["output"]
		graphtest.CheckOutput(t, fmt.Sprintf("%T", l), out["output"][len(out["output"])/2:][:len(want)], want, graphtest.Tol64)
		if !slices.Equal(out["mask"], mask) {
			t.Errorf("%T: got the mask %v", l, out["mask"])
		}
	}
}

// A vector merged with a sequence broadcasts along the steps; its mask, if it has
// one, says nothing about them.
func TestMergeMaskOfAVector(t *testing.T) {
	for _, l := range merges {
		a := applied{layer: l, inputs: []graphtest.Array{drawn(1, 1, 2, 3, 2), drawn(2, 1, 2, 2)}}
		plain := a.run(t, tensor.Float64)["output"]
		a.masks = [][]float64{nil, {0, 0, 1, 0}}
		if out := a.run(t, tensor.Float64); out["mask"] != nil || !slices.Equal(out["output"], plain) {
			t.Errorf("%T: got %v", l, out)
		}
	}
}

func TestMergeRefuses(t *testing.T) {
	in := graph.Shape{graph.Any, 3, 4}
	for _, l := range append(slices.Clone(merges), layers.Subtract{}) {
		class := layername.Class(l)
		layertest.Invalid(t, l, class)
		layertest.Invalid(t, l, class, in, in.With(2, 3))
		layertest.Invalid(t, l, class, in, graph.Shape{graph.Any, 3}) // not the last axis
		layertest.Invalid(t, l, class, graph.Shape{2, 3}, graph.Shape{1, 3})
		layertest.Invalid(t, l, class, in, graph.Shape{})
	}
	layertest.Invalid(t, layers.Subtract{}, "Subtract", in)
	layertest.Invalid(t, layers.Subtract{}, "Subtract", in, in, in)
	layertest.Invalid(t, layers.Add{}, "Add", graph.Shape{2, 1}, graph.Shape{2, 3}, graph.Shape{2, 4})
	err := graph.Shapes(config(t), func(s *graph.Scope) {
		s.Within("model", func() {
			layers.Apply(s, "add_1", layers.Add{}, s.Input("a", in), s.Input("b", graph.Shape{graph.Any, 5}))
		})
	})
	errtest.Check(t, err, errs.Error{Path: "model/add_1", Field: "Add", Value: "[any, 5]"})
}
