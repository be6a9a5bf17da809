package networks

import (
	"fmt"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/shapes"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/layers/initializers"
	"github.com/engram-go/engram/models"
)

// channels is the base of layers that forecast every target by itself, with the same
// weights for all targets.
type channels struct{ horizon, targets, outputs int }

// check checks the sizes, which a file may hold.
func (c channels) check(class string) error {
	for _, f := range []struct {
		name string
		n    int
	}{{"Horizon", c.horizon}, {"Targets", c.targets}, {"Outputs", c.outputs}} {
		if f.n < 1 || f.n > shapes.MaxElements {
			return errs.Error{Field: class + "." + f.name, Rule: fmt.Sprintf("must be from 1 to %d", shapes.MaxElements), Value: f.n}
		}
	}
	return errs.At(shapes.Check(shapes.Shape{c.horizon, c.targets, c.outputs}), "", class)
}

// operands are the inputs of such a layer.
type operands struct {
	targets graph.Value  // [batch, steps, targets]
	others  *graph.Value // [batch, steps, past − targets], the covariates in the window; nil for none
	future  *graph.Value // [batch, horizon, future]; nil for none
	static  *graph.Value // [batch, static]; nil for none
}

// read tells the inputs apart by their axes.
func (c channels) read(s *graph.Scope, class string, inputs []graph.Value) (operands, bool) {
	if len(inputs) == 0 || inputs[0].Rank() != 3 || inputs[0].Dim(1) == graph.Any || inputs[0].Dim(2) < c.targets {
		s.Failf(class, fmt.Sprintf("must have a window of the shape [batch, steps, %d or more] as its first input", c.targets), len(inputs))
		return operands{}, false
	}
	window := inputs[0]
	in := operands{targets: window.Slice(2, 0, c.targets)}
	if past := window.Dim(2); past > c.targets {
		in.others = new(window.Slice(2, c.targets, past))
	}
	for _, x := range inputs[1:] {
		switch {
		case x.Rank() == 3 && in.future == nil && in.static == nil && x.Dim(1) == c.horizon && x.Dim(2) != graph.Any:
			in.future = &x
		case x.Rank() == 2 && in.static == nil && x.Dim(1) != graph.Any:
			in.static = &x
		default:
			s.Failf(class, fmt.Sprintf("must have inputs of the shapes [batch, %d, future] and [batch, static] after the window", c.horizon), x.Shape())
			return operands{}, false
		}
	}
	return in, true
}

// output arranges forecasts of channels as the output of a model.
func (c channels) output(y graph.Value) graph.Value { // [batch, targets, horizon·outputs]
	batch := y.Dim(0)
	y = y.Reshape(batch, c.targets, c.horizon, c.outputs).Transpose(0, 2, 1, 3) // [batch, horizon, targets, outputs]
	return y.Reshape(batch, c.horizon*c.targets, c.outputs)                     // [batch, horizon·targets, outputs]
}

// linear adds the linear effect of all that is not a target: of the newest covariates of
// the window and of the static numbers on every row, and of the future covariates on
// their own row, with the same weights for all rows. It starts at 0.
func (c channels) linear(s *graph.Scope, in operands, y graph.Value) graph.Value { // [batch, horizon·targets, outputs]
	effect := func(name string, x graph.Value, columns int) {
		w := s.Param(name, graph.Shape{x.Dim(-1), columns}, initializers.Zeros)
		y = y.Add(graph.Linear(x, 1, w, nil, graph.Function{}).Reshape(y.Shape()...))
	}
	if in.others != nil {
		effect("past_kernel", in.others.At(1, in.others.Dim(1)-1), c.horizon*c.targets*c.outputs)
	}
	if in.future != nil {
		effect("future_kernel", *in.future, c.targets*c.outputs)
	}
	if in.static != nil {
		effect("static_kernel", *in.static, c.horizon*c.targets*c.outputs)
	}
	return y
}

// layer is the model of a layer that takes all inputs.
func (in inputs) layer(l layers.Layer) (*models.Model, error) {
	return in.model(call(l, in.all...))
}

// dense is a linear layer with a function, on the last axis.
func dense(s *graph.Scope, name string, x graph.Value, units int, f graph.Function) graph.Value {
	w := s.Param(name+"_kernel", graph.Shape{x.Dim(-1), units}, initializers.GlorotUniform)
	b := s.Param(name+"_bias", graph.Shape{units}, initializers.Zeros)
	return graph.Linear(x, 1, w, &b, f) // [..., units]
}

// ceil is a/b, rounded up.
func ceil(a, b int) int { return (a + b - 1) / b }
