package conformance

import (
	"fmt"
	"reflect"
	"slices"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/graph/graphtest"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/layers/activations"
)

// Part is the specimen of an activation, an initializer, a regularizer or a constraint
// that has fields. Those that are names alone need none.
type Part struct {
	// Value has the fields that are required, and no others.
	Value any
	// Defaults is Value with all defaults written out, as in Keras; nil where Value
	// has no fields that are zero and mean another value.
	Defaults any
	// Valid has values of fields that are bad in most fields, but not here. The
	// key is the field.
	Valid map[string]any
	// NoEffect says of a field why no value of it changes what the part computes.
	NoEffect map[string]string
	// Other is Value with other values in all fields; nil where it has no fields.
	Other any
	// Compared is the test that compares the part with numbers that do not come from its
	// own code.
	Compared string
}

// class is the name of the type.
func (p Part) class() string { return reflect.TypeOf(p.Value).Name() }

// complete reports all that a specimen lacks. Tests are the names of those in the package.
func (p Part) complete(t *testing.T, tests []string) {
	t.Helper()
	if typ := reflect.TypeOf(p.Value); typ.NumField() > 0 && reflect.TypeOf(p.Other) != typ {
		t.Errorf("the specimen of %s must have Other: a config with other values in all fields", p.class())
	}
	if !slices.Contains(tests, p.Compared) {
		t.Errorf("the specimen of %s must have Compared: the name of a test of the package that compares it with numbers of another implementation, got %q", p.class(), p.Compared)
	}
}

// Parts holds the parts of a package to what each must satisfy. All is what the package
// lists for saved models, and method the one that makes a type a part.
func Parts(t *testing.T, all []any, method string, specimens []Part) {
	var listed []string
	for i, v := range all {
		if slices.Contains(all[:i], v) {
			t.Errorf("All returns %v twice", v)
		}
		if typ := reflect.TypeOf(v); typ.Kind() == reflect.Struct {
			listed = append(listed, typ.Name())
		}
	}
	types := slices.DeleteFunc(declared(t, method), func(name string) bool { return name == "Name" })
	for _, name := range types {
		if !slices.Contains(listed, name) {
			t.Errorf("All does not return %s: add it, or no saved model can have it", name)
		}
		if !slices.ContainsFunc(specimens, func(p Part) bool { return p.class() == name }) {
			t.Errorf("%s has no specimen: add a conformance.Part to the list in conformance_test.go", name)
		}
	}
	tests := testNames(t, "Test")
	for _, p := range specimens {
		p.complete(t, tests)
	}
	if t.Failed() {
		t.FailNow() // the checks need all specimens
	}
	for _, p := range specimens {
		t.Run(p.class(), func(t *testing.T) {
			t.Run("defaults", p.checkDefaults)
			t.Run("fields", p.checkFields)
			t.Run("effects", p.checkEffects)
			t.Run("saving", func(t *testing.T) {
				checkSavedPart(t, p.Value)
				if p.Other != nil {
					checkSavedPart(t, p.Other)
				}
			})
		})
	}
	for _, v := range all {
		if reflect.TypeOf(v).Kind() == reflect.String {
			t.Run(fmt.Sprint(v), func(t *testing.T) { checkSavedPart(t, v) })
		}
	}
}

// host is a layer with the part in one of its fields, and the index of that.
func host(part any) (layers.Dense, int) {
	l := layers.Dense{Units: 4}
	name := ""
	switch v := part.(type) {
	case activations.Activation:
		l.Activation, name = v, "Activation"
	case graph.Initializer:
		l.KernelInitializer, name = v, "KernelInitializer"
	case graph.Regularizer:
		l.KernelRegularizer, name = v, "KernelRegularizer"
	case graph.Constraint:
		l.KernelConstraint, name = v, "KernelConstraint"
	}
	f, _ := reflect.TypeOf(l).FieldByName(name)
	return l, f.Index[0]
}

// build is the error of a model with the part.
func build(part any) error {
	l, _ := host(part)
	return model(l, nil, graph.Shape{4, 6}).Build()
}

func (p Part) checkDefaults(t *testing.T) {
	l, field := host(p.Value)
	resolved, err := layers.Resolve(l)
	if err != nil {
		t.Fatal(err)
	}
	compareDefaults(t, reflect.ValueOf(resolved).Field(field).Interface(), p.Value, p.Defaults)
}

func (p Part) checkFields(t *testing.T) {
	for _, bad := range badValues(t, reflect.ValueOf(p.Value)) {
		err := build(bad.config.Interface())
		if valid, ok := p.Valid[bad.name()]; ok && fmt.Sprint(valid) == bad.shown {
			if err != nil {
				t.Errorf("%s: %v", bad, err)
			}
			continue
		}
		bad.place = "Dense." + bad.name() // an error names the field of the layer
		bad.checkRefused(t, err)
	}
}

// checkEffects sets every field of Value and of Other to other values. One of them must
// change what the part computes.
func (p Part) checkEffects(t *testing.T) {
	typ := reflect.TypeOf(p.Value)
	for i := range typ.NumField() {
		name := typ.Field(i).Name
		if _, none := p.NoEffect[name]; none {
			continue
		}
		changed := false
		for _, config := range []any{p.Value, p.Other} {
			v := reflect.ValueOf(config)
			base := computed(t, config)
			for _, x := range otherValues(t, name, v.Field(i)) {
				got := computed(t, withField(v, i, x).Interface())
				changed = changed || got != "" && got != base
			}
		}
		if !changed {
			t.Errorf("no value of the field %s changes what the part computes: use the field, or NoEffect of the specimen says why", name)
		}
	}
}

// computed shows what a part computes: what it makes of weights, or what a layer with it
// computes. It is "" where the part is refused.
func computed(t *testing.T, part any) string {
	t.Helper()
	if build(part) != nil {
		return ""
	}
	if c, ok := part.(graph.Constraint); ok {
		w := graphtest.Uniform(1, 4*6, 4)
		for i := range w {
			if i%6 == 0 || i < 6 { // a column and a row of small numbers
				w[i] /= 64
			}
		}
		if err := c.Constrain(graph.Shape{4, 6}, w); err != nil {
			return ""
		}
		return fmt.Sprint(w)
	}
	l, _ := host(part)
	return Layer{Value: l, Inputs: []graph.Shape{{4, 6}}}.observe(t, reflect.ValueOf(l))
}

// checkSavedPart takes a model with the part to a file and back.
func checkSavedPart(t *testing.T, part any) {
	t.Helper()
	l, _ := host(part)
	checkFile(t, l, nil, graphtest.Input(1, 3, 4, 6))
}
