package serve

import (
	"bytes"
	"encoding/json"
	stderrors "errors"
	"fmt"
	"net/http"
	"runtime/debug"
	"strconv"

	"github.com/pkg/errors"

	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/strictjson"
	"github.com/engram-go/engram/train/forecast"
)

// answer is the answer to POST /forecast.
type answer struct {
	Forecasts []forecast.Forecast `json:"forecasts"`
}

// encode writes JSON and a line break. A number that is not finite is an error.
func encode(value any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(value)
	return b.Bytes(), errors.Wrap(err, "JSON")
}

// write answers with JSON.
func write(w http.ResponseWriter, code int, body []byte) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(code)
	_, _ = w.Write(body) // a client that is gone gets nothing
}

// statusError is an error with the status of its answer. Any other error is a fault of the
// server.
type statusError struct {
	code int
	error
}

func (e statusError) Unwrap() error { return e.error }

func status(code int, err error) error { return statusError{code, err} }

// busy is an error of a server that will be able to answer later.
func busy(err error) error { return statusError{http.StatusServiceUnavailable, err} }

// fault decides who is at fault for an error of the forecaster: the request, if the error
// says that the input is.
func fault(err error) error {
	if errors.Is(err, errs.ErrInput) || errors.Is(err, errs.ErrNotFinite) {
		return statusError{http.StatusBadRequest, err}
	}
	return err
}

// refuse answers with an error, unless an answer has begun.
func (h *Handler) refuse(w *recorder, err error) {
	e, ok := stderrors.AsType[statusError](err)
	if !ok {
		h.config.Log.Error("a request failed", "error", err.Error())
		e = statusError{http.StatusInternalServerError, errs.Error{Rule: "the server failed"}}
	}
	if w.status != 0 {
		return
	}
	if e.code == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", "1")
	}
	body, err := encode(map[string]errorJSON{"error": describe(e.error)})
	if err != nil { // which text and numbers as text cannot be
		h.config.Log.Error("an error could not be written", "error", err.Error())
	}
	write(w, e.code, body)
}

// errorJSON is an error in parts: "PLACE RULE, got VALUE".
type errorJSON struct {
	Message string `json:"message"`
	Place   string `json:"place,omitempty"`
	Rule    string `json:"rule,omitempty"`
	Value   string `json:"value,omitempty"`
}

func describe(err error) errorJSON {
	out := errorJSON{Message: err.Error()}
	e, ok := stderrors.AsType[errs.Error](err)
	if !ok {
		return out
	}
	out.Place, out.Rule = e.Path, e.Rule
	if e.Path != "" && e.Field != "" {
		out.Place += ": "
	}
	out.Place += e.Field
	if e.Value != nil {
		out.Value = fmt.Sprint(e.Value)
	}
	return out
}

// clip shortens a text of a request for a message.
func clip(text string) string { return strictjson.Label(text) }

// stack is where a panic came from.
func stack() string { return string(debug.Stack()) }

// recorder notes the status of an answer.
type recorder struct {
	http.ResponseWriter
	status int
}

func (r *recorder) WriteHeader(code int) {
	if r.status == 0 {
		r.status = code
	}
	r.ResponseWriter.WriteHeader(code)
}

func (r *recorder) Write(b []byte) (int, error) {
	if r.status == 0 {
		r.status = http.StatusOK
	}
	return r.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController find the writer's deadlines.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }
