package serve

import (
	"context"
	"encoding/json"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/engram-go/engram/datasets"
	"github.com/engram-go/engram/datasets/calendar"
	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/train/forecast"
)

// naive repeats the last value of each column twice. NaN is an error of the input.
type naive struct{}

func (naive) Forecast(_ context.Context, recent ...*datasets.Series) ([]forecast.Forecast, error) {
	if len(recent) == 0 {
		recent = []*datasets.Series{{Name: "training", Columns: []string{"close"}, Values: [][]float64{{7}}}}
	}
	var out []forecast.Forecast
	for _, s := range recent {
		f := forecast.Forecast{Series: s.Name, Method: "model", Times: []string{"+1", "+2"}}
		for c, name := range s.Columns {
			last := s.Values[c][s.Len()-1]
			if math.IsNaN(last) {
				return nil, errs.Error{Path: s.Name, Field: name, Rule: "must be known in the last row", Value: last, Kind: errs.ErrNotFinite}
			}
			f.Targets = append(f.Targets, forecast.Target{
				Name: name, Values: []float64{last, last}, Levels: []float64{0.1, 0.9},
				Quantiles: [][]float64{{last - 1, last - 2}, {last + 1, last + 2}},
			})
		}
		out = append(out, f)
	}
	return out, nil
}

func (naive) Frequency() calendar.Frequency { return calendar.Frequency{Unit: calendar.Day} }

// calling is a forecaster of a function.
type calling func(ctx context.Context) ([]forecast.Forecast, error)

func (c calling) Forecast(ctx context.Context, _ ...*datasets.Series) ([]forecast.Forecast, error) {
	return c(ctx)
}

func (calling) Frequency() calendar.Frequency { return calendar.Frequency{} }

func handler(t testing.TB, f Forecaster, config Config) *Handler {
	t.Helper()
	h, err := New(f, config)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// do answers a request. Headers are "Name: value".
func do(h http.Handler, method, path, body string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	for _, header := range headers {
		name, value, _ := strings.Cut(header, ": ")
		r.Header.Set(name, value)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func post(h http.Handler, body string) *httptest.ResponseRecorder {
	return do(h, "POST", "/forecast", body)
}

// refusal reads the error of an answer.
func refusal(t testing.TB, body io.Reader) errorJSON {
	t.Helper()
	var e struct {
		Error errorJSON `json:"error"`
	}
	d := json.NewDecoder(body)
	d.DisallowUnknownFields()
	if err := d.Decode(&e); err != nil || e.Error.Message == "" {
		t.Fatalf("not an error: %v", err)
	}
	return e.Error
}
