package layers_test

import (
	"maps"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/graph/graphtest"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/layers/activations"
	"github.com/engram-go/engram/layers/constraints"
	"github.com/engram-go/engram/layers/initializers"
	"github.com/engram-go/engram/layers/layertest"
	"github.com/engram-go/engram/layers/regularizers"
	"gorgonia.org/tensor"
)

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

// goldenRun reads the run of a golden file, and what is expected of it. The
// scripts in testdata say how inputs and weights are drawn.
func goldenRun(t *testing.T, file string, gates, states int) (r recurrentRun, want map[string][]float64) {
	t.Helper()
	golden := graphtest.Golden(t, file)
	sizes := golden["sizes"].Data
	T, B, D, U := int(sizes[0]), int(sizes[1]), int(sizes[2]), int(sizes[3])
	draw := func(i, n int, scale float64) []float64 {
		return graphtest.Uniform(uint64(golden["seed"].Data[0])+uint64(i), n, scale)
	}
	r = recurrentRun{
		batch: B, steps: T, features: D, units: U,
		x: draw(0, B*T*D, 2), kernel: draw(1, D*gates*U, 0.5), recurrent: draw(2, U*gates*U, golden["recurrent_scale"].Data[0]),
		mask:     golden["mask"].Data,
		zeroMask: strings.HasSuffix(file, "_mask_zero.npz"),
		loss:     func(i, n int) []float64 { return draw(6+i, n, 1) },
	}
	if n := len(golden["grad_bias"].Data); n > 0 {
		r.bias = draw(3, n, 0.5)
	}
	for i := range states {
		r.initial = append(r.initial, draw(4+i, B*U, golden["initial"].Data[0]))
	}
	want = map[string][]float64{}
	for name, a := range golden {
		if slices.Contains([]string{"output", "h", "c"}, name) || strings.HasPrefix(name, "grad_") {
			want[name] = a.Data
		}
	}
	if len(want) < 3+2*states {
		t.Fatalf("%s has only %d arrays", file, len(want))
	}
	return r, want
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

// checkGolden holds a layer to a golden file, in float64 and float32: as it runs,
// as a scan over its cell, and with its steps written out.
//
// Written out, 300 steps of a layer with gates take half a minute, all spent by
// Gorgonia's compiler in looking for the end of every value's life after every
// instruction. Inference goes without it, so their outputs alone are looked at.
func checkGolden(t *testing.T, file string, gates, states int, layer func(r recurrentRun) layers.Layer) {
	t.Helper()
	r, want := goldenRun(t, file, gates, states)
	for dtype, tol := range tolerances {
		r.unrolled, r.inference = false, false
		checkRun(t, r.runLayer(t, dtype, layer(r)), want, tol)
		checkRun(t, r.runLayer(t, dtype, scanned(layer(r))), want, tol)
		r.unrolled, r.inference = true, r.steps == 300 && gates > 1
		asked := maps.Clone(want)
		if r.inference {
			maps.DeleteFunc(asked, func(name string, _ []float64) bool { return strings.HasPrefix(name, "grad_") })
		}
		checkRun(t, r.runLayer(t, dtype, layer(r)), asked, tol)
	}
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

// checkGoldens does so for all files that a script makes of the layer as it is.
func checkGoldens(t *testing.T, class string, gates, states int, layer func(r recurrentRun) layers.Layer) {
	t.Helper()
	files, err := filepath.Glob("testdata/" + class + "_[0-9]*.npz")
	if err != nil || len(files) < 8 {
		t.Fatalf("got %d golden files, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".npz"), func(t *testing.T) {
			checkGolden(t, file, gates, states, layer)
		})
	}
}

// oneState are the layers with one state, with names for messages.
var oneState = map[string]layers.Layer{
	"gru": layers.GRU{Units: 2}, "gru reset before": layers.GRU{Units: 2, ResetBefore: true}, "simple rnn": layers.SimpleRNN{Units: 2},
}

// withFields is a layer with other values in some fields, given as names and values.
func withFields(l layers.Layer, fields ...any) layers.Layer {
	v := reflect.New(reflect.TypeOf(l)).Elem()
	v.Set(reflect.ValueOf(l))
	for i := 0; i < len(fields); i += 2 {
		v.FieldByName(fields[i].(string)).Set(reflect.ValueOf(fields[i+1]))
	}
	return v.Interface().(layers.Layer)
}

func TestRecurrentChecks(t *testing.T) {
	last, all := graph.Shape{graph.Any, 2}, graph.Shape{graph.Any, 3, 2}
	for name, c := range map[string]struct {
		fields []any
		want   []graph.Shape
	}{
		"unrolled":       {[]any{"Unrolled", true, "Dropout", 0.5, "ReturnSequences", true}, []graph.Shape{all}},
		"sequences":      {[]any{"ReturnSequences", true}, []graph.Shape{all}},
		"everything":     {[]any{"ReturnSequences", true, "ReturnState", true, "GoBackwards", true}, []graph.Shape{all, last}},
		"no bias":        {[]any{"NoBias", true}, []graph.Shape{last}},
		"dropout":        {[]any{"Dropout", 0.5, "ReturnSequences", true}, []graph.Shape{all}},
		"fixed state":    {[]any{"InitialState", layers.FixedState{Elements: [][]float64{{0.5, -1}}}}, []graph.Shape{last}},
		"random state":   {[]any{"InitialState", layers.RandomState{Stddev: 0.5}}, []graph.Shape{last}},
		"other function": {[]any{"Activation", activations.SiLU}, []graph.Shape{last}},
		"other starts": {[]any{
			"KernelInitializer", initializers.HeNormal, "RecurrentInitializer", initializers.Identity{}, "BiasInitializer", initializers.RandomUniform{},
		}, []graph.Shape{last}},
	} {
		for class, l := range oneState {
			t.Run(class+" "+name, func(t *testing.T) {
				layertest.Check(t, layertest.Case{
					Layer: withFields(l, c.fields...), Inputs: []graphtest.Array{graphtest.Input(1, 2, 3, 4)}, Outputs: c.want,
				})
			})
		}
	}
}

// Sizes of one, and initial states that are inputs.
func TestRecurrentSizes(t *testing.T) {
	for _, c := range []struct{ batch, steps, features, units int }{
		{2, 1, 3, 2}, {2, 3, 1, 2}, {2, 3, 2, 1}, {2, 1, 1, 1}, {3, 17, 1, 1},
	} {
		for _, l := range oneState {
			l = withFields(l, "Units", c.units, "ReturnSequences", true, "ReturnState", true)
			x, h := graphtest.Input(1, c.batch, c.steps, c.features), graphtest.Input(2, c.batch, c.units)
			want := []graph.Shape{{graph.Any, c.steps, c.units}, {graph.Any, c.units}}
			layertest.Check(t, layertest.Case{Layer: l, Inputs: []graphtest.Array{x}, Outputs: want})
			layertest.Check(t, layertest.Case{Layer: l, Inputs: []graphtest.Array{x, h}, Outputs: want})
		}
	}
}

func TestRecurrentMasked(t *testing.T) {
	for _, l := range oneState {
		for _, backwards := range []bool{false, true} {
			checkMasked(t, 1, withFields(l, "ReturnSequences", true, "ReturnState", true, "GoBackwards", backwards, "Dropout", 0.3))
		}
	}
}

// Bad values of single fields are tried by the specimens; these fit their fields, and not
// the layer.
func TestRecurrentRefuses(t *testing.T) {
	in := graph.Shape{graph.Any, 3, 4}
	for _, l := range oneState {
		class := reflect.TypeOf(l).Name()
		for _, c := range []struct {
			field string
			set   []any
		}{
			{class + ".Activation", []any{"Activation", activations.GLU{}}},
			{class + ".Activation", []any{"Activation", activations.Name("tanhh")}},
			{class + ".KernelInitializer", []any{"KernelInitializer", initializers.Name("orthogonal")}},
			{class + ".RecurrentRegularizer.Mode", []any{"RecurrentRegularizer", regularizers.OrthogonalRegularizer{Mode: "r"}}},
			{class + ".RecurrentConstraint.Rate", []any{"RecurrentConstraint", constraints.MinMaxNorm{Rate: 2}}},
			{class + ".BiasConstraint.Axes", []any{"BiasConstraint", constraints.UnitNorm{Axes: []int{0, 0}}}},
			{class + ".Dropout", []any{"Dropout", 1.0}},
			{"RandomState.Stddev", []any{"InitialState", layers.RandomState{Stddev: -1}}},
			{"FixedState.Elements", []any{"InitialState", layers.FixedState{Elements: [][]float64{{1, 2}, {3, 4}}}}},
			{class + ".InitialState", []any{"InitialState", states(2)}},
			{"recurrent_kernel", []any{"RecurrentInitializer", given{1}}},
		} {
			layertest.Invalid(t, withFields(l, c.set...), c.field, in)
		}
		layertest.Invalid(t, withFields(l, "Units", 0), class+".Units", in)
		layertest.Invalid(t, l, class, graph.Shape{graph.Any, 4})
		layertest.Invalid(t, l, class, in, graph.Shape{graph.Any, 2}, graph.Shape{graph.Any, 2})
		layertest.Invalid(t, l, class+" initial state 0", in, graph.Shape{graph.Any, 3})
	}
	gru := layers.GRU{Units: 2, RecurrentActivation: activations.GLU{}}
	layertest.Invalid(t, gru, "GRU.RecurrentActivation", in)
}
