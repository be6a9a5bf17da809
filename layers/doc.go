// Package layers holds the layers that models are made of, one a file. A layer
// is a plain config value, immutable and without weights; its Call describes
// what it computes as symbolic values in a graph.Scope.
package layers
