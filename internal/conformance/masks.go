package conformance

import (
	"fmt"
	"maps"
	"math"
	"reflect"
	"slices"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/layers"
	"gorgonia.org/tensor"
)

// checkMasks gives a layer sequences with masks. An output that keeps the steps has the
// mask, and what masked steps contain does not change what the others give, or the
// specimen says why not. Beside Value, it is tried with each switch turned on, and a
// recurrent layer with ReturnSequences, and the configs of Cases with one input.
func checkMasks(t *testing.T, l Layer) {
	if !slices.ContainsFunc(l.Inputs, l.isSequence) {
		return
	}
	if made := l.makesMask(t); made != l.MakesMask {
		t.Errorf("an output has a mask where no input has one: %v, and MakesMask of the specimen is %v", made, l.MakesMask)
	}
	kept := map[int]bool{} // outputs that keep the steps
	reads := false
	for _, v := range l.variants() {
		base, other := l.runMasked(t, v, 1), l.runMasked(t, v, -7)
		for i, y := range base {
			if len(y.shape) >= 3 && y.shape[1] == v.inputs[0][1] {
				kept[i] = true
				l.checkMask(t, v, i, y)
			}
			if !y.sameWhereCounted(other[i]) {
				reads = true
				if l.ReadsMasked == "" && !t.Failed() { // without its mask every step of an output counts
					t.Errorf("%s: what masked steps contain changes output %d at other steps: use the mask of the input, or ReadsMasked of the specimen says why not", v, i)
				}
			}
		}
	}
	for i := range l.NoMask {
		if !kept[i] {
			t.Errorf("output %d never keeps the steps: remove it from NoMask of the specimen", i)
		}
	}
	if l.ReadsMasked != "" && !reads {
		t.Error("masked steps change nothing: remove ReadsMasked from the specimen")
	}
}

// makesMask tells whether an output of Value has a mask where no input has one.
func (l Layer) makesMask(t *testing.T) (made bool) {
	t.Helper()
	params, err := graph.NewParams(tensor.Float64, 1)
	if err != nil {
		t.Fatal(err)
	}
	err = graph.Shapes(graph.Config{Params: params}, func(s *graph.Scope) {
		var in []graph.Value
		for i, shape := range l.batch() {
			in = append(in, s.Input(fmt.Sprint("x", i), shape))
		}
		made = false
		for _, y := range layers.Apply(s, "layer", l.layer(l.Value), in...) {
			_, ok := y.Mask()
			made = made || ok
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// stepMask is a mask of batches of that shape. It leaves out first, last and other
// steps.
func stepMask(shape graph.Shape) []float64 {
	out := make([]float64, shape[0]*shape[1])
	for i := range out {
		if (i/shape[1]+i%shape[1])%3 != 0 {
			out[i] = 1
		}
	}
	return out
}

// checkMask compares the mask of an output that keeps the steps.
func (l Layer) checkMask(t *testing.T, v variant, i int, y masked) {
	t.Helper()
	want := stepMask(v.inputs[0])
	if v.backwards() {
		for row := range slices.Chunk(want, v.inputs[0][1]) {
			slices.Reverse(row)
		}
	}
	_, none := l.NoMask[i]
	switch {
	case none && y.mask != nil:
		t.Errorf("%s: output %d has a mask: remove it from NoMask of the specimen", v, i)
	case !none && y.mask == nil:
		t.Errorf("%s: output %d keeps the steps of the input and loses its mask: return it with keepMask, or NoMask of the specimen says why not", v, i)
	case !none && !slices.Equal(y.mask, want):
		t.Errorf("%s: output %d has the mask %v, want %v", v, i, y.mask, want)
	}
}

// isSequence tells whether an input of that shape of a sample has steps.
func (l Layer) isSequence(shape graph.Shape) bool { return len(shape) >= 2 || l.Indices }

// batch are the shapes of two samples.
func (l Layer) batch() []graph.Shape {
	var out []graph.Shape
	for _, shape := range l.Inputs {
		out = append(out, append(graph.Shape{2}, shape...))
	}
	return out
}

// variant is a layer with the shapes of its inputs for a batch, in training or not.
type variant struct {
	layer    layers.Layer
	inputs   []graph.Shape
	training bool
}

// String shows the layer, and whether it was training.
func (v variant) String() string {
	if v.training {
		return shown(v.layer) + " in training"
	}
	return shown(v.layer)
}

// backwards tells whether the steps of the outputs are in the opposite order.
func (v variant) backwards() bool {
	f := reflect.ValueOf(v.layer).FieldByName("GoBackwards")
	return f.IsValid() && f.Bool()
}

// variants are the layers to try with masks.
func (l Layer) variants() []variant {
	batch := l.batch()
	var out []variant
	add := func(v any) {
		c := variant{layer: v.(layers.Layer), inputs: batch}
		if buildError(c.layer, batch, nil) == nil && !slices.ContainsFunc(out, func(o variant) bool { return reflect.DeepEqual(o, c) }) {
			c.training = true
			out = append(out, variant{c.layer, batch, false}, c)
		}
	}
	for _, v := range switched(l.Value) {
		add(l.layer(v))
		add(turnOn(l.layer(v), "ReturnSequences"))
	}
	for _, v := range switched(l.layer(l.Value)) { // the layer around a cell
		add(turnOn(v, "ReturnSequences"))
	}
	for _, name := range slices.Sorted(maps.Keys(l.Cases)) {
		if c := l.Cases[name]; len(c.Inputs) == 1 && l.isSequence(c.Inputs[0].Shape[1:]) {
			if shapes := []graph.Shape{c.Inputs[0].Shape}; buildError(c.Layer, shapes, l.isSequence) == nil { // it may refuse masks
				out = append(out, variant{c.Layer, shapes, false})
			}
		}
	}
	return out
}

// switched are a config, and the same with one switch turned on.
func switched(config any) []any {
	out := []any{config}
	v := reflect.ValueOf(config)
	for i := range v.NumField() {
		if v.Field(i).Kind() == reflect.Bool {
			out = append(out, turnOn(config, v.Type().Field(i).Name))
		}
	}
	return out
}

// turnOn is a config with a switch turned on, where it has that.
func turnOn(config any, name string) any {
	v := reflect.New(reflect.TypeOf(config)).Elem()
	v.Set(reflect.ValueOf(config))
	if f := v.FieldByName(name); f.IsValid() {
		f.SetBool(true)
	}
	return v.Interface()
}

// masked is an output of a layer whose inputs have masks.
type masked struct {
	shape   graph.Shape
	y, mask []float64 // the mask is nil where there is none
}

// sameWhereCounted compares two outputs, but for masked steps where they have a mask.
func (m masked) sameWhereCounted(other masked) bool {
	for i, y := range m.y {
		if m.mask != nil {
			if step := i * len(m.mask) / len(m.y); m.mask[step] == 0 {
				continue
			}
		}
		if y != other.y[i] {
			return false
		}
	}
	return true
}

// runMasked runs a layer on sequences with masks. What masked steps contain is
// multiplied by fill.
func (l Layer) runMasked(t *testing.T, v variant, fill float64) []masked {
	t.Helper()
	params, err := graph.NewParams(tensor.Float64, 1)
	if err != nil {
		t.Fatal(err)
	}
	var out []masked
	prog, err := graph.NewProgram(graph.Config{Params: params, Seed: 1, Training: v.training}, func(s *graph.Scope) {
		out = nil
		for i, y := range layers.Apply(s, "layer", v.layer, l.maskedInputs(s, v.inputs, fill)...) {
			out = append(out, masked{shape: y.Shape()})
			s.Output(fmt.Sprint("y", i), y)
			if m, ok := y.Mask(); ok {
				out[i].mask = []float64{}
				s.Output(fmt.Sprint("mask", i), m)
			}
		}
	})
	if err != nil {
		t.Fatalf("%s: %v", v, err)
	}
	defer prog.Close()
	if err := prog.Run(graph.Tick{}); err != nil {
		t.Fatal(err)
	}
	read := func(name string, i int) []float64 {
		y, err := prog.Output(fmt.Sprint(name, i))
		if err != nil {
			t.Fatal(err)
		}
		return slices.Clone(y.Float64s())
	}
	for i := range out {
		out[i].y = read("y", i)
		if out[i].mask != nil {
			out[i].mask = read("mask", i)
		}
	}
	return out
}

// maskedInputs are inputs of these shapes, those with steps with a mask. What masked steps
// contain is multiplied by fill.
func (l Layer) maskedInputs(s *graph.Scope, shapes []graph.Shape, fill float64) []graph.Value {
	var in []graph.Value
	for i, shape := range shapes {
		a := l.input(i, shape)
		if !l.isSequence(shape[1:]) {
			in = append(in, s.Values(a.Data, a.Shape))
			continue
		}
		mask := stepMask(shape)
		for k := range a.Data {
			counts := mask[k*len(mask)/len(a.Data)] != 0
			switch {
			case l.Indices && counts:
				a.Data[k] = float64(1 + k%4)
			case l.Indices:
				a.Data[k] = max(0, math.Copysign(1, fill)) // 0 or 1
			case !counts:
				a.Data[k] *= fill
			}
		}
		in = append(in, s.Values(a.Data, a.Shape).WithMask(s.Values(mask, shape[:2])))
	}
	return in
}
