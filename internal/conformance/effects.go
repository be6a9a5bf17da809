package conformance

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/layers/activations"
	"github.com/engram-go/engram/layers/constraints"
	"github.com/engram-go/engram/layers/initializers"
	"github.com/engram-go/engram/layers/regularizers"
	"gorgonia.org/tensor"
)

// checkEffects sets every field to other values, one at a time or together with a second
// field that it depends on. One of them must change what the layer computes, or the
// specimen says why not: a field that is forgotten in Call is found.
func checkEffects(t *testing.T, l Layer) {
	if l.class() == "Input" { // it computes nothing
		return
	}
	v := reflect.ValueOf(l.Value)
	for i := range v.NumField() {
		name := v.Type().Field(i).Name
		if _, none := l.NoEffect[name]; none || name == "Name" {
			continue
		}
		if !l.hasEffect(t, v, i) {
			t.Errorf("no value of the field %s changes what the layer computes: use the field in Call, or NoEffect of the specimen says why", name)
		}
	}
}

// hasEffect tells whether another value in field i of a config changes what the layer
// computes.
func (l Layer) hasEffect(t *testing.T, v reflect.Value, i int) bool {
	others := otherValues(t, v.Type().Field(i).Name, v.Field(i))
	base := l.observe(t, v)
	refused := true // all other values, which is an effect as well
	for _, x := range others {
		got := l.observe(t, withField(v, i, x))
		if got != "" && got != base {
			return true
		}
		refused = refused && got == ""
	}
	if refused {
		return true
	}
	for j := range v.NumField() {
		if j == i || v.Type().Field(j).Name == "Name" {
			continue
		}
		for _, x := range otherValues(t, v.Type().Field(j).Name, v.Field(j)) {
			second := withField(v, j, x)
			base := l.observe(t, second)
			for _, x := range others {
				if got := l.observe(t, withField(second, i, x)); got != "" && base != "" && got != base {
					return true
				}
			}
		}
	}
	return false
}

// withField is a config with another value in field i.
func withField(v reflect.Value, i int, x any) reflect.Value {
	out := reflect.New(v.Type()).Elem()
	out.Set(v)
	out.Field(i).Set(reflect.ValueOf(x).Convert(out.Field(i).Type()))
	return out
}

// otherValues are values to try in a field.
func otherValues(t *testing.T, name string, v reflect.Value) []any {
	t.Helper()
	switch v.Interface().(type) {
	case bool:
		return []any{true}
	case int:
		return []any{1, 2, 3}
	case float64:
		return []any{0.5, 0.25}
	case *float64:
		return []any{new(0.5)}
	case *uint64:
		return []any{new(uint64(7))}
	case [2]int:
		return []any{[2]int{1, 1}}
	case []float64:
		return []any{[]float64{0.25, 0.75}}
	case [][]float64:
		return []any{[][]float64{{3, 4}}}
	case []layers.Cell:
		return []any{[]layers.Cell{layers.GRUCell{Units: 3}}}
	case layers.Function:
		return []any{twice}
	}
	switch typ := v.Type(); {
	case typ == reflect.TypeFor[activations.Activation]():
		return []any{activations.Sigmoid, activations.ReLU}
	case typ == reflect.TypeFor[graph.Initializer]():
		return []any{initializers.Constant{Value: 2}}
	case typ == reflect.TypeFor[graph.Regularizer]():
		return []any{regularizers.L1{L1: 1}}
	case typ == reflect.TypeFor[graph.Constraint]():
		return []any{constraints.NonNeg{}}
	case typ == reflect.TypeFor[layers.InitialState]():
		return []any{layers.RandomState{}}
	case typ == reflect.TypeFor[layers.Cell]():
		return []any{layers.GRUCell{Units: 3}}
	case typ == reflect.TypeFor[layers.Layer]():
		return []any{layers.Dense{Units: 3}, layers.GRU{Units: 3}, layers.GRU{Units: 2, ResetBefore: true, GoBackwards: true}}
	case typ.Kind() == reflect.String:
		return []any{"same", "causal", "concat", "sum", "fan_out", "uniform", "columns"}
	case typ.Kind() == reflect.Slice && typ.Elem().Kind() == reflect.Int:
		return []any{[]int{1}, []int{1, 2}, []int{2, 12}, []int{graph.Any, 1, 6}}
	}
	t.Errorf("conformance.otherValues has no values for the type of the field %s: add them", name)
	return nil
}

// observe shows all that a layer computes in training, of sequences with masks, and
// otherwise, of sequences without masks, whose steps are partly zeros: outputs, masks,
// first weights, penalties, constraints and updates. It is "" where the layer is refused.
func (l Layer) observe(t *testing.T, config reflect.Value) string {
	t.Helper()
	var out string
	layer := l.layer(config.Interface())
	for _, training := range []bool{false, true} {
		params, err := graph.NewParams(tensor.Float64, 1)
		if err != nil {
			t.Fatal(err)
		}
		var constrained []string
		prog, err := graph.NewProgram(graph.Config{Params: params, Seed: 1, Training: training}, func(s *graph.Scope) {
			constrained = nil
			in := l.maskedInputs(s, l.batch(), 0)
			if !training {
				for i, x := range in {
					in[i] = x.WithoutMask()
				}
			}
			for i, y := range layers.Apply(s, "layer", layer, in...) {
				s.Output(fmt.Sprint("y", i), y)
				if m, ok := y.Mask(); ok {
					s.Output(fmt.Sprint("mask", i), m)
				}
			}
			penalty := s.Const(0, graph.Shape{})
			for _, loss := range s.Losses() {
				penalty = penalty.Add(loss)
			}
			s.Output("penalty", penalty)
			for _, c := range s.Constrained() {
				constrained = append(constrained, c.Param.Path)
			}
			for _, u := range s.Updates() {
				s.Output("update "+u.Path, u.Value)
			}
		})
		if err != nil {
			return ""
		}
		defer prog.Close()
		if err := prog.Run(graph.Tick{}); err != nil {
			return ""
		}
		for _, name := range prog.Outputs() {
			y, err := prog.Output(name)
			if err != nil {
				t.Fatal(err)
			}
			out += fmt.Sprintln(name, y.Shape(), rounded(y.Float64s()))
		}
		for _, p := range params.All() {
			out += fmt.Sprintln(p.Path, p.Shape, rounded(p.Value().Float64s()))
		}
		out += fmt.Sprintln(constrained)
	}
	return out
}

// rounded shows numbers to 8 digits, −0 as 0: another order of the same sums is no effect.
func rounded(numbers []float64) string {
	var out strings.Builder
	for _, x := range numbers {
		fmt.Fprintf(&out, "%.8g ", x+0)
	}
	return out.String()
}
