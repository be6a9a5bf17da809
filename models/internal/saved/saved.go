// Package saved holds the configs of models as they are written to files. The
// names of its types and fields are part of the file format.
package saved

import (
	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/layers"
)

// Model is the config of a model: a Sequential or a Functional.
type Model interface {
	layers.Layer
	model()
}

// Sequential is the config of models.Sequential.
type Sequential struct {
	Name   string
	Seed   uint64
	Dtype  string
	Layers []Layer // in order, Input first
}

// Functional is the config of models.Functional.
type Functional struct {
	Name    string
	Seed    uint64
	Dtype   string
	Layers  []Layer  // with the Inputs
	Calls   []Call   // each after the calls that give its inputs
	Inputs  []int    // the calls that are the inputs
	Outputs []Tensor // of the model
}

// Layer is a layer and its name in the model.
type Layer struct {
	Name  string
	Layer layers.Layer // or a Model
}

// Call is one use of a layer.
type Call struct {
	Layer  string // its name
	Inputs []Tensor
}

// Tensor is one output of a call, both counted from 0.
type Tensor struct{ Call, Output int }

func (Sequential) model() {}
func (Functional) model() {}

// Call makes the config of a model a layer, so that a model can be used as one. A
// model in a field of another layer is refused.
func (Sequential) Call(s *graph.Scope, _ ...graph.Value) []graph.Value { return refuse(s) }

// Call is that of Sequential.
func (Functional) Call(s *graph.Scope, _ ...graph.Value) []graph.Value { return refuse(s) }

func refuse(s *graph.Scope) []graph.Value {
	s.Failf("layer", "must not hold a model", nil)
	return nil
}
