package layers_test

import (
	"math"
	"math/bits"
	"slices"
	"strings"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/graph/graphtest"
	"github.com/engram-go/engram/internal/codec"
	"github.com/engram-go/engram/internal/conformance"
	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/errs/errtest"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/layers/layertest"
	"github.com/pkg/errors"
	"gorgonia.org/tensor"
	"pgregory.net/rapid"
)

var _ = specimen(conformance.Layer{
	Value:    layers.Reshape{TargetShape: graph.Shape{6, 4}},
	Inputs:   []graph.Shape{{4, 6}},
	Outputs:  []graph.Shape{{6, 4}},
	Accepts:  "----++",
	Compared: "TestReshapeKeepsTheOrder",
	Cases: map[string]layertest.Case{
		"steps kept": {
			Layer:   layers.Reshape{TargetShape: graph.Shape{4, 3, 2}},
			Inputs:  []graphtest.Array{graphtest.Input(1, 2, 4, 6)},
			Outputs: []graph.Shape{{graph.Any, 4, 3, 2}},
		},
	},
	ReadsMasked: "it moves the steps",
	Steps: []conformance.Step{
		{Layer: layers.Reshape{TargetShape: graph.Shape{2, 6}}, Refused: true},
	},
	Draw: func(d *conformance.Drawing) {
		d.Use(layers.Reshape{TargetShape: graph.Shape{graph.Any, 1}}, graph.Shape{d.Frame.Shape.Size(), 1}, d.Frame.Tensor)
	},
})

func TestReshape(t *testing.T) {
	for _, c := range []struct {
		in     []int
		target graph.Shape
		want   graph.Shape
	}{
		{[]int{2, 6}, graph.Shape{2, 3}, graph.Shape{graph.Any, 2, 3}},
		{[]int{2, 2, 3}, graph.Shape{graph.Any}, graph.Shape{graph.Any, 6}},
		{[]int{3, 2, 3}, graph.Shape{graph.Any, 1, 2}, graph.Shape{graph.Any, 3, 1, 2}},
		{[]int{2}, graph.Shape{1, 1}, graph.Shape{graph.Any, 1, 1}},
		{[]int{2, 3, 4}, graph.Shape{3, 4}, graph.Shape{graph.Any, 3, 4}},
	} {
		checkLayer(t, layers.Reshape{TargetShape: c.target}, c.want, c.in)
	}
}

// The elements keep their order, whatever the shapes.
func TestReshapeKeepsTheOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sample := rapid.SliceOfN(rapid.IntRange(1, 3), 0, 4).Draw(t, "sample")
		target := rapid.Permutation(append([]int{1}, sample...)).Draw(t, "target")
		if rapid.Bool().Draw(t, "open") {
			target[rapid.IntRange(0, len(target)-1).Draw(t, "axis")] = graph.Any
		}
		x := drawn(1, 1, append([]int{2}, sample...)...)
		a := applied{layer: layers.Reshape{TargetShape: target}, inputs: []graphtest.Array{x}, loss: func(n int) []float64 { return graphtest.Uniform(5, n, 1) }}
		out := a.run(t, tensor.Float64)
		if !slices.Equal(out["output"], x.Data) || !slices.Equal(out["grad_0"], a.loss(len(x.Data))) {
			t.Fatalf("%v to %v: got %v", sample, target, out)
		}
	})
}

func TestReshapeLeavesOpenAxesOpen(t *testing.T) {
	open := graph.Shape{graph.Any, graph.Any, 4}
	checkShape(t, layers.Reshape{TargetShape: graph.Shape{graph.Any, 2, 2}}, graph.Shape{graph.Any, graph.Any, 2, 2}, open)
	checkShape(t, layers.Reshape{TargetShape: graph.Shape{3, 4}}, graph.Shape{graph.Any, 3, 4}, open)
	checkShape(t, layers.Reshape{TargetShape: graph.Shape{graph.Any, 2}}, graph.Shape{graph.Any, 6, 2}, open.With(1, 3))
	checkShape(t, layers.Reshape{TargetShape: graph.Shape{graph.Any, 2}}, graph.Shape{5, 6, 2}, open.With(1, 3).With(0, 5))
}

func TestReshapeRefuses(t *testing.T) {
	const half = 1 << (bits.UintSize / 2) // its square overflows to 0
	in := graph.Shape{graph.Any, 3, 4}
	for _, target := range []graph.Shape{
		nil, {}, {0}, {12, 0}, {-2}, {-1, -1}, {-1, 3, -1}, {math.MinInt, 3}, {5}, {3, 5}, {-1, 5}, {24},
		{math.MaxInt}, {math.MaxInt, math.MaxInt}, {half, half}, {-1, half}, {math.MaxInt/2 + 1, 4, 3, 4},
		slices.Repeat(graph.Shape{1}, 33),
	} {
		layertest.Invalid(t, layers.Reshape{TargetShape: target}, "Reshape.TargetShape", in)
	}
	for _, target := range []graph.Shape{{math.MaxInt}, {half, half}, {-1, 1 << 20, 1 << 12}} { // whatever the input
		layertest.Invalid(t, layers.Reshape{TargetShape: target}, "Reshape.TargetShape", graph.Shape{graph.Any, graph.Any})
	}
	layertest.Invalid(t, layers.Reshape{TargetShape: graph.Shape{12}}, "Reshape", graph.Shape{})
	err := graph.Shapes(config(t), func(s *graph.Scope) {
		layers.Apply(s, "reshape", layers.Reshape{TargetShape: graph.Shape{2, 5}}, s.Input("x", in))
	})
	errtest.Check(t, err, errs.Error{Path: "reshape", Field: "Reshape.TargetShape", Value: "[2, 5]"})
}

// A config does not change with what it was made of.
func TestShapesOfConfigsAreCopied(t *testing.T) {
	target, dims := graph.Shape{2, 3}, []int{2, 1}
	for _, l := range []layers.Layer{layers.Reshape{TargetShape: target}, layers.Permute{Dims: dims}} {
		before, err := layers.Resolve(l)
		if err != nil {
			t.Fatal(err)
		}
		target[0], dims[0] = 7, 7
		checkShape(t, before, graph.Shape{graph.Any, 2, 3}, graph.Shape{graph.Any, 3, 2})
		target[0], dims[0] = 2, 2
	}
}

// Configs that come from a file are refused or give the elements that they were
// given, and nothing panics, hangs or takes memory.
func FuzzShapeConfigs(f *testing.F) {
	r, err := codec.NewRegistry(layers.All()...)
	if err != nil {
		f.Fatal(err)
	}
	for _, text := range []string{
		`{"class_name":"Reshape","config":{"target_shape":[2,3],"name":""}}`,
		`{"class_name":"Reshape","config":{"target_shape":[-1],"name":""}}`,
		`{"class_name":"Reshape","config":{"target_shape":[4294967296,4294967296,9223372036854775807],"name":""}}`,
		`{"class_name":"Reshape","config":{"target_shape":[0,-9223372036854775808],"name":""}}`,
		`{"class_name":"Permute","config":{"dims":[2,1],"name":""}}`,
		`{"class_name":"Permute","config":{"dims":[1,1,9223372036854775807],"name":""}}`,
		`{"class_name":"RepeatVector","config":{"n":9223372036854775807,"name":""}}`,
	} {
		var l layers.Layer
		if err := r.Decode([]byte(text), &l); err != nil {
			f.Fatal(err)
		}
		f.Add(text, uint8(3), uint8(2), true)
	}
	f.Fuzz(func(t *testing.T, text string, a, b uint8, deep bool) {
		var l layers.Layer
		if err := r.Decode([]byte(text), &l); err != nil {
			return
		}
		switch l.(type) {
		case layers.Reshape, layers.Permute, layers.RepeatVector:
		default:
			return
		}
		shape := graph.Shape{graph.Any, 1 + int(a)%4}
		if deep {
			shape = append(shape, 1+int(b)%4)
		}
		var out graph.Shape
		err := graph.Shapes(config(t), func(s *graph.Scope) { out = layers.Apply(s, "layer", l, s.Input("x", shape))[0].Shape() })
		if err != nil {
			if !errors.Is(err, graph.ErrInput) || strings.Contains(err.Error(), "panicked") {
				t.Fatal(err)
			}
			return
		}
		if out.With(0, 1).Size() > 1<<12 {
			return
		}
		x := drawn(1, 1, shape.With(0, 2)...)
		got := applied{layer: l, inputs: []graphtest.Array{x}}.run(t, tensor.Float64)["output"]
		if len(got) != out.With(0, 2).Size() {
			t.Fatalf("%s: got %d elements, the shape %v without data", text, len(got), out)
		}
		want := slices.Sorted(slices.Values(x.Data))
		got = slices.Compact(slices.Sorted(slices.Values(got)))
		if !slices.Equal(got, slices.Compact(want)) {
			t.Fatalf("%s: got %v of %v", text, got, want)
		}
	})
}

var _ = specimen(conformance.Layer{
	Value:    layers.Permute{Dims: []int{2, 1}},
	Inputs:   []graph.Shape{{4, 6}},
	Outputs:  []graph.Shape{{6, 4}},
	Accepts:  "-+---+",
	Compared: "TestPermuteValues",
	Cases: map[string]layertest.Case{
		"steps kept": {
			Layer:   layers.Permute{Dims: []int{1, 3, 2}},
			Inputs:  []graphtest.Array{graphtest.Input(1, 2, 4, 3, 2)},
			Outputs: []graph.Shape{{graph.Any, 4, 2, 3}},
		},
	},
	ReadsMasked: "it moves the steps",
	Steps: []conformance.Step{
		{Layer: layers.Permute{Dims: []int{2, 1}}, Refused: true},
	},
	Draw: func(d *conformance.Drawing) {
		d.Use(layers.Permute{Dims: []int{2, 1}}, graph.Shape{d.Frame.Shape[1], d.Frame.Shape[0]}, d.Frame.Tensor)
	},
})

func TestPermute(t *testing.T) {
	checkLayer(t, layers.Permute{Dims: []int{1}}, graph.Shape{graph.Any, 3}, []int{2, 3})
	checkLayer(t, layers.Permute{Dims: []int{2, 1}}, graph.Shape{graph.Any, 4, 3}, []int{2, 3, 4})
	checkLayer(t, layers.Permute{Dims: []int{3, 1, 2}}, graph.Shape{graph.Any, 2, 3, 4}, []int{2, 3, 4, 2})
	checkShape(t, layers.Permute{Dims: []int{2, 1}}, graph.Shape{graph.Any, 4, graph.Any}, graph.Shape{graph.Any, graph.Any, 4})
}

func TestPermuteValues(t *testing.T) {
	x := drawn(1, 1, 2, 2, 3, 4)
	a := applied{layer: layers.Permute{Dims: []int{3, 1, 2}}, inputs: []graphtest.Array{x}, masks: [][]float64{{1, 0, 1, 1}}}
	out := a.run(t, tensor.Float64)
	var want []float64
	for b := range 2 {
		for k := range 4 {
			for i := range 2 {
				for j := range 3 {
					want = append(want, x.Data[((b*2+i)*3+j)*4+k])
				}
			}
		}
	}
	if !slices.Equal(out["output"], want) || out["mask"] != nil {
		t.Errorf("got %v, want %v", out, want)
	}
}

func TestPermuteRefuses(t *testing.T) {
	in := graph.Shape{graph.Any, 3, 4}
	long := make([]int, 33)
	for i := range long {
		long[i] = i + 1
	}
	for _, dims := range [][]int{nil, {}, {0}, {1, 1}, {0, 1}, {1, 3}, {-1, 1}, {math.MaxInt, 1}, {1}, {2, 3, 1}, long} {
		layertest.Invalid(t, layers.Permute{Dims: dims}, "Permute.Dims", in)
	}
	layertest.Invalid(t, layers.Permute{Dims: []int{1}}, "Permute.Dims", graph.Shape{graph.Any})
}

var _ = specimen(conformance.Layer{
	Value:       layers.Flatten{},
	Inputs:      []graph.Shape{{4, 6}},
	Outputs:     []graph.Shape{{24}},
	Accepts:     "++++++",
	ReadsMasked: "as in Keras, it joins all steps",
	Compared:    "TestFlattenKeepsTheOrder",
	Steps: []conformance.Step{
		{Layer: layers.Flatten{}, Refused: true},
	},
	Draw: func(d *conformance.Drawing) {
		d.Use(layers.Flatten{}, graph.Shape{d.Frame.Shape.Size()}, d.Frame.Tensor)
	},
})

func TestFlatten(t *testing.T) {
	for _, c := range []struct {
		in   []int
		want int
	}{
		{[]int{2}, 1}, {[]int{2, 1}, 1}, {[]int{2, 3}, 3}, {[]int{3, 2, 4}, 8}, {[]int{2, 3, 1, 2}, 6},
	} {
		layertest.Check(t, layertest.Case{
			Layer:   layers.Flatten{},
			Inputs:  []graphtest.Array{graphtest.Input(1, c.in...)},
			Outputs: []graph.Shape{{graph.Any, c.want}},
		})
	}
}

func TestFlattenKeepsTheOrder(t *testing.T) {
	x := []float64{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}
	out := evaluate(t, config(t), graph.Tick{}, func(s *graph.Scope) {
		v := s.Values(x, graph.Shape{2, 3, 2}).WithMask(s.Const(1, graph.Shape{2, 3}))
		y := layers.Apply(s, "flatten", layers.Flatten{}, v)[0]
		if _, ok := y.Mask(); ok {
			t.Error("the mask must end here")
		}
		s.Output("y", y)
	})
	if !slices.Equal(out["y"], x) {
		t.Errorf("got %v", out["y"])
	}
}

func TestFlattenLeavesOpenAxesOpen(t *testing.T) {
	follow(t, config(t), func(s *graph.Scope) {
		x := s.Input("x", graph.Shape{graph.Any, graph.Any, 3})
		y := layers.Apply(s, "flatten", layers.Flatten{}, x)[0]
		if want := (graph.Shape{graph.Any, graph.Any}); !y.Shape().Equal(want) {
			t.Errorf("got the shape %v, want %v", y.Shape(), want)
		}
	})
	layertest.Invalid(t, layers.Flatten{}, "Flatten", graph.Shape{})
	layertest.Invalid(t, layers.Flatten{}, "Flatten", graph.Shape{2, 3}, graph.Shape{2, 3})
}

var _ = specimen(conformance.Layer{
	Value:    layers.RepeatVector{N: 3},
	Inputs:   []graph.Shape{{6}},
	Outputs:  []graph.Shape{{3, 6}},
	Accepts:  "+---+-",
	Compared: "TestRepeatVector",
	Steps: []conformance.Step{
		{Layer: layers.RepeatVector{N: 2}, Inputs: []graph.Shape{{2, 4}}, Refused: true},
	},
	Draw: func(d *conformance.Drawing) {
		x := d.Vector()
		d.Use(layers.RepeatVector{N: 3}, graph.Shape{3, x.Shape[0]}, x.Tensor)
	},
})

func TestRepeatVector(t *testing.T) {
	checkLayer(t, layers.RepeatVector{N: 3}, graph.Shape{graph.Any, 3, 4}, []int{2, 4})
	checkLayer(t, layers.RepeatVector{N: 1}, graph.Shape{graph.Any, 1, 1}, []int{3, 1})
	checkShape(t, layers.RepeatVector{N: 3}, graph.Shape{graph.Any, 3, graph.Any}, graph.Shape{graph.Any, graph.Any})
	x := graphtest.Array{Shape: []int{2, 2}, Data: []float64{1, 2, 3, 4}}
	a := applied{layer: layers.RepeatVector{N: 2}, inputs: []graphtest.Array{x}, loss: func(int) []float64 { return []float64{1, 2, 3, 4, 5, 6, 7, 8} }}
	out := a.run(t, tensor.Float64)
	if !slices.Equal(out["output"], []float64{1, 2, 1, 2, 3, 4, 3, 4}) || !slices.Equal(out["grad_0"], []float64{4, 6, 12, 14}) {
		t.Errorf("got %v", out)
	}
}

func TestRepeatVectorRefuses(t *testing.T) {
	in := graph.Shape{graph.Any, 4}
	for _, n := range []int{0, -1, math.MinInt} {
		layertest.Invalid(t, layers.RepeatVector{N: n}, "RepeatVector.N", in)
	}
	layertest.Invalid(t, layers.RepeatVector{N: 2}, "RepeatVector", graph.Shape{graph.Any, 3, 4})
	if err := graph.Shapes(config(t), func(s *graph.Scope) {
		layers.Apply(s, "layer", layers.RepeatVector{N: math.MaxInt}, s.Input("x", in))
	}); err == nil {
		t.Error("a number beyond all memory must be refused")
	}
}
