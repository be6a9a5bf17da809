package constraints

import "github.com/engram-go/engram/graph"

// NonNeg sets negative elements to 0:
//
//	w ← max(w, 0)
type NonNeg struct{}

// Constrain changes the elements.
func (NonNeg) Constrain(_ graph.Shape, elements []float64) error {
	for i, x := range elements {
		elements[i] = max(x, 0)
	}
	return nil
}
