package datasets_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/engram-go/engram/datasets"
	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/errs/errtest"
)

// Parts that begin at a time are those of the same rows by fractions.
func TestSplitByTime(t *testing.T) {
	var times []time.Time
	var values []float64
	for i := range 20 {
		times, values = append(times, day(1, 0).AddDate(0, 0, i)), append(values, rand.New(rand.NewPCG(1, uint64(i))).Float64())
	}
	s := timed(t, times, values...)
	for _, c := range []struct{ by, same datasets.WindowConfig }{
		{datasets.WindowConfig{TestFrom: times[15]}, datasets.WindowConfig{Test: 0.25}},
		{datasets.WindowConfig{TestFrom: times[14].Add(1), ValidationFrom: times[10]}, datasets.WindowConfig{Test: 0.25, Validation: 0.25}},
		{datasets.WindowConfig{TestFrom: times[15], Validation: 0.25}, datasets.WindowConfig{Test: 0.25, Validation: 0.25}},
		{datasets.WindowConfig{Test: 0.25, ValidationFrom: times[10]}, datasets.WindowConfig{Test: 0.25, Validation: 0.25}},
		{datasets.WindowConfig{ValidationFrom: times[10]}, datasets.WindowConfig{Validation: 0.5}},
	} {
		var parts [2][3]any
		for i, config := range []datasets.WindowConfig{c.by, c.same} {
			config.Steps, config.Horizon = 3, 2
			w, err := datasets.Windows(s, config)
			if err != nil {
				t.Fatal(err)
			}
			for j, part := range []*datasets.Samples{w.Train, w.Validation, w.Test} {
				if part.Len() > 0 {
					parts[i][j] = [2]any{part.X()[0].Data(), part.Y()[0].Data()}
				}
			}
		}
		if d := cmp.Diff(parts[1], parts[0]); d != "" {
			t.Errorf("%+v: %s", c.by, d)
		}
	}
	for _, c := range []struct {
		s      *datasets.Series
		config datasets.WindowConfig
		want   errs.Error
	}{
		{s, datasets.WindowConfig{TestFrom: times[3], Test: 0.2}, errs.Error{Field: "WindowConfig.TestFrom"}},
		{s, datasets.WindowConfig{ValidationFrom: times[3], Validation: 0.2}, errs.Error{Field: "WindowConfig.ValidationFrom"}},
		{s, datasets.WindowConfig{TestFrom: times[2]}, errs.Error{Field: "WindowConfig.TestFrom and Validation"}},
		{s, datasets.WindowConfig{TestFrom: times[19].Add(1)}, errs.Error{Field: "WindowConfig.TestFrom"}},
		{s, datasets.WindowConfig{TestFrom: times[10], ValidationFrom: times[12]}, errs.Error{Field: "WindowConfig.ValidationFrom"}},
		{ramp(t, 20), datasets.WindowConfig{TestFrom: times[3]}, errs.Error{Path: "ramp", Field: "Series.Times"}},
	} {
		c.config.Steps = 3
		_, err := datasets.Windows(c.s, c.config)
		errtest.Check(t, err, c.want)
	}
}
