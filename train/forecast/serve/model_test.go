package serve

import (
	"context"
	"encoding/json"
	"math"
	"slices"
	"testing"

	"github.com/engram-go/engram/datasets"
	"github.com/engram-go/engram/train/forecast"
	"github.com/engram-go/engram/train/forecast/networks"
)

// passengers is a small forecaster.
func passengers(t testing.TB) *forecast.Forecaster {
	t.Helper()
	f, err := forecast.Fit(context.Background(), forecast.Config{Horizon: 3, Steps: 12, Epochs: 1, Network: networks.LSTM{Units: 4}}, datasets.AirPassengers())
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// body is the last rows of a series as a request.
func body(t testing.TB, s *datasets.Series, rows int) string {
	t.Helper()
	from := s.Len() - rows
	columns := map[string][]float64{}
	for c, name := range s.Columns {
		columns[name] = s.Values[c][from:]
	}
	text, err := json.Marshal(map[string]any{"series": []any{map[string]any{"name": s.Name, "times": s.Index[from:], "columns": columns}}})
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// Answers have the bits of Forecaster.Forecast, and the model is described as it is.
func TestForecaster(t *testing.T) {
	f := passengers(t)
	h := handler(t, f, Config{Model: Describe(f)})
	series := datasets.AirPassengers()
	want, err := f.Forecast(context.Background(), series)
	if err != nil {
		t.Fatal(err)
	}
	for _, request := range []string{`{}`, body(t, series, 144), body(t, series, f.Rows())} {
		var got answer
		w := post(h, request)
		if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || len(got.Forecasts) != 1 {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
		a, b := got.Forecasts[0], want[0]
		if a.Series != "airpassengers" || a.Method != "model" || !slices.Equal(a.Times, b.Times) || !sameTargets(a.Targets, b.Targets) {
			t.Errorf("got %+v, want %+v", a, b)
		}
	}
	var model Model
	if err := json.Unmarshal(do(h, "GET", "/model", "").Body.Bytes(), &model); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(model.Targets, []string{"passengers"}) || model.Horizon != 3 || model.Rows != 12 || model.Network != "LSTM" || model.Members != 1 ||
		len(model.Levels) != 3 || model.Judgement != f.Verdict().String() || model.Past == nil || model.Updates == nil {
		t.Errorf("model %+v", model)
	}
	if e := refusal(t, post(h, body(t, series, 11)).Body); e.Rule == "" {
		t.Errorf("too few rows: %+v", e)
	} else {
		t.Log(e.Message)
	}
}

func sameTargets(a, b []forecast.Target) bool {
	return slices.EqualFunc(a, b, func(a, b forecast.Target) bool {
		return a.Name == b.Name && sameBits(a.Values, b.Values) && sameBits(a.Levels, b.Levels) && slices.EqualFunc(a.Quantiles, b.Quantiles, sameBits)
	})
}

func sameBits(a, b []float64) bool {
	return slices.EqualFunc(a, b, func(a, b float64) bool { return math.Float64bits(a) == math.Float64bits(b) })
}
