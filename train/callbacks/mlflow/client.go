package mlflow

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/engram-go/engram/train"
	"github.com/pkg/errors"
)

// client calls the REST API of MLflow, version 2.0.
type client struct {
	uri     string
	header  http.Header
	http    *http.Client
	timeout time.Duration
}

// StatusError is an answer of the server that is not a success.
type StatusError struct {
	Call    string // such as "runs/create"
	Status  int    // of HTTP
	Code    string // of MLflow, such as "RESOURCE_DOES_NOT_EXIST"; empty if it is not MLflow that answers
	Message string
}

// Error has all fields.
func (e *StatusError) Error() string {
	return fmt.Sprintf("mlflow: %s: %d %s %s", e.Call, e.Status, e.Code, e.Message)
}

// final reports whether the same call would fail again.
func (e *StatusError) final() bool {
	return e.Status < 500 && e.Status != http.StatusRequestTimeout && e.Status != http.StatusTooManyRequests
}

// maxAnswer bounds the answers that are read, in bytes.
const maxAnswer = 16 << 20

// call sends a request and reads the answer. A GET has a query, a POST a body.
func (c *client) call(name string, query url.Values, body, answer any) error {
	ctx, cancel := context.WithTimeout(context.Background(), c.timeout)
	defer cancel()
	method, address := http.MethodGet, strings.TrimSuffix(c.uri, "/")+"/api/2.0/mlflow/"+name
	var sent io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return errors.Wrap(err, "mlflow: "+name)
		}
		method, sent = http.MethodPost, bytes.NewReader(text)
	} else {
		address += "?" + query.Encode()
	}
	request, err := http.NewRequestWithContext(ctx, method, address, sent)
	if err != nil {
		return errors.Wrap(err, "mlflow: "+name)
	}
	for key, values := range c.header {
		request.Header[key] = values
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := c.http.Do(request)
	if err != nil {
		return errors.Wrap(err, "mlflow: "+name)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err != nil {
		return errors.Wrap(err, "mlflow: "+name)
	}
	if response.StatusCode != http.StatusOK {
		e := &StatusError{Call: name, Status: response.StatusCode}
		var told struct {
			Code    string `json:"error_code"`
			Message string `json:"message"`
		}
		if json.Unmarshal(text, &told) == nil {
			e.Code, e.Message = told.Code, told.Message
		}
		return e
	}
	if answer == nil {
		return nil
	}
	return errors.Wrap(json.Unmarshal(text, answer), "mlflow: the answer to "+name)
}

// pair is a parameter or a tag.
type pair struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

// metric is a value of a log.
type metric struct {
	Key       string `json:"key"`
	Value     any    `json:"value"`
	Timestamp int64  `json:"timestamp"` // in milliseconds
	Step      int    `json:"step"`
}

// jsonNumber is a number, or the name of one that JSON does not have, as protocol buffers
// write them.
func jsonNumber(x float64) any {
	switch {
	case math.IsNaN(x):
		return "NaN"
	case math.IsInf(x, 1):
		return "Infinity"
	case math.IsInf(x, -1):
		return "-Infinity"
	}
	return x
}

// experiment finds the identifier of an experiment, and makes it if there is none.
func (c *client) experiment(name string) (string, error) {
	var found struct {
		Experiment struct {
			ID string `json:"experiment_id"`
		} `json:"experiment"`
	}
	search := func() error {
		return c.call("experiments/get-by-name", url.Values{"experiment_name": {name}}, nil, &found)
	}
	err := search()
	if isCode(err, "RESOURCE_DOES_NOT_EXIST") {
		var made struct {
			ID string `json:"experiment_id"`
		}
		err = c.call("experiments/create", nil, map[string]string{"name": name}, &made)
		if found.Experiment.ID = made.ID; isCode(err, "RESOURCE_ALREADY_EXISTS") { // another run was faster
			err = search()
		}
	}
	if err == nil && found.Experiment.ID == "" {
		err = errors.New("mlflow: the server must answer with the identifier of the experiment")
	}
	return found.Experiment.ID, err
}

func isCode(err error, code string) bool {
	var e *StatusError
	return errors.As(err, &e) && e.Code == code
}

// createRun starts a run.
func (c *client) createRun(experiment, name string, tags []pair) (id string, err error) {
	body := map[string]any{"experiment_id": experiment, "start_time": time.Now().UnixMilli(), "tags": tags}
	if name != "" {
		body["run_name"] = name
	}
	var made struct {
		Run struct {
			Info struct {
				ID string `json:"run_id"`
			} `json:"info"`
		} `json:"run"`
	}
	if err := c.call("runs/create", nil, body, &made); err != nil {
		return "", err
	}
	if made.Run.Info.ID == "" {
		return "", errors.New("mlflow: the server must answer with the identifier of the run")
	}
	return made.Run.Info.ID, nil
}

// lastSteps are the last steps of the metrics of a run that the server has.
func (c *client) lastSteps(run string) (map[string]int, error) {
	var found struct {
		Run struct {
			Data struct {
				Metrics []struct {
					Key  string `json:"key"`
					Step any    `json:"step"` // a number or a string with one
				} `json:"metrics"`
			} `json:"data"`
		} `json:"run"`
	}
	if err := c.call("runs/get", url.Values{"run_id": {run}}, nil, &found); err != nil {
		return nil, err
	}
	last := map[string]int{}
	for _, m := range found.Run.Data.Metrics {
		step, err := strconv.ParseFloat(fmt.Sprint(m.Step), 64)
		if m.Step == nil {
			step, err = 0, nil // protocol buffers may leave zeros out
		}
		if err != nil || !(step >= -1 && step < math.MaxInt32) {
			return nil, errors.Errorf("mlflow: the server must answer with steps, got %v", m.Step)
		}
		last[m.Key] = int(step)
	}
	return last, nil
}

// setStatus ends a run, or lets it go on.
func (c *client) setStatus(run, status string) error {
	body := map[string]any{"run_id": run, "status": status}
	if status != "RUNNING" {
		body["end_time"] = time.Now().UnixMilli()
	}
	return c.call("runs/update", nil, body, nil)
}

// Limits of one request of log-batch.
const (
	maxMetrics = 1000
	maxParams  = 100
)

// logParams logs the parameters of a run.
func (c *client) logParams(run string, params []pair) error {
	for len(params) > 0 {
		n := min(maxParams, len(params))
		if err := c.call("runs/log-batch", nil, map[string]any{"run_id": run, "params": params[:n]}, nil); err != nil {
			return err
		}
		params = params[n:]
	}
	return nil
}

// logMetrics logs the metrics of an epoch.
func (c *client) logMetrics(run string, epoch int, logs train.Logs) error {
	now := time.Now().UnixMilli()
	for len(logs) > 0 {
		n := min(maxMetrics, len(logs))
		metrics := make([]metric, n)
		for i, l := range logs[:n] {
			metrics[i] = metric{l.Name, jsonNumber(l.Value), now, epoch}
		}
		if err := c.call("runs/log-batch", nil, map[string]any{"run_id": run, "metrics": metrics}, nil); err != nil {
			return err
		}
		logs = logs[n:]
	}
	return nil
}
