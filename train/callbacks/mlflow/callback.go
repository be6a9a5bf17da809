// Package mlflow logs trainings to a server of MLflow, through its REST API.
package mlflow

import (
	"context"
	"fmt"
	"io"
	"maps"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/train"
	"github.com/pkg/errors"
	"gorgonia.org/tensor"
)

var _ train.StatefulCallback = (*Callback)(nil)

// Callback makes a run for each Fit, logs Params at its beginning, and after every epoch its
// logs as metrics, whose steps are the epochs from 0. The run ends as FINISHED; as KILLED if
// the context of Fit was done; as FAILED after another error.
//
// An error before the first batch ends Fit, such as a wrong address: nothing is lost yet.
// After that, a training is worth more than its log: an error does not end it, unless
// EndOnError is set. Epochs that could not be sent are sent with the next one, except where
// the server refuses them; Log receives a line, and Err is the last error. A server that does
// not answer delays every epoch by Timeout.
//
// A training that is resumed continues its run, and logs the epochs that the server does not
// have yet.
//
// Use a pointer; one Callback serves one Fit at a time.
type Callback struct {
	TrackingURI string            // such as "http://localhost:5000"; required. A user and a password in it are sent
	Experiment  string            // the name; made if it is missing; default "Default"
	RunName     string            // default: the server chooses one
	Params      map[string]string // of the run, such as its learning rate
	Tags        map[string]string // of the run
	Header      http.Header       // of every request, such as Authorization; nil for none
	Client      *http.Client      // default http.Client{}
	Timeout     time.Duration     // of each request; default 10 s
	EndOnError  bool              // an error ends Fit also after the first batch has begun
	Log         io.Writer         // receives a line for each error that does not end Fit; nil for none

	client     client
	experiment string
	run        string         // empty before it is made
	restored   bool           // the run is that of a state
	running    bool           // the server knows that it runs
	last       map[string]int // last steps that the server had when the training was resumed
	sent       int            // epochs of the history that need not be sent
	err        error
	refused    error // that the server will not take something
}

// RunID is the identifier of the last run; empty before the first batch.
func (c *Callback) RunID() string { return c.run }

// Err is the last error of the last Fit; nil if all is sent.
func (c *Callback) Err() error { return c.err }

// On sends what an event has.
func (c *Callback) On(e *train.Event) error {
	switch e.Moment {
	case train.TrainBegin:
		return c.begin()
	case train.TrainBatchBegin:
		return c.start()
	case train.EpochEnd:
		if err := c.start(); err != nil {
			return err
		}
		return c.tolerate(c.send(e.History))
	case train.TrainEnd:
		if err := c.start(); err != nil {
			return err
		}
		return c.finish(e.History, "FINISHED")
	case train.Failed:
		if !c.running {
			return nil
		}
		status := "FAILED"
		if errors.Is(e.Err, context.Canceled) || errors.Is(e.Err, context.DeadlineExceeded) {
			status = "KILLED"
		}
		return c.finish(e.History, status)
	}
	return nil
}

// begin checks the fields and finds the experiment. The run is made later, when it is known
// whether a training is resumed.
func (c *Callback) begin() error {
	fail := func(field, rule string, value any) error {
		return graph.Error{Field: "mlflow.Callback." + field, Rule: rule, Value: value}
	}
	u, err := url.Parse(c.TrackingURI)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return fail("TrackingURI", "must be the address of a server, such as http://localhost:5000", strconv.Quote(c.TrackingURI))
	}
	if c.Timeout < 0 {
		return fail("Timeout", "must not be negative", c.Timeout)
	}
	c.client = client{uri: c.TrackingURI, header: c.Header, http: c.Client, timeout: c.Timeout}
	if c.client.http == nil {
		c.client.http = &http.Client{}
	}
	if c.client.timeout == 0 {
		c.client.timeout = 10 * time.Second
	}
	name := c.Experiment
	if name == "" {
		name = "Default"
	}
	c.run, c.restored, c.running, c.last, c.sent = "", false, false, nil, 0
	c.err, c.refused = nil, nil
	c.experiment, err = c.client.experiment(name)
	return err
}

// start makes the run, or continues that of a state.
func (c *Callback) start() (err error) {
	if c.running {
		return nil
	}
	if c.restored {
		if c.last, err = c.client.lastSteps(c.run); err != nil {
			return err
		}
		err = c.client.setStatus(c.run, "RUNNING")
		c.running = err == nil
		return err
	}
	if c.run, err = c.client.createRun(c.experiment, c.RunName, pairs(c.Tags)); err != nil {
		return err
	}
	c.running = true
	return c.client.logParams(c.run, pairs(c.Params))
}

// pairs are the entries of a map, in the order of their keys.
func pairs(m map[string]string) []pair {
	out := []pair{}
	for _, key := range slices.Sorted(maps.Keys(m)) {
		out = append(out, pair{key, m[key]})
	}
	return out
}

// send sends the epochs of the history that were not sent. After an error that would come
// again, it goes on with the next epoch.
func (c *Callback) send(h *train.History) (failed error) {
	for ; c.sent < len(h.Epochs); c.sent++ {
		epoch := h.Epochs[c.sent]
		var logs train.Logs
		for _, name := range slices.Sorted(maps.Keys(h.Values)) {
			if last, ok := c.last[name]; ok && epoch <= last || c.sent >= len(h.Values[name]) {
				continue
			}
			logs = append(logs, train.Log{Name: name, Value: h.Values[name][c.sent]})
		}
		if err := c.client.logMetrics(c.run, epoch, logs); err != nil {
			failed = err
			var status *StatusError
			if !errors.As(err, &status) || !status.final() {
				return failed
			}
			c.refused = failed
		}
	}
	return failed
}

// finish sends what is left and ends the run.
func (c *Callback) finish(h *train.History, status string) error {
	err := c.send(h)
	c.running = false
	if e := c.client.setStatus(c.run, status); err == nil {
		err = e
	}
	return c.tolerate(err)
}

// tolerate keeps an error, and returns it only if it ends Fit.
func (c *Callback) tolerate(err error) error {
	if c.err = err; err == nil {
		c.err = c.refused
		return nil
	}
	if c.EndOnError {
		return err
	}
	if c.Log != nil {
		fmt.Fprintf(c.Log, "mlflow: not logged: %v\n", err)
	}
	return nil
}

// State has the tensor "run", with the bytes of the run's identifier as numbers, where there
// is a run.
func (c *Callback) State() train.CallbackState {
	if c.run == "" {
		return train.CallbackState{}
	}
	numbers := make([]float64, len(c.run))
	for i := range numbers {
		numbers[i] = float64(c.run[i])
	}
	return train.CallbackState{Tensors: map[string]*tensor.Dense{"run": tensor.New(tensor.WithShape(len(numbers)), tensor.WithBacking(numbers))}}
}

// Restore continues the run of a state.
func (c *Callback) Restore(s train.CallbackState) error {
	if c.client.http == nil {
		return graph.Error{Field: "mlflow.Callback", Rule: "must be restored after TrainBegin"}
	}
	t := s.Tensors["run"]
	if len(s.Numbers) > 0 || len(s.Tensors) > 1 || len(s.Tensors) == 1 && t == nil {
		return graph.Error{Field: "state", Rule: "must be that of a mlflow.Callback"}
	}
	if t == nil {
		c.run, c.restored = "", false
		return nil
	}
	const longest = 256
	numbers, ok := t.Data().([]float64)
	if !ok || len(numbers) > longest {
		return graph.Error{Path: "run", Field: "tensor", Rule: fmt.Sprintf("must have at most %d numbers, in float64", longest), Value: t.Shape()}
	}
	run := make([]byte, len(numbers))
	for i, x := range numbers {
		if !(x >= 0 && x <= math.MaxUint8) || x != math.Trunc(x) {
			return graph.Error{Path: "run", Field: "element", Rule: "must be a byte", Value: x}
		}
		run[i] = byte(x)
	}
	if !utf8.Valid(run) {
		return graph.Error{Path: "run", Field: "tensor", Rule: "must be UTF-8"}
	}
	c.run, c.restored, c.running = string(run), true, false
	return nil
}
