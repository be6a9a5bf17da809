package conformance

import (
	"bytes"
	"context"
	"fmt"
	"reflect"
	"slices"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/graph/graphtest"
	"github.com/engram-go/engram/internal/codec"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/layers/activations"
	"github.com/engram-go/engram/layers/constraints"
	"github.com/engram-go/engram/layers/initializers"
	"github.com/engram-go/engram/layers/regularizers"
	"github.com/engram-go/engram/models"
	"gorgonia.org/tensor"
)

// checkSavedFields takes configs with another value in one field to JSON and back, and a
// model with one of the values to a file.
func checkSavedFields(t *testing.T, l Layer) {
	custom, inputs := append(slices.Clone(l.Custom), twice), l.check().Inputs
	for _, a := range inputs {
		if l.Indices { // whatever their number
			clear(a.Data)
		}
	}
	r, err := codec.NewRegistry(slices.Concat(layers.All(), activations.All(), initializers.All(),
		regularizers.All(), constraints.All(), custom)...)
	if err != nil {
		t.Fatal(err)
	}
	v := reflect.ValueOf(l.Value)
	for i := range v.NumField() {
		name, others := v.Type().Field(i).Name, []any{"a name"}
		if name != "Name" {
			others = otherValues(t, name, v.Field(i))
		}
		saved, filed := false, false
		for _, x := range others {
			want, err := layers.Resolve(l.layer(withField(v, i, x).Interface()))
			if err != nil {
				continue
			}
			text, err := r.Encode(want)
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			var got layers.Layer
			if err := r.Decode(text, &got); err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("%s: the config comes back as %s, %v, want %s", name, shown(got), err, shown(want))
			}
			saved = true
			if name != "Name" && !filed && l.buildable(want) {
				checkFile(t, want, custom, inputs...)
				filed = true
			}
		}
		if !saved {
			t.Errorf("%s: no other value is accepted: add one to conformance.otherValues", name)
		}
	}
}

// buildable tells whether a layer takes the inputs of the specimen.
func (l Layer) buildable(layer layers.Layer) bool { return buildError(layer, l.batch(), nil) == nil }

// checkFile takes a model of a layer, in float32, to a file and back: the model that was
// read predicts the same, and its config is the same.
func checkFile(t *testing.T, l layers.Layer, custom []any, inputs ...graphtest.Array) {
	t.Helper()
	var shapes []graph.Shape
	var x []*tensor.Dense
	for _, a := range inputs {
		shapes, x = append(shapes, a.Shape[1:]), append(x, dense(tensor.Float32, a))
	}
	m := model(l, custom, shapes...)
	var file bytes.Buffer
	if _, err := m.WriteTo(&file); err != nil {
		t.Errorf("%s: %v", shown(l), err)
		return
	}
	back, err := models.Read(&file, models.LoadConfig{Custom: custom})
	if err != nil {
		t.Errorf("%s: %v", shown(l), err)
		return
	}
	var predicted, configs [2]string
	for i, m := range []*models.Model{&m.Model, back} {
		y, err := m.PredictAll(context.Background(), x...)
		if err != nil {
			t.Errorf("%s: %v", shown(l), err)
			return
		}
		text, err := m.JSON()
		if err != nil {
			t.Fatal(err)
		}
		for _, y := range y {
			predicted[i] += fmt.Sprintln(y.Shape(), y.Float32s())
		}
		configs[i] = string(text)
	}
	if predicted[0] != predicted[1] || configs[0] != configs[1] {
		t.Errorf("%s: the model that was read differs:\n%s\n%s", shown(l), configs[0], configs[1])
	}
}

// twice is another function for a Lambda.
var twice = layers.NewFunction("twice", func(_ *graph.Scope, in ...graph.Value) []graph.Value {
	return []graph.Value{in[0].Scale(2)}
})
