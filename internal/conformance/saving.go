package conformance

import (
	"reflect"
	"slices"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/internal/codec"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/layers/activations"
	"github.com/engram-go/engram/layers/constraints"
	"github.com/engram-go/engram/layers/initializers"
	"github.com/engram-go/engram/layers/regularizers"
)

// checkSavedFields takes configs with another value in one field to JSON and back.
func checkSavedFields(t *testing.T, l Layer) {
	r, err := codec.NewRegistry(slices.Concat(layers.All(), activations.All(), initializers.All(),
		regularizers.All(), constraints.All(), l.Custom, []any{twice})...)
	if err != nil {
		t.Fatal(err)
	}
	v := reflect.ValueOf(l.Value)
	for i := range v.NumField() {
		name, others := v.Type().Field(i).Name, []any{"a name"}
		if name != "Name" {
			others = otherValues(t, name, v.Field(i))
		}
		saved := false
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
				t.Errorf("%s: the config comes back as %+v, %v, want %+v", name, got, err, want)
			}
			saved = true
		}
		if !saved {
			t.Errorf("%s: no other value is accepted: add one to conformance.otherValues", name)
		}
	}
}

// twice is another function for a Lambda.
var twice = layers.NewFunction("twice", func(_ *graph.Scope, in ...graph.Value) []graph.Value {
	return []graph.Value{in[0].Scale(2)}
})
