package train_test

import (
	"context"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
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
	"pgregory.net/rapid"
)

var background = context.Background()

// weighted is data whose samples weigh differently.
type weighted struct {
	datasets.Data
	weight func(i int) float64
}

func (d weighted) Gather(rows []int, into *datasets.Batch) error {
	w := make([]float64, len(rows))
	for i, row := range rows {
		w[i] = d.weight(row)
	}
	if err := d.Data.Gather(rows, into); err != nil {
		return err
	}
	into.Weights = []*tensor.Dense{tensor.New(tensor.WithShape(len(w)), tensor.WithBacking(w))}
	return nil
}

// Whole runs of Fit against the linear model in plain Go: sizes that leave a
// smaller last batch or none, orders, weights, validation, metrics.
func TestFitAgainstPlainLoop(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		seed := rapid.Uint64Range(0, 99).Draw(r, "seed")
		n := rapid.IntRange(2, 20).Draw(r, "samples")
		size := rapid.IntRange(1, 25).Draw(r, "batch size")
		epochs := rapid.IntRange(1, 3).Draw(r, "epochs")
		noShuffle := rapid.Bool().Draw(r, "no shuffle")
		split := rapid.SampledFrom([]float64{0, 0.25, 0.5}).Draw(r, "split")
		heavy := rapid.Bool().Draw(r, "weights")
		initial := rapid.IntRange(0, epochs).Draw(r, "initial epoch")
		perEpoch := rapid.IntRange(0, 7).Draw(r, "steps per epoch")
		validationSteps := 0
		if split > 0 {
			validationSteps = rapid.IntRange(0, 3).Draw(r, "validation steps")
		}

		weight := one
		x, y := rows(seed, n)
		var data datasets.Data = inMemory(t, x, y)
		if heavy {
			weight = func(i int) float64 { return float64(i%3) / 2 }
			data = weighted{data, weight}
		}
		m := linear(seed)
		p := plainOf(t, m)
		trainer := compile(t, m, train.Config{Metrics: []metrics.Metric{metrics.MAE{}, metrics.RMSE{}}})
		got, err := trainer.Fit(background, data, train.FitConfig{
			Epochs: epochs, InitialEpoch: initial, BatchSize: size, StepsPerEpoch: perEpoch,
			NoShuffle: noShuffle, ValidationSplit: split, ValidationSteps: validationSteps,
		})
		if err != nil {
			r.Fatal(err)
		}

		border := int(float64(n) * (1 - split))
		want := map[string][]float64{}
		add := func(name string, value float64) { want[name] = append(want[name], value) }
		// All batches of all epochs in a row, one pass over the samples after another.
		var batches [][]int
		perPass := (border + size - 1) / size
		if perEpoch == 0 {
			perEpoch = perPass
		}
		for pass := 0; len(batches) < epochs*perEpoch; pass++ {
			order := make([]int, border)
			for i := range order {
				order[i] = i
			}
			if !noShuffle {
				order = graph.Rand(seed, "shuffle", "sequential", graph.Tick{Epoch: pass + 1}).Perm(border)
			}
			batches = append(batches, slices.Collect(slices.Chunk(order, size))...)
		}
		for epoch := initial; epoch < epochs; epoch++ {
			loss, samples := 0.0, 0
			var m figures
			for _, at := range batches[epoch*perEpoch : (epoch+1)*perEpoch] {
				of := func(i int) float64 { return weight(at[i]) }
				loss += p.loss(pick(x, at), pick(y, at), of) * float64(len(at))
				samples += len(at)
				m.add(p, pick(x, at), pick(y, at), of)
				p.step(pick(x, at), pick(y, at), of, 0.1)
			}
			add("loss", loss/float64(samples))
			add("mae", m.abs/m.weight)
			add("rmse", math.Sqrt(m.square/m.weight))
			if split > 0 {
				end := n
				if validationSteps > 0 {
					end = min(n, border+validationSteps*size)
				}
				of := func(i int) float64 { return weight(border + i) }
				var m figures
				m.add(p, x[border:end], y[border:end], of)
				add("val_loss", m.square/float64(end-border))
				add("val_mae", m.abs/m.weight)
				add("val_rmse", math.Sqrt(m.square/m.weight))
			}
		}
		if !slices.Equal(got.Epochs, []int{0, 1, 2}[initial:epochs]) || len(got.Values) != len(want) {
			r.Fatalf("history %+v, want %+v", got, want)
		}
		for name, values := range want {
			compare(r, name, got.Values[name], values)
		}
		final := plainOf(t, m)
		compare(r, "kernel", final.kernel[:], p.kernel[:])
		compare(r, "bias", []float64{final.bias}, []float64{p.bias})
	})
}

// figures are the sums behind the metrics.
type figures struct{ abs, square, weight float64 }

func (f *figures) add(p plain, x, y [][]float64, weight func(i int) float64) {
	for i := range x {
		d := math.Abs(p.at(x[i]) - y[i][0])
		f.abs += weight(i) * d
		f.square += weight(i) * d * d
		f.weight += weight(i)
	}
}

// compare holds numbers to 1e-12; a NaN equals a NaN, as the metrics of samples
// that weigh nothing are.
func compare(r *rapid.T, name string, got, want []float64) {
	if len(got) != len(want) {
		r.Fatalf("%s: got %v, want %v", name, got, want)
	}
	for i := range want {
		if math.IsNaN(got[i]) && math.IsNaN(want[i]) {
			continue
		}
		if !(math.Abs(got[i]-want[i]) <= 1e-12) {
			r.Fatalf("%s[%d]: got %v, want %v", name, i, got[i], want[i])
		}
	}
}

func TestFitDefaults(t *testing.T) {
	batches := 0
	m := linear(1)
	history, err := compile(t, m, train.Config{}).Fit(background, table(t, 1, 65), train.FitConfig{
		Callbacks: []train.Callback{train.CallbackFunc(func(e *train.Event) error {
			if e.Moment == train.TrainBatchEnd {
				batches++
			}
			return nil
		})},
	})
	check(t, err)
	if batches != 3 || len(history.Epochs) != 1 || len(history.Values["loss"]) != 1 || len(history.Values) != 1 {
		t.Errorf("%d batches and %+v, want 1 epoch of 3 batches of 32", batches, history)
	}
}

func TestBatchSizeBeyondTheData(t *testing.T) {
	for _, size := range []int{7, 8, math.MaxInt} {
		trainer := compile(t, linear(1), train.Config{})
		data := table(t, 1, 7)
		history, err := trainer.Fit(background, data, train.FitConfig{BatchSize: size})
		check(t, err)
		if trainer.Optimizer().Iterations() != 1 || math.IsNaN(history.Values["loss"][0]) {
			t.Errorf("batch size %d: %d steps, loss %v", size, trainer.Optimizer().Iterations(), history.Values)
		}
		_, err = trainer.Evaluate(background, data, train.EvaluateConfig{BatchSize: size})
		check(t, err)
	}
}

func TestValidationDataIsTheSameAsSplit(t *testing.T) {
	x, y := rows(3, 20)
	fit := func(data datasets.Data, cfg train.FitConfig) *train.History {
		cfg.Epochs, cfg.BatchSize = 3, 4
		history, err := compile(t, linear(1), train.Config{}).Fit(background, data, cfg)
		check(t, err)
		return history
	}
	split := fit(inMemory(t, x, y), train.FitConfig{ValidationSplit: 0.3})
	given := fit(inMemory(t, x[:14], y[:14]), train.FitConfig{Validation: inMemory(t, x[14:], y[14:])})
	if diff := cmp.Diff(split, given); diff != "" {
		t.Errorf("split and given validation data differ:\n%s", diff)
	}
	if len(split.Values["val_loss"]) != 3 {
		t.Errorf("history %+v, want 3 values of val_loss", split)
	}
}

func TestStep(t *testing.T) {
	x, y := rows(5, 8)
	m := linear(2)
	p := plainOf(t, m)
	trainer := compile(t, m, train.Config{})
	b := batch(t, inMemory(t, x, y))
	for range 5 {
		got, err := trainer.Step(background, b)
		check(t, err)
		graphtest.CheckOutput(t, "loss", []float64{got}, []float64{p.loss(x, y, one)}, 1e-12)
		p.step(x, y, one, 0.1)
	}
	if trainer.Optimizer().Iterations() != 5 {
		t.Errorf("%d steps, want 5", trainer.Optimizer().Iterations())
	}
}

func TestEvaluateAndPredict(t *testing.T) {
	x, y := rows(6, 70)
	m := linear(2)
	p := plainOf(t, m)
	trainer := compile(t, m, train.Config{Metrics: []metrics.Metric{metrics.RMSE{}}})
	before := hash(t, m)
	for _, size := range []int{0, 1, 7, 70, 1000} {
		cfg := train.EvaluateConfig{BatchSize: size}
		logs, err := trainer.Evaluate(background, inMemory(t, x, y), cfg)
		check(t, err)
		mse := p.loss(x, y, one)
		if len(logs) != 2 || logs[0].Name != "loss" || logs[1].Name != "rmse" {
			t.Fatalf("logs %v, want loss and rmse", logs)
		}
		graphtest.CheckOutput(t, "logs", []float64{logs[0].Value, logs[1].Value}, []float64{mse, math.Sqrt(mse)}, 1e-12)

		out, err := trainer.Predict(background, inMemory(t, x, y), cfg)
		check(t, err)
		want := make([]float64, len(x))
		for i := range x {
			want[i] = p.at(x[i])
		}
		graphtest.CheckOutput(t, "prediction", out.Float64s(), want, 1e-12)
		if !slices.Equal(out.Shape(), tensor.Shape{70, 1}) {
			t.Errorf("prediction of shape %v, want (70, 1)", out.Shape())
		}
	}
	if hash(t, m) != before {
		t.Error("Evaluate or Predict changed the weights")
	}
}

func TestPredictNeedsNoTargets(t *testing.T) {
	x, err := datasets.Matrix([][]float64{{1, 2, 3}, {4, 5, 6}}, tensor.Float64)
	check(t, err)
	data, err := datasets.FromTensors([]*tensor.Dense{x}, nil)
	check(t, err)
	m := linear(1)
	got, err := compile(t, m, train.Config{}).Predict(background, data, train.EvaluateConfig{})
	check(t, err)
	want, err := m.Predict(background, x)
	check(t, err)
	if !slices.Equal(got.Float64s(), want.Float64s()) {
		t.Errorf("got %v, want that of the model, %v", got, want)
	}
}

func TestLogsGet(t *testing.T) {
	logs := train.Logs{{Name: "loss", Value: 1}, {Name: "rmse", Value: 2}}
	if v, ok := logs.Get("rmse"); v != 2 || !ok {
		t.Errorf("rmse: got %v, %v", v, ok)
	}
	if v, ok := logs.Get("val_loss"); v != 0 || ok {
		t.Errorf("val_loss: got %v, %v", v, ok)
	}
}

func TestProgressOfFit(t *testing.T) {
	var out strings.Builder
	trainer := compile(t, linear(1), train.Config{})
	_, err := trainer.Fit(background, table(t, 1, 10), train.FitConfig{
		Epochs: 2, BatchSize: 4, ValidationSplit: 0.2, Progress: &out,
		Callbacks: []train.Callback{at(train.TrainBatchEnd, 1, 0, stop)},
	})
	check(t, err)
	line := `Epoch %d/2 - %d/2 - 0s - \d+(us|ms|s)/step - loss: \d\.\d{4} - val_loss: \d\.\d{4}\n`
	want := regexp.MustCompile("^" + fmt.Sprintf(line, 1, 2) + fmt.Sprintf(line, 2, 1) + "$")
	if !want.MatchString(out.String()) {
		t.Errorf("got %q, want %v", out.String(), want)
	}
}

// DropRemainder leaves other samples out in every pass, and none of a full batch.
func TestDropRemainder(t *testing.T) {
	const n, size, epochs = 7, 3, 4
	x, y := rows(1, n)
	m := linear(1)
	trainer, want := compile(t, m, train.Config{}), plainOf(t, m)
	history, err := trainer.Fit(background, inMemory(t, x, y), train.FitConfig{Epochs: epochs, BatchSize: size, DropRemainder: true})
	check(t, err)
	left := map[int]bool{}
	for e := range epochs {
		order := graph.Rand(1, "shuffle", "sequential", graph.Tick{Epoch: e + 1}).Perm(n)
		loss := 0.0
		for b := range n / size {
			at := order[b*size : (b+1)*size]
			loss += want.loss(pick(x, at), pick(y, at), one) / (n / size)
			want.step(pick(x, at), pick(y, at), one, 0.1)
		}
		left[order[n-1]] = true
		if got := history.Values["loss"][e]; math.Abs(got-loss) > 1e-12 {
			t.Errorf("epoch %d: loss %v, want %v", e, got, loss)
		}
	}
	if got := plainOf(t, m); math.Abs(got.bias-want.bias) > 1e-12 {
		t.Errorf("bias %v, want %v", got.bias, want.bias)
	}
	if len(left) < 2 {
		t.Error("every pass left the same sample out")
	}
	_, err = trainer.Fit(background, inMemory(t, x, y), train.FitConfig{BatchSize: 8, DropRemainder: true})
	errtest.Check(t, err, graph.Error{Path: "sequential", Field: "FitConfig.DropRemainder", Value: n})
	carrying := compile(t, linear(1), train.Config{CarryState: true}) // whose batches must have one size
	_, err = carrying.Fit(background, inMemory(t, x, y), train.FitConfig{BatchSize: 3, NoShuffle: true})
	errtest.Check(t, err, graph.Error{Path: "sequential", Field: "data", Value: n})
	_, err = carrying.Fit(background, inMemory(t, x, y), train.FitConfig{BatchSize: 3, NoShuffle: true, DropRemainder: true})
	check(t, err)
}

// Samples of one number, [batch], train like others: also in a last batch of one
// sample. The model finds y = 2x + 1.
func TestFitOnOneNumberASample(t *testing.T) {
	const n = 9
	x := tensor.New(tensor.WithShape(n), tensor.Of(tensor.Float64))
	y := tensor.New(tensor.WithShape(n, 1), tensor.Of(tensor.Float64))
	for i := range n {
		x.Float64s()[i] = float64(i)/n - 0.5
		y.Float64s()[i] = 2*x.Float64s()[i] + 1
	}
	data, err := datasets.FromTensors([]*tensor.Dense{x}, []*tensor.Dense{y})
	if err != nil {
		t.Fatal(err)
	}
	model := models.NewSequential(models.Config{Dtype: tensor.Float64}, layers.Input{Shape: graph.Shape{}},
		layers.Reshape{TargetShape: graph.Shape{1}}, layers.Dense{Units: 1})
	trainer, err := train.Compile(model, train.Config{Loss: losses.MSE{}, Optimizer: optimizers.SGD{LearningRate: 0.5}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := trainer.Fit(background, data, train.FitConfig{Epochs: 200, BatchSize: 4}); err != nil {
		t.Fatal(err)
	}
	yhat, err := model.Predict(background, x)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range y.Float64s() {
		if got := yhat.Float64s()[i]; math.Abs(got-want) > 1e-6 {
			t.Errorf("sample %d: got %g, want %g", i, got, want)
		}
	}
}
