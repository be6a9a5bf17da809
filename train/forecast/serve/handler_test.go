package serve

import (
	"bytes"
	"cmp"
	"context"
	"log/slog"
	"math"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pkg/errors"

	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/errs/errtest"
	"github.com/engram-go/engram/train/forecast"
)

func TestForecast(t *testing.T) {
	h := handler(t, naive{}, Config{})
	for _, c := range []struct{ body, want string }{
		{`{"series": [{"columns": {"close": [1, 2.5]}}]}`,
			`{"forecasts":[{"series":"series[0]","method":"model","times":["+1","+2"],"targets":[{"name":"close","values":[2.5,2.5],"levels":[0.1,0.9],"quantiles":[[1.5,0.5],[3.5,4.5]]}]}]}`},
		{` {"series":[{"name":"a","times":["2024-01-01","2024-01-02"],"columns":{"x":[null,1]}},{"name":"b","columns":{"y":[1e3],"z":[-0.1]}}]} `,
			`{"forecasts":[{"series":"a","method":"model","times":["+1","+2"],"targets":[{"name":"x","values":[1,1],"levels":[0.1,0.9],"quantiles":[[0,-1],[2,3]]}]},` +
				`{"series":"b","method":"model","times":["+1","+2"],"targets":[{"name":"y","values":[1000,1000],"levels":[0.1,0.9],"quantiles":[[999,998],[1001,1002]]},` +
				`{"name":"z","values":[-0.1,-0.1],"levels":[0.1,0.9],"quantiles":[[-1.1,-2.1],[0.9,1.9]]}]}]}`},
		{`{}`,
			`{"forecasts":[{"series":"training","method":"model","times":["+1","+2"],"targets":[{"name":"close","values":[7,7],"levels":[0.1,0.9],"quantiles":[[6,5],[8,9]]}]}]}`},
	} {
		w := post(h, c.body)
		if got := strings.TrimSuffix(w.Body.String(), "\n"); w.Code != http.StatusOK || got != c.want {
			t.Errorf("%s: %d\n%s, want\n%s", c.body, w.Code, got, c.want)
		}
		if kind := w.Header().Get("Content-Type"); kind != "application/json" {
			t.Errorf("Content-Type %q", kind)
		}
	}
}

func TestOtherPaths(t *testing.T) {
	h := handler(t, naive{}, Config{Model: map[string]int{"horizon": 2}})
	for _, c := range []struct {
		method, path string
		code         int
		want         string
	}{
		{"GET", "/", 200, `{"horizon":2}`},
		{"GET", "/model", 200, `{"horizon":2}`},
		{"GET", "/healthz", 200, `"ok"`},
		{"HEAD", "/healthz", 200, ``},
		{"GET", "/openapi.json", 200, `"openapi": "3.0.3"`},
		{"GET", "/metrics", 200, `engram_requests_total{path="/model",status="200"} 1`},
		{"GET", "/nothing", 404, `"place":"path"`},
		{"GET", "/forecast", 405, `method must be POST, got GET`},
		{"DELETE", "/model", 405, `method must be GET`},
	} {
		w := do(h, c.method, c.path, "")
		if w.Code != c.code || !strings.Contains(w.Body.String(), c.want) {
			t.Errorf("%s %s: %d %s", c.method, c.path, w.Code, w.Body)
		}
		if allow := w.Header().Get("Allow"); (c.code == 405) != (allow != "") {
			t.Errorf("%s %s: Allow %q", c.method, c.path, allow)
		}
	}
}

func TestToken(t *testing.T) {
	h := handler(t, naive{}, Config{Token: "s3cret"})
	for _, c := range []struct {
		path, header string
		code         int
	}{
		{"/model", "Authorization: Bearer s3cret", 200},
		{"/model", "Authorization: bearer s3cret", 200},
		{"/model", "Authorization: Bearer s3cre", 401},
		{"/model", "Authorization: Bearer s3cret ", 401},
		{"/model", "Authorization: Basic s3cret", 401},
		{"/model", "Authorization: s3cret", 401},
		{"/model", "Authorization: Bearer ", 401},
		{"/model", "X: y", 401},
		{"/metrics", "X: y", 401},
		{"/nothing", "X: y", 401}, // tells nothing about paths
		{"/healthz", "X: y", 200},
	} {
		w := do(h, "GET", c.path, "", c.header)
		if w.Code != c.code {
			t.Errorf("%s with %q: %d, want %d", c.path, c.header, w.Code, c.code)
		}
		if w.Code == 401 && (w.Header().Get("WWW-Authenticate") != "Bearer" || strings.Contains(w.Body.String(), "s3c")) {
			t.Errorf("%s with %q: %v %s", c.path, c.header, w.Header(), w.Body)
		}
	}
	if w := post(h, `{}`); w.Code != 401 {
		t.Errorf("POST without a token: %d", w.Code)
	}
	if w := do(handler(t, naive{}, Config{}), "GET", "/model", ""); w.Code != 200 {
		t.Errorf("without a token to have: %d", w.Code)
	}
}

// More requests than the limit are refused at once, and the places are free again later.
func TestTooManyRequests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		open := make(chan struct{})
		h := handler(t, calling(func(context.Context) ([]forecast.Forecast, error) {
			<-open
			return nil, nil
		}), Config{Requests: 3})
		codes := make(chan int, 3)
		for range 3 {
			go func() { codes <- post(h, `{}`).Code }()
		}
		synctest.Wait()
		w := post(h, `{}`)
		if w.Code != 503 || w.Header().Get("Retry-After") != "1" {
			t.Errorf("the fourth: %d %s", w.Code, w.Body)
		}
		if w := do(h, "GET", "/healthz", ""); w.Code != 200 {
			t.Errorf("health: %d", w.Code)
		}
		if w := do(h, "GET", "/metrics", ""); !strings.Contains(w.Body.String(), "engram_forecasts_in_progress 3") {
			t.Error("the metrics do not count three requests in progress")
		}
		close(open)
		for range 3 {
			if code := <-codes; code != 200 {
				t.Errorf("one of the first three: %d", code)
			}
		}
		if w := post(h, `{}`); w.Code != 200 {
			t.Errorf("after them: %d", w.Code)
		}
	})
}

// A forecast that takes too long is refused, also while it waits for its turn.
func TestTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := handler(t, calling(func(ctx context.Context) ([]forecast.Forecast, error) {
			<-ctx.Done()
			return nil, errors.WithStack(ctx.Err())
		}), Config{Timeout: time.Second})
		const n = 20 // more than are computed at once
		done := make(chan string, n)
		for range n {
			go func() {
				w := post(h, `{}`)
				done <- w.Header().Get("Retry-After") + " " + w.Body.String()
			}()
		}
		for range n {
			if got := <-done; !strings.HasPrefix(got, `1 {"error":{"message":"request must be answered within 1s; try again, or send fewer rows"`) {
				t.Error(got)
			}
		}
	})
}

// A forecaster that fails or panics gives status 500 without details, which go to the log.
func TestServerAtFault(t *testing.T) {
	for name, f := range map[string]calling{
		"error": func(context.Context) ([]forecast.Forecast, error) { return nil, errors.New("disk on fire") },
		"panic": func(context.Context) ([]forecast.Forecast, error) { panic("disk on fire") },
		"infinity": func(context.Context) ([]forecast.Forecast, error) {
			return []forecast.Forecast{{Targets: []forecast.Target{{Values: []float64{math.Inf(1)}}}}}, nil
		},
	} {
		var log bytes.Buffer
		h := handler(t, f, Config{Requests: 1, Log: slog.New(slog.NewTextHandler(&log, nil))})
		for range 2 { // the first leaves its place
			w := post(h, `{}`)
			if w.Code != 500 || strings.Contains(w.Body.String(), "fire") || !strings.Contains(w.Body.String(), `"message":"the server failed"`) {
				t.Errorf("%s: %d %s", name, w.Code, w.Body)
			}
		}
		if want := map[string]string{"infinity": "+Inf"}[name]; !strings.Contains(log.String(), cmp.Or(want, "disk on fire")) {
			t.Errorf("%s: log %s", name, log.String())
		}
		if w := do(h, "GET", "/metrics", ""); !strings.Contains(w.Body.String(), `engram_requests_total{path="/forecast",status="500"} 2`) {
			t.Errorf("%s: the metrics do not count it", name)
		}
	}
}

// An error about the input, of the forecaster, is the client's.
func TestForecasterRefuses(t *testing.T) {
	w := post(handler(t, naive{}, Config{}), `{"series": [{"name": "a", "columns": {"close": [1, null]}}]}`)
	e := refusal(t, w.Body)
	if w.Code != 400 || e.Place != "a: close" || e.Rule != "must be known in the last row" || e.Value != "NaN" {
		t.Errorf("%d %+v", w.Code, e)
	}
}

func TestConfig(t *testing.T) {
	for field, c := range map[string]Config{
		"Config.MaxBody":  {MaxBody: -1},
		"Config.MaxRows":  {MaxRows: -1},
		"Config.Requests": {Requests: -1},
		"Config.Timeout":  {Timeout: -1},
		"Config.Token":    {Token: "two words"},
	} {
		_, err := New(naive{}, c)
		errtest.Check(t, err, errs.Error{Path: "serve", Field: field})
	}
	_, err := New(nil, Config{})
	errtest.Check(t, err, errs.Error{Path: "serve", Field: "forecaster"})
	if _, err := New(naive{}, Config{Model: func() {}}); err == nil {
		t.Error("a function as the model")
	}
}

// The next request after Replace is answered by the new forecaster, and after one that is
// refused by the old one.
func TestReplace(t *testing.T) {
	h := handler(t, naive{}, Config{Model: 1})
	other := calling(func(context.Context) ([]forecast.Forecast, error) {
		return []forecast.Forecast{{Series: "other"}}, nil
	})
	if err := h.Replace(nil, 2); err == nil {
		t.Error("nil was accepted")
	}
	if err := h.Replace(other, math.NaN()); err == nil {
		t.Error("a model without JSON was accepted")
	}
	if got := strings.TrimSpace(do(h, "GET", "/model", "").Body.String()); got != "1" {
		t.Errorf("after a refused Replace, the model is %s", got)
	}
	if err := h.Replace(other, 3); err != nil {
		t.Fatal(err)
	}
	if got := strings.TrimSpace(do(h, "GET", "/model", "").Body.String()); got != "3" {
		t.Errorf("the model is %s", got)
	}
	if w := post(h, "{}"); !strings.Contains(w.Body.String(), `"series":"other"`) {
		t.Errorf("the answer is %s", w.Body)
	}
}
