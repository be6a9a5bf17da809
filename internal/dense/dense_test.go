package dense_test

import (
	"math"
	"slices"
	"testing"

	"github.com/engram-go/engram/internal/dense"
	"github.com/engram-go/engram/internal/shapes"
	"gorgonia.org/tensor"
)

var dtypes = []tensor.Dtype{tensor.Float32, tensor.Float64}

func TestFinite(t *testing.T) {
	for _, x := range []float64{0, -1, math.MaxFloat64, -math.MaxFloat64, math.SmallestNonzeroFloat64} {
		if !dense.Finite(x) {
			t.Errorf("%v is finite", x)
		}
	}
	for _, x := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		if dense.Finite(x) || dense.Finite(float32(x)) {
			t.Errorf("%v is not finite", x)
		}
	}
}

func TestRound(t *testing.T) {
	if got := dense.Round(tensor.Float32, 0.1); got == 0.1 || got != float64(float32(0.1)) {
		t.Errorf("0.1 in float32 is %v", got)
	}
	if got := dense.Round(tensor.Float64, 0.1); got != 0.1 {
		t.Errorf("0.1 in float64 is %v", got)
	}
}

func TestNew(t *testing.T) {
	for _, dtype := range dtypes {
		for _, c := range []struct{ shape, want shapes.Shape }{{shapes.Shape{2, 3}, shapes.Shape{2, 3}}, {nil, shapes.Shape{1}}} {
			got := dense.New(dtype, c.shape)
			if got.Dtype() != dtype || !c.want.Equal(shapes.Shape(got.Shape())) || slices.ContainsFunc(dense.ToFloat64(got), func(x float64) bool { return x != 0 }) {
				t.Errorf("%v of shape %v: got %v", dtype, c.shape, got)
			}
		}
	}
}

func TestFromFloat64(t *testing.T) {
	for _, dtype := range dtypes {
		data := []float64{1, 2.5, -3, 0.1}
		got := dense.FromFloat64(dtype, shapes.Shape{2, 2}, data)
		data[0] = 9
		want := []float64{1, 2.5, -3, dense.Round(dtype, 0.1)}
		if got.Dtype() != dtype || !slices.Equal(dense.ToFloat64(got), want) || dense.At(got, 3) != want[3] {
			t.Errorf("%v: got %v", dtype, got)
		}
	}
}

// Of, Elements, View and Rows share memory; ToFloat64 does not.
func TestMemory(t *testing.T) {
	data := []float32{0, 1, 2, 3, 4, 5}
	d := dense.Of(data, 3, 2)
	rows := dense.Rows(d, 1, 3)
	if !slices.Equal(rows.Shape(), []int{2, 2}) || !slices.Equal(rows.Float32s(), data[2:]) {
		t.Errorf("rows 1 and 2: %v", rows)
	}
	view := dense.View(d, 1, shapes.Shape{3})
	if !slices.Equal(view.Shape(), []int{3}) || !slices.Equal(view.Float32s(), data[1:4]) {
		t.Errorf("three elements from the second: %v", view)
	}
	if one := dense.View(d, 4, nil); one.Float32s()[0] != 4 {
		t.Errorf("one element: %v", one)
	}
	wide := dense.ToFloat64(d)
	dense.Elements[float32](d)[2] = 7
	if data[2] != 7 || rows.Float32s()[0] != 7 || view.Float32s()[1] != 7 || wide[2] != 2 {
		t.Error("memory is not shared, or a copy shares it")
	}
	d64 := dense.Of([]float64{1, 2}, 2, 1)
	if !slices.Equal(dense.Elements[float64](d64), []float64{1, 2}) || dense.Rows(d64, 1, 2).Float64s()[0] != 2 {
		t.Error("float64 elements are not those that were given")
	}
	if dense.ToFloat64(d64)[0] = 5; d64.Float64s()[0] != 1 {
		t.Error("ToFloat64 shares memory")
	}
}

func TestElementsOfAnotherType(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("float64 elements of a float32 tensor were given")
		}
	}()
	dense.Elements[float64](dense.Of([]float32{1}, 1))
}

func TestCopy(t *testing.T) {
	for _, dtype := range dtypes {
		from := dense.FromFloat64(dtype, shapes.Shape{2, 2}, []float64{1, 2, 3, 4})
		all := dense.New(dtype, shapes.Shape{4, 2})
		dense.Copy(dense.Rows(all, 1, 3), from)
		if got := dense.ToFloat64(all); !slices.Equal(got, []float64{0, 0, 1, 2, 3, 4, 0, 0}) {
			t.Errorf("%v: %v", dtype, got)
		}
	}
}

func TestReuse(t *testing.T) {
	d := dense.New(tensor.Float32, shapes.Shape{2, 3})
	if dense.Reuse(d, tensor.Float32, shapes.Shape{2, 3}) != d {
		t.Error("a tensor that fits is not used")
	}
	transposed := dense.New(tensor.Float32, shapes.Shape{3, 2})
	if err := transposed.T(); err != nil {
		t.Fatal(err)
	}
	longer := dense.New(tensor.Float32, shapes.Shape{3, 3})
	slice, err := longer.Slice(tensor.S(0, 2))
	if err != nil {
		t.Fatal(err)
	}
	for name, given := range map[string]*tensor.Dense{
		"nil": nil, "empty": new(tensor.Dense), "transposed": transposed,
		"another shape": longer, "another dtype": dense.New(tensor.Float64, shapes.Shape{2, 3}),
		"a slice of columns": dense.Of(make([]float32, 6), 3, 2), "a slice of rows": slice.(*tensor.Dense),
	} {
		want := shapes.Shape{2, 3}
		got := dense.Reuse(given, tensor.Float32, want)
		if got == given && name != "a slice of rows" || got.Dtype() != tensor.Float32 || !want.Equal(shapes.Shape(got.Shape())) || got.DataSize() != 6 {
			t.Errorf("%s: got %v", name, got)
		}
	}
}

func TestMin(t *testing.T) {
	for _, dtype := range dtypes {
		if got := dense.Min(dense.FromFloat64(dtype, shapes.Shape{3}, []float64{2, -1, 3})); got != -1 {
			t.Errorf("%v: %v", dtype, got)
		}
		if got := dense.Min(dense.FromFloat64(dtype, shapes.Shape{2}, []float64{2, math.NaN()})); !math.IsNaN(got) {
			t.Errorf("%v with a NaN: %v", dtype, got)
		}
	}
}

func TestIndex(t *testing.T) {
	for i, want := range []shapes.Shape{{0, 0, 0}, {0, 0, 1}, {0, 1, 0}, {0, 1, 1}, {1, 0, 0}} {
		if got := dense.Index(i, shapes.Shape{2, 2, 2}); !got.Equal(want) {
			t.Errorf("element %d is at %v, want %v", i, got, want)
		}
	}
	if got := dense.Index(0, nil); len(got) != 0 {
		t.Errorf("a single number is at %v", got)
	}
}

func TestOverlap(t *testing.T) {
	a := dense.New(tensor.Float32, shapes.Shape{4, 2})
	for _, c := range []struct {
		from, to int
		want     bool
	}{{0, 1, false}, {0, 2, true}, {1, 3, true}, {2, 4, true}, {3, 4, false}} {
		middle, part := dense.Rows(a, 1, 3), dense.Rows(a, c.from, c.to)
		if dense.Overlap(middle, part) != c.want || dense.Overlap(part, middle) != c.want {
			t.Errorf("rows 1 to 3 and %d to %d: want %v", c.from, c.to, c.want)
		}
	}
}
