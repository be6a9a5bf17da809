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
}

// capture is an outside value that a step uses: from is the value in the enclosing
// graph, leaf represents it in the step.
type capture struct{ from, leaf Value }

// cut is an outside value of which every step reads one piece, leaf. Time is its second
// axis, after the samples. For random values it is the first axis, in the order of
// computation.
type cut struct {
	from, leaf Value
	samples    int
	drawn      bool
}
