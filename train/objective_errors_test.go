package train_test

import (
	"math"
	"testing"

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
		want string
	}{
		{train.Config{Outputs: []train.Output{mse}}, "fork: Config.Outputs must be one for each of the 2 outputs, got 1"},
		{train.Config{Outputs: []train.Output{}}, "fork: Config.Outputs must be one for each of the 2 outputs, got 0"},
		{train.Config{Loss: losses.MSE{}, Outputs: []train.Output{mse, mse}}, "fork: Config.Outputs must not be set together with Loss or Metrics"},
		{train.Config{Metrics: mae, Outputs: []train.Output{mse, mse}}, "fork: Config.Outputs must not be set together with Loss or Metrics"},
		{train.Config{Outputs: []train.Output{{}, {}}}, "fork: Config.Outputs must have a Loss for an output"},
		{train.Config{Outputs: []train.Output{mse, {Metrics: mae}}}, "fork: Config.Outputs[1].Loss must be set where there are Metrics or a Weight"},
		{train.Config{Outputs: []train.Output{mse, {Weight: new(1.0)}}}, "fork: Config.Outputs[1].Loss must be set where there are Metrics or a Weight"},
		{train.Config{Outputs: []train.Output{{Loss: losses.MSE{}, Weight: new(-1.0)}, mse}}, "fork: Config.Outputs[0].Weight must be finite and not negative, got -1"},
		{train.Config{Outputs: []train.Output{{Loss: losses.MSE{}, Weight: new(math.NaN())}, mse}}, "fork: Config.Outputs[0].Weight must be finite and not negative, got NaN"},
		{train.Config{Outputs: []train.Output{{Loss: losses.MSE{}, Weight: new(math.Inf(1))}, mse}}, "fork: Config.Outputs[0].Weight must be finite and not negative, got +Inf"},
		{train.Config{Outputs: []train.Output{mse, {Loss: losses.MSE{}, Metrics: append(mae, mae...)}}}, `fork: Config.Outputs[1].Metrics[1] must have a unique name, got "trend_mae"`},
		{train.Config{Outputs: []train.Output{mse, {Loss: losses.MSE{}, Metrics: []metrics.Metric{named{metrics.MAE{}, "loss"}}}}}, `fork: Config.Outputs[1].Metrics[0] must have a unique name, got "trend_loss"`},
		{train.Config{Outputs: []train.Output{mse, {Loss: losses.Huber{Delta: -1}}}}, "loss of trend: Huber.Delta must be finite and not negative, got -1"},
	} {
		_, err := train.Compile(newFork(t), c.cfg)
		wantInput(t, err, c.want)
		if t.Failed() {
			t.Fatalf("case %d", i)
		}
	}
	f := newFork(t)
	d := newForked(t, f)
	trainer := compile(t, f, train.Config{Outputs: []train.Output{mse, {Loss: trendLoss}}})
	one := *d.batch
	one.Targets = one.Targets[:1]
	_, err := trainer.Step(background, &one)
	wantInput(t, err, "fork: targets of the batch must be 2, got 1")
	one.Targets = []*tensor.Dense{d.batch.Targets[0], denseOf(tensor.Float64, []float64{1, 2}, 2)}
	_, err = trainer.Step(background, &one)
	wantInput(t, err, "fork: target of trend must have 4 samples like input 0, got [2]")
	one.Targets[1] = denseOf(tensor.Float64, []float64{1, 2, 3, 0}, 4)
	_, err = trainer.Step(background, &one)
	wantInput(t, err, "loss of trend: target must be the number of a class, a whole number from 0 to 2, got 3")
	one.Targets[1] = denseOf(tensor.Float64, make([]float64, 8), 4, 2)
	_, err = trainer.Step(background, &one)
	wantInput(t, err, "loss of trend: target must hold numbers of classes in the shape [4], got [4, 2]")
	one.Targets[1], one.Weights = d.batch.Targets[1], []*tensor.Dense{zeros(4, 2)}
	_, err = trainer.Step(background, &one)
	wantInput(t, err, "loss of price: sample weights must be those of samples, or of steps, of a loss of the shape [4], got [4, 2]")
	_, err = trainer.Fit(background, given{4, d.batch, nil}, train.FitConfig{ClassWeight: map[int]float64{0: 2}})
	wantInput(t, err, "fork: FitConfig.ClassWeight must be nil where several outputs are trained; datasets.Weigh")
}

// called is a model whose outputs have other names.
type called struct {
	train.Model
	names []string
}

func (m called) OutputNames() ([]string, error) { return m.names, nil }

func TestNamesOfOutputs(t *testing.T) {
	const rule = "fork: output must be unique and must not start with val_, got "
	for want, names := range map[string][]string{
		rule + `"val"`: {"val", "trend"},
		rule + `"a"`:   {"a", "a"},
		"fork: OutputNames must be one for each of the 2 outputs, got 1": {"a"},
	} {
		_, err := train.Compile(called{newFork(t), names}, train.Config{Loss: losses.MSE{}})
		wantInput(t, err, want)
	}
}
