// Package saved holds the configs of models as they are written to files. The
// names of its types and fields are part of the file format.
package saved

import "github.com/engram-go/engram/layers"

// Sequential is the config of models.Sequential.
type Sequential struct {
	Name   string
	Seed   uint64
	Dtype  string
	Layers []Layer // in order, the Input first
}

// Layer is a layer under the name that it has in the model.
type Layer struct {
	Name  string
	Layer layers.Layer
}
