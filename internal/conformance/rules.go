package conformance

import (
	"math"
	"path"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/layers/constraints"
	"github.com/engram-go/engram/layers/initializers"
	"github.com/engram-go/engram/layers/regularizers"
	"gorgonia.org/tensor"
)

// checkRules puts a regularizer into every field for one, and then a constraint. They
// must apply to the weights that the field names, all of them and no others, or to the
// outputs.
func checkRules(t *testing.T, l Layer) {
	for part, layer := range withFields[graph.Regularizer](l, "Regularizer", regularizers.L1{L1: 1}) {
		got := runOnes(t, layer, l.Inputs)
		want := got.weights(part).elements
		if part == "Activity" {
			want = got.outputs + l.Activity
		}
		if want == 0 || math.Abs(got.penalty-want) > 1e-9 {
			t.Errorf("%sRegularizer: the penalty is %g, want %g", part, got.penalty, want)
		}
	}
	for part, layer := range withFields[graph.Constraint](l, "Constraint", constraints.NonNeg{}) {
		got := runOnes(t, layer, l.Inputs)
		if want := got.weights(part).paths; want == nil || !slices.Equal(got.constrained, want) {
			t.Errorf("%sConstraint: it constrains %v, want %v", part, got.constrained, want)
		}
	}
}

// withFields are the layers with x in one of the fields of its type alone, whose
// names end alike, by the first parts of the names. All weights start as ones.
func withFields[T any](l Layer, end string, x T) map[string]layers.Layer {
	ones := reflect.New(reflect.TypeOf(l.Value)).Elem()
	ones.Set(reflect.ValueOf(l.Value))
	for i := range ones.NumField() {
		if ones.Field(i).Type() == reflect.TypeFor[graph.Initializer]() {
			ones.Field(i).Set(reflect.ValueOf(initializers.Ones))
		}
	}
	out := map[string]layers.Layer{}
	for i := range ones.NumField() {
		name, _ := strings.CutSuffix(ones.Type().Field(i).Name, end)
		if ones.Field(i).Type() != reflect.TypeFor[T]() {
			continue
		}
		v := reflect.New(ones.Type()).Elem()
		v.Set(ones)
		v.Field(i).Set(reflect.ValueOf(x))
		out[name] = l.layer(v.Interface())
	}
	return out
}

// ran is what a layer did with two samples of ones.
type ran struct {
	penalty     float64 // the sum of all losses
	outputs     float64 // the sum of their magnitudes, for a sample
	sizes       map[string]int
	constrained []string
}

// weights are some of a layer's weights.
type weights struct {
	paths    []string
	elements float64
}

// weights are those that a field is for, by the first part of its name: Kernel is
// kernel, and Recurrent is recurrent_kernel.
func (r ran) weights(part string) weights {
	name := strings.ToLower(part)
	var out weights
	for p, n := range r.sizes {
		if base := path.Base(p); base == name || base == name+"_kernel" {
			out.paths, out.elements = append(out.paths, p), out.elements+float64(n)
		}
	}
	slices.Sort(out.paths)
	return out
}

func runOnes(t *testing.T, l layers.Layer, inputs []graph.Shape) ran {
	t.Helper()
	params, err := graph.NewParams(tensor.Float64, 1)
	if err != nil {
		t.Fatal(err)
	}
	out := ran{sizes: map[string]int{}}
	prog, err := graph.NewProgram(graph.Config{Params: params, Seed: 1}, func(s *graph.Scope) {
		var in []graph.Value
		for _, shape := range inputs {
			in = append(in, s.Const(1, append(graph.Shape{2}, shape...)))
		}
		penalty, outputs := s.Const(0, graph.Shape{}), s.Const(0, graph.Shape{})
		for _, y := range layers.Apply(s, "layer", l, in...) {
			outputs = outputs.Add(y.Abs().Sum())
		}
		for _, loss := range s.Losses() {
			penalty = penalty.Add(loss)
		}
		s.Output("penalty", penalty)
		s.Output("outputs", outputs.Scale(0.5))
		for _, b := range s.Bound() {
			out.sizes[b.Param.Path] = b.Value.Shape().Size()
		}
		for _, c := range s.Constrained() {
			out.constrained = append(out.constrained, c.Param.Path)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	defer prog.Close()
	if err := prog.Run(graph.Tick{}); err != nil {
		t.Fatal(err)
	}
	for name, x := range map[string]*float64{"penalty": &out.penalty, "outputs": &out.outputs} {
		y, err := prog.Output(name)
		if err != nil {
			t.Fatal(err)
		}
		*x = y.Float64s()[0]
	}
	slices.Sort(out.constrained)
	return out
}
