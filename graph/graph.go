// Package graph is the language in which layers are written. It provides scopes,
// values with their formula methods, parameters and states, seeded random numbers,
// gradients, and Program, a compiled graph.
//
// What the operations compute is in internal/ops, and how a graph runs in
// internal/exec. The graph itself is one of Gorgonia's; Value.Node and
// Scope.FromNode connect it with Gorgonia's own operations.
package graph

import (
	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/shapes"
)

// Kinds of errors, for errors.Is. Cancellation is reported as context.Canceled.
var (
	// ErrInput is an invalid config, shape, dtype, file or argument.
	ErrInput = errs.ErrInput
	// ErrNotFinite is a NaN or an infinity where values must be finite.
	ErrNotFinite = errs.ErrNotFinite
)

// Error describes an invalid value: its path and field, the rule it violates and the
// value. Use errors.As to find it in a chain of errors.
type Error = errs.Error

// Shape lists the sizes of the axes of a value; Any is an open one. The empty
// shape is a single number.
type Shape = shapes.Shape

// Any is the size of an open axis: a batch size or a number of steps that depends on
// the data.
const Any = shapes.Any
