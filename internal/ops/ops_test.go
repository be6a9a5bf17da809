package ops

import (
	"slices"
	"testing"

	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/errs/errtest"
	"github.com/engram-go/engram/internal/kernels"
	"github.com/engram-go/engram/internal/shapes"
)

func TestForUnknown(t *testing.T) {
	if k, err := For[float32](struct{}{}); err == nil || k != nil {
		t.Errorf("got the kernel %v of something that is no operation", k)
	}
}

// Small results that can be computed by hand, in both types.
func TestKernels(t *testing.T) {
	plan := WindowPlan{Window: Window{Size: 2, Stride: 1, Dilation: 1, Before: 1}, Batch: 1, Steps: 3, Features: 1, Count: 3}
	for _, c := range []struct {
		name string
		op   Op
		in   [][]float64
		want []float64
	}{
		{"scale", Unary{kernels.Scale.With(3)}, [][]float64{{1, -2}}, []float64{3, -6}},
		{"scale gradient", UnaryGradient{kernels.Scale.With(3)}, [][]float64{{1, 2}}, []float64{3, 6}},
		{"add constant", Unary{kernels.AddConst.With(3)}, [][]float64{{1, -2}}, []float64{4, 1}},
		{"one minus", Unary{kernels.OneMinus.With()}, [][]float64{{1, -2}}, []float64{0, 3}},
		{"square gradient", UnaryGradient{kernels.Square.With()}, [][]float64{{3}, {2}}, []float64{12}},
		{"relu gradient", UnaryGradient{kernels.ReLU.With()}, [][]float64{{3, 0, 0}, {2, 2, 2}}, []float64{2, 0, 0}},
		{"sum", Sum{}, [][]float64{{1, 2}, {3, 4}, {5, 6}}, []float64{9, 12}},
		{"where", Where{}, [][]float64{{1, 0}, {3, 4}, {5, 6}}, []float64{3, 6}},
		{"copy", Copy{}, [][]float64{{1, 2}}, []float64{1, 2}},
		{"transpose", Transpose(shapes.Shape{2, 3}, []int{1, 0}), [][]float64{{1, 2, 3, 4, 5, 6}}, []float64{1, 4, 2, 5, 3, 6}},
		{"reverse", Reverse(shapes.Shape{2, 3}, 1), [][]float64{{1, 2, 3, 4, 5, 6}}, []float64{3, 2, 1, 6, 5, 4}},
		{"slice", Slice(shapes.Shape{2, 3}, 1, 1, 3), [][]float64{{1, 2, 3, 4, 5, 6}}, []float64{2, 3, 5, 6}},
		{"slice gradient", Pad(Slice(shapes.Shape{2, 3}, 1, 1, 3)), [][]float64{{1, 2, 3, 4}}, []float64{0, 1, 2, 0, 3, 4}},
		{"concat", Concat{2, []int{1, 2}}, [][]float64{{1, 2}, {3, 4, 5, 6}}, []float64{1, 3, 4, 2, 5, 6}},
		{"mean", Reduce{PlanBroadcast(shapes.Shape{2, 3}, shapes.Shape{2, 3}, shapes.Shape{2, 1}), 2, 3}, [][]float64{{1, 2, 3, 4, 5, 6}}, []float64{2, 5}},
		{"max", Max{PlanLines(shapes.Shape{2, 3}, 0, false)}, [][]float64{{1, 5, 3, 4, 2, 3}}, []float64{4, 5, 3}},
		{"max gradient", MaxGradient{PlanLines(shapes.Shape{2, 3}, 0, false)}, [][]float64{{1, 5, 3, 4, 2, 3}, {4, 5, 3}, {1, 1, 1}}, []float64{0, 1, 0.5, 1, 0, 0.5}},
		{"gather", Gather{3, 2}, [][]float64{{1, 2, 3, 4, 5, 6}, {2, 0}}, []float64{5, 6, 1, 2}},
		{"gather gradient", GatherGradient{3, 2}, [][]float64{{2, 0, 2}, {1, 2, 3, 4, 5, 6}}, []float64{3, 4, 0, 0, 6, 8}},
		{"pick", Pick{3}, [][]float64{{1, 2, 3, 4, 5, 6}, {2, 0}}, []float64{3, 4}},
		{"pick gradient", PickGradient{3}, [][]float64{{2, 0}, {7, 8}}, []float64{0, 0, 7, 8, 0, 0}},
		{"windows", Windows{plan}, [][]float64{{1, 2, 3}}, []float64{0, 1, 1, 2, 2, 3}},
		{"windows gradient", WindowsGradient{plan}, [][]float64{{1, 2, 3, 4, 5, 6}}, []float64{5, 9, 6}},
		{"max pool", MaxPool{plan}, [][]float64{{1, 2, 3}}, []float64{1, 2, 3}},
		{"max pool gradient", MaxPoolGradient{plan}, [][]float64{{1, 2, 2}, {1, 2, 3}}, []float64{1, 5, 0}},
		{"mean pool", MeanPool{plan}, [][]float64{{1, 2, 3}}, []float64{1, 1.5, 2.5}},
		{"mean pool gradient", MeanPoolGradient{plan}, [][]float64{{1, 2, 4}}, []float64{2, 3, 2}},
	} {
		if got := compute(t, c.op, len(c.want), c.in...); !slices.Equal(got, c.want) {
			t.Errorf("%s: got %v, want %v", c.name, got, c.want)
		}
	}
}

// Indices that are no rows, and elements that break a rule, are errors of the run.
func TestKernelsRefuse(t *testing.T) {
	for _, x := range []float64{-1, 3, 0.5} {
		for _, op := range []Op{Gather{3, 1}, Pick{3}} {
			k, err := For[float64](op)
			if err != nil {
				t.Fatal(err)
			}
			errtest.Check(t, k.Run(make([]float64, 1), [][]float64{{1, 2, 3}, {x}}), errs.Error{Field: "index 0", Value: x})
		}
	}
	k, err := For[float64](Require{"age", "must not be negative", func(x float64) bool { return x >= 0 }})
	if err != nil {
		t.Fatal(err)
	}
	errtest.Check(t, k.Run(make([]float64, 2), [][]float64{{1, -2}}), errs.Error{Field: "age", Value: -2.0})
}

// The passes of one operation share a kernel, whose memory is asked for once it is
// known whether there is a backward pass.
func TestScratch(t *testing.T) {
	att := &Attention{Attention: kernels.Attention{Batch: 2, Steps: 3, Heads: 1, K: 2, Values: 4, N: 2}}
	rec := &Recurrent{Cell: LSTM, States: 2, Config: kernels.Config{Batch: 2, Steps: 3, Features: 1, Units: 2}}
	for _, training := range []bool{false, true} {
		att.Training, rec.Config.Training = training, training
		k, err := For[float64](att)
		if err != nil {
			t.Fatal(err)
		}
		if n := k.(Scratch[float64]).ScratchSize(); (n == 2*3*2) != training || !training && n != 0 {
			t.Errorf("training %v: attention works in %d elements", training, n)
		}
	}
	a, err := For[float64](rec)
	if err != nil {
		t.Fatal(err)
	}
	b, err := For[float64](rec)
	if err != nil {
		t.Fatal(err)
	}
	if a != b {
		t.Error("the passes of a recurrent layer have different kernels")
	}
}
