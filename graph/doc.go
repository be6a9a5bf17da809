// Package graph is what layers are written in: the scope in which they are built,
// values with shape and mask and their formula methods, parameters and states,
// seeded randomness, gradients, and Program, a compiled graph.
//
// What the operations compute is in internal/ops, and how a graph runs in
// internal/exec. The graph itself is one of Gorgonia's; Value.Node and
// Scope.FromNode connect it with Gorgonia's own operations.
package graph

// Gorgonia checks at start-up that the garbage collector does not move memory
// and needs a version of this module that knows the Go release in use.
import _ "go4.org/unsafe/assume-no-moving-gc"
