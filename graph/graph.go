// Package graph is what layers are written in: the scope in which they are built,
// values with shape and mask and their formula methods, parameters and states,
// seeded randomness, gradients, and Program, a compiled graph.
//
// What the operations compute is in internal/ops, and how a graph runs in
// internal/exec. The graph itself is one of Gorgonia's; Value.Node and
// Scope.FromNode connect it with Gorgonia's own operations.
package graph

import (
	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/shapes"
)

// The kinds of failure that a program may have to tell apart, through
// errors.Is. Cancellation is told by context.Canceled.
var (
	// ErrInput is a config, shape, dtype, file or argument that breaks a rule.
	ErrInput = errs.ErrInput
	// ErrNotFinite is a NaN or an infinity where only finite numbers may be.
	ErrNotFinite = errs.ErrNotFinite
)

// Error describes a fault: its path and field, the rule, and the value that
// breaks it. It is found in a chain of errors with errors.As.
type Error = errs.Error

// Shape lists the sizes of the axes of a value; Any is an open one. The empty
// shape is a single number.
type Shape = shapes.Shape

// Any leaves a dimension open: the batch size, or a number of steps, that is
// known only when data arrives.
const Any = shapes.Any
