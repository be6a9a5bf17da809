package layers_test

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
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
)

var _ = specimen(conformance.Layer{
	Value:       layers.AveragePooling1D{},
	Inputs:      []graph.Shape{{4, 6}},
	Outputs:     []graph.Shape{{2, 6}},
	Defaults:    layers.AveragePooling1D{PoolSize: 2, Strides: 2, Padding: layers.Valid},
	Accepts:     "-+---+",
	ReadsMasked: "as in Keras, a window reads all its steps",
	Compared:    "TestPoolingAgainstPyTorch",
	Steps: []conformance.Step{
		{Layer: layers.AveragePooling1D{PoolSize: 2}, Refused: true},
	},
	Draw: func(d *conformance.Drawing) {
		x := d.Series()
		d.Pooled(layers.AveragePooling1D{PoolSize: 2, Strides: d.Number("strides", 1, 2), Padding: d.Padding(x, 2)}, d.Features(x), x.Tensor)
	},
})

var _ = specimen(conformance.Layer{
	Value:       layers.MaxPooling1D{},
	Inputs:      []graph.Shape{{4, 6}},
	Outputs:     []graph.Shape{{2, 6}},
	Defaults:    layers.MaxPooling1D{PoolSize: 2, Strides: 2, Padding: layers.Valid},
	Accepts:     "-+---+",
	ReadsMasked: "as in Keras, a window reads all its steps",
	Compared:    "TestPoolingAgainstPyTorch",
	Steps: []conformance.Step{
		{Layer: layers.MaxPooling1D{PoolSize: 2}, Refused: true},
	},
	Draw: func(d *conformance.Drawing) {
		x, n := d.Series(), d.Number("size", 0, 1)
		d.Pooled(layers.MaxPooling1D{PoolSize: n, Strides: d.Number("strides", 1, 2), Padding: d.Padding(x, 2)}, d.Features(x), x.Tensor)
	},
})

var _ = specimen(conformance.Layer{
	Value:    layers.GlobalAveragePooling1D{},
	Inputs:   []graph.Shape{{4, 6}},
	Outputs:  []graph.Shape{{6}},
	Accepts:  "-+---+",
	Compared: "TestGlobalPoolingValues",
	Steps: []conformance.Step{
		{Layer: layers.GlobalAveragePooling1D{}, Refused: true},
	},
	Draw: func(d *conformance.Drawing) {
		x := d.Series()
		d.Use(layers.GlobalAveragePooling1D{KeepDims: true}, graph.Shape{1, d.Features(x)}, x.Tensor)
	},
})

var _ = specimen(conformance.Layer{
	Value:       layers.GlobalMaxPooling1D{},
	Inputs:      []graph.Shape{{4, 6}},
	Outputs:     []graph.Shape{{6}},
	Accepts:     "-+---+",
	ReadsMasked: "as in Keras, it reads all steps",
	Compared:    "TestGlobalPoolingValues",
	Steps: []conformance.Step{
		{Layer: layers.GlobalMaxPooling1D{}, Refused: true},
	},
	Draw: func(d *conformance.Drawing) {
		x := d.Series()
		d.Use(layers.GlobalMaxPooling1D{KeepDims: true}, graph.Shape{1, d.Features(x)}, x.Tensor)
	},
})

// The golden file holds what PyTorch computes; testdata/convolution.py made it.
func TestPoolingAgainstPyTorch(t *testing.T) {
	golden := graphtest.Golden(t, "testdata/pooling.npz")
	for _, name := range cases(t, golden, 14) {
		t.Run(name, func(t *testing.T) {
			want := part(golden, name)
			var n []int
			for _, x := range golden[name+"_settings"].Data {
				n = append(n, int(x))
			}
			var l layers.Layer = layers.MaxPooling1D{PoolSize: n[4], Strides: n[5], Padding: paddings[n[6]]}
			if strings.HasPrefix(name, "average") {
				l = layers.AveragePooling1D{PoolSize: n[4], Strides: n[5], Padding: paddings[n[6]]}
			}
			a := applied{
				layer:  l,
				inputs: []graphtest.Array{drawn(uint64(n[0]), 2, n[1], n[2], n[3])},
				loss:   func(k int) []float64 { return graphtest.Uniform(uint64(n[0])+3, k, 1) },
			}
			a.check(t, map[string][]float64{"output": want["output"], "grad_0": want["grad_x"]})
		})
	}
}

// What Keras' "same" makes of strides, by another implementation of Keras'
// semantics; testdata/same_padding.js made the file.
func TestSamePaddingAgainstTensorFlow(t *testing.T) {
	text, err := os.ReadFile("testdata/same_padding.json")
	if err != nil {
		t.Fatal(err)
	}
	var found []struct {
		Steps, Size, Strides int
		Conv, Max, Average   []float64
	}
	if err := json.Unmarshal(text, &found); err != nil || len(found) != 75 {
		t.Fatalf("got %d cases, %v", len(found), err)
	}
	count := func(n int) []float64 {
		out := make([]float64, n)
		for i := range out {
			out[i] = float64(i + 1)
		}
		return out
	}
	for _, c := range found {
		x := graphtest.Array{Shape: []int{1, c.Steps, 1}, Data: count(c.Steps)}
		for _, l := range []struct {
			layer layers.Layer
			want  []float64
		}{
			{layers.Conv1D{Filters: 1, KernelSize: c.Size, Strides: c.Strides, Padding: layers.Same, NoBias: true, KernelInitializer: given(count(c.Size))}, c.Conv},
			{layers.MaxPooling1D{PoolSize: c.Size, Strides: c.Strides, Padding: layers.Same}, c.Max},
			{layers.AveragePooling1D{PoolSize: c.Size, Strides: c.Strides, Padding: layers.Same}, c.Average},
		} {
			got := applied{layer: l.layer, inputs: []graphtest.Array{x}}.run(t, tensor.Float64)["output"]
			graphtest.CheckOutput(t, fmt.Sprintf("%T of %d steps, size %d, strides %d", l.layer, c.Steps, c.Size, c.Strides), got, l.want, graphtest.Tol64)
		}
	}
}

func TestPooling(t *testing.T) {
	pools, global, kept := graph.Shape{graph.Any, graph.Any, 3}, graph.Shape{graph.Any, 3}, graph.Shape{graph.Any, 1, 3}
	for _, c := range []struct {
		layer      layers.Layer
		want, open graph.Shape // of [any, 7, 3] and [any, any, 3]
	}{
		{layers.MaxPooling1D{}, pools.With(1, 3), pools},
		{layers.MaxPooling1D{PoolSize: 3, Strides: 1}, pools.With(1, 5), pools},
		{layers.MaxPooling1D{PoolSize: 4, Strides: 3, Padding: layers.Same}, pools.With(1, 3), pools},
		{layers.AveragePooling1D{}, pools.With(1, 3), pools},
		{layers.AveragePooling1D{PoolSize: 3, Strides: 1, Padding: layers.Same}, pools.With(1, 7), pools},
		{layers.AveragePooling1D{PoolSize: 20, Padding: layers.Same}, pools.With(1, 1), pools},
		{layers.GlobalMaxPooling1D{}, global, global},
		{layers.GlobalMaxPooling1D{KeepDims: true}, kept, kept},
		{layers.GlobalAveragePooling1D{}, global, global},
		{layers.GlobalAveragePooling1D{KeepDims: true}, kept, kept},
	} {
		checkLayer(t, c.layer, c.want, []int{2, 7, 3})
		checkShape(t, c.layer, c.open, graph.Shape{graph.Any, graph.Any, 3})
	}
}

func TestGlobalPoolingValues(t *testing.T) {
	x := drawn(1, 1, 2, 4, 3)
	top, mean := make([]float64, 6), make([]float64, 6)
	for i := range top {
		b, f := i/3, i%3
		var line []float64
		for step := range 4 {
			line = append(line, x.Data[(b*4+step)*3+f])
			mean[i] += line[step] / 4
		}
		top[i] = slices.Max(line)
	}
	for _, keep := range []bool{false, true} {
		graphtest.CheckOutput(t, "max", applied{layer: layers.GlobalMaxPooling1D{KeepDims: keep}, inputs: []graphtest.Array{x}}.run(t, tensor.Float64)["output"], top, 0)
		graphtest.CheckOutput(t, "average", applied{layer: layers.GlobalAveragePooling1D{KeepDims: keep}, inputs: []graphtest.Array{x}}.run(t, tensor.Float64)["output"], mean, graphtest.Tol64)
	}
}

// A sample that is filled up gives what it gives alone, in values and in
// gradients, whatever it is filled up with.
func TestGlobalAveragePooling1DPadding(t *testing.T) {
	const steps, features = 5, 2
	lengths := []int{5, 2, 1}
	loss := func(n int) []float64 { return graphtest.Uniform(7, 3*features, 1)[:n] }
	x, mask := drawn(1, 1, len(lengths), steps, features), make([]float64, len(lengths)*steps)
	var output, grad []float64
	for b, n := range lengths {
		row := x.Data[b*steps*features:][:steps*features]
		alone := applied{
			layer: layers.GlobalAveragePooling1D{}, inputs: []graphtest.Array{{Shape: []int{1, n, features}, Data: slices.Clone(row[:n*features])}},
			loss: func(int) []float64 { return loss(3 * features)[b*features:][:features] },
		}.run(t, tensor.Float64)
		output = append(output, alone["output"]...)
		grad = append(append(grad, alone["grad_0"]...), make([]float64, (steps-n)*features)...)
		for k := range n {
			mask[b*steps+k] = 1
		}
		for k := n * features; k < len(row); k++ {
			row[k] = []float64{math.NaN(), math.Inf(1), 1e300}[k%3]
		}
	}
	got := applied{layer: layers.GlobalAveragePooling1D{}, inputs: []graphtest.Array{x}, masks: [][]float64{mask}, loss: loss}.run(t, tensor.Float64)
	graphtest.CheckOutput(t, "output", got["output"], output, graphtest.Tol64)
	graphtest.CheckGradient(t, "gradient", got["grad_0"], grad, graphtest.Tol64)
	if _, ok := got["mask"]; ok {
		t.Error("the mask must end here")
	}
	none := applied{layer: layers.GlobalAveragePooling1D{}, inputs: []graphtest.Array{drawn(1, 1, 1, 2, 1)}, masks: [][]float64{{0, 0}}}.run(t, tensor.Float64)
	if !math.IsNaN(none["output"][0]) {
		t.Errorf("no step counts: got %v, want NaN", none["output"])
	}
}

func TestPoolingRefuses(t *testing.T) {
	in, huge := graph.Shape{graph.Any, 5, 4}, math.MaxInt
	for _, c := range []struct {
		field         string
		size, strides int
		padding       layers.Padding
	}{
		{".PoolSize", -1, 0, ""},
		{".PoolSize", huge, 0, layers.Same},
		{".Strides", 2, -1, ""},
		{".Strides", 2, huge, ""},
		{".Padding", 2, 1, layers.Causal},
		{".Padding", 2, 1, "full"},
		{"", 6, 1, layers.Valid},
	} {
		layertest.Invalid(t, layers.MaxPooling1D{PoolSize: c.size, Strides: c.strides, Padding: c.padding}, "MaxPooling1D"+c.field, in)
		layertest.Invalid(t, layers.AveragePooling1D{PoolSize: c.size, Strides: c.strides, Padding: c.padding}, "AveragePooling1D"+c.field, in)
	}
	for _, l := range []layers.Layer{layers.MaxPooling1D{}, layers.AveragePooling1D{}, layers.GlobalMaxPooling1D{}, layers.GlobalAveragePooling1D{}} {
		layertest.Invalid(t, l, layername.Class(l), graph.Shape{graph.Any, 5})
		layertest.Invalid(t, l, layername.Class(l), in, in)
	}
	err := graph.Shapes(config(t), func(s *graph.Scope) {
		x := s.Input("x", graph.Shape{2, 5, 4}).WithMask(s.Input("mask", graph.Shape{2, 1}))
		layers.Apply(s, "layer", layers.GlobalAveragePooling1D{}, x)
	})
	errtest.Check(t, err, errs.Error{Path: "layer", Field: "GlobalAveragePooling1D mask", Value: "[2, 1]"})
}
