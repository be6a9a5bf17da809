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

// Error describes an invalid value, as a struct of these fields. Use errors.As to find
// it in a chain of errors, and errors.Is with its Kind.
//
//   - Path string: where it is, such as "sequential/lstm_1" or "prices.csv:12"; may be
//     empty
//   - Field string: what violates the rule, such as "LSTM.Units"
//   - Rule string: the rule, such as "must be positive"
//   - Value any: the invalid value; nil if there is none to show
//   - Kind error: ErrInput if nil
type Error = errs.Error

// Shape lists the sizes of the axes of a value; Any is an open one. The empty shape is a
// single number. It is a []int with these methods:
//
//   - Rank() int is the number of axes, and Size() int that of the elements, Any if an
//     axis is open. Known() bool reports whether none is open.
//   - Equal(t Shape) bool compares all axes; in Accepts(t Shape) bool an open axis of the
//     shape accepts any size, in Matches(t Shape) bool an open axis of either does.
//   - Clone() Shape is a copy, With(i, d int) Shape one whose axis i has size d.
type Shape = shapes.Shape

// Any is the size of an open axis: a batch size or a number of steps that depends on
// the data.
const Any = shapes.Any
