package losses

import (
	"fmt"
	"math"

	"github.com/engram-go/engram/graph"
)

// ofLines is f of every line along the last axis of values, which are joined there.
// Derivatives go to dx. Both are computed in float64, where large terms meet that float32
// would round away. A line whose gradient is 0, such as a masked step, gets a gradient of
// 0 even if its loss is not finite.
func ofLines(name string, f func(x []float64) float64, df func(x, dx []float64), first graph.Value, rest ...graph.Value) graph.Value {
	return graph.Concat(-1, first, rest...).ReduceAxis(name, -1, f, scaled(df))
}

// ofElements is f of the elements of values of one shape, as ofLines.
func ofElements(name string, f func(x []float64) float64, df func(x, dx []float64), first graph.Value, rest ...graph.Value) graph.Value {
	return graph.Stack(-1, first, rest...).ReduceAxis(name, -1, f, scaled(df))
}

// scaled is the gradient from derivatives.
func scaled(df func(x, dx []float64)) func(x []float64, y, dy float64, dx []float64) {
	return func(x []float64, _, dy float64, dx []float64) {
		clear(dx)
		if dy == 0 {
			return
		}
		df(x, dx)
		for i := range dx {
			dx[i] *= dy
		}
	}
}

// perTarget is a loss of which every target has k outputs, next to each other:
// target [batch, ..., n] and output [batch, ..., n·k]. It is the mean over the n targets of
// f, which gets a target and its outputs. df gives the derivatives, that of the target as its
// result. Outputs that are not finite give NaN.
func perTarget(name string, target, output graph.Value, k int,
	f func(y float64, out []float64) float64, df func(y float64, out, dout []float64) (dy float64)) graph.Value {
	s, shape := output.Scope(), output.Shape()
	if last := len(shape) - 1; last < 1 || shape[last] == graph.Any || shape[last] < k || shape[last]%k != 0 {
		s.Failf("output", fmt.Sprintf("must have an axis of %d numbers for each target", k), shape)
		return output
	}
	if want := targetsOf(shape, k); !target.Shape().Matches(want) {
		s.Failf("target", fmt.Sprintf("must have the shape %v, one number for %d of the output", want, k), target.Shape())
		return output
	}
	n := shape[len(shape)-1] / k
	return ofLines(name, func(x []float64) float64 {
		sum := 0.0
		for i, y := range x[:n] {
			out := x[n+i*k:][:k]
			for _, e := range out {
				y += 0 * e // NaN if it is infinite
			}
			sum += f(y, out)
		}
		return sum / float64(n)
	}, func(x, dx []float64) {
		for i, y := range x[:n] {
			dx[i] = df(y, x[n+i*k:][:k], dx[n+i*k:][:k])
		}
		for i := range dx {
			dx[i] /= float64(n)
		}
	}, target, output)
}

// targetsOf is the shape of targets of which each has k numbers of the output. One that has
// too few is for perTarget to refuse.
func targetsOf(output graph.Shape, k int) graph.Shape {
	shape, last := output.Clone(), len(output)-1
	if last >= 0 && shape[last] != graph.Any {
		shape[last] = max(1, shape[last]/k)
	}
	return shape
}

// softplus is log(1 + eˣ), without overflow.
func softplus(x float64) float64 { return max(x, 0) + math.Log1p(math.Exp(-math.Abs(x))) }

// sigmoid is the derivative of softplus.
func sigmoid(x float64) float64 { return 1 / (1 + math.Exp(-x)) }
