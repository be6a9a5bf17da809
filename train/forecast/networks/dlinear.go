package networks

import (
	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/models"
)

// DLinear splits the window of every target into a trend, which is its moving average,
// and a season, which is the rest, and forecasts both with a linear layer (Zeng et al.
// 2023, "Are Transformers Effective for Time Series Forecasting?"):
//
//	trend = mean over Kernel rows, the first and the last row repeated beyond the ends
//	y     = W_s·(x − trend) + b_s + W_t·trend + b_t
//
// All targets have the same weights. Covariates and static numbers have a linear effect
// that is added: those of the newest row and the static ones on all rows to forecast,
// and future ones on their own row. It starts at 0.
type DLinear struct {
	Kernel int // rows of the moving average, an odd number; 25
}

// Model makes the model.
func (n DLinear) Model(t Task) (*models.Model, error) {
	l := dlinear{Horizon: t.Horizon, Targets: t.Targets, Outputs: t.Outputs, Kernel: or(n.Kernel, 25)}
	if err := first(t.check(), l.check("DLinear")); err != nil {
		return nil, err
	}
	return newInputs(t).layer(l)
}

// dlinear is the layer of DLinear.
//
//	in:      window [batch, steps, past], future [batch, horizon, future], static [batch, static]
//	out:     [batch, horizon·targets, outputs]
//	weights: season_kernel and trend_kernel [steps, horizon·outputs], season_bias and trend_bias [horizon·outputs],
//	         past_kernel, future_kernel and static_kernel
type dlinear struct{ Horizon, Targets, Outputs, Kernel int }

func (l dlinear) channels() channels { return channels{l.Horizon, l.Targets, l.Outputs} }

// check checks the kernel.
func (l dlinear) check(class string) error {
	if err := within(class+".Kernel", l.Kernel, mostKernel); err != nil {
		return err
	}
	if l.Kernel%2 == 0 {
		return errs.Error{Field: class + ".Kernel", Rule: "must be odd, so that as many rows lie before a row as after it", Value: l.Kernel}
	}
	return nil
}

// Resolve checks the fields.
func (l dlinear) Resolve() (layers.Layer, error) {
	return l, first(l.channels().check("dlinear"), l.check("dlinear"))
}

// Call computes the layer.
func (l dlinear) Call(s *graph.Scope, inputs ...graph.Value) []graph.Value {
	c := l.channels()
	in, ok := c.read(s, "dlinear", inputs)
	if !ok {
		return inputs
	}
	x := in.targets                                                       // [batch, steps, targets]
	trend := movingAverage(x, l.Kernel)                                   // [batch, steps, targets]
	y := l.rows(s, "season", x.Sub(trend)).Add(l.rows(s, "trend", trend)) // [batch, targets, horizon·outputs]
	return []graph.Value{c.linear(s, in, c.output(y))}
}

// rows forecasts all rows from one part of the window.
func (l dlinear) rows(s *graph.Scope, name string, x graph.Value) graph.Value { // [batch, steps, targets]
	return dense(s, name, x.Transpose(0, 2, 1), l.Horizon*l.Outputs, graph.Function{}) // [batch, targets, horizon·outputs]
}

// movingAverage is the mean of as many rows as the kernel has around each row. The first
// and the last row are repeated beyond the ends.
func movingAverage(x graph.Value, kernel int) graph.Value { // [batch, steps, features]
	half, steps := kernel/2, x.Dim(1)
	if half == 0 {
		return x
	}
	end := func(at int) graph.Value { return x.Slice(1, at, at+1).BroadcastTo(x.Dim(0), half, x.Dim(2)) } // [batch, half, features]
	padded := graph.Concat(1, end(0), x, end(steps-1))                                                    // [batch, steps + 2·half, features]
	return padded.MeanPool(graph.Window{Size: kernel, Stride: 1, Dilation: 1})
}
