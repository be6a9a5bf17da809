package train_test

import (
	"maps"
	"math"
	"slices"
	"testing"

	"github.com/engram-go/engram/datasets"
	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/graph/graphtest"
	"github.com/engram-go/engram/internal/errs/errtest"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/models"
	"github.com/engram-go/engram/train"
	"github.com/engram-go/engram/train/losses"
	"github.com/engram-go/engram/train/metrics"
	"github.com/engram-go/engram/train/optimizers"
	"github.com/google/go-cmp/cmp"
	"gorgonia.org/tensor"
)

// fork is a model of one input with 3 features and two outputs: a price of one
// number, and a trend of three classes, in logits.
type fork struct{ params *graph.Params }

func newFork(t testing.TB) *fork {
	t.Helper()
	params, err := graph.NewParams(tensor.Float64, 1)
	check(t, err)
	f := &fork{params}
	check(t, graph.Shapes(graph.Config{Params: params}, func(s *graph.Scope) {
		x := s.Input("x", graph.Shape{graph.Any, features})
		s.Within("fork", func() { f.Call(s, x) })
	}))
	return f
}

func (*fork) Name() string                        { return "fork" }
func (*fork) Seed() uint64                        { return 1 }
func (*fork) Dtype() tensor.Dtype                 { return tensor.Float64 }
func (f *fork) Params() (*graph.Params, error)    { return f.params, nil }
func (*fork) InputShapes() ([]graph.Shape, error) { return []graph.Shape{{graph.Any, features}}, nil }
func (*fork) OutputShapes() ([]graph.Shape, error) {
	return []graph.Shape{{graph.Any, 1}, {graph.Any, 3}}, nil
}
func (*fork) OutputNames() ([]string, error) { return []string{"price", "trend"}, nil }

func (*fork) Call(s *graph.Scope, in ...graph.Value) []graph.Value {
	price := layers.Apply(s, "price", layers.Dense{Units: 1, NoBias: true}, in...)
	trend := layers.Apply(s, "trend", layers.Dense{Units: 3, NoBias: true}, in...)
	return append(price, trend...)
}

// forked are the samples of a fork, and its losses in plain Go.
type forked struct {
	x             [][]float64
	price, trend  []float64
	weight        []float64
	batch         *datasets.Batch
	kernel, other []float64 // weights of price [3, 1] and of trend [3, 3]
}

func newForked(t testing.TB, f *fork) forked {
	const n = 4
	d := forked{kernel: f.params.Get("fork/price/kernel").Value().Float64s(), other: f.params.Get("fork/trend/kernel").Value().Float64s()}
	d.x, _ = rows(9, n)
	d.price, d.trend, d.weight = []float64{1, -1, 0.5, 2}, []float64{0, 2, 1, 2}, []float64{1, 0.5, 2, 0}
	d.batch = &datasets.Batch{
		Inputs:  []*tensor.Dense{denseOf(tensor.Float64, slices.Concat(d.x...), n, features)},
		Targets: []*tensor.Dense{denseOf(tensor.Float64, d.price, n, 1), denseOf(tensor.Float64, d.trend, n)},
		Weights: []*tensor.Dense{denseOf(tensor.Float64, d.weight, n)},
	}
	return d
}

func (d forked) prices() (loss, abs float64) {
	heavy := 0.0
	for i, x := range d.x {
		e := -d.price[i]
		for j := range x {
			e += x[j] * d.kernel[j]
		}
		loss += d.weight[i] * e * e / float64(len(d.x))
		abs += d.weight[i] * math.Abs(e)
		heavy += d.weight[i]
	}
	return loss, abs / heavy
}

func (d forked) trends() (loss, accuracy float64) {
	heavy := 0.0
	for i, x := range d.x {
		var z [3]float64
		for j := range x {
			for k := range z {
				z[k] += x[j] * d.other[3*j+k]
			}
		}
		sum, best := 0.0, 0
		for k := range z {
			sum += math.Exp(z[k])
			if z[k] > z[best] {
				best = k
			}
		}
		loss += d.weight[i] * (math.Log(sum) - z[int(d.trend[i])]) / float64(len(d.x))
		if best == int(d.trend[i]) {
			accuracy += d.weight[i]
		}
		heavy += d.weight[i]
	}
	return loss, accuracy / heavy
}

var trendLoss = losses.SparseCategoricalCrossentropy{FromLogits: true}

// The total is the weighted sum; each output's loss is reported unweighted,
// under Keras' names, in training and in validation.
func TestSeveralOutputs(t *testing.T) {
	f := newFork(t)
	d := newForked(t, f)
	trainer := compile(t, f, train.Config{Outputs: []train.Output{
		{Loss: losses.MSE{}, Weight: new(0.25), Metrics: []metrics.Metric{metrics.MAE{}}},
		{Loss: trendLoss, Metrics: []metrics.Metric{metrics.Accuracy{}}},
	}})
	price, mae := d.prices()
	trend, accuracy := d.trends()
	want := map[string]float64{"loss": price/4 + trend, "price_loss": price, "trend_loss": trend, "price_mae": mae, "trend_accuracy": accuracy}
	names := []string{"loss", "price_loss", "trend_loss", "price_mae", "trend_accuracy"}
	logs, err := trainer.Evaluate(background, given{4, d.batch, nil}, train.EvaluateConfig{})
	check(t, err)
	for i, l := range logs {
		if l.Name != names[i] || math.Abs(l.Value-want[l.Name]) > 1e-12 {
			t.Errorf("got %v, want %s of %v", l, names[i], want[names[i]])
		}
	}
	history, err := trainer.Fit(background, given{4, d.batch, nil}, train.FitConfig{Epochs: 2, Validation: given{4, d.batch, nil}})
	check(t, err)
	for name, v := range want {
		if got := history.Values[name]; len(got) != 2 || math.Abs(got[0]-v) > 1e-12 {
			t.Errorf("history of %s: got %v, want %v first", name, got, v)
		}
	}
	price, _ = d.prices() // of the weights that are left, those of the last validation
	trend, _ = d.trends()
	graphtest.CheckOutput(t, "validation", []float64{history.Values["val_loss"][1], history.Values["val_price_loss"][1], history.Values["val_trend_loss"][1]},
		[]float64{price/4 + trend, price, trend}, 1e-12)
	if len(history.Values) != 10 {
		t.Errorf("history of %v", slices.Sorted(maps.Keys(history.Values)))
	}
}

// A weight of a loss scales its gradient; an output without a loss has none,
// and no target.
func TestGradientsOfOutputs(t *testing.T) {
	step := func(outputs []train.Output, targets ...int) (price, trend []float64) {
		f := newFork(t)
		d := newForked(t, f)
		b := *d.batch
		b.Targets = nil
		for _, i := range targets {
			b.Targets = append(b.Targets, d.batch.Targets[i])
		}
		before := [][]float64{slices.Clone(d.kernel), slices.Clone(d.other)}
		_, err := compile(t, f, train.Config{Optimizer: optimizers.SGD{LearningRate: 1}, Outputs: outputs}).Step(background, &b)
		check(t, err)
		for i, now := range [][]float64{d.kernel, d.other} {
			for k := range now {
				before[i][k] -= now[k]
			}
		}
		return before[0], before[1]
	}
	mse := train.Output{Loss: losses.MSE{}}
	price, none := step([]train.Output{mse, {}}, 0)
	zero, trend := step([]train.Output{{}, {Loss: trendLoss}}, 1)
	p, q := step([]train.Output{{Loss: losses.MSE{}, Weight: new(0.5)}, {Loss: trendLoss, Weight: new(3.0)}}, 0, 1)
	for i := range price {
		price[i] /= 2
	}
	for i := range trend {
		trend[i] *= 3
	}
	graphtest.CheckGradient(t, "price", p, price, 1e-12)
	graphtest.CheckGradient(t, "trend", q, trend, 1e-12)
	if slices.Max(none) != 0 || slices.Max(zero) != 0 || slices.Max(price) == 0 {
		t.Errorf("outputs without a loss: %v and %v", none, zero)
	}
	p, q = step([]train.Output{{Loss: losses.MSE{}, Weight: new(0.0)}, {Loss: trendLoss}}, 0, 1)
	if slices.Max(p) != 0 || slices.Max(q) == 0 {
		t.Errorf("a weight of 0: %v and %v", p, q)
	}
}

// One loss and its metrics are those of every output.
func TestOneLossForAllOutputs(t *testing.T) {
	f := newFork(t)
	d := newForked(t, f)
	d.batch.Targets[1] = denseOf(tensor.Float64, make([]float64, 12), 4, 3)
	logs, err := compile(t, f, train.Config{Metrics: []metrics.Metric{metrics.MSE{}}}).Evaluate(background, given{4, d.batch, nil}, train.EvaluateConfig{})
	check(t, err)
	for i, want := range []string{"loss", "price_loss", "trend_loss", "price_mse", "trend_mse"} {
		if len(logs) != 5 || logs[i].Name != want {
			t.Fatalf("figure %d of %v is not %s", i, logs, want)
		}
	}
	if math.Abs(logs[0].Value-logs[1].Value-logs[2].Value) > 1e-12 {
		t.Errorf("%v does not add up", logs)
	}
}

// A functional model of the same layers trains to the same bits, under the same
// names.
func TestFunctionalModelOfSeveralOutputs(t *testing.T) {
	f := newFork(t)
	d := newForked(t, f)
	x := models.NewInput(layers.Input{Shape: graph.Shape{features}})
	m := models.NewFunctional(models.Config{Name: "fork", Seed: 1, Dtype: tensor.Float64}, models.Inputs{x}, models.Outputs{
		models.Use(layers.Dense{Units: 1, NoBias: true, Name: "price"}).Call(x),
		models.Use(layers.Dense{Units: 3, NoBias: true, Name: "trend"}).Call(x),
	})
	var histories []*train.History
	for _, m := range []train.Model{f, m} {
		trainer := compile(t, m, train.Config{Outputs: []train.Output{
			{Loss: losses.MSE{}, Weight: new(0.25), Metrics: []metrics.Metric{metrics.MAE{}}},
			{Loss: trendLoss, Metrics: []metrics.Metric{metrics.Accuracy{}}},
		}})
		history, err := trainer.Fit(background, given{4, d.batch, nil}, train.FitConfig{Epochs: 3, Validation: given{4, d.batch, nil}})
		check(t, err)
		histories = append(histories, history)
	}
	if diff := cmp.Diff(histories[0], histories[1]); diff != "" {
		t.Errorf("(-plain +functional):\n%s", diff)
	}
	if len(histories[1].Values) != 10 {
		t.Errorf("history of %v", slices.Sorted(maps.Keys(histories[1].Values)))
	}
}

// A padded series and what does not change with time go in; every step is
// judged where it is not masked, and the whole by another output.
func TestMaskOfOneOutputOfSeveral(t *testing.T) {
	series := models.NewInput(layers.Input{Shape: graph.Shape{graph.Any, 1}, Name: "series"})
	static := models.NewInput(layers.Input{Shape: graph.Shape{2}, Name: "static"})
	masked := models.Use(layers.Masking{}).Call(series)
	steps := models.Use(layers.LSTM{Units: 2, ReturnSequences: true}).Call(masked)
	m := models.NewFunctional(models.Config{Seed: 1, Dtype: tensor.Float64}, models.Inputs{series, static}, models.Outputs{
		models.Use(layers.Dense{Units: 3, Name: "tag"}).Call(steps),
		models.Use(layers.Dense{Units: 1, Name: "whole"}).Call(static),
	})
	figures := func(n int, x, static, tags, whole []float64) (float64, train.Logs) {
		samples := len(whole)
		trainer := compile(t, m, train.Config{Outputs: []train.Output{
			{Loss: trendLoss, Metrics: []metrics.Metric{metrics.Accuracy{}}}, {Loss: losses.MSE{}},
		}})
		data, err := datasets.FromTensors(
			[]*tensor.Dense{denseOf(tensor.Float64, x, samples, n, 1), denseOf(tensor.Float64, static, samples, 2)},
			[]*tensor.Dense{denseOf(tensor.Float64, tags, samples, n), denseOf(tensor.Float64, whole, samples, 1)})
		check(t, err)
		logs, err := trainer.Evaluate(background, data, train.EvaluateConfig{})
		check(t, err)
		tag, _ := logs.Get("tag_loss")
		return tag, logs
	}
	first, a := figures(3, []float64{0.5, -1, 2}, []float64{1, 2}, []float64{0, 2, 1}, []float64{0.5})
	second, b := figures(1, []float64{-0.25}, []float64{-1, 1}, []float64{2}, []float64{-0.5})
	tag, got := figures(3, []float64{0.5, -1, 2, -0.25, 0, 0}, []float64{1, 2, -1, 1}, []float64{0, 2, 1, 2, 0, 0}, []float64{0.5, -0.5})
	value := func(l train.Logs, name string) float64 {
		v, ok := l.Get(name)
		if !ok {
			t.Fatalf("no %s in %v", name, l)
		}
		return v
	}
	whole := (value(a, "whole_loss") + value(b, "whole_loss")) / 2
	accuracy := (3*value(a, "tag_accuracy") + value(b, "tag_accuracy")) / 4
	want := (3*first + second) / 4
	graphtest.CheckOutput(t, "figures", []float64{tag, value(got, "whole_loss"), value(got, "tag_accuracy"), value(got, "loss")},
		[]float64{want, whole, accuracy, want + whole}, 1e-12)
}

func TestPredictAll(t *testing.T) {
	f := newFork(t)
	d := newForked(t, f)
	trainer := compile(t, f, train.Config{})
	data, err := datasets.FromTensors(d.batch.Inputs, nil)
	check(t, err)
	for _, size := range []int{1, 3, 4} {
		out, err := trainer.PredictAll(background, data, train.EvaluateConfig{BatchSize: size})
		check(t, err)
		if len(out) != 2 || !slices.Equal(out[0].Shape(), tensor.Shape{4, 1}) || !slices.Equal(out[1].Shape(), tensor.Shape{4, 3}) {
			t.Fatalf("got %v", out)
		}
		for i, x := range d.x {
			want := x[0]*d.kernel[0] + x[1]*d.kernel[1] + x[2]*d.kernel[2]
			graphtest.CheckOutput(t, "price", out[0].Float64s()[i:i+1], []float64{want}, 1e-12)
			want = x[0]*d.other[1] + x[1]*d.other[4] + x[2]*d.other[7]
			graphtest.CheckOutput(t, "trend", out[1].Float64s()[3*i+1:3*i+2], []float64{want}, 1e-12)
		}
	}
	_, err = trainer.Predict(background, data, train.EvaluateConfig{})
	errtest.Check(t, err, graph.Error{Path: "fork", Field: "Predict", Value: "2"})
}

// Every log has a direction: false for losses, and what the metric says for a
// metric, under its own name, that of an output and that of validation data.
func TestHigherIsBetter(t *testing.T) {
	one := compile(t, linear(1), train.Config{Metrics: []metrics.Metric{metrics.Accuracy{}, metrics.MAE{}, profit{}}})
	two := compile(t, newFork(t), train.Config{Outputs: []train.Output{
		{Loss: losses.MSE{}, Metrics: []metrics.Metric{metrics.MAE{}}},
		{Loss: losses.SparseCategoricalCrossentropy{FromLogits: true}, Metrics: []metrics.Metric{metrics.Accuracy{}, profit{}}},
	}})
	for _, c := range []struct {
		trainer    *train.Trainer
		log        string
		higher, ok bool
	}{
		{one, "loss", false, true},
		{one, "val_loss", false, true},
		{one, "accuracy", true, true},
		{one, "val_accuracy", true, true},
		{one, "mae", false, true},
		{one, "val_mae", false, true},
		{one, "profit", true, true},
		{one, "val_profit", true, true},
		{one, "val_val_profit", false, false},
		{one, "rmse", false, false},
		{one, "", false, false},
		{two, "loss", false, true},
		{two, "price_loss", false, true},
		{two, "val_trend_loss", false, true},
		{two, "price_mae", false, true},
		{two, "trend_accuracy", true, true},
		{two, "val_trend_accuracy", true, true},
		{two, "val_trend_profit", true, true},
		{two, "accuracy", false, false},
		{two, "price_accuracy", false, false},
	} {
		if higher, ok := c.trainer.HigherIsBetter(c.log); higher != c.higher || ok != c.ok {
			t.Errorf("%s: got %v, %v, want %v, %v", c.log, higher, ok, c.higher, c.ok)
		}
	}
}

// profit is a metric that is better when higher.
type profit struct{ metrics.MAE }

func (profit) Name() string         { return "profit" }
func (profit) HigherIsBetter() bool { return true }
