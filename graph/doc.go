// Package graph is the symbolic foundation of Engram and the only room that
// knows Gorgonia. It holds the scope in which layers are built, values with
// shape and mask, parameters, the seeded source of randomness, differentiable
// operations, and Program, a compiled graph.
package graph

// Gorgonia checks at start-up that the garbage collector does not move memory
// and needs a version of this module that knows the Go release in use.
import _ "go4.org/unsafe/assume-no-moving-gc"
