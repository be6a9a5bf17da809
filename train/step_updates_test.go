package train_test

import (
	"bytes"
	"context"
	"math"
	"slices"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/graph/graphtest"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/layers/initializers"
	"github.com/engram-go/engram/models"
	"github.com/engram-go/engram/train"
	"gorgonia.org/tensor"
)

// Centre takes the mean of the batch away while it is trained, and the moving
// average of those means otherwise: m + (mean − m)/4 after each step.
type Centre struct{}

func (Centre) Call(s *graph.Scope, in ...graph.Value) []graph.Value {
	x := in[0]                                                               // [batch, features]
	average := s.State("average", graph.Shape{x.Dim(1)}, initializers.Zeros) // [features]
	if !s.Training() {
		return []graph.Value{x.Sub(average)}
	}
	mean := x.Mean(0) // [features]
	s.AddUpdate("average", average.Add(mean.Sub(average).Scale(0.25)))
	return []graph.Value{x.Sub(mean)}
}

// A moving average follows every step of training, in the order of the batches,
// and nothing else; it is what evaluation and prediction see, and it is in the
// file, from which a training continues to the same bits.
func TestUpdatesFollowTheBatches(t *testing.T) {
	const n, size, epochs = 10, 4, 3
	config := models.Config{Seed: 5, Dtype: tensor.Float64, Custom: []any{Centre{}}}
	build := func() *models.Sequential {
		return models.NewSequential(config, layers.Input{Shape: graph.Shape{features}}, Centre{}, layers.Dense{Units: 1})
	}
	x, y := rows(4, n)
	data, valid := inMemory(t, x, y), table(t, 8, 5)
	average := func(m *models.Sequential) []float64 {
		w, err := m.Weight("sequential/centre/average")
		check(t, err)
		return slices.Clone(float64s(w))
	}
	m := build()
	if slices.Max(average(m)) != 0 {
		t.Fatalf("the average begins as %v", average(m))
	}
	var seen [][]float64 // at the end of each batch, of training and of validation
	trainer := compile(t, m, train.Config{})
	history, err := trainer.Fit(background, data, train.FitConfig{
		Epochs: epochs, BatchSize: size, NoShuffle: true, Validation: valid,
		Callbacks: []train.Callback{train.CallbackFunc(func(e *train.Event) error {
			if e.Moment == train.TrainBatchEnd || e.Moment == train.TestBatchEnd {
				seen = append(seen, average(m))
			}
			return nil
		})},
	})
	check(t, err)

	want := make([]float64, features)
	for range epochs {
		for part := range slices.Chunk(x, size) {
			for j := range want {
				mean := 0.0
				for _, row := range part {
					mean += row[j] / float64(len(part))
				}
				want[j] += (mean - want[j]) / 4
			}
			graphtest.CheckOutput(t, "after a batch", seen[0], want, 1e-12)
			seen = seen[1:]
		}
		for range 2 { // of validation
			graphtest.CheckOutput(t, "after a batch of validation", seen[0], want, 0)
			seen = seen[1:]
		}
	}

	// Evaluation and prediction take the average away, and leave it as it is.
	weights := plainOf(t, m)
	logs, err := trainer.Evaluate(background, valid, train.EvaluateConfig{})
	check(t, err)
	vx, vy := rows(8, 5)
	loss, outputs := 0.0, []float64{}
	for i := range vx {
		row := slices.Clone(vx[i])
		for j := range row {
			row[j] -= want[j]
		}
		outputs = append(outputs, weights.at(row))
		loss += math.Pow(weights.at(row)-vy[i][0], 2) / 5
	}
	graphtest.CheckOutput(t, "loss", []float64{logs[0].Value, history.Values["val_loss"][epochs-1]}, []float64{loss, loss}, 1e-12)
	predicted, err := m.Predict(background, valid.X()...)
	check(t, err)
	graphtest.CheckOutput(t, "prediction", float64s(predicted), outputs, 1e-12)
	graphtest.CheckOutput(t, "average after evaluation", average(m), want, 1e-12)

	// The file holds it.
	var file bytes.Buffer
	_, err = m.WriteTo(&file)
	check(t, err)
	loaded, err := models.Read(bytes.NewReader(file.Bytes()), models.LoadConfig{Custom: []any{Centre{}}})
	check(t, err)
	again, err := loaded.Predict(context.Background(), valid.X()...)
	check(t, err)
	if !slices.Equal(float64s(again), float64s(predicted)) {
		t.Errorf("the loaded model predicts %v, want %v", float64s(again), float64s(predicted))
	}
	fit := func(m train.Model) {
		_, err := compile(t, m, train.Config{}).Fit(background, data, train.FitConfig{BatchSize: size, NoShuffle: true})
		check(t, err)
	}
	fit(m)
	fit(loaded)
	was, err := m.WeightsSHA256()
	check(t, err)
	is, err := loaded.WeightsSHA256()
	check(t, err)
	if was != is {
		t.Error("training from the file leads to other weights")
	}
}

// explode is a layer whose state goes beyond every bound in its second step.
type explode struct{}

func (explode) Call(s *graph.Scope, in ...graph.Value) []graph.Value {
	state := s.State("state", graph.Shape{1}, initializers.Ones)
	s.AddUpdate("state", state.Scale(1e200))
	return in
}

// An update that is not finite changes nothing, no weight either.
func TestUpdateThatIsNotFinite(t *testing.T) {
	m := linear(1, explode{})
	trainer := compile(t, m, train.Config{})
	b := batch(t, table(t, 1, 4))
	_, err := trainer.Step(background, b)
	check(t, err)
	before := hash(t, m)
	_, err = trainer.Step(background, b)
	wantWithin(t, err, "update: ", graph.Error{Path: "sequential/explode/state", Field: "element [0]", Value: math.Inf(1), Kind: graph.ErrNotFinite})
	if hash(t, m) != before || trainer.Optimizer().Iterations() != 1 {
		t.Error("the weights or the optimizer have changed")
	}
}
