// Package models composes layers: Sequential, its summary, weights, prediction
// and files. A model knows its shapes and parameters without compiling
// anything, and holds no states of sequences.
package models
