package forecast_test

import (
	"testing"
	"time"

	"github.com/engram-go/engram/datasets"
	"github.com/engram-go/engram/train/forecast"
)

// A series may begin at the zero time of package time, the first day of the year 1.
func TestZeroTime(t *testing.T) {
	var times []time.Time
	var values []float64
	for i := range 40 {
		if i != 7 { // is inserted
			times, values = append(times, time.Time{}.AddDate(0, 0, i)), append(values, float64(i%5))
		}
	}
	s, err := datasets.FromTimes("x", times, []string{"v"}, [][]float64{values})
	if err != nil {
		t.Fatal(err)
	}
	f := fit(t, forecast.Config{Horizon: 1, Steps: 3, Network: copies{Column: -1}, Epochs: 1}, s)
	if out := next(t, f); out[0].Times[0] != "0001-02-10" {
		t.Errorf("the next row is %v", out[0].Times)
	}
}
