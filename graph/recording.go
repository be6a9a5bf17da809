package graph

import (
	"github.com/engram-go/engram/internal/exec"
)

// recording is what build has declared in a scope.
type recording struct {
	inputs  map[string]Value
	outputs map[string]Value
	results []Value // outputs without a name

	bound   []Bound             // the parameters that the graph uses
	boundAt map[string]int      // their positions, by path
	params  map[*exec.Node]bool // their nodes

	losses      []Value
	updates     []Update
	regularized map[*Param]bool
	constrained []Constrained
	notes       []Note
}

func newRecording() recording {
	return recording{
		inputs: map[string]Value{}, outputs: map[string]Value{},
		boundAt: map[string]int{}, params: map[*exec.Node]bool{}, regularized: map[*Param]bool{},
	}
}

// Bound is a parameter and its value in a graph.
type Bound struct {
	Param *Param
	Value Value
}

// Update assigns a value to a parameter after a training step, such as a moving
// average.
type Update struct {
	Path  string
	Value Value
}

// Note is a remark on the layer of that path, a predicate such as "runs as a
// scan over the steps".
type Note struct{ Path, Text string }

// Constraint keeps a parameter within bounds.
type Constraint interface {
	// Constrain changes the elements of a parameter, in row-major order, so that they
	// satisfy the constraint.
	Constrain(shape Shape, elements []float64) error
}

// Constrained is a parameter and its constraint.
type Constrained struct {
	Param      *Param
	Constraint Constraint
}
