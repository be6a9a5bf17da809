package serve

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	_ "embed"
	"log/slog"
	"net/http"
	"runtime"
	"strings"
	"sync/atomic"
	"time"

	"github.com/pkg/errors"

	"github.com/engram-go/engram/datasets"
	"github.com/engram-go/engram/datasets/calendar"
	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/train/forecast"
)

// Forecaster is what a handler serves: a *forecast.Forecaster.
type Forecaster interface {
	// Forecast returns a forecast for each series, or without series the one after the rows
	// of the training. Several goroutines call it at the same time.
	Forecast(ctx context.Context, recent ...*datasets.Series) ([]forecast.Forecast, error)
	// Frequency is the time from one row to the next, if it is known: rows that are missing
	// between the times of a request count as rows of it.
	Frequency() calendar.Frequency
}

// Config limits what requests may cost.
type Config struct {
	Model any // what GET /model answers, as JSON; default {}

	// Token is what requests must have in the header Authorization: Bearer TOKEN, except
	// for /healthz; by default none.
	Token string

	MaxBody  int64         // bytes of a request; default 10 MiB
	MaxRows  int           // rows of a request, of all its series, with those missing between its times; default 100,000
	Requests int           // in progress at most, from their body on; more are answered by 503; default 64
	Timeout  time.Duration // from the first byte of a request to its forecast; default 30 s

	Log *slog.Logger // gets faults of the server; by default none does
}

// complete fills in the defaults and checks the values.
func (c Config) complete() (Config, error) {
	wrong := func(field string, value any) (Config, error) {
		return c, errs.Error{Field: "Config." + field, Rule: "must not be negative", Value: value}
	}
	switch {
	case c.MaxBody < 0:
		return wrong("MaxBody", c.MaxBody)
	case c.MaxRows < 0:
		return wrong("MaxRows", c.MaxRows)
	case c.Requests < 0:
		return wrong("Requests", c.Requests)
	case c.Timeout < 0:
		return wrong("Timeout", c.Timeout)
	case strings.ContainsFunc(c.Token, func(r rune) bool { return r <= ' ' || r > '~' }):
		return c, errs.Error{Field: "Config.Token", Rule: "must be printable ASCII without spaces"}
	}
	if c.MaxBody == 0 {
		c.MaxBody = 10 << 20
	}
	if c.MaxRows == 0 {
		c.MaxRows = 100_000
	}
	if c.Requests == 0 {
		c.Requests = 64
	}
	if c.Timeout == 0 {
		c.Timeout = 30 * time.Second
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return c, nil
}

// Handler answers requests for forecasts. It is safe for many goroutines.
type Handler struct {
	serving   atomic.Pointer[serving]
	config    Config
	routes    map[string]route
	metrics   *metrics
	token     [32]byte      // a hash of the token
	admitted  chan struct{} // one for each request in progress
	computing chan struct{} // one for each forecast that is computed
}

// serving is what requests that begin now are answered with.
type serving struct {
	forecaster Forecaster
	model      []byte // the answer of /model
}

// route is what a path does. Its status goes with an error, which answer writes.
type route struct {
	method string
	open   bool // without a token
	serve  func(w http.ResponseWriter, r *http.Request) error
}

// New makes a handler. Errors name the field of the config.
func New(f Forecaster, config Config) (*Handler, error) {
	config, err := config.complete()
	if err != nil {
		return nil, errs.At(err, "serve", "")
	}
	h := &Handler{
		config: config, metrics: newMetrics(), token: sha256.Sum256([]byte(config.Token)),
		admitted: make(chan struct{}, config.Requests),
		// More at once than there are cores would be no faster, and need more memory.
		computing: make(chan struct{}, runtime.GOMAXPROCS(0)),
	}
	if err := h.Replace(f, config.Model); err != nil {
		return nil, err
	}
	metricsPage := h.metrics.handler()
	h.routes = map[string]route{
		"/forecast":     {method: http.MethodPost, serve: h.forecast},
		"/model":        {method: http.MethodGet, serve: h.model},
		"/":             {method: http.MethodGet, serve: h.model},
		"/openapi.json": {method: http.MethodGet, serve: h.fixed(openAPI)},
		"/healthz":      {method: http.MethodGet, open: true, serve: h.fixed([]byte(`{"status":"ok"}` + "\n"))},
		"/metrics": {method: http.MethodGet, serve: func(w http.ResponseWriter, r *http.Request) error {
			metricsPage.ServeHTTP(w, r)
			return nil
		}},
	}
	return h, nil
}

// Replace serves another forecaster from the next request on, such as one that Update has
// made. The model is what GET /model answers then, as in Config.Model. After an error, the old one stays.
func (h *Handler) Replace(f Forecaster, model any) error {
	if f == nil {
		return errs.Error{Path: "serve", Field: "forecaster", Rule: "must not be nil"}
	}
	if model == nil {
		model = struct{}{}
	}
	text, err := encode(model)
	if err != nil {
		return errs.At(err, "serve", "Config.Model")
	}
	h.serving.Store(&serving{f, text})
	return nil
}

//go:embed openapi.json
var openAPI []byte

// ServeHTTP answers one request.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	begun := time.Now()
	answer := &recorder{ResponseWriter: w}
	// A client that sends or reads slowly would keep its place. Some writers have no deadlines;
	// there the server that runs the handler must set them.
	connection, end := http.NewResponseController(w), begun.Add(h.config.Timeout)
	_ = connection.SetReadDeadline(end)
	_ = connection.SetWriteDeadline(end.Add(h.config.Timeout))
	path := r.URL.Path
	if _, known := h.routes[path]; !known {
		path = "other"
	}
	defer func() {
		if fault := recover(); fault != nil {
			h.config.Log.Error("a request ended in a panic", "path", path, "panic", fault, "stack", stack())
			h.refuse(answer, status(http.StatusInternalServerError, errs.Error{Rule: "the server failed"}))
		}
		h.metrics.answered(path, answer.status, time.Since(begun))
	}()
	if err := h.serve(answer, r); err != nil {
		h.refuse(answer, err)
	}
}

// serve finds the route of a request, and checks its method and token.
func (h *Handler) serve(w http.ResponseWriter, r *http.Request) error {
	route, known := h.routes[r.URL.Path]
	if !route.open && !h.allowed(r) {
		w.Header().Set("WWW-Authenticate", "Bearer")
		return status(http.StatusUnauthorized, errs.Error{Field: "header Authorization", Rule: `must be "Bearer" and the token of the server`})
	}
	if !known {
		return status(http.StatusNotFound, errs.Error{Field: "path", Rule: "must be /forecast, /model, /healthz, /metrics or /openapi.json", Value: clip(r.URL.Path)})
	}
	if r.Method != route.method && !(r.Method == http.MethodHead && route.method == http.MethodGet) {
		w.Header().Set("Allow", route.method)
		return status(http.StatusMethodNotAllowed, errs.Error{Field: "method", Rule: "must be " + route.method, Value: clip(r.Method)})
	}
	return route.serve(w, r)
}

// allowed compares hashes, so that neither the time of the comparison nor the length tells
// about the token.
func (h *Handler) allowed(r *http.Request) bool {
	if h.config.Token == "" {
		return true
	}
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	given := sha256.Sum256([]byte(token))
	return subtle.ConstantTimeCompare(given[:], h.token[:]) == 1 && strings.EqualFold(scheme, "Bearer")
}

// fixed answers with JSON that is always the same.
func (h *Handler) fixed(body []byte) func(http.ResponseWriter, *http.Request) error {
	return func(w http.ResponseWriter, r *http.Request) error {
		write(w, http.StatusOK, body)
		return nil
	}
}

// model answers GET /model.
func (h *Handler) model(w http.ResponseWriter, r *http.Request) error {
	write(w, http.StatusOK, h.serving.Load().model)
	return nil
}

// forecast answers POST /forecast.
func (h *Handler) forecast(w http.ResponseWriter, r *http.Request) error {
	select {
	case h.admitted <- struct{}{}:
		defer func() { <-h.admitted }()
	default:
		return busy(errs.Error{Field: "requests", Rule: "in progress are as many as the server takes at once; try again", Value: h.config.Requests})
	}
	h.metrics.inProgress.Inc()
	defer h.metrics.inProgress.Dec()

	ctx, cancel := context.WithTimeout(r.Context(), h.config.Timeout)
	defer cancel()
	body, err := h.body(w, r)
	if err != nil {
		return err
	}
	late := busy(errs.Error{Field: "request", Rule: "must be answered within " + h.config.Timeout.String() + "; try again, or send fewer rows"})
	select {
	case h.computing <- struct{}{}:
		defer func() { <-h.computing }()
	case <-ctx.Done():
		return late
	}
	f := h.serving.Load().forecaster
	series, rows, err := h.parse(body, f)
	if err != nil {
		return err
	}
	begun := time.Now()
	forecasts, err := f.Forecast(ctx, series...)
	switch {
	case err != nil && r.Context().Err() != nil: // nobody reads the answer; it is for the metrics
		return status(499, errors.WithMessage(err, "the client is gone"))
	case err != nil && ctx.Err() != nil:
		return late
	case err != nil:
		return fault(err)
	}
	h.metrics.forecast(rows, time.Since(begun))
	text, err := encode(answer{forecasts})
	if err != nil {
		return err
	}
	write(w, http.StatusOK, text)
	return nil
}
