package forecast_test

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/engram-go/engram/datasets"
	"github.com/engram-go/engram/graph/graphtest"
	"github.com/engram-go/engram/train/forecast"
)

// TestSaved reads files of all versions, which testdata/saved/write wrote, and forecasts what
// their versions forecast, up to the last bits of other processors.
func TestSaved(t *testing.T) {
	paths, err := filepath.Glob("testdata/saved/*.engram")
	if err != nil || len(paths) < 3 {
		t.Fatalf("found %v, %v", paths, err)
	}
	for _, path := range paths {
		t.Run(filepath.Base(path), func(t *testing.T) {
			f, err := forecast.Load(path, forecast.LoadConfig{})
			if err != nil {
				t.Fatal(err)
			}
			text, err := os.ReadFile(strings.TrimSuffix(path, ".engram") + ".json")
			if err != nil {
				t.Fatal(err)
			}
			var want struct {
				Series []struct {
					Name    string
					Columns []string
					Times   []string
					Values  [][]*float64
				}
				Forecasts []forecast.Forecast
				Verdict   string
			}
			if err := json.Unmarshal(text, &want); err != nil {
				t.Fatal(err)
			}
			var series []*datasets.Series
			for _, j := range want.Series {
				s := &datasets.Series{Name: j.Name, Columns: j.Columns}
				for _, text := range j.Times {
					at, err := time.Parse(time.DateOnly, text)
					if err != nil {
						t.Fatal(err)
					}
					s.Times = append(s.Times, at)
				}
				for _, column := range j.Values {
					var values []float64
					for _, v := range column {
						if v == nil {
							v = new(float64)
							*v = math.NaN()
						}
						values = append(values, *v)
					}
					s.Values = append(s.Values, values)
				}
				series = append(series, s)
			}
			if got := f.Verdict().String(); got != want.Verdict {
				t.Errorf("the verdict is %s, want %s", got, want.Verdict)
			}
			for _, given := range [][]*datasets.Series{series, nil} {
				if given == nil && len(f.Config().Future) > 0 {
					continue // its rows to forecast are not in the file
				}
				for i, got := range next(t, f, given...) {
					// Times are in the form of the labels, such as months, which the given series lack.
					want := want.Forecasts[i]
					times := slices.Equal(got.Times, want.Times) || given != nil && slices.EqualFunc(got.Times, want.Times, strings.HasPrefix)
					if got.Series != want.Series || got.Method != want.Method || !times || len(got.Targets) != len(want.Targets) {
						t.Errorf("forecast %+v, want %+v", got, want)
					}
					for j, target := range got.Targets {
						graphtest.CheckOutput(t, target.Name, target.Values, want.Targets[j].Values, graphtest.Tol32)
						for l, q := range target.Quantiles {
							graphtest.CheckOutput(t, target.Name, q, want.Targets[j].Quantiles[l], graphtest.Tol32)
						}
					}
				}
			}
		})
	}
}
