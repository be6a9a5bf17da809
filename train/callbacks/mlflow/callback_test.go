package mlflow_test

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/engram-go/engram/datasets"
	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/errs/errtest"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/models"
	"github.com/engram-go/engram/train"
	"github.com/engram-go/engram/train/callbacks/mlflow"
	"github.com/engram-go/engram/train/losses"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/pkg/errors"
	"gorgonia.org/tensor"
)

func newTrainer(t testing.TB) (*train.Trainer, *datasets.Samples) {
	t.Helper()
	m := models.NewSequential(models.Config{Seed: 1}, layers.Input{Shape: graph.Shape{1}}, layers.Dense{Units: 1})
	trainer, err := train.Compile(m, train.Config{Loss: losses.MSE{}})
	check(t, err)
	data, err := datasets.FromSlices([][]float64{{1}, {2}, {3}}, [][]float64{{3}, {5}, {7}}, tensor.Float32)
	check(t, err)
	return trainer, data
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// logs replaces the loss of every epoch by its number and a half, in the history too.
func logs(e *train.Event) error {
	if e.Moment == train.EpochEnd {
		values := e.History.Values["loss"]
		values[len(values)-1] = float64(e.Epoch) + 0.5
	}
	return nil
}

func fit(t testing.TB, epochs int, cs ...train.Callback) error {
	t.Helper()
	trainer, data := newTrainer(t)
	_, err := trainer.Fit(t.Context(), data, train.FitConfig{Epochs: epochs, BatchSize: 2, Callbacks: append([]train.Callback{train.CallbackFunc(logs)}, cs...)})
	return err
}

// at returns an error at a moment of an epoch.
func at(m train.Moment, epoch int, err error) train.Callback {
	return train.CallbackFunc(func(e *train.Event) error {
		if e.Moment == m && e.Epoch == epoch {
			return err
		}
		return nil
	})
}

func TestRun(t *testing.T) {
	s := newServer(t)
	many := map[string]string{}
	for i := range 250 {
		many[fmt.Sprint("p", i)] = fmt.Sprint(i)
	}
	c := &mlflow.Callback{
		TrackingURI: strings.Replace(s.URL, "http://", "http://user:secret@", 1) + "/", Experiment: "dax", RunName: "first",
		Params: many, Tags: map[string]string{"by": "test"}, Header: http.Header{"X-Test": {"1"}},
	}
	infinite := train.CallbackFunc(func(e *train.Event) error {
		if e.Moment == train.EpochEnd {
			for name, x := range map[string]float64{"nan": math.NaN(), "inf": math.Inf(1), "-inf": math.Inf(-1)} {
				e.History.Values[name] = append(e.History.Values[name], x)
			}
		}
		return nil
	})
	check(t, fit(t, 2, infinite, c))
	want := map[string]*run{c.RunID(): {
		Experiment: "exp-0", Name: "first", Status: "FINISHED", Tags: map[string]string{"by": "test"}, Params: many,
		Metrics: map[string][]string{"loss": {"0=0.5", "1=1.5"}, "nan": {"0=NaN", "1=NaN"}, "inf": {"0=Infinity", "1=Infinity"}, "-inf": {"0=-Infinity", "1=-Infinity"}},
	}}
	if diff := cmp.Diff(want, s.runs, cmpopts.IgnoreUnexported(run{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if user, password, _ := (&http.Request{Header: s.header}).BasicAuth(); user != "user" || password != "secret" || s.header.Get("X-Test") != "1" {
		t.Errorf("headers %v", s.header)
	}
	// The same experiment, and a run of its own.
	first := c.RunID()
	check(t, fit(t, 1, c))
	if len(s.runs) != 2 || len(s.experiments) != 1 || c.RunID() == first || c.Err() != nil {
		t.Errorf("%d runs of %v, %v", len(s.runs), s.experiments, c.Err())
	}
}

// Two processes may make an experiment at the same time.
func TestExperimentThatIsMadeMeanwhile(t *testing.T) {
	s := newServer(t)
	s.fail = func(n int, _ string) int {
		if n == 1 {
			s.experiments = append(s.experiments, "Default")
		}
		return 0
	}
	check(t, fit(t, 1, &mlflow.Callback{TrackingURI: s.URL}))
	if diff := cmp.Diff([]string{"Default"}, s.experiments); diff != "" {
		t.Error(diff)
	}
}

func TestStatusAfterAnError(t *testing.T) {
	for want, err := range map[string]error{"FAILED": errors.New("broken"), "KILLED": errors.Wrap(context.Canceled, "stopped")} {
		s := newServer(t)
		c := &mlflow.Callback{TrackingURI: s.URL}
		if got := fit(t, 3, c, at(train.EpochEnd, 1, err)); !errors.Is(got, err) {
			t.Fatal(got)
		}
		if r := s.runs[c.RunID()]; r.Status != want || len(r.Metrics["loss"]) != 2 {
			t.Errorf("got %+v, want %s", r, want)
		}
	}
}

// Without a server there is no training; a server that fails later delays its logs.
func TestServerThatFails(t *testing.T) {
	s := newServer(t)
	trainer, data := newTrainer(t)
	for n := range 4 { // get-by-name, create, runs/create, log-batch of params
		s.calls, s.experiments, s.fail = nil, nil, func(i int, _ string) int {
			if i == n {
				return 503
			}
			return 0
		}
		c := &mlflow.Callback{TrackingURI: s.URL, Params: map[string]string{"a": "b"}}
		_, err := trainer.Fit(t.Context(), data, train.FitConfig{Callbacks: []train.Callback{c}})
		var status *mlflow.StatusError
		if !errors.As(err, &status) || status.Status != 503 || status.Code != "BROKEN" || trainer.Optimizer().Iterations() != 0 {
			t.Errorf("call %d: got %v", n, err)
		}
	}
	down := true
	s.fail = func(_ int, call string) int {
		if down && call == "runs/log-batch" {
			return 500
		}
		return 0
	}
	up := train.CallbackFunc(func(e *train.Event) error {
		down = e.Epoch < 2
		return nil
	})
	var log bytes.Buffer
	c := &mlflow.Callback{TrackingURI: s.URL, Log: &log}
	check(t, fit(t, 3, up, c))
	if diff := cmp.Diff([]string{"0=0.5", "1=1.5", "2=2.5"}, s.runs[c.RunID()].Metrics["loss"]); diff != "" || c.Err() != nil {
		t.Errorf("%v, %s", c.Err(), diff)
	}
	if n := strings.Count(log.String(), "mlflow: not logged: mlflow: runs/log-batch: 500 BROKEN told to\n"); n != 2 {
		t.Errorf("%d lines: %s", n, &log)
	}
	c.EndOnError = true
	if err := fit(t, 3, up, c); err == nil || s.runs[c.RunID()].Status != "FAILED" {
		t.Errorf("got %v, and the run is %s", err, s.runs[c.RunID()].Status)
	}
}

// What the server refuses is not sent again, and Err tells.
func TestServerThatRefuses(t *testing.T) {
	s := newServer(t)
	c := &mlflow.Callback{TrackingURI: s.URL}
	refused := train.CallbackFunc(func(e *train.Event) error {
		if e.Moment == train.EpochEnd && e.Epoch == 0 {
			e.History.Values["refused"] = []float64{1}
		}
		return nil
	})
	check(t, fit(t, 2, refused, c))
	if r := s.runs[c.RunID()]; len(r.Metrics["loss"]) != 1 || r.Status != "FINISHED" {
		t.Errorf("got %+v", r)
	}
	var status *mlflow.StatusError
	if !errors.As(c.Err(), &status) || status.Status != 400 || status.Call != "runs/log-batch" {
		t.Errorf("Err gives %v", c.Err())
	}
}

// A training that is killed and resumed, also from a checkpoint before epochs that were
// logged, has every epoch once, in its first run.
func TestResumedRun(t *testing.T) {
	killed := errors.New("killed")
	for _, moment := range []train.Moment{train.TrainBatchEnd, train.EpochEnd} {
		s := newServer(t)
		var state *train.State
		take := train.CallbackFunc(func(e *train.Event) error {
			if e.Moment == moment && e.Epoch == 1 && e.Batch == 0 {
				state = e.Trainer.State()
			}
			if e.Moment == train.EpochEnd && e.Epoch == 2 {
				return killed
			}
			return nil
		})
		trainer, data := newTrainer(t)
		first := &mlflow.Callback{TrackingURI: s.URL}
		cfg := train.FitConfig{Epochs: 5, BatchSize: 2, Callbacks: []train.Callback{train.CallbackFunc(logs), first, take}}
		if _, err := trainer.Fit(t.Context(), data, cfg); !errors.Is(err, killed) {
			t.Fatal(err)
		}
		trainer, data = newTrainer(t)
		second := &mlflow.Callback{TrackingURI: s.URL}
		cfg.Resume, cfg.Callbacks = state, []train.Callback{train.CallbackFunc(logs), second, train.CallbackFunc(func(*train.Event) error { return nil })}
		_, err := trainer.Fit(t.Context(), data, cfg)
		check(t, err)
		r := s.runs[first.RunID()]
		if diff := cmp.Diff([]string{"0=0.5", "1=1.5", "2=2.5", "3=3.5", "4=4.5"}, r.Metrics["loss"]); diff != "" || len(s.runs) != 1 || r.Status != "FINISHED" || second.RunID() != first.RunID() {
			t.Errorf("%d runs, status %s, metrics (-want +got):\n%s", len(s.runs), r.Status, diff)
		}
	}
}

func TestTimeout(t *testing.T) {
	begun := time.Now()
	stop := make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-stop }))
	defer s.Close()
	defer close(stop)
	err := fit(t, 1, &mlflow.Callback{TrackingURI: s.URL, Timeout: 20 * time.Millisecond})
	if !errors.Is(err, context.DeadlineExceeded) || time.Since(begun) > 5*time.Second {
		t.Errorf("got %v after %v", err, time.Since(begun))
	}
}

// Answers of something else than MLflow are errors.
func TestOtherServers(t *testing.T) {
	for _, answer := range []string{"", "{}", "<html>", `{"experiment": 3}`, `{"experiment": {"experiment_id": "1"}}`, `{"experiment": {"experiment_id": "1"}, "run": {"info": []}}`} {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, answer) }))
		if err := fit(t, 1, &mlflow.Callback{TrackingURI: s.URL}); err == nil {
			t.Errorf("%q was taken for MLflow", answer)
		}
		s.Close()
	}
}

func TestRefuses(t *testing.T) {
	for _, uri := range []string{"", "localhost:5000", "file:///tmp", "http://", "http://[", "sqlite:///x"} {
		errtest.Check(t, fit(t, 1, &mlflow.Callback{TrackingURI: uri}), errs.Error{Field: "mlflow.Callback.TrackingURI"})
	}
	errtest.Check(t, fit(t, 1, &mlflow.Callback{TrackingURI: "http://localhost:1", Timeout: -1}), errs.Error{Field: "mlflow.Callback.Timeout"})
	c := &mlflow.Callback{}
	errtest.Check(t, c.Restore(c.State()), errs.Error{Field: "mlflow.Callback"})
	c.TrackingURI = newServer(t).URL
	check(t, fit(t, 1, c))
	run := c.RunID()
	of := func(xs any) map[string]*tensor.Dense {
		return map[string]*tensor.Dense{"run": tensor.New(tensor.WithBacking(xs))}
	}
	for name, s := range map[string]train.CallbackState{
		"numbers": {Numbers: map[string]float64{"run": 1}},
		"other":   {Tensors: map[string]*tensor.Dense{"other": tensor.New(tensor.WithBacking([]float64{1}))}},
		"float32": {Tensors: of([]float32{49})},
		"no byte": {Tensors: of([]float64{256})},
		"NaN":     {Tensors: of([]float64{math.NaN()})},
		"UTF-8":   {Tensors: of([]float64{255})},
		"long":    {Tensors: of(make([]float64, 257))},
	} {
		if c.Restore(s) == nil || c.RunID() != run {
			t.Errorf("%s: the run is %q", name, c.RunID())
		}
	}
	check(t, c.Restore(c.State()))
}
