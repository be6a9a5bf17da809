package forecast_test

import (
	"context"
	"reflect"
	"testing"

	"github.com/engram-go/engram/datasets"
	"github.com/engram-go/engram/train/forecast"
)

// TestDefaults is a first run on a series with a trend and a season: nothing but the horizon
// is set. The errors are far below those of both naive methods.
func TestDefaults(t *testing.T) {
	f, err := forecast.Fit(context.Background(), forecast.Config{Horizon: 6}, datasets.AirPassengers())
	if err != nil {
		t.Fatal(err)
	}
	of := func(method string) float64 {
		s, ok := f.Verdict().Of(method)
		if !ok {
			t.Fatalf("no scores of %s", method)
		}
		return *s.MAE
	}
	if model, naive, seasonal := of("model"), of("naive"), of("seasonal naive"); model > 0.5*min(naive, seasonal) {
		t.Errorf("mean absolute error %.1f; naive %.1f, seasonal naive %.1f", model, naive, seasonal)
	}
}

// TestNormalizeByDefault follows the level of a window, except where changes or counts are
// forecast.
func TestNormalizeByDefault(t *testing.T) {
	for _, c := range []struct {
		config forecast.Config
		want   forecast.Normalize
	}{
		{forecast.Config{}, forecast.NormalizeLast},
		{forecast.Config{Transform: datasets.Log{}}, forecast.NormalizeLast},
		{forecast.Config{Transform: datasets.LogReturn{}}, forecast.NormalizeNone},
		{forecast.Config{Head: forecast.NegativeBinomial{}}, forecast.NormalizeNone},
		{forecast.Config{Normalize: forecast.NormalizeNone}, forecast.NormalizeNone},
		{forecast.Config{Normalize: forecast.NormalizeMean}, forecast.NormalizeMean},
	} {
		c.config.Horizon, c.config.Test, c.config.Epochs = 12, 12, 1
		f := fit(t, c.config, datasets.AirPassengers())
		if got := f.Config().Normalize; got != c.want {
			t.Errorf("%+v: Normalize %q, want %q", c.config, got, c.want)
		}
	}
}

// TestShortSeries reads one season instead of two where there are few rows.
func TestShortSeries(t *testing.T) {
	all := datasets.AirPassengers()
	short, err := all.Slice(0, 40)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		s     *datasets.Series
		steps int
		want  int
	}{{all, 0, 24}, {short, 0, 12}, {short, 10, 10}} {
		if got := fit(t, forecast.Config{Horizon: 6, Steps: c.steps, Epochs: 1}, c.s).Config().Steps; got != c.want {
			t.Errorf("of %d rows, a window has %d, want %d", c.s.Len(), got, c.want)
		}
	}
	if got := fit(t, forecast.Config{Horizon: 6, Season: 200, Epochs: 1}, all).Config().Steps; got != 16 {
		t.Errorf("without a whole season, a window has %d rows, want 16", got)
	}
	_, err = forecast.Fit(t.Context(), forecast.Config{Horizon: 6, Steps: 24}, short)
	if err == nil {
		t.Error("two seasons were read of a series that is too short for them")
	}
}

// TestParts takes the validation and the test part as rows or as fractions: of 144 rows, 18 are
// an eighth.
func TestParts(t *testing.T) {
	parts := func(validation, test float64) ([]forecast.Forecast, forecast.Verdict) {
		f := fit(t, forecast.Config{Horizon: 6, Epochs: 1, Validation: validation, Test: test}, datasets.AirPassengers())
		return next(t, f), f.Verdict()
	}
	wantNext, wantVerdict := parts(0.125, 0.25)
	gotNext, gotVerdict := parts(18, 36)
	if !reflect.DeepEqual(gotNext, wantNext) || !reflect.DeepEqual(gotVerdict, wantVerdict) {
		t.Errorf("rows give %+v and %+v, fractions %+v and %+v", gotNext, gotVerdict, wantNext, wantVerdict)
	}
	otherNext, otherVerdict := parts(12, 24)
	if reflect.DeepEqual(otherNext, wantNext) || otherVerdict.Origins != 19 {
		t.Errorf("12 and 24 rows give the forecast of 18 and 36, with %d origins", otherVerdict.Origins)
	}
}
