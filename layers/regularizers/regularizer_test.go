package regularizers_test

import (
	"math"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/graph/graphtest"
	"github.com/engram-go/engram/layers/regularizers"
	"github.com/google/go-cmp/cmp"
	"github.com/pkg/errors"
	"gorgonia.org/tensor"
)

// penalty computes a penalty and its gradient.
func penalty(t *testing.T, dtype tensor.Dtype, r graph.Regularizer, shape graph.Shape, elements []float64) (y, dx []float64) {
	t.Helper()
	params, err := graph.NewParams(dtype, 1)
	if err != nil {
		t.Fatal(err)
	}
	prog, err := graph.NewProgram(graph.Config{Params: params, Training: true}, func(s *graph.Scope) {
		x := s.Values(elements, shape)
		p := r.Penalty(x)
		s.Output("y", p)
		s.Output("dx", s.Gradients(p, x)[0])
	})
	if err != nil {
		t.Fatal(err)
	}
	defer prog.Close()
	if err := prog.Run(graph.Tick{}); err != nil {
		t.Fatal(err)
	}
	read := func(name string) []float64 {
		out, err := prog.Output(name)
		if err != nil {
			t.Fatal(err)
		}
		if dtype == tensor.Float64 {
			return out.Float64s()
		}
		var wide []float64
		for _, x := range out.Float32s() {
			wide = append(wide, float64(x))
		}
		return wide
	}
	return read("y"), read("dx")
}

func TestGolden(t *testing.T) {
	golden := graphtest.Golden(t, "testdata/regularizers.npz")
	x := graphtest.Uniform(1, 4*3, 2)
	for name, r := range map[string]graph.Regularizer{
		"l1":      regularizers.L1{},
		"l1_3":    regularizers.L1{L1: 3},
		"l2":      regularizers.L2{},
		"l2_3":    regularizers.L2{L2: 3},
		"l1l2":    regularizers.L1L2{L1: 0.5, L2: 0.25},
		"rows":    regularizers.OrthogonalRegularizer{},
		"columns": regularizers.OrthogonalRegularizer{Factor: 2, Mode: regularizers.Columns},
	} {
		for dtype, tol := range map[tensor.Dtype]float64{tensor.Float64: graphtest.Tol64, tensor.Float32: graphtest.Tol32} {
			y, dx := penalty(t, dtype, r, graph.Shape{4, 3}, x)
			graphtest.CheckOutput(t, name, y, golden[name].Data, tol)
			graphtest.CheckGradient(t, name, dx, golden["grad_"+name].Data, tol)
		}
	}
}

func TestGradients(t *testing.T) {
	for _, a := range regularizers.All() {
		r, err := regularizers.Resolve(a.(graph.Regularizer))
		if err != nil {
			t.Fatal(err)
		}
		graphtest.CheckGrad(t, func(_ *graph.Scope, in []graph.Value) graph.Value { return r.Penalty(in[0]) }, graphtest.Input(1, 3, 4))
	}
}

// A vector of zeros is at right angles to all others, and has no gradient.
func TestOrthogonalOfZeros(t *testing.T) {
	y, dx := penalty(t, tensor.Float64, regularizers.OrthogonalRegularizer{Factor: 3}, graph.Shape{3, 2}, []float64{0, 0, 1, 1, 2, 2})
	graphtest.CheckOutput(t, "penalty", y, []float64{1}, 1e-12)
	for i, d := range dx {
		if math.Abs(d) > 1e7 { // what the smallest length allows
			t.Errorf("gradient %d is %g", i, d)
		}
	}
}

func TestResolve(t *testing.T) {
	for _, c := range []struct{ given, want graph.Regularizer }{
		{nil, nil},
		{regularizers.L1{L1: 2}, regularizers.L1{L1: 2}},
		{regularizers.L1L2{L2: 1}, regularizers.L1L2{L2: 1}},
		{own{}, own{}},
	} {
		got, err := regularizers.Resolve(c.given)
		if err != nil || cmp.Diff(c.want, got) != "" {
			t.Errorf("Resolve(%#v) = %#v, %v, want %#v", c.given, got, err, c.want)
		}
	}
}

type own struct{}

func (own) Penalty(x graph.Value) graph.Value { return x.Sum() }

func TestBadConfigs(t *testing.T) {
	cases := map[string][]graph.Regularizer{
		"OrthogonalRegularizer.Mode": {regularizers.OrthogonalRegularizer{Mode: "row"}},
	}
	for _, x := range []float64{-1, math.Inf(1), math.Inf(-1), math.NaN()} {
		for field, r := range map[string]graph.Regularizer{
			"L1.L1":                        regularizers.L1{L1: x},
			"L2.L2":                        regularizers.L2{L2: x},
			"L1L2.L1":                      regularizers.L1L2{L1: x},
			"L1L2.L2":                      regularizers.L1L2{L2: x},
			"OrthogonalRegularizer.Factor": regularizers.OrthogonalRegularizer{Factor: x},
		} {
			cases[field] = append(cases[field], r)
		}
	}
	for field, rs := range cases {
		for _, r := range rs {
			_, err := regularizers.Resolve(r)
			wantField(t, err, field)
			wantField(t, shapePass(r, graph.Shape{3, 2}), field) // not resolved
		}
	}
	for _, shape := range []graph.Shape{{}, {3}, {2, 3, 4}, {1, 3}} {
		wantField(t, shapePass(regularizers.OrthogonalRegularizer{}, shape), "OrthogonalRegularizer")
	}
	// So many vectors that their pairs have no room, as those of a large Embedding,
	// are an error, and take no memory to find it out.
	err := shapePass(regularizers.OrthogonalRegularizer{}, graph.Shape{1 << 20, 2})
	if err == nil || !errors.Is(err, graph.ErrInput) {
		t.Errorf("got %v for too many pairs", err)
	}
	if err := shapePass(regularizers.OrthogonalRegularizer{}, graph.Shape{graph.Any, 3}); err != nil {
		t.Error(err)
	}
}

func shapePass(r graph.Regularizer, shape graph.Shape) error {
	params, err := graph.NewParams(tensor.Float64, 1)
	if err != nil {
		return err
	}
	return graph.Shapes(graph.Config{Params: params}, func(s *graph.Scope) { s.AddLoss(r.Penalty(s.Input("x", shape))) })
}

func wantField(t *testing.T, err error, field string) {
	t.Helper()
	var e graph.Error
	if !errors.As(err, &e) || e.Field != field || !errors.Is(err, graph.ErrInput) {
		t.Errorf("got %v, want an error of %s", err, field)
	}
}
