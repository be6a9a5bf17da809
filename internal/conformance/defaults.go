package conformance

import (
	"math/rand/v2"
	"path"
	"reflect"
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
	want := l.Defaults
	if want == nil {
		want = l.Value
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("the config is resolved to\n%+v, and Defaults of the specimen are\n%+v", got, want)
	}
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
			t.Errorf("%+v has %d weights, want %d", c.Layer, len(params.All()), len(c.Init))
		}
		for name, init := range c.Init {
			p := params.Get(path.Join("m", layername.Default(c.Layer), name))
			if p == nil {
				t.Errorf("%+v has no weight %s", c.Layer, name)
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
