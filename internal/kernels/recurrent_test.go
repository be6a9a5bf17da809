package kernels

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// cell is the cell of a set with the name that a layer has.
func cell[T Float](s *Set[T], name string) Cell[T] {
	switch name {
	case "LSTM":
		return s.LSTM()
	case "GRU":
		return s.GRU()
	}
	return s.SimpleRNN()
}

func filled[T Float](n int) []T { return slices.Repeat([]T{T(math.NaN())}, n) }

func to[T Float](x []float64) []T {
	if x == nil {
		return nil
	}
	y := make([]T, len(x))
	for i, v := range x {
		y[i] = T(v)
	}
	return y
}

func inputsTo[T Float](in In[float64]) In[T] {
	return In[T]{to[T](in.X), to[T](in.Kernel), to[T](in.Recurrent), to[T](in.Bias), to[T](in.H), to[T](in.C), to[T](in.Mask), to[T](in.DropX), to[T](in.DropH)}
}

// compare holds each number within a distance, in relation to the largest of
// them or to 1.
func compare[T Float](t reporter, name string, got []T, want []float64, distance float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s has %d elements, want %d", name, len(got), len(want))
	}
	size := 1.0
	for _, w := range want {
		size = max(size, math.Abs(w))
	}
	for i, w := range want {
		if !(math.Abs(float64(got[i])-w) <= distance*size) {
			t.Fatalf("%s: element %d is %v, want %v", name, i, got[i], w)
		}
	}
}

// forward holds a run to the equations.
func forward[T Float](t reporter, l layer, r *Recurrent[T], in In[float64], distance float64) {
	t.Helper()
	wantY, wantH, wantC := l.run(in)
	y, h, c := l.outputs()
	out := Out[T]{to[T](y), to[T](h), to[T](c)}
	given := inputsTo[T](in)
	r.SetWeights(given)
	r.Forward(given, out)
	compare(t, "y", out.Y, wantY, distance)
	compare(t, "h", out.H, wantH, distance)
	if c != nil {
		compare(t, "c", out.C, wantC, distance)
	}
	for i, x := range [][]T{given.X, given.Kernel, given.Recurrent, given.Bias, given.H, given.C, given.Mask, given.DropX, given.DropH} {
		same(t, "an input", x, [][]T{to[T](in.X), to[T](in.Kernel), to[T](in.Recurrent), to[T](in.Bias), to[T](in.H), to[T](in.C), to[T](in.Mask), to[T](in.DropX), to[T](in.DropH)}[i])
	}
}

// backward holds the gradients of the run before to differences of the loss.
// Those that are not wanted are not asked for.
func backward[T Float](t reporter, l layer, r *Recurrent[T], in In[float64], w Grad[float64], want func(name string) bool, distance float64) {
	t.Helper()
	g := Grad[T]{Y: to[T](w.Y), H: to[T](w.H), C: to[T](w.C)}
	type wanted struct {
		name string
		x    []float64
		into *[]T
	}
	var all []wanted
	for _, x := range []wanted{
		{"x", in.X, &g.X}, {"kernel", in.Kernel, &g.Kernel}, {"recurrent kernel", in.Recurrent, &g.Recurrent},
		{"bias", in.Bias, &g.Bias}, {"h before", in.H, &g.InitialH}, {"c before", in.C, &g.InitialC},
	} {
		if x.x != nil && (x.name != "x" || l.InputGrad) && want(x.name) {
			*x.into = filled[T](len(x.x))
			all = append(all, x)
		}
	}
	r.Backward(inputsTo[T](in), g)
	for _, x := range all {
		compare(t, "gradient of "+x.name, *x.into, l.gradient(in, w, x.x), distance)
	}
}

// trainingRuns does several runs of one layer, each with other inputs: also
// after numbers that are not finite, nothing is left of the run before.
func trainingRuns[T Float](t *rapid.T, set *Set[T], distance, gradientDistance float64) {
	l := newLayer(t)
	yes := func(name string) bool { return rapid.Bool().Draw(t, name) }
	rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
	r := newRecurrent(set, cell(set, l.cell), l.Config, l.bound())
	r.columns = l.columns && r.parts
	r.span = rapid.IntRange(1, r.span).Draw(t, "span") // shapes as small as these have one
	for range 2 {
		in := l.inputs(rng, yes("mask"))
		if yes("no states") {
			in.H, in.C = nil, nil
		}
		forward(t, l, r, in, distance)
		w := l.weights(rng, yes("dy"), yes("dh"), yes("dc"))
		backward(t, l, r, in, w, yes, gradientDistance)

		bad := inputsTo[T](l.inputs(rng, yes("mask before")))
		bad.X[0], bad.H[0] = T(math.NaN()), T(math.Inf(1))
		y, _, _ := l.outputs()
		r.Forward(bad, Out[T]{Y: to[T](y)})
		r.Backward(bad, Grad[T]{Y: to[T](y)})
	}
}

// In float64 the gradients are held to what their differences are good for. In
// float32 a number may be off by 1e-5 of the largest.
func TestRecurrentFloat64(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) { trainingRuns(t, Float64(), 1e-14, 1e-10) })
}

func TestRecurrentFloat32(t *testing.T) {
	for _, s := range sets() {
		t.Run(s.Name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) { trainingRuns(t, s, 1e-5, 1e-5) })
		})
	}
}

// Without Training a layer gives the same bits, and its memory does not grow
// with the steps.
func inference[T Float](t *rapid.T, set *Set[T]) {
	l := newLayer(t)
	masked := rapid.Bool().Draw(t, "mask")
	rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
	training := newRecurrent(set, cell(set, l.cell), l.Config, l.bound())
	training.columns = l.columns && training.parts
	l.Training = false
	small := newRecurrent(set, cell(set, l.cell), l.Config, l.bound())
	small.columns = l.columns && small.parts
	for range 2 {
		in := inputsTo[T](l.inputs(rng, masked))
		var outs [2]Out[T]
		for i, r := range []*Recurrent[T]{training, small} {
			y, h, c := l.outputs()
			outs[i] = Out[T]{to[T](y), to[T](h), to[T](c)}
			r.SetWeights(in)
			r.Forward(in, outs[i])
		}
		same(t, "y", outs[1].Y, outs[0].Y)
		same(t, "h", outs[1].H, outs[0].H)
		same(t, "c", outs[1].C, outs[0].C)

		bad := in
		bad.X = slices.Clone(in.X)
		bad.X[0] = T(math.NaN())
		y, _, _ := l.outputs()
		small.Forward(bad, Out[T]{Y: to[T](y)})
	}
	whole := small.row * small.cols // of W, which dropout keeps by blocks
	kept := 1
	if small.parts {
		whole, kept = small.n*small.cols, min(l.Steps, rowsAtOnceX/l.Batch)
	}
	if l.Dropout {
		whole = 0
		if n := l.Batch * small.cell.Blocks * small.row; cap(small.drop.left) != n || cap(small.drop.transposed[0].data) != 0 {
			t.Fatalf("left has room for %d elements, want %d, and transposed for %d, want none", cap(small.drop.left), n, cap(small.drop.transposed[0].data))
		}
	}
	for name, x := range map[string]struct{ got, want int }{
		"hx": {cap(small.hx), kept * l.Batch * small.row}, "z": {cap(small.z), kept * l.Batch * small.cols},
		"dz": {cap(small.dz), 0}, "dhx": {cap(small.dhx), 0}, "dh": {cap(small.dh), 0}, "dc": {cap(small.dc), 0},
		"held": {cap(small.held), 0}, "dw": {cap(small.dw), 0},
		"transposed": {cap(small.transposed.data), 0},
		"weights":    {cap(small.weights), small.row * small.cols}, "packed": {cap(small.packed.data), whole},
	} {
		if x.got != x.want {
			t.Fatalf("%s has room for %d elements, want %d", name, x.got, x.want)
		}
	}
	if n := kept * l.Batch * small.n; len(small.c) > n || len(small.keep) > n {
		t.Fatalf("c has %d elements and keep %d, want at most %d", len(small.c), len(small.keep), n)
	}
}

func TestRecurrentWithoutTraining(t *testing.T) {
	t.Run("float64", func(t *testing.T) { rapid.Check(t, func(t *rapid.T) { inference(t, Float64()) }) })
	for _, s := range sets() {
		t.Run(s.Name, func(t *testing.T) { rapid.Check(t, func(t *rapid.T) { inference(t, s) }) })
	}
}

// The input of masked steps does not matter, even if it is not finite.
func TestRecurrentMasksNaN(t *testing.T) {
	for _, name := range cellNames {
		l := layer{cell: name, gates: gatesOf[name]}
		l.Config = Config{Steps: 4, Batch: 2, Features: 3, Units: 5, Bias: true, Sequence: true, Training: true, InputGrad: true}
		rng := rand.New(rand.NewPCG(3, 1))
		in := l.inputs(rng, true)
		w := l.weights(rng, true, true, true)
		run := func() []float64 {
			r := newRecurrent(Float64(), cell(Float64(), name), l.Config, l.bound())
			r.columns = l.columns && r.parts
			y, h, c := l.outputs()
			g := Grad[float64]{
				Y: w.Y, H: w.H, C: w.C, X: filled[float64](len(in.X)), Kernel: filled[float64](len(in.Kernel)),
				Recurrent: filled[float64](len(in.Recurrent)), Bias: filled[float64](len(in.Bias)),
			}
			r.SetWeights(in)
			r.Forward(in, Out[float64]{y, h, c})
			r.Backward(in, g)
			return slices.Concat(y, h, c, g.X, g.Kernel, g.Recurrent, g.Bias)
		}
		want := run()
		for i, m := range in.Mask {
			if m == 0 {
				in.X[i*l.Features] = math.NaN()
			}
		}
		same(t, name, run(), want)
	}
}

// bits are all results of a layer, forwards and back, in float32.
func (l layer) bits(s *Set[float32], in In[float64], w Grad[float64]) []float32 {
	given := inputsTo[float32](in)
	r := newRecurrent(s, cell(s, l.cell), l.Config, l.bound())
	r.columns = l.columns && r.parts
	y, h, c := l.outputs()
	out := Out[float32]{to[float32](y), to[float32](h), to[float32](c)}
	g := Grad[float32]{
		Y: to[float32](w.Y), H: to[float32](w.H), C: to[float32](w.C),
		X: filled[float32](len(in.X)), Kernel: filled[float32](len(in.Kernel)),
		Recurrent: filled[float32](len(in.Recurrent)), Bias: filled[float32](len(in.Bias)),
		InitialH: filled[float32](len(in.H)),
	}
	r.SetWeights(given)
	r.Forward(given, out)
	r.Backward(given, g)
	return slices.Concat(out.Y, out.H, out.C, g.X, g.Kernel, g.Recurrent, g.Bias, g.InitialH)
}

// All results have the same bits on any number of cores, and with any kernels
// in assembly.
func TestRecurrentOnAnyCores(t *testing.T) {
	for _, name := range cellNames {
		l := layer{cell: name, gates: gatesOf[name]}
		l.Config = Config{Steps: 9, Batch: 17, Features: 5, Units: 37, Bias: true, Sequence: true, Training: true, InputGrad: true}
		rng := rand.New(rand.NewPCG(4, 1))
		in, w := l.inputs(rng, true), l.weights(rng, true, true, true)
		for i := range 3 {
			l.parts, l.columns = i > 0, i > 1
			for _, s := range sets() {
				cores(t, func() []float32 { return l.bits(s, in, w) })
			}
			sameBits(t, func(s *Set[float32]) []float32 { return l.bits(s, in, w) })
		}
	}
}

// A layer in parts gives the same bits with any batch, so with any number of steps whose
// sums over x are made at once, and without Training, where states share slots.
func TestRecurrentInParts(t *testing.T) {
	for _, name := range cellNames {
		l := layer{cell: name, gates: gatesOf[name], parts: true, columns: true}
		l.Config = Config{Steps: 2*rowsAtOnceX/3 + 1, Batch: 3, Features: 4, Units: 37, Bias: true, Sequence: true}
		in := inputsTo[float32](l.inputs(rand.New(rand.NewPCG(6, 1)), true))
		for _, s := range sets() {
			run := func(batch int, training bool) []float32 {
				cfg := l.Config
				cfg.Batch, cfg.Training = batch, training
				r := newRecurrent(s, cell(s, name), cfg, l.bound())
				r.columns = l.columns && r.parts
				r.SetWeights(in)
				y := make([]float32, batch*l.Steps*l.Units)
				r.Forward(in, Out[float32]{Y: y})
				return y[:l.Steps*l.Units] // of the first sample
			}
			want := run(1, true)
			for _, batch := range []int{1, 2, 3} {
				same(t, name+", "+s.Name, run(batch, false), want)
			}
		}
	}
}

// One sample, whose sums the cores share, gives the same bits as in a batch.
func TestRecurrentOfOneSample(t *testing.T) {
	for name, units := range map[string]int{"LSTM": 121, "GRU": 121, "SimpleRNN": 251} {
		l := layer{cell: name, gates: gatesOf[name]}
		l.Config = Config{Steps: 9, Batch: 1, Features: 5, Units: units, Bias: true, Sequence: true}
		rng := rand.New(rand.NewPCG(5, 1))
		in := l.inputs(rng, true)
		for _, s := range sets() {
			run := func(l layer, in In[float64]) []float32 {
				given := inputsTo[float32](in)
				r := newRecurrent(s, cell(s, l.cell), l.Config, l.bound())
				r.columns = l.columns && r.parts
				if r.bound() != (l.Batch == 1) {
					t.Fatalf("%s: cores share the sums: %v", name, r.bound())
				}
				y, h, c := l.outputs()
				out := Out[float32]{to[float32](y), to[float32](h), to[float32](c)}
				r.SetWeights(given)
				r.Forward(given, out)
				return slices.Concat(out.Y[:l.Steps*l.Units], out.H[:l.Units], out.C[:min(len(out.C), l.Units)]) // of the first sample
			}
			cores(t, func() []float32 { return run(l, in) })
			two, twice := l, in
			two.Batch = 2
			for _, x := range []*[]float64{&twice.X, &twice.H, &twice.C, &twice.Mask} {
				*x = slices.Concat(*x, *x)
			}
			if !slices.Equal(run(l, in), run(two, twice)) {
				t.Errorf("%s, %s: not the bits of a batch of two", name, s.Name)
			}
		}
	}
}
