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

// linearCase is a fully connected layer with its gradients.
type linearCase struct {
	rows, in, out int
	f             Function
	bias          bool
	x, w, b, dy   []float64
	y, dx, dw, db []float64
	versions      bool // whether weights stay packed
	passes        int  // backward passes over one forward pass, 1 for 0
}

// newLinearCase draws the operands.
func newLinearCase(seed uint64, rows, in, out int, f Function, bias bool) *linearCase {
	rng := rand.New(rand.NewPCG(seed, 1))
	random := func(n int) []float64 {
		x := make([]float64, n)
		for i := range x {
			x[i] = float64(float32(rng.Float64()*2-1) / 4)
		}
		return x
	}
	c := &linearCase{rows: rows, in: in, out: out, f: f, bias: bias}
	c.x, c.w, c.b, c.dy = random(rows*in), random(in*out), random(out), random(rows*out)
	return c
}

// solve computes the results by plain loops.
func (c *linearCase) solve() {
	rows, in, out, f, bias := c.rows, c.in, c.out, c.f, c.bias
	c.y, c.dx, c.dw, c.db = make([]float64, rows*out), make([]float64, rows*in), make([]float64, in*out), make([]float64, out)
	loops := kernels.Float64().Function(f)
	for i := range rows {
		for j := range out {
			at := i*out + j
			z := 0.0
			if bias {
				z = c.b[j]
			}
			for p := range in {
				z += c.x[i*in+p] * c.w[p*out+j]
			}
			one, d := []float64{0}, []float64{c.dy[at]}
			loops.Forward([]float64{z}, one)
			c.y[at] = one[0]
			if f.GradientReadsX() {
				one[0] = z
			}
			if f != (Function{}) {
				loops.Gradient(one, []float64{c.dy[at]}, d)
			}
			c.db[j] += d[0]
			for p := range in {
				c.dx[i*in+p] += d[0] * c.w[p*out+j]
				c.dw[p*out+j] += d[0] * c.x[i*in+p]
			}
		}
	}
}

// runLinear computes y, dx, dw and db, those of the gradients that are wanted.
func runLinear[T Float](t reporter, c *linearCase, x, w, b bool) [4][]T {
	t.Helper()
	o := &Linear{Rows: c.rows, In: c.in, Out: c.out, F: c.f, Bias: c.bias, Training: x || w || b}
	if c.versions {
		o.Version = func() uint64 { return 7 }
	}
	var scratch, runs []func() // of the kernels, which are all made before
	plan := func(op Op, size int, in ...[]T) []T {
		kernel, err := For[T](op)
		if err != nil {
			t.Fatalf("%v", err)
		}
		out := slices.Repeat([]T{T(math.NaN())}, size)
		runs = append(runs, func() {
			if err := kernel.Run(out, in); err != nil {
				t.Fatalf("%v", err)
			}
		})
		if k, ok := kernel.(Scratch[T]); ok {
			scratch = append(scratch, func() {
				if n := k.ScratchSize(); n > 0 {
					k.SetScratch(slices.Repeat([]T{T(math.NaN())}, n))
				}
			})
		}
		return out
	}
	of := func(x []float64) []T {
		out := make([]T, len(x))
		for i, v := range x {
			out[i] = T(v)
		}
		return out
	}
	var out [4][]T
	in := [][]T{of(c.x), of(c.w)}
	if c.bias {
		in = append(in, of(c.b))
	}
	out[0] = plan(o, c.rows*c.out, in...)
	for range max(c.passes, 1) { // the last gives the results
		pass := &LinearGradient{Linear: o}
		operands := [][]T{in[0], out[0], of(c.dy)}
		if x {
			out[1] = plan(pass, len(c.x), in[1], out[0], operands[2])
			operands = append(operands, out[1])
		}
		if !w && !b {
			continue
		}
		size := 0
		if w {
			size = len(c.w)
		}
		if b {
			size += len(c.b)
		}
		packed := plan(LinearWeights{LinearGradient: pass, W: w, B: b, Alone: !x}, size, operands...)
		if w {
			out[2] = packed[:len(c.w)]
		}
		if b {
			out[3] = packed[size-len(c.b):]
		}
	}
	for _, f := range slices.Concat(scratch, runs, runs) { // the second time with what is packed
		f()
	}
	return out
}

var linearFunctions = []Function{{}, kernels.ReLU.With(), kernels.Tanh.With(), kernels.Softplus.With(), kernels.GELU.With(), kernels.Scale.With(3)}

func TestLinear(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		size := func(name string) int {
			if rapid.IntRange(0, 3).Draw(t, "large "+name) == 0 {
				return rapid.IntRange(150, 230).Draw(t, name)
			}
			return rapid.IntRange(1, 20).Draw(t, name)
		}
		c := newLinearCase(rapid.Uint64().Draw(t, "seed"), size("rows"), size("in"), size("out"),
			rapid.SampledFrom(linearFunctions).Draw(t, "function"), rapid.Bool().Draw(t, "bias"))
		c.solve()
		c.versions, c.passes = rapid.Bool().Draw(t, "versions"), rapid.IntRange(1, 2).Draw(t, "passes")
		want := [3]bool{}
		for i, name := range []string{"dx", "dw", "db"} {
			want[i] = rapid.Bool().Draw(t, name) && (i < 2 || c.bias)
		}
		got := runLinear[float64](t, c, want[0], want[1], want[2])
		for k, exact := range [][]float64{c.y, c.dx, c.dw, c.db} {
			if k > 0 && !want[k-1] {
				continue
			}
			for i, v := range exact {
				if !(math.Abs(got[k][i]-v) <= 1e-12) {
					t.Fatalf("result %d: element %d is %v, want %v", k, i, got[k][i], v)
				}
			}
		}
	})
}

// The bits depend neither on the number of cores nor on whether weights are packed, and
// are those of the product, the sum and the function one after the other.
func TestLinearHasTheSameBits(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	for _, size := range [][3]int{{1, 700, 650}, {20, 300, 300}, {130, 70, 200}, {130, 200, 70}, {300, 130, 530}, {300, 200, 10}, {70, 260, 30}} {
		for _, f := range linearFunctions {
			c := newLinearCase(1, size[0], size[1], size[2], f, true)
			var first [4][]float32
			for i := range 4 {
				runtime.GOMAXPROCS(1 + i/2*2)
				c.versions = i%2 == 1
				got := runLinear[float32](t, c, true, true, true)
				if i == 0 {
					first = got
				}
				for k := range got {
					if !slices.Equal(got[k], first[k]) {
						t.Fatalf("%v, %v, run %d: result %d has other bits", size, f.Kind, i, k)
					}
				}
				if training, once := got[0], runLinear[float32](t, c, false, false, false)[0]; !slices.Equal(training, once) {
					t.Fatalf("%v, %v, run %d: other bits without a backward pass", size, f.Kind, i)
				}
			}
			plain := make([]float32, c.rows*c.out)
			for i := range plain {
				plain[i] = float32(c.b[i%c.out])
			}
			kernels.Float32().AddMul(c.rows, c.in, kernels.RowMajor(narrow(c.x), c.in), kernels.RowMajor(narrow(c.w), c.out), kernels.RowMajor(plain, c.out), kernels.RowMajor(plain, c.out), 0, c.out)
			if f != (Function{}) {
				kernels.Float32().Function(f).Forward(plain, plain)
			}
			if !slices.Equal(plain, first[0]) {
				t.Errorf("%v, %v: other bits than product, sum and function", size, f.Kind)
			}
		}
	}
}

// Weights are packed again exactly when the version changes, without
// a backward pass.
func TestLinearVersions(t *testing.T) {
	version := uint64(1)
	o := &Linear{Rows: 2, In: 3, Out: 4, Version: func() uint64 { return version }}
	kernel, err := For[float64](o)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := kernel.(*linearForward[float64]).PrivateSize(), kernels.PackedSize(3, 4); got != want {
		t.Errorf("it keeps %d elements, want %d", got, want)
	}
	x, w, y := filled(6, 1), filled(12, 1), make([]float64, 8)
	for _, step := range []struct {
		version uint64
		w, want float64
	}{{1, 1, 3}, {1, 2, 3}, {2, 2, 6}, {2, 5, 6}} {
		version = step.version
		copy(w, filled(12, step.w))
		if err := kernel.Run(y, [][]float64{x, w}); err != nil || y[0] != step.want {
			t.Errorf("%+v: got %v, %v", step, y[0], err)
		}
	}
	// In training, weights may change in every run.
	o = &Linear{Rows: packedRows + 1, In: 1, Out: 1, Training: true, Version: func() uint64 { return 1 }}
	kernel, err = For[float64](o)
	if err != nil {
		t.Fatal(err)
	}
	kernel.(Scratch[float64]).SetScratch(make([]float64, kernel.(Scratch[float64]).ScratchSize()))
	x, y = filled(packedRows+1, 1), make([]float64, packedRows+1)
	for w := range 3 {
		if err := kernel.Run(y, [][]float64{x, {float64(w)}}); err != nil || y[0] != float64(w) {
			t.Errorf("with %v in training: got %v, %v", w, y[0], err)
		}
	}
}

func BenchmarkLinear(b *testing.B) {
	for _, size := range [][3]int{{1, 784, 512}, {128, 784, 512}, {128, 512, 10}, {2048, 128, 512}, {2048, 512, 128}} {
		for _, f := range []Function{{}, kernels.ReLU.With(), kernels.GELU.With()} {
			c := newLinearCase(1, 1, size[1], size[2], f, true)
			c.rows = size[0]
			for _, training := range []bool{false, true} {
				b.Run(fmt.Sprint(size, " ", f.Kind, " training ", training), func(b *testing.B) {
					one := uint64(1)
					o := &Linear{Rows: c.rows, In: c.in, Out: c.out, F: f, Bias: true, Training: training, Version: func() uint64 { return one }}
					kernel, _ := For[float32](o)
					pass := &LinearGradient{Linear: o}
					dx, _ := For[float32](pass)
					dw, _ := For[float32](LinearWeights{LinearGradient: pass, W: true, B: true})
					for _, k := range []Kernel[float32]{kernel, dx, dw} {
						if s := k.(Scratch[float32]); s.ScratchSize() > 0 {
							s.SetScratch(make([]float32, s.ScratchSize()))
						}
					}
					x, y, dy := make([]float32, c.rows*c.in), make([]float32, c.rows*c.out), make([]float32, c.rows*c.out)
					w, bias := narrow(c.w), narrow(c.b)
					gx, gw := make([]float32, len(x)), make([]float32, len(w)+len(bias))
					for b.Loop() {
						one++
						if !training {
							one = 1
						}
						kernel.Run(y, [][]float32{x, w, bias})
						if training {
							dx.Run(gx, [][]float32{w, y, dy})
							dw.Run(gw, [][]float32{x, y, dy, gx})
						}
					}
				})
			}
		}
	}
}
