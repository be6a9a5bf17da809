// Package models composes layers: Sequential and Functional models, their
// summaries, drawings, weights, predictions and files. A model knows its shapes
// and parameters without compiling anything, and holds no states of sequences.
package models
