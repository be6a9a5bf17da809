package forecast_test

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/engram-go/engram/datasets"
	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/layers/initializers"
	"github.com/engram-go/engram/models"
	"github.com/engram-go/engram/train/forecast"
	"github.com/engram-go/engram/train/forecast/networks"
	"github.com/engram-go/engram/train/optimizers"
	"gorgonia.org/tensor"
)

// copies is a network that returns a number of its inputs, plus Add, for each row to forecast
// and each target. So a test knows the forecast, and which input stands where.
type copies struct {
	Input  int  // 0 is the window; then future and static, those that the task has
	Column int  // −1 for the column of the target
	Last   bool // of future, the last row of the block for all rows
	Add    float64
}

// Model makes the model.
func (n copies) Model(t networks.Task) (*models.Model, error) {
	shapes := []graph.Shape{{t.Steps, t.Past}}
	if t.Future > 0 {
		shapes = append(shapes, graph.Shape{t.Horizon, t.Future})
	}
	if t.Static > 0 {
		shapes = append(shapes, graph.Shape{t.Static})
	}
	var in []models.Tensor
	for i, s := range shapes {
		in = append(in, models.NewInput(layers.Input{Shape: s, Name: fmt.Sprintf("input_%d", i)}))
	}
	y := models.Use(copier{Copies: n, Horizon: t.Horizon, Targets: t.Targets, Outputs: t.Outputs}).Call(in...)
	m := models.NewFunctional(models.Config{Name: t.Name, Seed: t.Seed, Dtype: t.Dtype, Custom: t.Custom}, in, models.Outputs{y})
	if err := m.Build(); err != nil {
		return nil, err
	}
	return &m.Model, nil
}

// copier is the layer of copies. The added number is a weight, as a trained model has one.
type copier struct {
	Copies                    copies
	Horizon, Targets, Outputs int
}

func (l copier) Call(s *graph.Scope, in ...graph.Value) []graph.Value {
	n, x := l.Copies, in[l.Copies.Input] // [batch, rows, columns], or [batch, columns] of static
	from, to := n.Column, n.Column+1
	if n.Column < 0 {
		from, to = 0, l.Targets
	}
	batch := x.Dim(0)
	last := x.Rank() - 1
	x = x.Slice(last, from, to)
	if last == 2 && (n.Input == 0 || n.Last) {
		x = x.Slice(1, x.Dim(1)-1, x.Dim(1)) // the newest row, [batch, 1, columns]
	} else if last == 1 {
		x = x.Reshape(batch, 1, to-from)
	}
	x = x.BroadcastTo(batch, l.Horizon, l.Targets).Reshape(batch, l.Horizon*l.Targets, 1) // [batch, horizon·targets, 1]
	x = x.BroadcastTo(batch, l.Horizon*l.Targets, l.Outputs)
	return []graph.Value{x.Add(s.Param("add", graph.Shape{1}, initializers.Constant{Value: n.Add}))}
}

// still is an optimizer that moves no weight.
var still = optimizers.SGD{LearningRate: 1e-300}

// custom are the types of the tests that files may have.
var custom = []any{copies{}, copier{}}

// copying is a config whose forecaster is the given network, in float64.
func copying(n copies, c forecast.Config) forecast.Config {
	c.Network, c.Head, c.Optimizer, c.Epochs, c.Dtype, c.Custom = n, forecast.Point{}, still, 1, tensor.Float64, custom
	if c.Normalize == "" {
		c.Normalize = forecast.NormalizeNone
	}
	return c
}

// dense is a small config whose network learns.
func dense(c forecast.Config) forecast.Config {
	c.Network = networks.Sequential{Layers: []layers.Layer{layers.Dense{Units: 4}}}
	if c.Epochs == 0 {
		c.Epochs = 2
	}
	return c
}

// walk is a random walk of positive numbers.
func walk(name string, n int, seed uint64) *datasets.Series {
	r := rand.New(rand.NewPCG(seed, 1))
	values, level := make([]float64, n), 100.0
	for i := range values {
		level *= math.Exp(0.02 * r.NormFloat64())
		values[i] = level
	}
	return datasets.FromSlice(name, values)
}

// table makes a series of columns.
func table(t testing.TB, name string, columns []string, values ...[]float64) *datasets.Series {
	t.Helper()
	s, err := datasets.FromColumns(name, columns, values)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// clone copies a series, so that its values and times can be changed.
func clone(s *datasets.Series) *datasets.Series {
	c := *s
	c.Values, c.Times = nil, slices.Clone(s.Times)
	for _, values := range s.Values {
		c.Values = append(c.Values, slices.Clone(values))
	}
	return &c
}

// changed is a series with other values from a row on, in the given columns.
func changed(s *datasets.Series, from int, columns ...string) *datasets.Series {
	c := clone(s)
	for i, name := range c.Columns {
		if slices.Contains(columns, name) {
			for r := from; r < c.Len(); r++ {
				c.Values[i][r] = 3*c.Values[i][r] + float64(1+r%7)
			}
		}
	}
	return c
}

func fit(t testing.TB, c forecast.Config, series ...*datasets.Series) *forecast.Forecaster {
	t.Helper()
	f, err := forecast.Fit(context.Background(), c, series...)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func next(t testing.TB, f *forecast.Forecaster, series ...*datasets.Series) []forecast.Forecast {
	t.Helper()
	out, err := f.Forecast(context.Background(), series...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}
