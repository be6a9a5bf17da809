package mlflow_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
)

// server does what MLflow's does with the calls of Callback, and refuses fields that
// MLflow does not have.
type server struct {
	*httptest.Server
	t testing.TB

	mu          sync.Mutex
	experiments []string // their identifiers are "exp-" and the place
	runs        map[string]*run
	calls       []string
	header      http.Header // of the last call

	// fail chooses an answer that is a failure, for the number of the call from 0; 0 is none.
	fail func(n int, call string) int
}

// run is what the server has of a run.
type run struct {
	Experiment, Name, Status string
	Tags, Params             map[string]string
	Metrics                  map[string][]string // "step=value"
	last                     map[string]int
}

func newServer(t testing.TB) *server {
	s := &server{t: t, runs: map[string]*run{}}
	s.Server = httptest.NewServer(http.HandlerFunc(s.serve))
	t.Cleanup(s.Close)
	return s
}

type keyed struct {
	Key       string `json:"key"`
	Value     any    `json:"value"`
	Timestamp *int64 `json:"timestamp"`
	Step      int    `json:"step"`
}

// failure is an answer as MLflow writes it.
type failure struct {
	status        int
	code, message string
}

func (s *server) serve(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	call := r.URL.Path[len("/api/2.0/mlflow/"):]
	n := len(s.calls)
	s.calls, s.header = append(s.calls, call), r.Header.Clone()
	if s.fail != nil {
		if status := s.fail(n, call); status != 0 {
			http.Error(w, `{"error_code": "BROKEN", "message": "told to"}`, status)
			return
		}
	}
	answer, failed := s.answer(call, r)
	if failed != nil {
		w.WriteHeader(failed.status)
		answer = map[string]string{"error_code": failed.code, "message": failed.message}
	}
	if err := json.NewEncoder(w).Encode(answer); err != nil {
		s.t.Error(err)
	}
}

func (s *server) answer(call string, r *http.Request) (any, *failure) {
	var in struct {
		Name         string  `json:"name"`
		ExperimentID string  `json:"experiment_id"`
		RunName      string  `json:"run_name"`
		StartTime    int64   `json:"start_time"`
		EndTime      int64   `json:"end_time"`
		RunID        string  `json:"run_id"`
		Status       string  `json:"status"`
		Tags         []keyed `json:"tags"`
		Params       []keyed `json:"params"`
		Metrics      []keyed `json:"metrics"`
	}
	wantMethod := http.MethodPost
	if call == "experiments/get-by-name" || call == "runs/get" {
		wantMethod = http.MethodGet
	} else {
		d := json.NewDecoder(r.Body)
		d.DisallowUnknownFields()
		if err := d.Decode(&in); err != nil {
			return nil, &failure{400, "INVALID_PARAMETER_VALUE", err.Error()}
		}
	}
	if r.Method != wantMethod {
		return nil, &failure{405, "", "method " + r.Method}
	}
	missing := &failure{404, "RESOURCE_DOES_NOT_EXIST", "no such thing"}
	switch call {
	case "experiments/get-by-name":
		i := slices.Index(s.experiments, r.URL.Query().Get("experiment_name"))
		if i < 0 {
			return nil, missing
		}
		return map[string]any{"experiment": map[string]any{"experiment_id": fmt.Sprint("exp-", i)}}, nil
	case "experiments/create":
		if slices.Contains(s.experiments, in.Name) {
			return nil, &failure{400, "RESOURCE_ALREADY_EXISTS", in.Name}
		}
		s.experiments = append(s.experiments, in.Name)
		return map[string]any{"experiment_id": fmt.Sprint("exp-", len(s.experiments)-1)}, nil
	case "runs/create":
		if in.StartTime == 0 {
			return nil, &failure{400, "INVALID_PARAMETER_VALUE", "start_time"}
		}
		id := fmt.Sprintf("%032d", len(s.runs))
		s.runs[id] = &run{in.ExperimentID, in.RunName, "RUNNING", texts(in.Tags), map[string]string{}, map[string][]string{}, map[string]int{}}
		return map[string]any{"run": map[string]any{"info": map[string]any{"run_id": id}}}, nil
	}
	id := in.RunID
	if call == "runs/get" {
		id = r.URL.Query().Get("run_id")
	}
	found := s.runs[id]
	if found == nil {
		return nil, missing
	}
	switch call {
	case "runs/get":
		metrics := []map[string]any{}
		for key, step := range found.last {
			metrics = append(metrics, map[string]any{"key": key, "value": 0, "timestamp": "1", "step": fmt.Sprint(step)})
		}
		return map[string]any{"run": map[string]any{"data": map[string]any{"metrics": metrics}}}, nil
	case "runs/update":
		if (in.EndTime == 0) != (in.Status == "RUNNING") {
			return nil, &failure{400, "INVALID_PARAMETER_VALUE", "end_time"}
		}
		found.Status = in.Status
	case "runs/log-batch":
		if len(in.Metrics) > 1000 || len(in.Params) > 100 || len(in.Metrics)+len(in.Params) == 0 {
			return nil, &failure{400, "INVALID_PARAMETER_VALUE", "too many, or none"}
		}
		for _, m := range in.Metrics {
			if m.Timestamp == nil || m.Key == "refused" {
				return nil, &failure{400, "INVALID_PARAMETER_VALUE", m.Key}
			}
		}
		for key, value := range texts(in.Params) {
			found.Params[key] = value
		}
		for _, m := range in.Metrics {
			found.Metrics[m.Key] = append(found.Metrics[m.Key], fmt.Sprint(m.Step, "=", m.Value))
			found.last[m.Key] = m.Step
		}
	default:
		return nil, &failure{404, "ENDPOINT_NOT_FOUND", call}
	}
	return map[string]any{}, nil
}

func texts(pairs []keyed) map[string]string {
	out := map[string]string{}
	for _, p := range pairs {
		out[p.Key] = p.Value.(string)
	}
	return out
}
