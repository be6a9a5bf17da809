package graph

import "github.com/engram-go/engram/internal/exec"

// subgraph is one graph that is being built: that of the program, or that of a
// scan's step, which lies one level deeper. Which one a value belongs to, its
// node says; paths, parameters and errors are the same in all.
type subgraph struct {
	g        *exec.Graph
	outer    *subgraph // nil for that of the program
	captures []capture
	steps    int              // of the scan
	draws    *draws           // of the enclosing steps that are written out
	cuts     []cut            // of which every step reads a piece
	losses   []Value          // of one step
	outputs  map[string]Value // of one step, by name
}

// capture is a value from outside that a step uses: from is its value one level
// further out, leaf represents it in the step.
type capture struct{ from, leaf Value }

// cut is a value from outside of which every step reads a piece, leaf. Time is
// its second axis, after the samples; draws have it first, in the order in which
// the steps are computed.
type cut struct {
	from, leaf Value
	samples    int
	drawn      bool
}
