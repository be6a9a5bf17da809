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
	Layers []Layer // in order, the Input first
}

// Functional is the config of models.Functional.
type Functional struct {
	Name    string
	Seed    uint64
	Dtype   string
	Layers  []Layer  // the Inputs among them
	Calls   []Call   // each after those that it takes its inputs from
	Inputs  []int    // the calls that stand for the inputs
	Outputs []Tensor // what the model returns
}

// Layer is a layer under the name that it has in the model.
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

// Call makes the config of a model fit where a layer stands. It is read there as
// a model; within another layer it cannot be.
func (Sequential) Call(s *graph.Scope, _ ...graph.Value) []graph.Value { return refuse(s) }

// Call is that of Sequential.
func (Functional) Call(s *graph.Scope, _ ...graph.Value) []graph.Value { return refuse(s) }

func refuse(s *graph.Scope) []graph.Value {
	s.Failf("layer", "must not hold a model", nil)
	return nil
}
