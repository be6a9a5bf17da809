package ops

import (
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"

	"github.com/engram-go/engram/internal/kernels"
	"pgregory.net/rapid"
)

// drawConvolution draws a convolution: most have padding, strides, dilation or groups,
// some more than one of them.
func drawConvolution(t *rapid.T) *Convolution {
	draw := func(name string, least, most int) int { return rapid.IntRange(least, most).Draw(t, name) }
	groups := rapid.SampledFrom([]int{1, 1, 2, 3, 8}).Draw(t, "groups")
	part := rapid.SampledFrom([]int{1, 1, 2, 3, 7, 20}).Draw(t, "part")
	width := rapid.SampledFrom([]int{1, 1, 2, 3, 16, 33, 70}).Draw(t, "width")
	if rapid.IntRange(0, 3).Draw(t, "depthwise") == 0 {
		groups, part, width = draw("channels", 8, 60), 1, 1
	}
	o := &Convolution{Filters: groups * width, Groups: groups, Bias: rapid.Bool().Draw(t, "bias")}
	o.Window = Window{Size: draw("size", 1, 6), Stride: draw("stride", 1, 3), Dilation: draw("dilation", 1, 3)}
	o.Before, o.After = draw("before", 0, 2*o.Span()), draw("after", 0, o.Span())
	o.Function = rapid.SampledFrom([]Function{{}, {}, kernels.ReLU.With(), kernels.HardShrink.With(50.5)}).Draw(t, "function")
	o.Features = groups * part
	o.Batch = rapid.SampledFrom([]int{0, 1, 2, 3, 40}).Draw(t, "batch")
	o.Steps = max(0, o.Span()-o.Before-o.After) + rapid.SampledFrom([]int{0, 1, 2, 30, 110}).Draw(t, "steps")
	o.Count = (o.Steps+o.Before+o.After-o.Span())/o.Stride + 1
	return o
}

// plainConvolution computes the output and the gradients of its sum of products with dy
// from the equation.
func plainConvolution(o *Convolution, x, kernel, bias, dy []float64) (y, dx, dkernel, dbias []float64) {
	part, width := o.Features/o.Groups, o.Filters/o.Groups
	y, dx = make([]float64, o.Batch*o.Count*o.Filters), make([]float64, len(x))
	dy = slices.Clone(dy)
	dkernel, dbias = make([]float64, len(kernel)), make([]float64, len(bias))
	each := func(f func(i, from, weight int)) {
		for i := range y {
			filter, t, b := i%o.Filters, i/o.Filters%o.Count, i/o.Filters/o.Count
			for j := range o.Size {
				step := t*o.Stride + j*o.Dilation - o.Before
				if step < 0 || step >= o.Steps {
					continue
				}
				for p := range part {
					f(i, (b*o.Steps+step)*o.Features+filter/width*part+p, (j*part+p)*o.Filters+filter)
				}
			}
		}
	}
	for i := range y {
		if o.Bias {
			y[i] = bias[i%o.Filters]
		}
	}
	each(func(i, from, weight int) { y[i] += x[from] * kernel[weight] })
	for i, v := range y {
		if o.Function.Kind == kernels.ReLU && v < 0 || o.Function.Kind == kernels.HardShrink && math.Abs(v) < 50.5 {
			y[i], dy[i] = 0, 0
		}
		if o.Function.Kind == kernels.ReLU && v == 0 {
			dy[i] = 0
		}
		if o.Bias {
			dbias[i%o.Filters] += dy[i]
		}
	}
	each(func(i, from, weight int) {
		dx[from] += dy[i] * kernel[weight]
		dkernel[weight] += dy[i] * x[from]
	})
	return y, dx, dkernel, dbias
}

// reporter is a *testing.T or a *rapid.T.
type reporter interface {
	Helper()
	Fatalf(format string, args ...any)
}

// convolve runs a convolution and its gradient.
func convolve[T Float](t reporter, o *Convolution, x, kernel, bias, dy []T) (y, dx, dkernel, dbias []T) {
	t.Helper()
	run := func(op Op, size int, in ...[]T) []T {
		k, err := For[T](op)
		if err != nil {
			t.Fatalf("%v", err)
		}
		if s, ok := k.(Scratch[T]); ok {
			s.SetScratch(noise[T](s.ScratchSize()))
		}
		out := noise[T](size)
		if err := k.Run(out, in); err != nil {
			t.Fatalf("%v", err)
		}
		return out
	}
	in := [][]T{x, kernel}
	o.Training = true
	at := []int{0, len(x)}
	if o.Bias {
		in, at = append(in, bias), append(at, len(x)+len(kernel))
	}
	y = run(o, len(dy), in...)
	grads := run(ConvolutionGradient{o, at}, len(x)+len(kernel)+len(bias), append(in, y, dy)...)
	return y, grads[:len(x)], grads[len(x):][:len(kernel)], grads[len(x)+len(kernel):]
}

// noise is memory that held something else before.
func noise[T Float](n int) []T {
	x := make([]T, n)
	for i := range x {
		x[i] = T(math.NaN())
	}
	return x
}

// convolutionCase compares all results with the equation. The numbers are whole, so that
// both types hold all sums exactly.
func convolutionCase(t *rapid.T) {
	o := drawConvolution(t)
	r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
	x, kernel, dy := whole(r, o.Batch*o.Steps*o.Features), whole(r, o.Size*o.Features/o.Groups*o.Filters), whole(r, o.Batch*o.Count*o.Filters)
	var bias []float64
	if o.Bias {
		bias = whole(r, o.Filters)
	}
	special := rapid.IntRange(0, 3).Draw(t, "special")
	switch { // they stay in the windows that have them
	case o.Function != (Function{}):
	case special == 0:
		if len(x) > 0 {
			x[r.IntN(len(x))] = math.NaN()
		}
	case special == 1:
		if len(dy) > 0 {
			dy[r.IntN(len(dy))] = math.Inf(1)
		}
	}
	var want, got [4][]float64
	want[0], want[1], want[2], want[3] = plainConvolution(o, x, kernel, bias, dy)
	check := func(name string) {
		for k, part := range []string{"output", "gradient of x", "gradient of the kernel", "gradient of the bias"} {
			if k == 3 && !o.Bias {
				continue
			}
			for i, w := range want[k] {
				if g := got[k][i]; g != w && !(math.IsNaN(g) && math.IsNaN(w)) {
					t.Fatalf("%s, %s of %+v: element %d is %v, want %v", name, part, *o, i, g, w)
				}
			}
		}
	}
	got[0], got[1], got[2], got[3] = convolve(t, o, x, kernel, bias, dy)
	check("float64")
	y, dx, dkernel, dbias := convolve(t, o, narrow(x), narrow(kernel), narrow(bias), narrow(dy))
	got = [4][]float64{widen(y), widen(dx), widen(dkernel), widen(dbias)}
	check("float32")
}

func widen(x []float32) []float64 {
	out := make([]float64, len(x))
	for i, v := range x {
		out[i] = float64(v)
	}
	return out
}

func TestConvolution(t *testing.T) { rapid.Check(t, convolutionCase) }
func FuzzConvolution(f *testing.F) { f.Fuzz(rapid.MakeFuzz(convolutionCase)) }

// The cores share samples, steps of one sample, or rows of the kernel.
func TestConvolutionOnAnyCores(t *testing.T) {
	for _, o := range []Convolution{
		{WindowPlan: WindowPlan{Window: Window{Size: 5, Stride: 1, Dilation: 2, Before: 8}, Batch: 3, Steps: 70, Features: 20, Count: 70}, Filters: 40, Groups: 1},
		{WindowPlan: WindowPlan{Window: Window{Size: 5, Stride: 1, Dilation: 1, Before: 4}, Batch: 1, Steps: 1000, Features: 12, Count: 1000}, Filters: 20, Groups: 2},
		{WindowPlan: WindowPlan{Window: Window{Size: 4, Stride: 2, Dilation: 1, Before: 1}, Batch: 1, Steps: 1001, Features: 12, Count: 500}, Filters: 40, Groups: 1},
		{WindowPlan: WindowPlan{Window: Window{Size: 5, Stride: 1, Dilation: 1}, Batch: 500, Steps: 7, Features: 12, Count: 3}, Filters: 40, Groups: 1},
		{WindowPlan: WindowPlan{Window: Window{Size: 5, Stride: 1, Dilation: 2, Before: 8}, Batch: 20, Steps: 70, Features: 75, Count: 70}, Filters: 75, Groups: 75},
	} {
		o.Bias, o.Function = true, kernels.GELU.With()
		r := rand.New(rand.NewPCG(1, 1))
		random := func(n int) []float32 {
			x := make([]float32, n)
			for i := range x {
				x[i] = r.Float32() - 0.5
			}
			return x
		}
		x, kernel, bias, dy := random(o.Batch*o.Steps*o.Features), random(o.Size*o.Features/o.Groups*o.Filters), random(o.Filters), random(o.Batch*o.Count*o.Filters)
		all := func(n int) []float32 {
			defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(n))
			y, dx, dkernel, dbias := convolve(t, new(o), x, kernel, bias, dy)
			return append(append(append(append([]float32{}, y...), dx...), dkernel...), dbias...)
		}
		want := all(1)
		for _, n := range []int{2, 3, 8} {
			for i, g := range all(n) {
				if math.Float32bits(g) != math.Float32bits(want[i]) {
					t.Fatalf("%+v: on %d cores, element %d is %v, not %v", o, n, i, g, want[i])
				}
			}
		}
	}
}

func BenchmarkConvolution(b *testing.B) {
	for _, c := range []struct{ features, groups int }{{8, 1}, {64, 1}, {64, 4}, {64, 64}} {
		o := &Convolution{WindowPlan: WindowPlan{Window: Window{Size: 5, Stride: 1, Dilation: 2, Before: 8}, Batch: 2, Steps: 100, Features: c.features, Count: 100}, Filters: 64, Groups: c.groups, Bias: true, Training: true}
		x, kernel, bias, dy := make([]float32, o.Batch*o.Steps*o.Features), make([]float32, o.Size*o.Features/o.Groups*o.Filters), make([]float32, o.Filters), make([]float32, o.Batch*o.Count*o.Filters)
		y, grads := make([]float32, len(dy)), make([]float32, len(x)+len(kernel)+len(bias))
		forward, err := For[float32](o)
		if err != nil {
			b.Fatal(err)
		}
		backward, err := For[float32](ConvolutionGradient{o, []int{0, len(x), len(x) + len(kernel)}})
		if err != nil {
			b.Fatal(err)
		}
		products := float64(o.Batch * o.Count * len(kernel))
		for name, run := range map[string]struct {
			f     func() error
			times float64
		}{
			"forward":  {func() error { return forward.Run(y, [][]float32{x, kernel, bias}) }, 2},
			"backward": {func() error { return backward.Run(grads, [][]float32{x, kernel, bias, y, dy}) }, 4},
		} {
			b.Run(fmt.Sprintf("%d features, %d groups/%s", c.features, c.groups, name), func(b *testing.B) {
				for b.Loop() {
					if err := run.f(); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(run.times*products*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOP/s")
			})
		}
	}
}

// Working memory is of the size of the output, not of the windows, and only for training.
func TestConvolutionScratch(t *testing.T) {
	for _, c := range []struct {
		function Function
		training bool
		want     int // values of the size of the output
	}{{Function{}, true, 0}, {kernels.ReLU.With(), true, 1}, {kernels.GELU.With(), true, 2}, {kernels.GELU.With(), false, 0}} {
		o := &Convolution{WindowPlan: WindowPlan{Window: Window{Size: 50, Stride: 1, Dilation: 1, Before: 49}, Batch: 3, Steps: 70, Features: 20, Count: 70}, Filters: 40, Groups: 1, Function: c.function, Training: c.training}
		if got, want := convolutionOf[float32](o).ScratchSize(), c.want*3*70*40; got != want {
			t.Errorf("%v, training %v: %d elements, want %d", c.function.Kind, c.training, got, want)
		}
	}
}
