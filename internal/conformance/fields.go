package conformance

import (
	"fmt"
	"math"
	"math/bits"
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

// checkFields puts bad values into every field of a config, and of all that may be
// in a field: a model with one is refused, with an error that names the field,
// before anything runs. Switches and seeds, whose every value is good, are not
// tried.
func checkFields(t *testing.T, l Layer) {
	for _, bad := range badValues(t, reflect.ValueOf(l.Value)) {
		err := model(l.layer(bad.config.Interface()), nil, l.Inputs...).Build()
		if valid, ok := l.Valid[bad.name()]; ok && fmt.Sprint(valid) == bad.shown || bad.validInField() {
			if err != nil {
				t.Errorf("%s: %v", bad, err)
			}
			continue
		}
		bad.checkRefused(t, err)
	}
}

// checkRefused reports an error that does not name the field.
func (b badValue) checkRefused(t *testing.T, err error) {
	t.Helper()
	var e graph.Error
	switch {
	case err == nil:
		t.Errorf("%s is accepted: Resolve or Call must check the field, or the specimen must have the value in Valid", b)
	case !errors.As(err, &e) || !b.named(e.Field) || strings.Contains(err.Error(), "panicked"):
		t.Errorf("%s: the error must name the field, got: %v", b, err)
	case !errors.Is(err, graph.ErrInput) && !errors.Is(err, graph.ErrNotFinite):
		t.Errorf("%s: the error must be of a known kind, got: %v", b, err)
	}
}

// badValue is a config with a bad value in a field.
type badValue struct {
	config reflect.Value
	place  string // the field of the config, such as "Dense.KernelInitializer"
	field  string // that of the value, such as "Orthogonal.Gain", or the same
	shown  string // the value
	inner  any    // the value of the field place that the bad value is in, or nil
}

func (b badValue) String() string {
	if b.field == b.place {
		return fmt.Sprintf("%s = %s", b.field, b.shown)
	}
	return fmt.Sprintf("%s with %s = %s", b.place, b.field, b.shown)
}

// name is the field of the config, without its type.
func (b badValue) name() string {
	if b.field != b.place {
		return ""
	}
	_, name, _ := strings.Cut(b.place, ".")
	return name
}

// validInField tells whether the value is in a part that is valid itself, such as an
// activation that takes any threshold, as its own specimen says.
func (b badValue) validInField() bool {
	if b.inner == nil {
		return false
	}
	return build(b.inner) == nil
}

// named tells whether an error at a field is that of the bad value: at the field
// itself, or at that of the config, which may be in a field too.
func (b badValue) named(field string) bool {
	_, name, _ := strings.Cut(b.place, ".")
	return strings.HasPrefix(field, b.field) || strings.Contains(field+".", "."+name+".") || strings.Contains(field, "."+name+"[") ||
		name == "Name" && field == "layer name"
}

// nonsense are the configs like v with nonsense in one of the fields.
func badValues(t *testing.T, v reflect.Value) []badValue {
	var out []badValue
	for i := range v.NumField() {
		place := v.Type().Name() + "." + v.Type().Field(i).Name
		for _, b := range inField(t, place, v.Field(i)) {
			config := reflect.New(v.Type()).Elem()
			config.Set(v)
			config.Field(i).Set(b.config)
			out = append(out, badValue{config, place, b.field, b.shown, b.inner})
		}
	}
	return out
}

// held has values for fields of interface types.
var held = map[reflect.Type][]any{
	reflect.TypeFor[activations.Activation](): activations.All(),
	reflect.TypeFor[graph.Initializer]():      initializers.All(),
	reflect.TypeFor[graph.Regularizer]():      regularizers.All(),
	reflect.TypeFor[graph.Constraint]():       constraints.All(),
	reflect.TypeFor[layers.InitialState]():    {layers.RandomState{}, layers.FixedState{}},
}

// inField are bad values for a field with the value v.
func inField(t *testing.T, place string, v reflect.Value) []badValue {
	var out []badValue
	add := func(values ...any) {
		for _, x := range values {
			shown := reflect.Indirect(reflect.ValueOf(x))
			out = append(out, badValue{config: reflect.ValueOf(x).Convert(v.Type()), place: place, field: place, shown: fmt.Sprint(shown)})
		}
	}
	var ints []int
	var numbers [][]float64
	switch v.Interface().(type) {
	case bool, *uint64:
		return nil
	case int:
		add(-3, math.MinInt, 1<<(bits.UintSize*5/8), math.MaxInt/2+2, math.MaxInt)
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
	case []float64:
		add([]float64{math.NaN(), 1}, []float64{math.Inf(1), 0}, []float64{-1, 2}, []float64{1, 1}, []float64{1}, []float64{1, 0, 0})
		return out
	case layers.Function:
		add(layers.Function{}, layers.NewFunction("", nil), layers.NewFunction("a/b", nil))
		return out
	}
	switch typ := v.Type(); {
	case typ.Kind() == reflect.String:
		add("a/b", "\n\xff")
	case typ.ConvertibleTo(reflect.TypeOf(ints)):
		add([]int{0}, []int{-3}, []int{math.MinInt}, []int{math.MaxInt}, []int{1 << (bits.UintSize / 2), 1 << (bits.UintSize / 2)}, slices.Repeat([]int{1}, 100))
		if !v.IsZero() {
			add([]int{})
		}
	case typ == reflect.TypeOf(numbers):
		add([][]float64{}, [][]float64{{}}, [][]float64{{1, math.NaN()}}, slices.Repeat([][]float64{{1, 2}}, 3))
	case typ.Kind() == reflect.Slice: // of cells
		add(reflect.Zero(typ).Interface(), reflect.MakeSlice(typ, 1, 1).Interface())
		for _, b := range badValues(t, v.Index(0).Elem()) {
			cells := reflect.MakeSlice(typ, 1, 1)
			cells.Index(0).Set(b.config)
			out = append(out, badValue{cells, place, b.field, b.shown, b.inner})
		}
	case typ.Kind() == reflect.Interface:
		for _, x := range held[typ] {
			if x := reflect.ValueOf(x); x.Kind() == reflect.Struct {
				for _, b := range badValues(t, x) {
					if _, state := b.config.Interface().(layers.InitialState); !state {
						b.inner = b.config.Interface()
					}
					out = append(out, b)
				}
			} else {
				out = append(out, badValue{config: reflect.ValueOf("nonsense").Convert(x.Type()), place: place, field: place, shown: "nonsense"})
			}
		}
		if !v.IsNil() && v.Elem().Kind() == reflect.Struct { // a layer or a cell
			out = append(out, badValue{config: reflect.Zero(typ), place: place, field: place, shown: "nil"})
			out = append(out, badValues(t, v.Elem())...)
		} else if len(out) == 0 && place != "Bidirectional.BackwardLayer" {
			t.Errorf("conformance.held has no values for the type of %s: add them", place)
		}
	default:
		t.Errorf("conformance.inField has no bad values for the type of %s: add them", place)
	}
	return out
}
