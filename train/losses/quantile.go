package losses

import (
	"fmt"

	"github.com/engram-go/engram/graph"
)

var (
	_ Loss         = Quantile{}
	_ TargetShaper = Quantile{}
)

// Quantile trains outputs that are quantiles of the target: a share q of all targets lies
// below the output of level q. It is the pinball loss (Koenker & Bassett 1978, "Regression
// Quantiles"), with d = y − ŷ the mean over targets and levels of
//
//	max(q·d, (q − 1)·d)
//
// An output has the levels of a target next to each other: [batch, ..., targets·levels] for
// targets [batch, ..., targets]. So layers.Dense{Units: 3} has three levels of one target,
// and Reshape{TargetShape: graph.Shape{targets, levels}} tells them apart. Where d is 0 the
// derivative is 0. Nothing keeps the levels in order; sort those of a forecast if they cross.
type Quantile struct {
	// Levels are the shares q, each between 0 and 1. Default 0.1, 0.5 and 0.9.
	Levels []float64
}

func (q Quantile) levels() []float64 {
	if len(q.Levels) == 0 {
		return []float64{0.1, 0.5, 0.9}
	}
	return q.Levels
}

// TargetShape is that of the output, with one number for all levels on the last axis.
func (q Quantile) TargetShape(output graph.Shape) graph.Shape {
	return targetsOf(output, len(q.levels()))
}

// Loss maps an output [batch, ..., targets·levels] and a target [batch, ..., targets] to
// [batch, ...].
func (q Quantile) Loss(target, output graph.Value) graph.Value {
	levels := append([]float64{}, q.levels()...)
	for i, level := range levels {
		if !(level > 0 && level < 1) {
			output.Scope().Failf(fmt.Sprintf("Quantile.Levels[%d]", i), "must lie between 0 and 1", level)
			return output
		}
	}
	k := float64(len(levels))
	return perTarget("quantile", target, output, len(levels), func(y float64, out []float64) float64 {
		sum := 0.0
		for i, q := range levels {
			d := y - out[i]
			sum += max(q*d, (q-1)*d)
		}
		return sum / k
	}, func(y float64, out, dout []float64) (dy float64) {
		for i, q := range levels {
			switch d := y - out[i]; {
			case d > 0:
				dout[i] = -q / k
			case d < 0:
				dout[i] = (1 - q) / k
			default:
				dout[i] = 0 * d // NaN stays
			}
			dy -= dout[i]
		}
		return dy
	})
}
