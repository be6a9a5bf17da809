package layers_test

import (
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/internal/layername"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/layers/layertest"
)

// Units whose recurrent kernel would have more than 2³¹ elements are refused
// before anything is drawn.
func TestUnitsWithoutRoom(t *testing.T) {
	for _, c := range []struct {
		most  int
		layer func(units int) layers.Layer
	}{
		{23170, func(n int) layers.Layer { return layers.LSTM{Units: n} }},
		{26754, func(n int) layers.Layer { return layers.LSTM{Units: n, CoupledGates: true} }},
		{26754, func(n int) layers.Layer { return layers.GRU{Units: n} }},
		{46340, func(n int) layers.Layer { return layers.SimpleRNN{Units: n} }},
	} {
		if _, err := layers.Resolve(c.layer(c.most)); err != nil {
			t.Error(err)
		}
		layertest.Invalid(t, c.layer(c.most+1), layername.Class(c.layer(1))+".Units", graph.Shape{graph.Any, 4, 1})
	}
}
