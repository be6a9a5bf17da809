package networks

import (
	"fmt"
	"slices"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/layers/activations"
	"github.com/engram-go/engram/models"
)

// NHITS forecasts every target with several blocks, each of which reads what the blocks
// before it have not explained, at a resolution of its own (Challu et al. 2023, "N-HiTS:
// Neural Hierarchical Interpolation for Time Series Forecasting"):
//
//	h     = MLP(the maxima of every Pool rows of x)    relu after each layer
//	x     = x − interpolate(W_b·h + b_b)               knots every Every rows
//	y     = y + interpolate(W_f·h + b_f)               knots every Every rows
//
// Knots lie in the middle of their rows; the interpolation is linear, and constant before
// the first and after the last. The backcast of the last block is left out, since nothing
// reads it. All targets have the same weights. The MLP of every block also reads all
// covariates of the window and of the rows to forecast, and the static numbers.
type NHITS struct {
	Units  int   // of each layer of an MLP; 512
	Layers int   // of an MLP; 2
	Pool   []int // rows of a maximum, for each stack; 8, 4, 1
	Every  []int // rows for each knot, for each stack; 24, 12, 1
	Blocks int   // in a stack; 1; at most 64 in all stacks
}

// Model makes the model.
func (n NHITS) Model(t Task) (*models.Model, error) {
	l := nhits{
		Horizon: t.Horizon, Targets: t.Targets, Outputs: t.Outputs, Units: or(n.Units, 512), Layers: or(n.Layers, 2),
		Pool: []int{8, 4, 1}, Every: []int{24, 12, 1}, Blocks: or(n.Blocks, 1),
	}
	if len(n.Pool) > 0 {
		l.Pool = slices.Clone(n.Pool)
	}
	if len(n.Every) > 0 {
		l.Every = slices.Clone(n.Every)
	}
	if err := first(t.check(), l.check("NHITS")); err != nil {
		return nil, err
	}
	return newInputs(t).layer(l)
}

// nhits is the layer of NHITS.
//
//	in:      window [batch, steps, past], future [batch, horizon, future], static [batch, static]
//	out:     [batch, horizon·targets, outputs]
//	weights: for each block i, hidden_i_j_kernel and hidden_i_j_bias of layer j,
//	         backcast_i_kernel [units, knots], backcast_i_bias [knots],
//	         forecast_i_kernel [units, outputs·knots], forecast_i_bias [outputs·knots]
type nhits struct {
	Horizon, Targets, Outputs int
	Units, Layers             int
	Pool, Every               []int
	Blocks                    int
}

func (l nhits) channels() channels { return channels{l.Horizon, l.Targets, l.Outputs} }

// check checks all fields but the first three.
func (l nhits) check(class string) error {
	if len(l.Pool) != len(l.Every) || len(l.Pool) < 1 || len(l.Pool) > mostLayers {
		return errs.Error{Field: class + ".Pool", Rule: fmt.Sprintf("must have a number for each stack, as Every has, of 1 to %d stacks", mostLayers), Value: len(l.Pool)}
	}
	for i := range l.Pool {
		err := first(
			within(fmt.Sprintf("%s.Pool[%d]", class, i), l.Pool[i], mostUnits),
			within(fmt.Sprintf("%s.Every[%d]", class, i), l.Every[i], mostUnits),
		)
		if err != nil {
			return err
		}
	}
	return first(within(class+".Units", l.Units, mostUnits), within(class+".Layers", l.Layers, mostLayers), within(class+".Blocks", l.Blocks, mostLayers/len(l.Pool)))
}

// Resolve checks the fields.
func (l nhits) Resolve() (layers.Layer, error) {
	l.Pool, l.Every = slices.Clone(l.Pool), slices.Clone(l.Every)
	return l, first(l.channels().check("nhits"), l.check("nhits"))
}

// Call computes the layer.
func (l nhits) Call(s *graph.Scope, inputs ...graph.Value) []graph.Value {
	c := l.channels()
	in, ok := c.read(s, "nhits", inputs)
	if !ok {
		return inputs
	}
	x, others := in.targets, l.others(in) // [batch, steps, targets]
	batch, steps := x.Dim(0), x.Dim(1)
	var y graph.Value
	relu, _ := activations.FunctionOf(activations.ReLU)
	blocks := len(l.Pool) * l.Blocks
	for i := range blocks {
		pool, every := l.Pool[i/l.Blocks], l.Every[i/l.Blocks]
		windows := ceil(steps, pool)
		h := x.MaxPool(graph.Window{Size: pool, Stride: pool, Dilation: 1, After: windows*pool - steps}).Transpose(0, 2, 1) // [batch, targets, windows]
		h = graph.Concat(2, h, others...)
		for j := range l.Layers {
			h = dense(s, fmt.Sprintf("hidden_%d_%d", i, j), h, l.Units, relu) // [batch, targets, units]
		}
		knots := ceil(l.Horizon, every)
		f := dense(s, fmt.Sprintf("forecast_%d", i), h, l.Outputs*knots, graph.Function{})
		f = l.interpolate(s, f.Reshape(batch, l.Targets, l.Outputs, knots), l.Horizon) // [batch, targets, outputs, horizon]
		if i == 0 {
			y = f
		} else {
			y = y.Add(f)
		}
		if i == blocks-1 {
			break
		}
		b := dense(s, fmt.Sprintf("backcast_%d", i), h, ceil(steps, every), graph.Function{})
		x = x.Sub(l.interpolate(s, b, steps).Transpose(0, 2, 1)) // [batch, steps, targets]
	}
	y = y.Transpose(0, 1, 3, 2).Reshape(batch, l.Targets, l.Horizon*l.Outputs)
	return []graph.Value{c.output(y)}
}

// others are all numbers besides the targets, for each target: [batch, targets, n]. There
// are none or one.
func (l nhits) others(in operands) []graph.Value {
	batch := in.targets.Dim(0)
	var all []graph.Value
	for _, x := range []*graph.Value{in.others, in.future, in.static} {
		if x != nil {
			all = append(all, x.Reshape(batch, x.Shape()[1:].Size()))
		}
	}
	if len(all) == 0 {
		return nil
	}
	x := graph.Concat(1, all[0], all[1:]...) // [batch, n]
	return []graph.Value{x.Unsqueeze(1).BroadcastTo(batch, l.Targets, x.Dim(1))}
}

// interpolate makes rows of knots along the last axis, [..., knots] gives [..., rows]:
// a product with a constant matrix.
func (l nhits) interpolate(s *graph.Scope, x graph.Value, rows int) graph.Value {
	knots := x.Dim(-1)
	if knots == rows {
		return x
	}
	if knots > mostWeights/rows {
		s.Failf("nhits", fmt.Sprintf("must have at most %d pairs of a knot and a row; longer windows and horizons need a larger Every", mostWeights), knots*rows)
		return s.Const(0, x.Shape().With(-1, rows))
	}
	return x.MatMul(s.Values(interpolation(knots, rows), graph.Shape{knots, rows}))
}

const mostWeights = 1 << 21 // of a matrix of an interpolation

// interpolation is the matrix [knots, rows] of weights that the knots have in each row.
func interpolation(knots, rows int) []float64 {
	w := make([]float64, knots*rows)
	for j := range rows {
		at := min(max((float64(j)+0.5)*float64(knots)/float64(rows)-0.5, 0), float64(knots-1)) // where the row lies between the knots
		i := int(at)
		w[i*rows+j] += 1 - (at - float64(i))
		if i+1 < knots {
			w[(i+1)*rows+j] += at - float64(i)
		}
	}
	return w
}
