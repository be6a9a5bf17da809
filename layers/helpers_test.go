package layers_test

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/graph/graphtest"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/layers/layertest"
	"gorgonia.org/tensor"
)

type rnd = *rand.Rand

// tester is what testing.T and rapid.T have in common.
type tester interface {
	Helper()
	Fatalf(format string, args ...any)
}

// config is that of a program over new parameters, in float64.
func config(t tester) graph.Config {
	t.Helper()
	params, err := graph.NewParams(tensor.Float64, 1)
	if err != nil {
		t.Fatalf("%v", err)
	}
	return graph.Config{Params: params, Seed: 1}
}

// training is a config for training.
func training(t tester) graph.Config {
	t.Helper()
	cfg := config(t)
	cfg.Training = true
	return cfg
}

// evaluate compiles build, runs it once, and gives all outputs by name.
func evaluate(t tester, cfg graph.Config, at graph.Tick, build func(s *graph.Scope)) map[string][]float64 {
	t.Helper()
	prog, err := graph.NewProgram(cfg, build)
	if err != nil {
		t.Fatalf("%v", err)
	}
	defer prog.Close()
	if err := prog.Run(at); err != nil {
		t.Fatalf("%v", err)
	}
	out := map[string][]float64{}
	for _, name := range prog.Outputs() {
		y, err := prog.Output(name)
		if err != nil {
			t.Fatalf("%v", err)
		}
		out[name] = float64s(y)
	}
	return out
}

// follow runs the shape pass of build.
func follow(t tester, cfg graph.Config, build func(s *graph.Scope)) {
	t.Helper()
	if err := graph.Shapes(cfg, build); err != nil {
		t.Fatalf("%v", err)
	}
}

func float64s(t *tensor.Dense) []float64 {
	if t.Dtype() == tensor.Float64 {
		return slices.Clone(t.Float64s())
	}
	var out []float64
	for _, x := range t.Float32s() {
		out = append(out, float64(x))
	}
	return out
}

// applied is a layer with all that it is run on.
type applied struct {
	layer  layers.Layer
	inputs []graphtest.Array
	masks  [][]float64 // [batch, steps] of each input; nil for none
	loss   func(n int) []float64
}

// run gives the output, its mask where it has one, and the gradients of the
// loss to all inputs, grad_0, grad_1 …, and to the parameters. The loss is the
// sum of the output with given weights.
func (a applied) run(t tester, dtype tensor.Dtype) map[string][]float64 {
	t.Helper()
	params, err := graph.NewParams(dtype, 1)
	if err != nil {
		t.Fatalf("%v", err)
	}
	return evaluate(t, graph.Config{Params: params, Training: true, Seed: 1}, graph.Tick{}, func(s *graph.Scope) {
		wrt, in := make([]graph.Value, len(a.inputs)), make([]graph.Value, len(a.inputs))
		var names []string
		for i, x := range a.inputs {
			wrt[i] = s.Values(x.Data, x.Shape)
			in[i] = wrt[i]
			if i < len(a.masks) && a.masks[i] != nil {
				in[i] = in[i].WithMask(s.Values(a.masks[i], x.Shape[:2]))
			}
			names = append(names, fmt.Sprint("grad_", i))
		}
		y := layers.Apply(s, "layer", a.layer, in...)[0]
		s.Output("output", y)
		if m, ok := y.Mask(); ok {
			s.Output("mask", m)
		}
		for _, b := range s.Bound() {
			wrt, names = append(wrt, b.Value), append(names, "grad_"+filepath.Base(b.Param.Path))
		}
		if a.loss == nil {
			return
		}
		loss := y.Times(s.Values(a.loss(y.Shape().Size()), y.Shape())).Sum()
		for i, g := range s.Gradients(loss, wrt...) {
			s.Output(names[i], g)
		}
	})
}

// part is what a golden file holds of one case.
func part(golden map[string]graphtest.Array, name string) map[string][]float64 {
	out := map[string][]float64{}
	for key, a := range golden {
		if rest, ok := strings.CutPrefix(key, name+"_"); ok {
			out[rest] = a.Data
		}
	}
	return out
}

// cases are the names of the cases in a golden file, which all have settings.
func cases(t *testing.T, golden map[string]graphtest.Array, least int) []string {
	t.Helper()
	var out []string
	for key := range golden {
		if name, ok := strings.CutSuffix(key, "_settings"); ok {
			out = append(out, name)
		}
	}
	if len(out) < least {
		t.Fatalf("the golden file has %d cases, want %d", len(out), least)
	}
	slices.Sort(out)
	return out
}

// drawn is an array of uniform's numbers.
func drawn(seed uint64, scale float64, shape ...int) graphtest.Array {
	return graphtest.Array{Shape: shape, Data: graphtest.Uniform(seed, graph.Shape(shape).Size(), scale)}
}

// check holds the run of a layer to what is expected, in both dtypes.
func (a applied) check(t *testing.T, want map[string][]float64) {
	t.Helper()
	for dtype, tol := range tolerances {
		checkRun(t, a.run(t, dtype), want, tol)
	}
}

// checkShape follows the shape of a layer's output.
func checkShape(t *testing.T, l layers.Layer, want graph.Shape, inputs ...graph.Shape) {
	t.Helper()
	follow(t, config(t), func(s *graph.Scope) {
		in := make([]graph.Value, len(inputs))
		for i, shape := range inputs {
			in[i] = s.Input(fmt.Sprint("x", i), shape)
		}
		if y := layers.Apply(s, "layer", l, in...)[0]; !y.Shape().Equal(want) && s.Err() == nil {
			t.Errorf("%+v of %v gives the shape %v, want %v", l, inputs, y.Shape(), want)
		}
	})
}

// checkLayer is layertest.Check on inputs of the given shapes, batch first.
func checkLayer(t *testing.T, l layers.Layer, want graph.Shape, inputs ...[]int) {
	t.Helper()
	c := layertest.Case{Layer: l, Outputs: []graph.Shape{want}}
	for i, shape := range inputs {
		c.Inputs = append(c.Inputs, graphtest.Input(i+1, shape...))
	}
	layertest.Check(t, c)
}

// recurrentRun is what a recurrent layer is run on: numbers for all that it
// reads.
type recurrentRun struct {
	batch, steps, features, units int

	x, kernel, recurrent []float64
	bias                 []float64   // nil for none
	initial              [][]float64 // nil for the layer's own
	mask                 []float64   // nil for none
	zeroMask             bool        // masked steps give zeros
	unrolled             bool        // the steps are written out

	loss      func(i, n int) []float64 // n weights for output i
	inference bool                     // outputs alone
	unasked   map[string]bool          // gradients that are not computed
}

// given starts a parameter with given numbers.
type given []float64

func (g given) Init(_ rnd, _ graph.Shape) ([]float64, error) { return g, nil }

// lstm, gru and simpleRNN give a layer the weights of the run.
func (r recurrentRun) lstm(l layers.LSTM) layers.Layer {
	l.Units, l.NoUnitForgetBias, l.Unrolled, l.ZeroOutputForMask = r.units, true, r.unrolled, r.zeroMask
	l.KernelInitializer, l.RecurrentInitializer, l.BiasInitializer = given(r.kernel), given(r.recurrent), given(r.bias)
	return l
}

func (r recurrentRun) gru(l layers.GRU) layers.Layer {
	l.Units, l.Unrolled, l.ZeroOutputForMask = r.units, r.unrolled, r.zeroMask
	l.KernelInitializer, l.RecurrentInitializer, l.BiasInitializer = given(r.kernel), given(r.recurrent), given(r.bias)
	return l
}

func (r recurrentRun) simpleRNN(l layers.SimpleRNN) layers.Layer {
	l.Units, l.Unrolled, l.ZeroOutputForMask = r.units, r.unrolled, r.zeroMask
	l.KernelInitializer, l.RecurrentInitializer, l.BiasInitializer = given(r.kernel), given(r.recurrent), given(r.bias)
	return l
}

// runLayer runs a layer.
func (r recurrentRun) runLayer(t tester, dtype tensor.Dtype, l layers.Layer) map[string][]float64 {
	t.Helper()
	return r.run(t, dtype, func(s *graph.Scope, x graph.Value, initial []graph.Value) []graph.Value {
		return layers.Apply(s, "layer", l, append([]graph.Value{x}, initial...)...)
	})
}

// run gives the outputs of f, and the gradients of their weighted sum to x, to
// the initial states and to the parameters, by the names of the golden files.
func (r recurrentRun) run(t tester, dtype tensor.Dtype, f func(s *graph.Scope, x graph.Value, initial []graph.Value) []graph.Value) map[string][]float64 {
	t.Helper()
	params, err := graph.NewParams(dtype, 1)
	if err != nil {
		t.Fatalf("%v", err)
	}
	return evaluate(t, graph.Config{Params: params, Training: !r.inference}, graph.Tick{}, func(s *graph.Scope) {
		x := s.Values(r.x, graph.Shape{r.batch, r.steps, r.features})
		var wrt []graph.Value
		var names []string
		ask := func(name string, v graph.Value) {
			if !r.inference && !r.unasked[name] {
				wrt, names = append(wrt, v), append(names, "grad_"+name)
			}
		}
		ask("x", x)
		if r.mask != nil {
			x = x.WithMask(s.Values(r.mask, graph.Shape{r.batch, r.steps}))
		}
		var initial []graph.Value
		for i, state := range r.initial {
			initial = append(initial, s.Values(state, graph.Shape{r.batch, r.units}))
			ask([]string{"h0", "c0"}[i], initial[i])
		}
		loss := s.Const(0, graph.Shape{})
		for i, y := range f(s, x, initial) {
			weights := s.Values(r.loss(i, y.Shape().Size()), y.Shape())
			loss = loss.Add(y.Times(weights).Sum())
			s.Output([]string{"output", "h", "c"}[i], y)
		}
		for _, b := range s.Bound() {
			ask(filepath.Base(b.Param.Path), b.Value)
		}
		if len(wrt) == 0 {
			return
		}
		for i, g := range s.Gradients(loss, wrt...) {
			s.Output(names[i], g)
		}
	})
}

// checkRun compares outputs and gradients.
func checkRun(t testing.TB, got, want map[string][]float64, tol float64) {
	t.Helper()
	for name, w := range want {
		if strings.HasPrefix(name, "grad_") {
			graphtest.CheckGradient(t, name, got[name], w, tol)
		} else {
			graphtest.CheckOutput(t, name, got[name], w, tol)
		}
	}
}

// tolerances are those of graphtest.
var tolerances = map[tensor.Dtype]float64{tensor.Float64: graphtest.Tol64, tensor.Float32: graphtest.Tol32}

// withFields is a layer with other values in some fields, given as names and values.
func withFields(l layers.Layer, fields ...any) layers.Layer {
	v := reflect.New(reflect.TypeOf(l)).Elem()
	v.Set(reflect.ValueOf(l))
	for i := 0; i < len(fields); i += 2 {
		v.FieldByName(fields[i].(string)).Set(reflect.ValueOf(fields[i+1]))
	}
	return v.Interface().(layers.Layer)
}

// scanned is an RNN over the cell of a layer that gives its sequence and states.
func scanned(l layers.Layer) layers.Layer {
	rnn := func(c layers.Cell, backwards, zeroMask bool) layers.Layer {
		return layers.RNN{Cell: c, ReturnSequences: true, ReturnState: true, GoBackwards: backwards, ZeroOutputForMask: zeroMask}
	}
	switch l := l.(type) {
	case layers.LSTM:
		return rnn(cellOf[layers.LSTMCell](l), l.GoBackwards, l.ZeroOutputForMask)
	case layers.GRU:
		return rnn(cellOf[layers.GRUCell](l), l.GoBackwards, l.ZeroOutputForMask)
	case layers.SimpleRNN:
		return rnn(cellOf[layers.SimpleRNNCell](l), l.GoBackwards, l.ZeroOutputForMask)
	}
	return nil
}
