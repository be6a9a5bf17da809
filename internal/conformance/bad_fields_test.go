package conformance_test

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/layers/activations"
	"github.com/engram-go/engram/layers/constraints"
	"github.com/engram-go/engram/layers/initializers"
	"github.com/engram-go/engram/layers/regularizers"
	"github.com/pkg/errors"
)

// right is what is tried as nonsense, but is good in that field. Switches and
// seeds, whose every value is good, are not tried.
var right = map[string]string{
	"Masking.MaskValue":      "-1",
	"Threshold.Threshold":    "-1",
	"Threshold.DefaultValue": "-1",
	"Constant.Value":         "-1",
	"RandomNormal.Mean":      "-1",
	"TruncatedNormal.Mean":   "-1",
	"RandomUniform.Min":      "-1",
	"MaxNorm.Axes":           "[0]",
	"MinMaxNorm.Axes":        "[0]",
	"UnitNorm.Axes":          "[0]",
}

// Every field of every layer, and of all that may be in a field, is held to a
// rule: a model with nonsense there is refused, with an error that names the
// field, before anything runs.
func TestNonsenseInEveryField(t *testing.T) {
	for name, s := range specimens() {
		t.Run(name, func(t *testing.T) {
			for _, bad := range nonsense(t, reflect.ValueOf(s.value)) {
				good, ok := right[bad.field]
				err := around(s.layer(bad.config.Interface()), s.inputs...).Build()
				var e graph.Error
				switch {
				case ok && good == bad.shown:
					if err != nil {
						t.Errorf("%s: %v", bad, err)
					}
				case err == nil:
					t.Errorf("%s is taken", bad)
				case !errors.As(err, &e) || !bad.named(e.Field) || strings.Contains(err.Error(), "panicked"):
					t.Errorf("%s: the error must name the field, got: %v", bad, err)
				case !errors.Is(err, graph.ErrInput) && !errors.Is(err, graph.ErrNotFinite):
					t.Errorf("%s: the error must be of a known kind, got: %v", bad, err)
				}
			}
		})
	}
}

// broken is a config with nonsense somewhere in it.
type broken struct {
	config reflect.Value
	place  string // the field of the config, such as "Dense.KernelInitializer"
	field  string // that of the nonsense, such as "Orthogonal.Gain", or the same
	shown  string // the nonsense
}

func (b broken) String() string {
	if b.field == b.place {
		return fmt.Sprintf("%s = %s", b.field, b.shown)
	}
	return fmt.Sprintf("%s with %s = %s", b.place, b.field, b.shown)
}

// named tells whether an error at that field is of this nonsense: at the field
// itself, or at that of the config, which may be in a field too.
func (b broken) named(field string) bool {
	_, name, _ := strings.Cut(b.place, ".")
	return strings.HasPrefix(field, b.field) || strings.Contains(field+".", "."+name+".") || strings.Contains(field, "."+name+"[") ||
		name == "Name" && field == "layer name"
}

// nonsense are the configs like v with nonsense in one of the fields.
func nonsense(t *testing.T, v reflect.Value) []broken {
	var out []broken
	for i := range v.NumField() {
		place := v.Type().Name() + "." + v.Type().Field(i).Name
		for _, b := range inField(t, place, v.Field(i)) {
			config := reflect.New(v.Type()).Elem()
			config.Set(v)
			config.Field(i).Set(b.config)
			out = append(out, broken{config, place, b.field, b.shown})
		}
	}
	return out
}

// held is what a field of an interface may hold.
var held = map[reflect.Type][]any{
	reflect.TypeFor[activations.Activation](): activations.All(),
	reflect.TypeFor[graph.Initializer]():      initializers.All(),
	reflect.TypeFor[graph.Regularizer]():      regularizers.All(),
	reflect.TypeFor[graph.Constraint]():       constraints.All(),
	reflect.TypeFor[layers.InitialState]():    {layers.RandomState{}, layers.FixedState{}},
}

// inField are values that a field with the value v must not have.
func inField(t *testing.T, place string, v reflect.Value) []broken {
	var out []broken
	add := func(values ...any) {
		for _, x := range values {
			shown := reflect.Indirect(reflect.ValueOf(x))
			out = append(out, broken{reflect.ValueOf(x).Convert(v.Type()), place, place, fmt.Sprint(shown)})
		}
	}
	var ints []int
	var numbers [][]float64
	switch v.Interface().(type) {
	case bool, *uint64:
		return nil
	case int:
		add(-3, math.MinInt, 1<<40, 1<<62+1, math.MaxInt)
		if !v.IsZero() { // a specimen has what is required
			add(0)
		}
		return out
	case float64:
		add(-1.0, math.NaN(), math.Inf(1), math.Inf(-1))
		return out
	case *float64:
		add(new(-1.0), new(math.NaN()), new(math.Inf(1)))
		return out
	case [2]int:
		add([2]int{-9, 2}, [2]int{2, 9}, [2]int{math.MinInt, 2}, [2]int{2, math.MaxInt}, [2]int{0, 2})
		return out
	case layers.Function:
		add(layers.Function{}, layers.NewFunction("", nil), layers.NewFunction("a/b", nil))
		return out
	}
	switch typ := v.Type(); {
	case typ.Kind() == reflect.String:
		add("a/b", "\n\xff")
	case typ.ConvertibleTo(reflect.TypeOf(ints)):
		add([]int{0}, []int{-3}, []int{math.MinInt}, []int{math.MaxInt}, []int{1 << 32, 1 << 32}, slices.Repeat([]int{1}, 100))
		if !v.IsZero() {
			add([]int{})
		}
	case typ == reflect.TypeOf(numbers):
		add([][]float64{}, [][]float64{{}}, [][]float64{{1, math.NaN()}}, slices.Repeat([][]float64{{1, 2}}, 3))
	case typ.Kind() == reflect.Slice: // of cells
		add(reflect.Zero(typ).Interface(), reflect.MakeSlice(typ, 1, 1).Interface())
		for _, b := range nonsense(t, v.Index(0).Elem()) {
			cells := reflect.MakeSlice(typ, 1, 1)
			cells.Index(0).Set(b.config)
			out = append(out, broken{cells, place, b.field, b.shown})
		}
	case typ.Kind() == reflect.Interface:
		for _, x := range held[typ] {
			if x := reflect.ValueOf(x); x.Kind() == reflect.Struct {
				out = append(out, nonsense(t, x)...)
			} else {
				out = append(out, broken{reflect.ValueOf("nonsense").Convert(x.Type()), place, place, "nonsense"})
			}
		}
		if !v.IsNil() && v.Elem().Kind() == reflect.Struct { // a layer or a cell
			out = append(out, broken{reflect.Zero(typ), place, place, "nil"})
			out = append(out, nonsense(t, v.Elem())...)
		} else if len(out) == 0 && place != "Bidirectional.BackwardLayer" {
			t.Errorf("nothing is known of what %s may hold", place)
		}
	default:
		t.Errorf("nothing is known of what %s may be", place)
	}
	return out
}
