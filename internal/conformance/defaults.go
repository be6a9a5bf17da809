package conformance

import (
	"fmt"
	"math/rand/v2"
	"path"
	"reflect"
	"strings"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/graph/graphtest"
	"github.com/engram-go/engram/internal/layername"
	"github.com/engram-go/engram/layers"
)

// checkDefaults holds the defaults of a config to those in the specimen.
func checkDefaults(t *testing.T, l Layer) {
	got, err := l.resolve()
	if err != nil {
		t.Fatal(err)
	}
	compareDefaults(t, got, l.Value, l.Defaults)
}

// compareDefaults compares a config that was resolved with value, or with defaults where
// there are some, field by field.
func compareDefaults(t *testing.T, resolved, value, defaults any) {
	t.Helper()
	got, want := reflect.ValueOf(resolved), reflect.ValueOf(value)
	if defaults != nil {
		want = reflect.ValueOf(defaults)
	}
	if got.Type() != want.Type() {
		t.Fatalf("Resolve returns %s, and Defaults of the specimen have the type %v", shown(resolved), want.Type())
	}
	for i := range got.NumField() {
		if g, w := got.Field(i).Interface(), want.Field(i).Interface(); !reflect.DeepEqual(g, w) {
			t.Errorf("Resolve makes the field %s %s, and in Defaults of the specimen it is %s", got.Type().Field(i).Name, shown(g), shown(w))
		}
	}
}

// shown is a config as a literal of the fields that are not zero, or another value.
func shown(x any) string {
	v := reflect.ValueOf(x)
	for v.Kind() == reflect.Pointer && !v.IsNil() {
		v = v.Elem()
	}
	if v.Kind() != reflect.Struct {
		if v.IsValid() {
			x = v.Interface()
		}
		return fmt.Sprint(x)
	}
	var fields []string
	for i := range v.NumField() {
		if f := v.Type().Field(i); f.IsExported() && !v.Field(i).IsZero() {
			fields = append(fields, f.Name+": "+shown(v.Field(i).Interface()))
		}
	}
	return v.Type().Name() + "{" + strings.Join(fields, ", ") + "}"
}

// resolve fills in the defaults of the specimen's value.
func (l Layer) resolve() (any, error) {
	switch v := l.Value.(type) {
	case interface{ Resolve() (layers.Cell, error) }:
		return v.Resolve()
	case interface {
		Resolve() (layers.InitialState, error)
	}:
		return v.Resolve()
	case layers.Layer:
		return layers.Resolve(v)
	}
	return l.Value, nil
}

// Weights are the weights of a layer with the initializers of their first values,
// in float32.
type Weights struct {
	Layer layers.Layer
	Init  map[string]graph.Initializer // all weights, by name
}

// checkWeights holds the first values of all weights to what their initializers draw
// for their paths.
func checkWeights(t *testing.T, l Layer) {
	for _, c := range l.Weights {
		params, err := model(c.Layer, nil, l.Inputs[0]).Params()
		if err != nil {
			t.Fatal(err)
		}
		if len(params.All()) != len(c.Init) {
			t.Errorf("%s has %d weights, want %d", shown(c.Layer), len(params.All()), len(c.Init))
		}
		for name, init := range c.Init {
			p := params.Get(path.Join("m", layername.Default(c.Layer), name))
			if p == nil {
				t.Errorf("%s has no weight %s", shown(c.Layer), name)
				continue
			}
			want, err := init.Init(graph.Rand(1, "init", p.Path, graph.Tick{}), p.Shape)
			if err != nil {
				t.Fatal(err)
			}
			var got []float64
			for _, x := range p.Value().Float32s() {
				got = append(got, float64(x))
			}
			graphtest.CheckOutput(t, p.Path, got, want, graphtest.Tol32)
		}
	}
}

// Elements are given first values of a weight.
type Elements []float64

// Init gives the elements, whatever the shape is.
func (e Elements) Init(*rand.Rand, graph.Shape) ([]float64, error) { return e, nil }
