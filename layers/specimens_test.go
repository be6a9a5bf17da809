package layers_test

import (
	"testing"

	"github.com/engram-go/engram/internal/conformance"
	"github.com/engram-go/engram/layers"
)

// specimens are the literals that describe the layers, each in the file of its tests.
var specimens []conformance.Layer

// specimen adds a literal to specimens, in the initializer of a variable.
func specimen(l conformance.Layer) bool {
	specimens = append(specimens, l)
	return true
}

// inRNN and inGRU are the layers around cells and initial states.
func inRNN(v any) layers.Layer { return layers.RNN{Cell: v.(layers.Cell)} }
func inGRU(v any) layers.Layer {
	return layers.GRU{Units: 2, InitialState: v.(layers.InitialState)}
}

// Every layer satisfies what all layers must.
func TestConformance(t *testing.T) { conformance.Layers(t, specimens) }
