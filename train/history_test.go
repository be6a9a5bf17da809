package train_test

import (
	"math"
	"slices"
	"testing"

	"github.com/engram-go/engram/datasets"
	"github.com/engram-go/engram/train"
	"github.com/engram-go/engram/train/metrics"
)

// answers is a table whose targets are 1 where they would be positive, and 0 elsewhere.
func answers(t testing.TB, seed uint64, n int) *datasets.Samples {
	t.Helper()
	x, y := rows(seed, n)
	for i := range y {
		y[i][0] = math.Ceil(max(y[i][0], 0))
	}
	return inMemory(t, x, y)
}

// A metric whose result takes long has a value for an epoch and for an evaluation, and
// none for the batches before their ends.
func TestLongMetricsAreNotForBatches(t *testing.T) {
	trainer := compile(t, linear(1), train.Config{Metrics: []metrics.Metric{metrics.AUC{}, metrics.MAE{}}})
	data := answers(t, 1, 12)
	var history *train.History
	ends := map[train.Moment][]bool{}
	record := train.CallbackFunc(func(e *train.Event) error {
		if slices.Contains([]train.Moment{train.TrainBatchEnd, train.TestBatchEnd, train.TestEnd, train.EpochEnd}, e.Moment) {
			if _, ok := e.Logs.Get("mae"); !ok {
				t.Errorf("moment %d has the logs %v", e.Moment, e.Logs)
			}
			_, ok := e.Logs.Get("auc")
			ends[e.Moment] = append(ends[e.Moment], ok)
		}
		history = e.History
		return nil
	})
	_, err := trainer.Fit(background, data, train.FitConfig{Epochs: 1, BatchSize: 4, Validation: data, Callbacks: []train.Callback{record}})
	check(t, err)
	for moment, want := range map[train.Moment][]bool{
		train.TrainBatchEnd: {false, false, false}, train.TestBatchEnd: {false, false, false}, train.TestEnd: {true}, train.EpochEnd: {true},
	} {
		if got := ends[moment]; !slices.Equal(got, want) {
			t.Errorf("moment %d: got %v, want %v", moment, got, want)
		}
	}
	logs, err := trainer.Evaluate(background, data, train.EvaluateConfig{BatchSize: 5})
	check(t, err)
	got, _ := logs.Get("auc")
	yhat, err := trainer.Predict(background, data, train.EvaluateConfig{})
	check(t, err)
	whole := metrics.AUC{}.Start()
	check(t, whole.Add(batch(t, data).Targets[0], yhat, nil))
	if val := history.Values["val_auc"]; got != whole.Result() || len(val) != 1 || val[0] != got || len(history.Values["auc"]) != 1 {
		t.Errorf("got %v and the history %v, want %v", got, history.Values, whole.Result())
	}
}
