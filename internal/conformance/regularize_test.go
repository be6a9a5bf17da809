package conformance_test

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

// weightOf are the weights that the fields of regularizers and constraints are
// for, by the first part of their names: that of KernelConstraint is kernel.
var weightOf = map[string]string{
	"Kernel": "kernel", "Recurrent": "recurrent_kernel", "Bias": "bias", "Gamma": "gamma", "Beta": "beta", "Embeddings": "embeddings",
}

// Every regularizer prices the weights that its field names, all of them and no
// others, or the outputs.
func TestRegularizerFields(t *testing.T) {
	// MultiHeadAttention prices q, k and v too, [4, 2, 3] each: 6 features and a bias.
	inside := map[string]float64{"MultiHeadAttention": 3 * (4 * 2 * 3) * 7}
	for name, s := range specimens() {
		for part, l := range withFields[graph.Regularizer](s, "Regularizer", regularizers.L1{L1: 1}) {
			got := runOnes(t, l, s.inputs)
			want := got.weights(t, part).elements
			if part == "Activity" {
				want = got.outputs + inside[name]
			}
			if want == 0 || math.Abs(got.penalty-want) > 1e-9 {
				t.Errorf("%s.%sRegularizer: got the penalty %g, want %g", name, part, got.penalty, want)
			}
		}
	}
}

// Every constraint holds the weights that its field names, all of them and no
// others.
func TestConstraintFields(t *testing.T) {
	for name, s := range specimens() {
		for part, l := range withFields[graph.Constraint](s, "Constraint", constraints.NonNeg{}) {
			got := runOnes(t, l, s.inputs)
			if want := got.weights(t, part).paths; want == nil || !slices.Equal(got.constrained, want) {
				t.Errorf("%s.%sConstraint: got constraints of %v, want %v", name, part, got.constrained, want)
			}
		}
	}
}

// withFields are the layers with x in one of the fields of its type alone, whose
// names end alike, by the first parts of the names. All weights start as ones.
func withFields[T any](s specimen, end string, x T) map[string]layers.Layer {
	ones := reflect.New(reflect.TypeOf(s.value)).Elem()
	ones.Set(reflect.ValueOf(s.value))
	for i := range ones.NumField() {
		if ones.Field(i).Type() == reflect.TypeFor[graph.Initializer]() {
			ones.Field(i).Set(reflect.ValueOf(initializers.Ones))
		}
	}
	out := map[string]layers.Layer{}
	for i := range ones.NumField() {
		name, _ := strings.CutSuffix(ones.Type().Field(i).Name, end)
		if ones.Field(i).Type() != reflect.TypeFor[T]() || name == "Activity" && s.as != nil { // a cell must not have it
			continue
		}
		v := reflect.New(ones.Type()).Elem()
		v.Set(ones)
		v.Field(i).Set(reflect.ValueOf(x))
		out[name] = s.layer(v.Interface())
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

// weights are those that a field is for.
func (r ran) weights(t *testing.T, part string) weights {
	name, ok := weightOf[part]
	if !ok && part != "Activity" {
		t.Errorf("weightOf does not say which weight %s stands for", part)
	}
	var out weights
	for p, n := range r.sizes {
		if path.Base(p) == name {
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
