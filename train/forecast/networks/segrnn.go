package networks

import (
	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/layers/activations"
	"github.com/engram-go/engram/layers/initializers"
	"github.com/engram-go/engram/models"
)

// SegRNN reads the window of every target in segments of several rows and forecasts all
// segments at once (Lin et al. 2023, "SegRNN: Segment Recurrent Neural Network for
// Long-Term Time Series Forecasting"). The newest value is subtracted from the window and
// added to the forecast, the first of the numbers for each target:
//
//	e_i = relu(W_e·segment_i + b_e)             for each segment of the window
//	h   = GRU(e_1, …, e_n)
//	h_j = GRU step from h with the input p_j    for each segment to forecast
//	y_j = W_y·dropout(h_j) + b_y + newest value
//
// The input p_j is a learned vector of the segment's position. With several targets its
// second half is a learned vector of the target; all else is the same for all
// targets. A window that is no multiple of the segment begins with its newest value, and
// the end of the last segment to forecast is left out.
//
// Covariates and static numbers have a linear effect as in DLinear.
type SegRNN struct {
	Units   int      // of the embedding and the GRU; 512
	Segment int      // rows of a segment; those of a season if a window has two seasons, otherwise a quarter of the window
	Dropout *float64 // fraction dropped before the output in training, 0 ≤ Dropout < 1; 0.5 where nil
}

// Model makes the model.
func (n SegRNN) Model(t Task) (*models.Model, error) {
	l := segRNN{Horizon: t.Horizon, Targets: t.Targets, Outputs: t.Outputs, Units: or(n.Units, 512), Segment: n.Segment, Dropout: 0.5}
	if n.Dropout != nil {
		l.Dropout = *n.Dropout
	}
	if l.Segment == 0 {
		l.Segment = max(1, ceil(t.Steps, 4))
		if t.Season > 1 && t.Season <= t.Steps/2 {
			l.Segment = t.Season
		}
	}
	if err := first(t.check(), l.check("SegRNN")); err != nil {
		return nil, err
	}
	return newInputs(t).layer(l)
}

// segRNN is the layer of SegRNN.
//
//	in:      window [batch, steps, past], future [batch, horizon, future], static [batch, static]
//	out:     [batch, horizon·targets, outputs]
//	weights: embedding_kernel [segment, units], embedding_bias [units], those of the GRU,
//	         positions [segments to forecast, units or units/2], targets [targets, units/2],
//	         output_kernel [units, segment·outputs], output_bias [segment·outputs],
//	         past_kernel, future_kernel and static_kernel
type segRNN struct {
	Horizon, Targets, Outputs int
	Units, Segment            int
	Dropout                   float64
}

func (l segRNN) channels() channels { return channels{l.Horizon, l.Targets, l.Outputs} }

// check checks all fields but the first three.
func (l segRNN) check(class string) error {
	return first(within(class+".Units", l.Units, mostUnits), within(class+".Segment", l.Segment, mostUnits), rate(class+".Dropout", l.Dropout))
}

// Resolve checks the fields.
func (l segRNN) Resolve() (layers.Layer, error) {
	return l, first(l.channels().check("segRNN"), l.check("segRNN"))
}

// Call computes the layer.
func (l segRNN) Call(s *graph.Scope, inputs ...graph.Value) []graph.Value {
	c := l.channels()
	in, ok := c.read(s, "segRNN", inputs)
	if !ok {
		return inputs
	}
	x := in.targets // [batch, steps, targets]
	batch, steps := x.Dim(0), x.Dim(1)
	last := x.Slice(1, steps-1, steps).Transpose(0, 2, 1) // [batch, targets, 1]
	x = x.Transpose(0, 2, 1).Sub(last)                    // [batch, targets, steps]
	n := ceil(steps, l.Segment)
	if more := n*l.Segment - steps; more > 0 {
		x = graph.Concat(2, s.Const(0, graph.Shape{batch, l.Targets, more}), x)
	}
	all := graph.Shape{batch, l.Targets}.Size() // batch·targets
	relu, _ := activations.FunctionOf(activations.ReLU)
	e := dense(s, "embedding", x.Reshape(all, n, l.Segment), l.Units, relu) // [batch·targets, n, units]
	m := ceil(l.Horizon, l.Segment)
	h := l.recurrent(s, e, batch, m) // [batch, targets, m, units]
	if s.Training() && l.Dropout > 0 {
		h = h.Times(s.DropoutMask("mask", h.Shape(), l.Dropout))
	}
	y := dense(s, "output", h, l.Segment*l.Outputs, graph.Function{})              // [batch, targets, m, segment·outputs]
	y = y.Reshape(batch, l.Targets, m*l.Segment, l.Outputs).Slice(2, 0, l.Horizon) // [batch, targets, horizon, outputs]
	center := y.Slice(3, 0, 1).Add(last.Unsqueeze(-1))
	if l.Outputs > 1 {
		center = graph.Concat(3, center, y.Slice(3, 1, l.Outputs))
	}
	y = center.Reshape(batch, l.Targets, l.Horizon*l.Outputs)
	return []graph.Value{c.linear(s, in, c.output(y))}
}

// recurrent reads the segments with a GRU, and takes one step from its last state for each
// of m segments to forecast: [batch·targets, n, units] gives [batch, targets, m, units].
//
// The step is written out, since the product of p with the weights is the same for all
// samples, and that of h for all segments.
func (l segRNN) recurrent(s *graph.Scope, e graph.Value, batch, m int) graph.Value {
	u := l.Units
	kernel := s.Param("kernel", graph.Shape{u, 3 * u}, initializers.GlorotUniform) // the columns of z, r and h, as in layers.GRU
	recurrent := s.Param("recurrent_kernel", graph.Shape{u, 3 * u}, initializers.Orthogonal{})
	bias := s.Param("bias", graph.Shape{2, 3 * u}, initializers.Zeros)
	zero := s.Const(0, graph.Shape{e.Dim(0), u})
	h, _ := graph.Recurrent{Cell: graph.GRUCell, X: e, Kernel: kernel, Recurrent: recurrent, Bias: &bias, Initial: []graph.Value{zero}}.Run() // [batch·targets, units]

	ofInput, ofState := bias.At(0, 0), bias.At(0, 1)
	p := graph.Linear(l.positions(s, m), 1, kernel, &ofInput, graph.Function{})                      // [targets, m, 3·units]
	q := graph.Linear(h, 1, recurrent, &ofState, graph.Function{}).Reshape(batch, l.Targets, 1, 3*u) // [batch, targets, 1, 3·units]
	h = h.Reshape(batch, l.Targets, 1, u)                                                            // [batch, targets, 1, units]
	gate := func(v graph.Value, i int) graph.Value { return v.Slice(-1, i*u, (i+1)*u) }
	z := gate(p, 0).Add(gate(q, 0)).Sigmoid() // [batch, targets, m, units]
	r := gate(p, 1).Add(gate(q, 1)).Sigmoid()
	g := gate(p, 2).Add(r.Times(gate(q, 2))).Tanh()
	return z.Times(h).Add(z.OneMinus().Times(g))
}

// positions are the learned inputs of the segments to forecast, [targets, m, units].
func (l segRNN) positions(s *graph.Scope, m int) graph.Value {
	normal := initializers.RandomNormal{Stddev: 1}
	if l.Targets == 1 {
		return s.Param("positions", graph.Shape{m, l.Units}, normal).Unsqueeze(0)
	}
	ofTarget := l.Units / 2
	place := s.Param("positions", graph.Shape{m, l.Units - ofTarget}, normal)
	if ofTarget == 0 {
		return place.Unsqueeze(0).BroadcastTo(l.Targets, m, l.Units)
	}
	target := s.Param("targets", graph.Shape{l.Targets, ofTarget}, normal)
	return graph.Concat(2, place.Unsqueeze(0).BroadcastTo(l.Targets, m, l.Units-ofTarget), target.Unsqueeze(1).BroadcastTo(l.Targets, m, ofTarget))
}
