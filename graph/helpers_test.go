package graph_test

import (
	"crypto/sha256"
	bin "encoding/binary"
	"math"
	"strings"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/graph/graphtest"
	"github.com/engram-go/engram/internal/errs/errtest"
	"gorgonia.org/tensor"
	"pgregory.net/rapid"
)

type (
	array   = graphtest.Array
	formula = func(s *graph.Scope, in []graph.Value) graph.Value
)

// tester is what testing.T and rapid.T have in common.
type tester interface {
	Helper()
	Fatalf(format string, args ...any)
	Errorf(format string, args ...any)
}

var dtypes = []tensor.Dtype{tensor.Float32, tensor.Float64}

// config is that of a program without training over a new set of parameters.
func config(t tester, dt tensor.Dtype) graph.Config {
	t.Helper()
	params, err := graph.NewParams(dt, 1)
	if err != nil {
		t.Fatalf("%v", err)
	}
	return graph.Config{Params: params, Seed: 1}
}

// program compiles build. The program is closed at the end of the test.
func program(t *testing.T, cfg graph.Config, build func(s *graph.Scope)) *graph.Program {
	t.Helper()
	p, err := graph.NewProgram(cfg, build)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

// run sets inputs by name and runs the program once.
func run(t tester, p *graph.Program, inputs map[string]array) {
	t.Helper()
	for name, a := range inputs {
		if err := p.SetInput(name, dense(dtypeOf(p), a)); err != nil {
			t.Fatalf("%v", err)
		}
	}
	if err := p.Run(graph.Tick{}); err != nil {
		t.Fatalf("%v", err)
	}
}

// dtypeOf is the dtype of a program's outputs.
func dtypeOf(p *graph.Program) tensor.Dtype {
	out, _ := p.Output(p.Outputs()[0])
	return out.Dtype()
}

// output copies an output in float64.
func output(t tester, p *graph.Program, name string) []float64 {
	t.Helper()
	d, err := p.Output(name)
	if err != nil {
		t.Fatalf("%v", err)
	}
	return read(d)
}

// eval computes f on inputs of the given dtype.
func eval(t tester, dt tensor.Dtype, f formula, inputs ...array) array {
	t.Helper()
	var shape graph.Shape
	names := "abcdefgh"
	p, err := graph.NewProgram(config(t, dt), func(s *graph.Scope) {
		in := make([]graph.Value, len(inputs))
		for i, a := range inputs {
			in[i] = s.Input(names[i:i+1], a.Shape)
		}
		y := f(s, in)
		shape = y.Shape()
		s.Output("y", y)
	})
	if err != nil {
		t.Fatalf("building: %v", err)
	}
	defer p.Close()
	set := map[string]array{}
	for i, a := range inputs {
		set[names[i:i+1]] = a
	}
	run(t, p, set)
	return array{Shape: shape, Data: output(t, p, "y")}
}

// dense makes a tensor; a single number is a vector of one element.
func dense(dt tensor.Dtype, a array) *tensor.Dense {
	shape := a.Shape
	if len(shape) == 0 {
		shape = []int{1}
	}
	d := tensor.New(tensor.Of(dt), tensor.WithShape(shape...))
	for i, x := range a.Data {
		if dt == tensor.Float32 {
			d.Float32s()[i] = float32(x)
		} else {
			d.Float64s()[i] = x
		}
	}
	return d
}

// read copies the elements of a dense row-major tensor.
func read(d *tensor.Dense) []float64 {
	if d.Dtype() == tensor.Float64 {
		return append([]float64{}, d.Float64s()...)
	}
	out := make([]float64, len(d.Float32s()))
	for i, x := range d.Float32s() {
		out[i] = float64(x)
	}
	return out
}

// rounded is a with the precision of a dtype.
func rounded(dt tensor.Dtype, a array) array {
	return array{Shape: a.Shape, Data: read(dense(dt, a))}
}

// near compares got with want: shapes and NaNs must agree, and finite numbers may differ
// by tol times the larger of 1 and the expected one.
func near(t tester, what string, got, want array, tol float64) {
	t.Helper()
	within(t, what, got, want, func(i int) float64 { return tol * math.Max(1, math.Abs(want.Data[i])) })
}

// within is near with a bound for each element.
func within(t tester, what string, got, want array, bound func(i int) float64) {
	t.Helper()
	if !graph.Shape(got.Shape).Equal(want.Shape) || len(got.Data) != len(want.Data) {
		t.Fatalf("%s: got shape %v with %d elements, want %v with %d", what, got.Shape, len(got.Data), want.Shape, len(want.Data))
	}
	for i, x := range want.Data {
		y := got.Data[i]
		if x == y || math.IsNaN(x) && math.IsNaN(y) {
			continue
		}
		if !(math.Abs(x-y) <= bound(i)) || math.IsInf(x, 0) {
			t.Fatalf("%s: element %d of %v: got %v, want %v", what, i, want.Shape, y, x)
		}
	}
}

// checkOp compares f with an independent formula in both dtypes, with tolerance tol in
// float64, and its shape with some axes open.
func checkOp(t *rapid.T, what string, tol float64, f formula, want func(in []array) array, inputs ...array) {
	t.Helper()
	var shape graph.Shape
	for _, dt := range dtypes {
		in := make([]array, len(inputs))
		for i, a := range inputs {
			in[i] = rounded(dt, a)
		}
		tol := tol
		if dt == tensor.Float32 && tol > 0 {
			tol = 1e-6
		}
		w := rounded(dt, want(in))
		near(t, what+" "+dt.String(), eval(t, dt, f, in...), w, tol)
		shape = w.Shape
	}
	followShape(t, what, f, shape, inputs)
}

// checkSums is checkOp for sums of at most the given number of products of inputs. Terms
// may cancel, so the error bound uses the sum of absolute values (Higham, Accuracy and
// Stability of Numerical Algorithms, 2002, sections 3.1 and 2.8).
func checkSums(t *rapid.T, what string, terms int, f formula, want func(in []array) array, inputs ...array) {
	t.Helper()
	var shape graph.Shape
	for _, dt := range dtypes {
		in, sizes := make([]array, len(inputs)), make([]array, len(inputs))
		for i, a := range inputs {
			in[i] = rounded(dt, a)
			sizes[i] = tabulate(a.Shape, func(at []int) float64 { return math.Abs(pick(in[i], at)) })
		}
		unit, smallest := 0x1p-53, 0x1p-1074
		if dt == tensor.Float32 {
			unit, smallest = 0x1p-24, 0x1p-149
		}
		w, size := want(in), want(sizes)
		within(t, what+" "+dt.String(), eval(t, dt, f, in...), w, func(i int) float64 {
			return 2 * float64(terms+1) * (unit*size.Data[i] + smallest) // of f, and of want in float64
		})
		shape = w.Shape
	}
	followShape(t, what, f, shape, inputs)
}

// followShape opens some axes of the inputs and compares the shape of f with the real
// one.
func followShape(t *rapid.T, what string, f formula, real graph.Shape, inputs []array) {
	t.Helper()
	var open []graph.Shape
	for _, a := range inputs {
		shape := graph.Shape(a.Shape).Clone()
		for axis := range shape {
			if rapid.Bool().Draw(t, "open") {
				shape[axis] = graph.Any
			}
		}
		open = append(open, shape)
	}
	var got graph.Shape
	err := graph.Shapes(config(t, tensor.Float32), func(s *graph.Scope) {
		in := make([]graph.Value, len(inputs))
		for i, shape := range open {
			in[i] = s.Input(string(rune('a'+i)), shape)
		}
		got = f(s, in).Shape()
	})
	if err != nil {
		t.Fatalf("%s of %v: the shape pass fails where the graph does not: %v", what, open, err)
	}
	if !got.Accepts(real) {
		t.Fatalf("%s of %v: the shape pass gives %v, the graph %v", what, open, got, real)
	}
}

// checkError compares an error by field, value and kind, and by path if want has one.
func checkError(t *testing.T, name string, err error, want graph.Error) {
	t.Helper()
	t.Run(name, func(t *testing.T) {
		t.Helper()
		errtest.Check(t, err, want)
	})
}

// wantError expects an error with a text in its message, for errors that are not a
// graph.Error.
func wantError(t tester, what string, err error, part string) {
	t.Helper()
	switch {
	case err == nil:
		t.Errorf("%s: no error, want one with %q", what, part)
	case !strings.Contains(err.Error(), part):
		t.Errorf("%s: got error %q, want one with %q", what, err, part)
	case strings.Contains(err.Error(), "panicked") && !strings.Contains(part, "panicked"):
		t.Errorf("%s: panicked: %v", what, err)
	}
}

// checksum is a hash of the bits of all elements.
func checksum(xs []float64) [32]byte {
	b := make([]byte, 0, 8*len(xs))
	for _, x := range xs {
		b = bin.LittleEndian.AppendUint64(b, math.Float64bits(x))
	}
	return sha256.Sum256(b)
}
