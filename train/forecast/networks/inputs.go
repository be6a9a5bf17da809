package networks

import (
	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/layers/activations"
	"github.com/engram-go/engram/models"
)

// inputs are those of a model. The last two are empty if the task has none.
type inputs struct {
	task                   Task
	all                    models.Inputs
	window, future, static models.Tensor
}

func newInputs(t Task) inputs {
	in := inputs{task: t}
	add := func(name string, shape ...int) models.Tensor {
		x := models.NewInput(layers.Input{Shape: graph.Shape(shape), Name: name})
		in.all = append(in.all, x)
		return x
	}
	in.window = add("window", t.Steps, t.Past)
	if t.Future > 0 {
		in.future = add("future", t.Horizon, t.Future)
	}
	if t.Static > 0 {
		in.static = add("static", t.Static)
	}
	return in
}

// history is the window with the static numbers in every row, [steps, past + static].
func (in inputs) history() models.Tensor {
	if in.task.Static == 0 {
		return in.window
	}
	return call(layers.Concatenate{Name: "history"}, in.window, call(layers.RepeatVector{N: in.task.Steps, Name: "static_rows"}, in.static))
}

// forecast forecasts all rows at once from what is known of the window, [n]. Each row
// adds what its future covariates mean together with that; all rows share the weights of
// this part:
//
//	y_h = W_h·state + b_h + V·relu(U·[state, future_h] + c) + d
func (in inputs) forecast(state models.Tensor, units int) models.Tensor {
	t := in.task
	y := call(layers.Dense{Units: t.outputs(), Name: "rows"}, state) // [horizon·targets·outputs]
	if t.Future > 0 {
		row := call(layers.Concatenate{Name: "state_and_future"}, call(layers.RepeatVector{N: t.Horizon, Name: "state_rows"}, state), in.future)
		row = call(layers.Dense{Units: units, Activation: activations.ReLU, Name: "future_hidden"}, row) // [horizon, units]
		row = call(layers.Dense{Units: t.Targets * t.Outputs, NoBias: true, Name: "future_effect"}, row) // [horizon, targets·outputs]
		y = call(layers.Add{Name: "rows_and_future"}, y, call(layers.Flatten{Name: "future_rows"}, row))
	}
	return call(layers.Reshape{TargetShape: graph.Shape{t.Horizon * t.Targets, t.Outputs}, Name: "forecast"}, y)
}

// model is the model of an output, built, so that a fault in a config is found here.
func (in inputs) model(y models.Tensor) (*models.Model, error) {
	m := models.NewFunctional(in.task.config(), in.all, models.Outputs{y})
	if err := m.Build(); err != nil {
		return nil, err
	}
	return &m.Model, nil
}

// call is the first output of a layer.
func call(l layers.Layer, in ...models.Tensor) models.Tensor { return models.Use(l).Call(in...) }
