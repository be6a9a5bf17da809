package main

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/engram-go/engram/datasets"
	"github.com/engram-go/engram/train/forecast"
)

// The rows of a forecast follow the known ones on an axis of dates, in whatever form files
// have their times.
func TestAxis(t *testing.T) {
	for _, form := range []string{"2006-01-02", "02.01.2006", "2006-01-02 15:04", "2006-01-02 15:04:05", "2006-01-02T15:04Z07:00", "2006-01", "2006"} {
		text := "time,v\n"
		for i := range 40 {
			at := time.Date(2024, 3, 1, 15+i, 0, 0, 0, time.UTC)
			switch {
			case form == "2006":
				at = time.Date(1980+i, 1, 1, 0, 0, 0, 0, time.UTC)
			case form == "2006-01":
				at = time.Date(2020, time.Month(1+i), 1, 0, 0, 0, 0, time.UTC)
			case !strings.Contains(form, "15"):
				at = time.Date(2024, 3, 1+i, 0, 0, 0, 0, time.UTC)
			}
			text += at.Format(form) + "," + string(rune('1'+i%5)) + "\n"
		}
		s, err := datasets.ReadCSV(strings.NewReader(text), datasets.CSVConfig{})
		if err != nil {
			t.Fatal(err)
		}
		f, err := forecast.Fit(t.Context(), forecast.Config{Horizon: 2, Steps: 4, Epochs: 1}, s)
		if err != nil {
			t.Fatal(err)
		}
		next, err := f.Forecast(t.Context(), s)
		if err != nil {
			t.Fatal(err)
		}
		r := result{forecaster: f, series: []*datasets.Series{s}, next: next, read: contentOf(s)}
		chart := r.chart(0, next[0].Targets[0])
		if x := chart.Series[1].X; !chart.Dates || x[1] <= x[0] || x[2]-x[1] > 1.5*(x[1]-x[0]) {
			t.Errorf("%s: rows at %v", form, x)
		}
		if err := r.writePage(filepath.Join(t.TempDir(), "page.html")); err != nil {
			t.Error(form, err)
		}
	}
}
