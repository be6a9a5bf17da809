package activations

import "github.com/engram-go/engram/graph"

// clip is a straight line from the point (from, low) to the point (to, high),
// and flat outside.
func clip(name Name, from, to, low, high float64) func(graph.Value) graph.Value {
	a := (high - low) / (to - from)
	b := low - a*from
	return elementwise(name,
		func(x float64) float64 { return min(max(a*x+b, low), high) },
		func(x, _ float64) float64 {
			if x <= from || x >= to {
				return 0
			}
			return a
		})
}

func sparsePlus(x float64) float64 {
	switch {
	case x <= -1:
		return 0
	case x >= 1:
		return x
	}
	return (x + 1) * (x + 1) / 4
}

func sparsePlusSlope(x, _ float64) float64 { return min(max((x+1)/2, 0), 1) }

func hardSiLU(x float64) float64 {
	switch {
	case x <= -3:
		return 0
	case x >= 3:
		return x
	}
	return x * (x + 3) / 6
}

func hardSiLUSlope(x, _ float64) float64 {
	switch {
	case x <= -3:
		return 0
	case x >= 3:
		return 1
	}
	return (2*x + 3) / 6
}
