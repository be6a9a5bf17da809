package conformance

import (
	"reflect"
	"slices"
	"strings"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/layers/activations"
)

// shaping are switches that change which inputs or outputs a layer has, or what
// shape.
var shaping = []string{"ReturnSequences", "ReturnState", "AttentionMask", "KeepDims", "MaskZero"}

// Rest draws the fields of a config that change no shapes, where they are zero.
func Rest[T any](d *Drawing, config T) T {
	if !d.Yes("more fields") {
		return config
	}
	v := reflect.ValueOf(&config).Elem()
	for i := range v.NumField() {
		name, f := v.Type().Field(i).Name, v.Field(i)
		if !f.IsZero() || slices.Contains(shaping, name) {
			continue
		}
		var x any
		switch f.Type() {
		case reflect.TypeFor[activations.Activation]():
			x = d.activation()
		case reflect.TypeFor[graph.Initializer]():
			x = d.initializer()
		case reflect.TypeFor[graph.Regularizer]():
			x = d.Regularizer()
		case reflect.TypeFor[graph.Constraint]():
			x = d.constraint()
		case reflect.TypeFor[*uint64]():
			x = d.Seed()
		case reflect.TypeFor[bool]():
			x = d.Yes(name)
		case reflect.TypeFor[float64]():
			if strings.HasSuffix(name, "Dropout") {
				x = d.Rate()
			}
		}
		if x != nil {
			f.Set(reflect.ValueOf(x))
		}
	}
	return config
}

// fields remembers which fields of a config, and of all in them, are not zero.
func (d *Drawing) fields(v reflect.Value) {
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
