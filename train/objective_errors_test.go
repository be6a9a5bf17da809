package train_test

import (
	"math"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/internal/errs/errtest"
	"github.com/engram-go/engram/train"
	"github.com/engram-go/engram/train/losses"
	"github.com/engram-go/engram/train/metrics"
	"gorgonia.org/tensor"
)

func TestErrorsOfOutputs(t *testing.T) {
	mse := train.Output{Loss: losses.MSE{}}
	mae := []metrics.Metric{metrics.MAE{}}
	for i, c := range []struct {
		cfg  train.Config
		want graph.Error
	}{
		{train.Config{Outputs: []train.Output{mse}}, graph.Error{Path: "fork", Field: "Config.Outputs", Value: "1"}},
		{train.Config{Outputs: []train.Output{}}, graph.Error{Path: "fork", Field: "Config.Outputs", Value: "0"}},
		{train.Config{Loss: losses.MSE{}, Outputs: []train.Output{mse, mse}}, graph.Error{Path: "fork", Field: "Config.Outputs"}},
		{train.Config{Metrics: mae, Outputs: []train.Output{mse, mse}}, graph.Error{Path: "fork", Field: "Config.Outputs"}},
		{train.Config{Outputs: []train.Output{{}, {}}}, graph.Error{Path: "fork", Field: "Config.Outputs"}},
		{train.Config{Outputs: []train.Output{mse, {Metrics: mae}}}, graph.Error{Path: "fork", Field: "Config.Outputs[1].Loss"}},
		{train.Config{Outputs: []train.Output{mse, {Weight: new(1.0)}}}, graph.Error{Path: "fork", Field: "Config.Outputs[1].Loss"}},
		{train.Config{Outputs: []train.Output{{Loss: losses.MSE{}, Weight: new(-1.0)}, mse}}, graph.Error{Path: "fork", Field: "Config.Outputs[0].Weight", Value: "-1"}},
		{train.Config{Outputs: []train.Output{{Loss: losses.MSE{}, Weight: new(math.NaN())}, mse}}, graph.Error{Path: "fork", Field: "Config.Outputs[0].Weight", Value: "NaN"}},
		{train.Config{Outputs: []train.Output{{Loss: losses.MSE{}, Weight: new(math.Inf(1))}, mse}}, graph.Error{Path: "fork", Field: "Config.Outputs[0].Weight", Value: "+Inf"}},
		{train.Config{Outputs: []train.Output{mse, {Loss: losses.MSE{}, Metrics: append(mae, mae...)}}}, graph.Error{Path: "fork", Field: "Config.Outputs[1].Metrics[1]", Value: "\"trend_mae\""}},
		{train.Config{Outputs: []train.Output{mse, {Loss: losses.MSE{}, Metrics: []metrics.Metric{named{metrics.MAE{}, "loss"}}}}}, graph.Error{Path: "fork", Field: "Config.Outputs[1].Metrics[0]", Value: "\"trend_loss\""}},
		{train.Config{Outputs: []train.Output{mse, {Loss: losses.Huber{Delta: -1}}}}, graph.Error{Path: "loss of trend", Field: "Huber.Delta", Value: "-1"}},
	} {
		_, err := train.Compile(newFork(t), c.cfg)
		errtest.Check(t, err, c.want)
		if t.Failed() {
			t.Fatalf("case %d", i)
		}
	}
	// Losses that need more outputs than one, or steps.
	for _, loss := range []losses.Loss{losses.Quantile{}, losses.GaussianNLL{}, losses.StudentTNLL{}, losses.NegativeBinomialNLL{}, losses.CTC{}} {
		_, err := train.Compile(newFork(t), train.Config{Outputs: []train.Output{{Loss: loss}, {}}})
		errtest.Check(t, err, graph.Error{Path: "loss of price", Field: "output", Value: "[any, 1]"})
	}
	f := newFork(t)
	d := newForked(t, f)
	trainer := compile(t, f, train.Config{Outputs: []train.Output{mse, {Loss: trendLoss}}})
	one := *d.batch
	one.Targets = one.Targets[:1]
	_, err := trainer.Step(background, &one)
	errtest.Check(t, err, graph.Error{Path: "fork", Field: "targets of the batch", Value: "1"})
	one.Targets = []*tensor.Dense{d.batch.Targets[0], denseOf(tensor.Float64, []float64{1, 2}, 2)}
	_, err = trainer.Step(background, &one)
	errtest.Check(t, err, graph.Error{Path: "fork", Field: "target of trend", Value: "[2]"})
	one.Targets[1] = denseOf(tensor.Float64, []float64{1, 2, 3, 0}, 4)
	_, err = trainer.Step(background, &one)
	errtest.Check(t, err, graph.Error{Path: "loss of trend", Field: "target", Value: "3"})
	one.Targets[1] = denseOf(tensor.Float64, make([]float64, 8), 4, 2)
	_, err = trainer.Step(background, &one)
	errtest.Check(t, err, graph.Error{Path: "loss of trend", Field: "target", Value: "[4, 2]"})
	one.Targets[1], one.Weights = d.batch.Targets[1], []*tensor.Dense{zeros(4, 2)}
	_, err = trainer.Step(background, &one)
	errtest.Check(t, err, graph.Error{Path: "loss of price", Field: "sample weights", Value: "[4, 2]"})
	_, err = trainer.Fit(background, given{4, d.batch, nil}, train.FitConfig{ClassWeight: map[int]float64{0: 2}})
	errtest.Check(t, err, graph.Error{Path: "fork", Field: "FitConfig.ClassWeight"})
}

// called is a model whose outputs have other names.
type called struct {
	train.Model
	names []string
}

func (m called) OutputNames() ([]string, error) { return m.names, nil }

func TestNamesOfOutputs(t *testing.T) {
	for _, c := range []struct {
		names []string
		want  graph.Error
	}{
		{[]string{"val", "trend"}, graph.Error{Path: "fork", Field: "output", Value: `"val"`}},
		{[]string{"a", "a"}, graph.Error{Path: "fork", Field: "output", Value: `"a"`}},
		{[]string{"a"}, graph.Error{Path: "fork", Field: "OutputNames", Value: 1}},
	} {
		_, err := train.Compile(called{newFork(t), c.names}, train.Config{Loss: losses.MSE{}})
		errtest.Check(t, err, c.want)
	}
}
