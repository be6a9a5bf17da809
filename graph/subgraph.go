package graph

import "github.com/engram-go/engram/internal/exec"

// subgraph is a graph under construction: that of the program or that of a scan's step,
// which is nested in another. The node of a value determines its subgraph. All of them
// share paths, parameters and errors.
type subgraph struct {
	g        *exec.Graph
	outer    *subgraph // nil for that of the program
	captures []capture
	steps    int              // of the scan
	draws    *draws           // of the enclosing unrolled steps
	cuts     []cut            // values of which every step reads a piece
	losses   []Value          // of one step
	outputs  map[string]Value // of one step, by name
	closed   bool             // the step is built; operations that are added belong to its gradient
}

// capture is an outside value that a step uses: from is the value in the enclosing
// graph, leaf represents it in the step.
type capture struct{ from, leaf Value }

// cut is an outside value [steps, ...] of which every step reads one piece, leaf. Random
// values lie in the order of computation, others in that of time. Only smooth ones have a
// gradient; masks and random values have none.
type cut struct {
	from, leaf    Value
	drawn, smooth bool
}
