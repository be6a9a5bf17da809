package layertest

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/graph/graphtest"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/layers/activations"
	"github.com/engram-go/engram/layers/initializers"
)

// recorder is a test that keeps its failures instead of failing.
type recorder struct {
	testing.TB
	failures []string
}

func (r *recorder) Helper()           {}
func (r *recorder) Error(args ...any) { r.failures = append(r.failures, fmt.Sprint(args...)) }
func (r *recorder) Errorf(format string, args ...any) {
	r.failures = append(r.failures, fmt.Sprintf(format, args...))
}
func (r *recorder) Fatal(args ...any)                 { r.Error(args...); runtime.Goexit() }
func (r *recorder) Fatalf(format string, args ...any) { r.Errorf(format, args...); runtime.Goexit() }

// failures runs a check and gives all that it found wrong.
func failures(check func(t testing.TB)) string {
	r := &recorder{}
	done := make(chan struct{})
	go func() { // Fatal ends the goroutine that calls it
		defer close(done)
		check(r)
	}()
	<-done
	return strings.Join(r.failures, "\n")
}

// fake is a layer whose Call is given. A function cannot be written as JSON, so
// no fake passes the check of the config.
type fake struct {
	call func(s *graph.Scope, x graph.Value) graph.Value
}

func (l fake) Call(s *graph.Scope, inputs ...graph.Value) []graph.Value {
	if len(inputs) != 1 || inputs[0].Rank() != 2 || inputs[0].Dim(1) != 3 {
		s.Failf("fake", "must have one input of the shape [batch, 3]", len(inputs))
		return inputs
	}
	return []graph.Value{l.call(s, inputs[0])}
}

// plain is a right layer, for comparison.
func plain(s *graph.Scope, x graph.Value) graph.Value {
	kernel := s.Param("kernel", graph.Shape{3, 3}, initializers.GlorotUniform)
	if s.Training() {
		x = x.Times(s.Random("noise", x.Shape(), (*rand.Rand).Float64))
	}
	return x.MatMul(kernel).Tanh() // [batch, 3]
}

func fakeCase(l layers.Layer) Case {
	return Case{Layer: l, Inputs: []graphtest.Array{graphtest.Input(1, 3, 3)}, Outputs: []graph.Shape{{graph.Any, 3}}}
}

// failing are the names of the checks that a case does not pass.
func failing(c Case) []string {
	var out []string
	for _, check := range checks {
		if failures(func(t testing.TB) { check.run(t, c) }) != "" {
			out = append(out, check.name)
		}
	}
	return out
}

// Each fault is found by the check that is meant to find it, and the right
// layer passes all but that of the config.
func TestCheckFindsFaults(t *testing.T) {
	draws := 0.0
	for name, c := range map[string]struct {
		call func(s *graph.Scope, x graph.Value) graph.Value
		want string // the check, or "" for none
	}{
		"none": {plain, ""},
		"wrong derivative": {func(s *graph.Scope, x graph.Value) graph.Value {
			return x.Map("cube", func(x float64) float64 { return x * x * x }, func(x, _ float64) float64 { return 2 * x * x })
		}, "gradients"},
		"lost derivative": {func(s *graph.Scope, x graph.Value) graph.Value {
			return plain(s, x).Map("lost", func(x float64) float64 { return 2 * x }, nil)
		}, "gradients"},
		"another shape without data": {func(s *graph.Scope, x graph.Value) graph.Value {
			if s.Symbolic() {
				return plain(s, x)
			}
			return plain(s, x).Slice(1, 0, 2)
		}, "shapes"},
		"another shape than promised": {func(s *graph.Scope, x graph.Value) graph.Value {
			return plain(s, x).Slice(1, 0, 2)
		}, "shapes"},
		"the batch reduced away": {func(s *graph.Scope, x graph.Value) graph.Value {
			return plain(s, x).Sum()
		}, "shapes"},
		"float32 rounded away": {func(s *graph.Scope, x graph.Value) graph.Value {
			return plain(s, x).AddConst(1e6).AddConst(-1e6)
		}, "dtypes"},
		"samples mixed": {func(s *graph.Scope, x graph.Value) graph.Value {
			y := plain(s, x)
			return y.Sub(y.Mean(0))
		}, "samples"},
		"last sample mixed": {func(s *graph.Scope, x graph.Value) graph.Value {
			y := plain(s, x)
			if s.Symbolic() {
				return y
			}
			n := y.Dim(0)
			last := y.Slice(0, n-1, n).Add(y.Slice(0, 0, 1))
			if n == 1 {
				return y
			}
			return graph.Concat(0, y.Slice(0, 0, n-1), last)
		}, "samples"},
		"randomness of its own": {func(s *graph.Scope, x graph.Value) graph.Value {
			draws++
			return plain(s, x).Scale(1 + draws/100)
		}, "bits"},
		"randomness of its own in training": {func(s *graph.Scope, x graph.Value) graph.Value {
			y := plain(s, x)
			if s.Training() {
				draws++
				return y.Scale(1 + draws/100)
			}
			return y
		}, "bits"},
		"a gradient uphill": {func(s *graph.Scope, x graph.Value) graph.Value {
			return plain(s, x).Map("uphill", func(x float64) float64 { return x }, func(_, _ float64) float64 { return -1 })
		}, "training"},
		"weights not in the store": {func(s *graph.Scope, x graph.Value) graph.Value {
			if s.Symbolic() {
				return plain(s, x)
			}
			start, err := initializers.GlorotUniform.Init(rand.New(rand.NewPCG(1, uint64(draws))), graph.Shape{3, 3})
			draws++
			if err != nil {
				s.Fail(err)
			}
			return plain(s, x).MatMul(s.Values(start, graph.Shape{3, 3}))
		}, "weights"},
	} {
		got := failing(fakeCase(fake{c.call}))
		if !slices.Contains(got, "config") {
			t.Errorf("%s: a layer that cannot be written must fail the check of its config", name)
		}
		if c.want == "" && len(got) > 1 || c.want != "" && !slices.Contains(got, c.want) {
			t.Errorf("%s: failed %v, want %q", name, got, c.want)
		}
	}
}

// doubled extends a layer without a Resolve of its own, which would leave the
// embedded layer alone.
type doubled struct{ layers.Dense }

func (l doubled) Call(s *graph.Scope, inputs ...graph.Value) []graph.Value {
	return []graph.Value{l.Dense.Call(s, inputs...)[0].Scale(2)}
}

// centered extends a layer that runs step by step, and looks at all steps.
type centered struct{ layers.LayerNormalization }

func (l centered) Resolve() (layers.Layer, error) { return l, nil }

func (l centered) Call(s *graph.Scope, inputs ...graph.Value) []graph.Value {
	if len(inputs) != 1 || inputs[0].Rank() != 3 {
		s.Failf("centered", "must have one input of the shape [batch, steps, features]", len(inputs))
		return inputs
	}
	return []graph.Value{inputs[0].Sub(inputs[0].Mean(1).Unsqueeze(1))}
}

func TestCheckFindsWhatIsTheEmbeddedLayers(t *testing.T) {
	for _, check := range checks {
		got := failures(func(t testing.TB) { check.run(t, fakeCase(doubled{layers.Dense{Units: 3}})) })
		if check.name != "inputs" && !strings.Contains(got, "doubled.Resolve must return a layer of the type layertest.doubled") {
			t.Errorf("%s: the Resolve of the embedded layer must be found, got %q", check.name, got)
		}
	}
	c := Case{
		Layer:   centered{},
		Inputs:  []graphtest.Array{graphtest.Input(1, 2, 4, 3)},
		Outputs: []graph.Shape{{graph.Any, 4, 3}},
		Custom:  []any{centered{}},
	}
	if got := failing(c); !slices.Equal(got, []string{"steps"}) {
		t.Errorf("the Stepwise of the embedded layer must be found, got %v", got)
	}
}

// careless indexes before it looks, and accepts no input at all.
type careless struct{}

func (careless) Call(s *graph.Scope, inputs ...graph.Value) []graph.Value {
	if len(inputs) == 0 {
		return nil
	}
	if inputs[0].Shape()[1] == 1 {
		return inputs
	}
	return inputs[:1]
}

// lossy has a field that does not go to JSON, next to one that does.
type lossy struct {
	Gain float64
	More func() float64
}

func (l lossy) Call(s *graph.Scope, inputs ...graph.Value) []graph.Value {
	if len(inputs) == 0 {
		s.Failf("lossy", "must have an input", 0)
		return nil
	}
	g := l.Gain
	if l.More != nil {
		g += l.More()
	}
	return []graph.Value{inputs[0].Scale(g)}
}

// growing gives another config each time that it is resolved.
type growing struct{ Gain float64 }

func (l growing) Resolve() (layers.Layer, error) { l.Gain++; return l, nil }

func (l growing) Call(s *graph.Scope, inputs ...graph.Value) []graph.Value {
	return lossy{Gain: l.Gain}.Call(s, inputs...)
}

// forgetful loses its name when it is resolved.
type forgetful struct {
	Gain float64
	Name string
}

func (l forgetful) Resolve() (layers.Layer, error) { return forgetful{Gain: l.Gain}, nil }

func (l forgetful) Call(s *graph.Scope, inputs ...graph.Value) []graph.Value {
	return lossy{Gain: l.Gain}.Call(s, inputs...)
}

func TestCheckFindsFaultsOfConfigAndInputs(t *testing.T) {
	for _, c := range []struct {
		layer layers.Layer
		want  []string
	}{
		{lossy{Gain: 2}, nil},
		{lossy{Gain: 2, More: func() float64 { return 1 }}, []string{"config"}},
		{growing{}, []string{"config"}},
		{forgetful{Gain: 2}, nil},
		{forgetful{Gain: 2, Name: "scale"}, []string{"config"}},
		{careless{}, []string{"inputs"}},
	} {
		fc := fakeCase(c.layer)
		fc.Custom = []any{c.layer}
		if got := failing(fc); !slices.Equal(got, c.want) {
			t.Errorf("%T failed %v, want %v", c.layer, got, c.want)
		}
	}
	fc := fakeCase(lossy{Gain: 2}) // not in Custom
	if got := failing(fc); !slices.Equal(got, []string{"config"}) {
		t.Errorf("a type that is not registered failed %v", got)
	}
	fc = fakeCase(layers.Dense{Units: -1})
	if got := failing(fc); len(got) < len(checks)-1 {
		t.Errorf("a layer that cannot be built failed only %v", got)
	}
}

func TestCheckRefusesCasesThatSayNothing(t *testing.T) {
	good := fakeCase(layers.Dense{Units: 3})
	one, none, uneven := good, good, good
	one.Inputs = []graphtest.Array{graphtest.Input(1, 1, 3)}
	none.Outputs = nil
	uneven.Inputs = []graphtest.Array{graphtest.Input(1, 2, 3), graphtest.Input(1, 3, 3)}
	for name, c := range map[string]Case{"empty": {}, "one sample": one, "no outputs": none, "uneven": uneven} {
		if failures(func(t testing.TB) { complete(t, c) }) == "" {
			t.Errorf("%s: the case must be refused", name)
		}
	}
	if got := failures(func(t testing.TB) { complete(t, good) }); got != "" {
		t.Error(got)
	}
	Check(t, good)
}

func TestInvalid(t *testing.T) {
	shape := graph.Shape{graph.Any, 3}
	for _, c := range []struct {
		layer layers.Layer
		field string
		want  string // in the message; "" where Invalid passes
	}{
		{layers.Dense{}, "Dense.Units", ""},
		{layers.Dense{Units: 2}, "Dense.Units", "must be refused for Dense.Units"},
		{layers.Dense{}, "Dense.Activation", "got: layer: Dense.Units must be positive"},
		{layers.Dense{Units: 1, Activation: activations.Name("rellu")}, "Dense.Activation", ""},
		{panicking{}, "panicking", "got: layer: building panicked"},
	} {
		got := failures(func(t testing.TB) { Invalid(t, c.layer, c.field, shape) })
		if (got == "") != (c.want == "") || !strings.Contains(got, c.want) {
			t.Errorf("%T: got %q, want %q", c.layer, got, c.want)
		}
	}
}

type panicking struct{}

func (panicking) Call(*graph.Scope, ...graph.Value) []graph.Value { panic("oh") }
