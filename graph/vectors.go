package graph

import (
	"github.com/engram-go/engram/internal/kernels"
)

// What works on parameters outside of a graph, an optimizer above all, has the
// kernels for whole vectors here.

// Adam does one step of Adam (Kingma and Ba 2015) on the weights w with the
// gradient g and the running means m and v, which are as long as w:
//
//	m += keep1·(g − m)    v += keep2·(g² − v)    w −= rate·m/(√v + epsilon)
//
// keep1 and keep2 are 1 − β1 and 1 − β2, and rate is the corrected learning
// rate.
func Adam[T float32 | float64](w, g, m, v []T, keep1, keep2, rate, epsilon T) {
	kernels.For[T]().Adam(w, g, m, v, keep1, keep2, rate, epsilon)
}

// Size is the largest size of an element of x: 0 for none, and infinite or NaN
// where an element is.
func Size[T float32 | float64](x []T) T { return kernels.For[T]().Size(x) }
