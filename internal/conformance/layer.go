// Package conformance holds every built-in part to what all parts of its kind must
// satisfy. A part describes itself in one literal next to its tests, its specimen,
// and the checks here are driven by all specimens together. Only tests import it.
package conformance

import (
	"maps"
	"reflect"
	"slices"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/graph/graphtest"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/layers/layertest"
	"github.com/engram-go/engram/models"
)

// Layer is the specimen of a layer, of a cell or of an initial state.
type Layer struct {
	// Value is a config with the fields that are required, and no others.
	Value any
	// In makes a layer that contains v, a value of the type of Value. It is nil
	// where Value is a layer itself.
	In func(v any) layers.Layer
	// Inputs are the shapes of one sample that Value takes.
	Inputs []graph.Shape
	// Indices says that the inputs are whole numbers from 0 to 4.
	Indices bool
	// Outputs are the shapes of one sample that the layer returns.
	Outputs []graph.Shape
	// Defaults is Value with all defaults written out, as in Keras; nil where Value
	// has no fields that are zero and mean another value.
	Defaults any
	// Weights are the initial values of weights that no field chooses.
	Weights []Weights
	// Accepts says which of the shapes in Samples the layer accepts (+) and
	// refuses (-), for all inputs alike. A layer with two inputs has a second word:
	// the first input has the shape [4, 6], and the second is tried. Empty for Input.
	Accepts string
	// Valid has values of fields that are bad in most fields, but not here. The
	// key is the field.
	Valid map[string]any
	// NoMask says for an output, by its index, why it has no mask although it keeps
	// the steps of the inputs.
	NoMask map[int]string
	// MakesMask says that an output has a mask although no input has one.
	MakesMask bool
	// ReadsMasked says why what masked steps contain changes other steps.
	ReadsMasked string
	// NoEffect says of a field why no value of it changes what the layer computes.
	NoEffect map[string]string
	// Golden has numbers of another implementation.
	Golden Golden
	// Compared is the test that compares the layer with numbers that do not come from
	// its own code, where there is no Golden.
	Compared string
	// Activity is the penalty that an ActivityRegularizer of L1 adds for a sample
	// of ones, with weights of ones, in addition to that of the outputs.
	Activity float64
	// Steps are configs run on one step of a sequence at a time.
	Steps []Step
	// Cases are more configs for layertest.Check, by name.
	Cases map[string]layertest.Case
	// Draw adds a random config of the type to a random model.
	Draw func(d *Drawing)
	// Custom has what models need in Config.Custom.
	Custom []any
}

// class is the name of the type.
func (l Layer) class() string { return reflect.TypeOf(l.Value).Name() }

// layer is the layer that is, or contains, v.
func (l Layer) layer(v any) layers.Layer {
	if l.In != nil {
		return l.In(v)
	}
	return v.(layers.Layer)
}

// check is the case of layertest.Check for Value.
func (l Layer) check() layertest.Case {
	c := layertest.Case{Layer: l.layer(l.Value), Custom: l.Custom}
	for i, shape := range l.Inputs {
		c.Inputs = append(c.Inputs, l.input(i, append(graph.Shape{3}, shape...)))
		if l.Indices {
			c.Whole = append(c.Whole, i)
		}
	}
	for _, shape := range l.Outputs {
		c.Outputs = append(c.Outputs, append(graph.Shape{graph.Any}, shape...))
	}
	return c
}

// input is a batch for input i.
func (l Layer) input(i int, shape graph.Shape) graphtest.Array {
	a := graphtest.Input(i, shape...)
	for k := range a.Data {
		if l.Indices {
			a.Data[k] = float64(k % 5)
		}
	}
	return a
}

// suite is all specimens by the names of their types.
type suite map[string]Layer

// names are those of all specimens, sorted.
func (s suite) names() []string { return slices.Sorted(maps.Keys(s)) }

// each runs a check for every specimen.
func (s suite) each(t *testing.T, name string, check func(t *testing.T, l Layer)) {
	t.Run(name, func(t *testing.T) {
		for _, class := range s.names() {
			t.Run(class, func(t *testing.T) { check(t, s[class]) })
		}
	})
}

// Layers holds all layers, cells and initial states to what each must satisfy.
func Layers(t *testing.T, specimens []Layer) {
	all := suite{}
	for _, l := range specimens {
		all[l.class()] = l
	}
	var types []string
	for _, v := range layers.All() {
		types = append(types, reflect.TypeOf(v).Name())
	}
	checkListed(t, declared(t, "Call", "States"), types)
	checkExamples(t, types)
	for _, class := range types {
		if all[class].Value == nil {
			t.Errorf("%[1]s has no specimen: add `var _ = specimen(conformance.Layer{Value: layers.%[1]s{...}, ...})` to the file of its tests, as in dense_test.go", class)
		}
	}
	tests := testNames(t, "Test")
	for _, class := range all.names() {
		all[class].complete(t, tests)
	}
	if t.Failed() {
		t.FailNow() // the checks need all specimens
	}
	all.each(t, "check", func(t *testing.T, l Layer) {
		if class := l.class(); class == "Input" { // it takes no inputs
			return
		}
		layertest.Check(t, l.check())
		for _, name := range slices.Sorted(maps.Keys(l.Cases)) {
			t.Run(name, func(t *testing.T) { layertest.Check(t, l.Cases[name]) })
		}
	})
	all.each(t, "defaults", checkDefaults)
	all.each(t, "weights", checkWeights)
	all.each(t, "fields", checkFields)
	all.each(t, "shapes", checkShapes)
	all.each(t, "rules", checkRules)
	all.each(t, "masks", checkMasks)
	all.each(t, "effects", checkEffects)
	all.each(t, "golden", checkGolden)
	all.each(t, "saving", checkSavedFields)
	all.each(t, "steps", checkSteps)
	all.checkRandom(t)
}

// complete reports all that a specimen lacks. Tests are the names of those in the package.
func (l Layer) complete(t *testing.T, tests []string) {
	t.Helper()
	class := l.class()
	require := func(ok bool, field, what string) {
		t.Helper()
		if !ok {
			t.Errorf("the specimen of %s must have %s: %s", class, field, what)
		}
	}
	_, isLayer := l.Value.(layers.Layer)
	require(isLayer || l.In != nil, "In", "the layer that contains it, such as inRNN for a cell")
	require(len(l.Outputs) > 0, "Outputs", "the shapes of one sample that it returns")
	if class == "Input" {
		return
	}
	require(len(l.Inputs) > 0, "Inputs", "the shapes of one sample that it takes")
	require(l.Accepts != "", "Accepts", "which of the shapes in conformance.Samples it accepts, such as -+----")
	require(!isLayer || len(l.Steps) > 0, "Steps", "a config that runs one step of a sequence at a time, or one that is Refused")
	require(l.Draw != nil, "Draw", "how a random model gets it")
	require(l.Golden.File != "" || l.Compared != "", "Golden", "numbers of another implementation, as in rms_normalization_test.go; or Compared, the name of the test that has some")
	if l.Compared != "" && !slices.Contains(tests, l.Compared) {
		t.Errorf("Compared of the specimen of %s is %s, which is not a test of the package", class, l.Compared)
	}
}

// model is a model of the layer, whose inputs have the given shapes.
func model(l layers.Layer, custom []any, shapes ...graph.Shape) *models.Functional {
	var in models.Inputs
	if input, ok := l.(layers.Input); ok {
		in, l = append(in, models.NewInput(input)), layers.Flatten{}
	}
	for _, shape := range shapes {
		in = append(in, models.NewInput(layers.Input{Shape: shape}))
	}
	return models.NewFunctional(models.Config{Name: "m", Seed: 1, Custom: custom}, in, models.Outputs{models.Use(l).Call(in...)})
}

// custom has what the models of all specimens need in Config.Custom.
func (s suite) custom() []any {
	out := []any{Reader{}}
	for _, class := range s.names() {
		out = append(out, s[class].Custom...)
	}
	return out
}
