package conformance_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/layers/activations"
	"pgregory.net/rapid"
)

// shaping are switches that change which inputs or outputs a layer has, or what
// shape.
var shaping = []string{"ReturnSequences", "ReturnState", "AttentionMask", "KeepDims", "MaskZero"}

// ofRNN are fields that a cell must not have.
var ofRNN = []string{"ActivityRegularizer", "GoBackwards", "ZeroOutputForMask", "Unrolled", "ReturnSequences", "ReturnState", "InitialState"}

// rest draws the fields of a config that change no shapes, where they are zero.
func rest[T any](d *drawing, config T) T {
	if !d.yes("more fields") {
		return config
	}
	v := reflect.ValueOf(&config).Elem()
	_, cell := any(config).(layers.Cell)
	for i := range v.NumField() {
		name, f := v.Type().Field(i).Name, v.Field(i)
		if !f.IsZero() || slices.Contains(shaping, name) || cell && slices.Contains(ofRNN, name) {
			continue
		}
		var x any
		switch f.Type() {
		case reflect.TypeFor[activations.Activation]():
			x = d.activation()
		case reflect.TypeFor[graph.Initializer]():
			x = d.initializer()
		case reflect.TypeFor[graph.Regularizer]():
			x = d.regularizer()
		case reflect.TypeFor[graph.Constraint]():
			x = d.constraint()
		case reflect.TypeFor[*uint64]():
			x = d.seed()
		case reflect.TypeFor[bool]():
			x = d.yes(name)
		case reflect.TypeFor[float64]():
			if strings.HasSuffix(name, "Dropout") {
				x = d.rate()
			}
		}
		if x != nil {
			f.Set(reflect.ValueOf(x))
		}
	}
	return config
}

// fields remembers which fields of a config, and of all in them, are not zero.
func (d *drawing) fields(v reflect.Value) {
	switch v.Kind() {
	case reflect.Interface:
		d.fields(v.Elem())
	case reflect.Slice:
		for i := range v.Len() {
			d.fields(v.Index(i))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if f := v.Field(i); v.Type().Field(i).IsExported() && !f.IsZero() {
				d.set[v.Type().Name()+"."+v.Type().Field(i).Name] = true
				d.fields(f)
			}
		}
	}
}

// The random models have every field of every layer.
func TestRandomModelsHaveAllFields(t *testing.T) {
	for _, v := range layers.All() {
		typ := reflect.TypeOf(v)
		_, cell := v.(layers.Cell)
		want := map[string]bool{}
		for i := range typ.NumField() {
			// What layers are called, models' own tests draw.
			if name := typ.Field(i).Name; name != "Name" && !(cell && slices.Contains(ofRNN, name)) {
				want[typ.Name()+"."+name] = true
			}
		}
		for try := 0; try < 200 && len(want) > 0; try++ {
			for name := range rapid.Custom(func(t *rapid.T) map[string]bool {
				d, _ := newDrawing(t, openOrKnown(t))
				kinds[typ.Name()](d)
				return d.set
			}).Example(try) {
				delete(want, name)
			}
		}
		for name := range want {
			t.Errorf("no random model has %s", name)
		}
	}
}
