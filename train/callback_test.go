package train_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/engram-go/engram/train"
	"github.com/google/go-cmp/cmp"
	"github.com/pkg/errors"
)

var momentNames = map[train.Moment]string{
	train.TrainBegin: "train begin", train.TrainEnd: "train end",
	train.EpochBegin: "epoch begin", train.EpochEnd: "epoch end",
	train.TrainBatchBegin: "train batch begin", train.TrainBatchEnd: "train batch end",
	train.TestBegin: "test begin", train.TestEnd: "test end",
	train.TestBatchBegin: "test batch begin", train.TestBatchEnd: "test batch end",
	train.PredictBegin: "predict begin", train.PredictEnd: "predict end",
	train.PredictBatchBegin: "predict batch begin", train.PredictBatchEnd: "predict batch end",
	train.TrainBatchFailed: "train batch failed", train.Failed: "failed",
}

// diary writes down what it is told.
type diary []string

func (d *diary) On(e *train.Event) error {
	var names []string
	for _, l := range e.Logs {
		names = append(names, l.Name)
	}
	*d = append(*d, fmt.Sprintf("%s, epoch %d/%d, batch %d/%d, %s", momentNames[e.Moment], e.Epoch, e.Epochs, e.Batch, e.Batches, strings.Join(names, "+")))
	return nil
}

func TestMomentsOfFit(t *testing.T) {
	var got diary
	_, err := compile(t, linear(1), train.Config{}).Fit(background, table(t, 1, 8), train.FitConfig{
		Epochs: 2, BatchSize: 4, ValidationSplit: 0.25, Callbacks: []train.Callback{&got},
	})
	check(t, err)
	want := diary{"train begin, epoch 0/2, batch 0/0, "}
	for e := range 2 {
		add := func(format string) { want = append(want, fmt.Sprintf(format, e)) }
		add("epoch begin, epoch %d/2, batch 0/2, ")
		add("train batch begin, epoch %d/2, batch 0/2, ")
		add("train batch end, epoch %d/2, batch 0/2, loss")
		add("train batch begin, epoch %d/2, batch 1/2, ")
		add("train batch end, epoch %d/2, batch 1/2, loss")
		add("test begin, epoch %d/2, batch 0/0, ")
		add("test batch begin, epoch %d/2, batch 0/1, ")
		add("test batch end, epoch %d/2, batch 0/1, loss")
		add("test end, epoch %d/2, batch 0/0, loss")
		add("epoch end, epoch %d/2, batch 0/0, loss+val_loss")
	}
	want = append(want, "train end, epoch 2/2, batch 0/0, ")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestMomentsOfEvaluateAndPredict(t *testing.T) {
	trainer := compile(t, linear(1), train.Config{})
	var got diary
	cfg := train.EvaluateConfig{BatchSize: 4, Callbacks: []train.Callback{&got}}
	_, err := trainer.Evaluate(background, table(t, 1, 6), cfg)
	check(t, err)
	_, err = trainer.Predict(background, table(t, 1, 6), cfg)
	check(t, err)
	want := diary{
		"test begin, epoch 0/0, batch 0/0, ",
		"test batch begin, epoch 0/0, batch 0/2, ",
		"test batch end, epoch 0/0, batch 0/2, loss",
		"test batch begin, epoch 0/0, batch 1/2, ",
		"test batch end, epoch 0/0, batch 1/2, loss",
		"test end, epoch 0/0, batch 0/0, loss",
		"predict begin, epoch 0/0, batch 0/0, ",
		"predict batch begin, epoch 0/0, batch 0/2, ",
		"predict batch end, epoch 0/0, batch 0/2, ",
		"predict batch begin, epoch 0/0, batch 1/2, ",
		"predict batch end, epoch 0/0, batch 1/2, ",
		"predict end, epoch 0/0, batch 0/0, ",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// at does something at one moment, in one epoch and batch.
func at(m train.Moment, epoch, batch int, do func(e *train.Event) error) train.Callback {
	return train.CallbackFunc(func(e *train.Event) error {
		if e.Moment == m && e.Epoch == epoch && e.Batch == batch {
			return do(e)
		}
		return nil
	})
}

func stop(e *train.Event) error {
	e.Stop()
	return nil
}

func TestStop(t *testing.T) {
	for _, c := range []struct {
		moment train.Moment
		epoch  int
		steps  int // of 2 a full epoch
		epochs int
	}{
		{train.TrainBegin, 0, 0, 0},
		{train.EpochBegin, 1, 3, 2},
		{train.TrainBatchBegin, 1, 3, 2},
		{train.TrainBatchEnd, 1, 3, 2},
		{train.TrainBatchEnd, 0, 1, 1},
		{train.TestBatchEnd, 0, 2, 1},
		{train.EpochEnd, 1, 4, 2},
		{train.EpochEnd, 4, 10, 5},
	} {
		var d diary
		trainer := compile(t, linear(1), train.Config{})
		history, err := trainer.Fit(background, table(t, 1, 10), train.FitConfig{
			Epochs: 5, BatchSize: 4, ValidationSplit: 0.2, Callbacks: []train.Callback{at(c.moment, c.epoch, 0, func(e *train.Event) error {
				before := e.Stopped()
				if e.Stop(); before || !e.Stopped() {
					t.Errorf("stopped: %v before Stop, %v after it", before, e.Stopped())
				}
				return nil
			}), &d},
		})
		check(t, err)
		name := fmt.Sprintf("%s of epoch %d", momentNames[c.moment], c.epoch)
		if got := trainer.Optimizer().Iterations(); got != c.steps {
			t.Errorf("%s: %d steps, want %d", name, got, c.steps)
		}
		if len(history.Epochs) != c.epochs || len(history.Values["loss"]) != c.epochs || len(history.Values["val_loss"]) != c.epochs {
			t.Errorf("%s: history %+v, want %d epochs", name, history, c.epochs)
		}
		if want := fmt.Sprintf("train end, epoch %d/5", c.epochs); !strings.HasPrefix(d[len(d)-1], want) {
			t.Errorf("%s: ends with %q, want %q", name, d[len(d)-1], want)
		}
	}
}

func TestStopOutsideFit(t *testing.T) {
	trainer := compile(t, linear(1), train.Config{})
	cfg := train.EvaluateConfig{BatchSize: 2, Callbacks: []train.Callback{train.CallbackFunc(stop)}}
	data := table(t, 1, 6)
	got, err := trainer.Evaluate(background, data, cfg)
	check(t, err)
	want, err := trainer.Evaluate(background, data, train.EvaluateConfig{BatchSize: 2})
	check(t, err)
	if !slices.Equal(got, want) {
		t.Errorf("Evaluate with Stop: %v, want %v", got, want)
	}
	out, err := trainer.Predict(background, data, cfg)
	check(t, err)
	if out.Shape()[0] != 6 {
		t.Errorf("Predict with Stop: %v", out.Shape())
	}
}

// An error at any moment ends everything, and the epochs so far stay.
func TestCallbackError(t *testing.T) {
	broken := errors.New("broken")
	fails := func(*train.Event) error { return broken }
	for m, name := range momentNames {
		trainer := compile(t, linear(1), train.Config{})
		data := table(t, 1, 10)
		epoch, want := 1, 1
		switch m {
		case train.TrainBegin:
			epoch, want = 0, 0
		case train.EpochEnd:
			want = 2 // the epoch is finished
		case train.TrainEnd:
			epoch, want = 3, 3
		}
		var after diary
		callbacks := []train.Callback{at(m, epoch, 0, fails), &after}
		switch m {
		case train.TrainBatchFailed, train.Failed:
			continue // TestFailed
		case train.PredictBegin, train.PredictEnd, train.PredictBatchBegin, train.PredictBatchEnd:
			callbacks[0] = at(m, 0, 0, fails)
			out, err := trainer.Predict(background, data, train.EvaluateConfig{Callbacks: callbacks})
			if !errors.Is(err, broken) || out != nil {
				t.Errorf("%s: got %v and %v", name, out, err)
			}
			continue
		}
		history, err := trainer.Fit(background, data, train.FitConfig{Epochs: 3, ValidationSplit: 0.2, Callbacks: callbacks})
		if !errors.Is(err, broken) {
			t.Errorf("%s: got %v", name, err)
		}
		if len(history.Epochs) != want {
			t.Errorf("%s: history %+v, want %d epochs", name, history, want)
		}
		if n := len(after); n == 0 || !strings.HasPrefix(after[n-1], "failed") {
			t.Errorf("%s: no callback was told of the failure", name)
		} else if after = after[:n-1]; n > 1 && strings.HasPrefix(after[n-2], name+fmt.Sprintf(", epoch %d", epoch)) {
			t.Errorf("%s: the next callback was told", name)
		}
	}
}

func TestCallbackSeesTheTrainer(t *testing.T) {
	trainer := compile(t, linear(1), train.Config{})
	data := table(t, 1, 6)
	var last float64
	history, err := trainer.Fit(background, data, train.FitConfig{Epochs: 2, Callbacks: []train.Callback{
		at(train.EpochEnd, 1, 0, func(e *train.Event) error {
			logs, err := e.Trainer.Evaluate(background, data, train.EvaluateConfig{})
			last = logs[0].Value
			return err
		}),
	}})
	check(t, err)
	if !(last > 0 && last < history.Values["loss"][1]) {
		t.Errorf("loss %v after the last step, want less than %v before it", last, history.Values["loss"][1])
	}
}

// A panic of a user's callback is the user's: it passes through Fit, which can
// be called again.
func TestCallbackPanic(t *testing.T) {
	trainer := compile(t, linear(1), train.Config{})
	func() {
		defer func() {
			if recover() != "mine" {
				t.Error("the panic did not pass through")
			}
		}()
		trainer.Fit(background, table(t, 1, 6), train.FitConfig{Callbacks: []train.Callback{
			at(train.TrainBatchEnd, 0, 0, func(*train.Event) error { panic("mine") }),
		}})
	}()
	_, err := trainer.Fit(background, table(t, 1, 6), train.FitConfig{})
	check(t, err)
}

func TestCancel(t *testing.T) {
	for _, c := range []struct {
		name   string
		moment train.Moment
		epoch  int
		batch  int
		want   string
		epochs int
	}{
		{"before", -1, 0, 0, "sequential: stopped in epoch 1 before batch 1: context canceled", 0},
		{"in an epoch", train.TrainBatchEnd, 1, 0, "sequential: stopped in epoch 2 before batch 2: context canceled", 1},
		{"in validation", train.TestBatchEnd, 2, 0, "validation of epoch 3: sequential: stopped before batch 2: context canceled", 2},
		{"between epochs", train.EpochEnd, 0, 0, "sequential: stopped in epoch 2 before batch 1: context canceled", 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(background)
			defer cancel()
			if c.moment < 0 {
				cancel()
			}
			m := linear(1)
			before := hash(t, m)
			history, err := compile(t, m, train.Config{}).Fit(ctx, table(t, 1, 10), train.FitConfig{
				Epochs: 4, BatchSize: 2, ValidationSplit: 0.4,
				Callbacks: []train.Callback{at(c.moment, c.epoch, c.batch, func(*train.Event) error { cancel(); return nil })},
			})
			if !errors.Is(err, context.Canceled) || err.Error() != c.want {
				t.Errorf("got %v, want %s", err, c.want)
			}
			if len(history.Epochs) != c.epochs || len(history.Values["val_loss"]) != c.epochs {
				t.Errorf("history %+v, want %d epochs", history, c.epochs)
			}
			if (hash(t, m) == before) != (c.name == "before") {
				t.Error("the weights are not those of the steps that were done")
			}
		})
	}
	ctx, cancel := context.WithCancel(background)
	cancel()
	trainer := compile(t, linear(1), train.Config{})
	data := table(t, 1, 4)
	_, err := trainer.Step(ctx, batch(t, data))
	wantCancelled(t, "Step", err)
	_, err = trainer.Evaluate(ctx, data, train.EvaluateConfig{})
	wantCancelled(t, "Evaluate", err)
	_, err = trainer.Predict(ctx, data, train.EvaluateConfig{})
	wantCancelled(t, "Predict", err)
}

func wantCancelled(t *testing.T, name string, err error) {
	t.Helper()
	if !errors.Is(err, context.Canceled) {
		t.Errorf("%s: got %v, want context.Canceled", name, err)
	}
}

// A callback reaches the model, and the history of the epochs that are finished.
func TestEventReachesModelAndHistory(t *testing.T) {
	m := linear(1)
	trainer := compile(t, m, train.Config{})
	if trainer.Model() != train.Model(m) {
		t.Error("Model is not the model that was compiled")
	}
	var got []string
	record := train.CallbackFunc(func(e *train.Event) error {
		n := -1
		if e.History != nil {
			n = len(e.History.Epochs)
		}
		if n > 0 && len(e.History.Values["loss"]) != n {
			t.Errorf("%d losses of %d epochs", len(e.History.Values["loss"]), n)
		}
		switch e.Moment {
		case train.TrainBegin, train.EpochBegin, train.EpochEnd, train.TrainEnd, train.TestEnd, train.PredictEnd:
			got = append(got, fmt.Sprintf("%s: %d epochs", momentNames[e.Moment], n))
		}
		return nil
	})
	data, cbs := table(t, 1, 4), []train.Callback{record}
	history, err := trainer.Fit(background, data, train.FitConfig{Epochs: 2, Callbacks: cbs, ValidationSplit: 0.5})
	check(t, err)
	_, err = trainer.Evaluate(background, data, train.EvaluateConfig{Callbacks: cbs})
	check(t, err)
	_, err = trainer.Predict(background, data, train.EvaluateConfig{Callbacks: cbs})
	check(t, err)
	want := []string{
		"train begin: 0 epochs", "epoch begin: 0 epochs", "test end: 0 epochs", "epoch end: 1 epochs",
		"epoch begin: 1 epochs", "test end: 1 epochs", "epoch end: 2 epochs", "train end: 2 epochs",
		"test end: -1 epochs", "predict end: -1 epochs",
	}
	if diff := cmp.Diff(want, got); diff != "" || len(history.Epochs) != 2 {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
