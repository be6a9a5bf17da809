package forecast_test

import (
	"bytes"
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/engram-go/engram/datasets"
	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/errs/errtest"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/train/forecast"
	"github.com/engram-go/engram/train/forecast/networks"
	"github.com/engram-go/engram/train/optimizers"
	"github.com/engram-go/engram/train/search"
)

// tune returns the tuned config and all scores as CSV.
func tune(t testing.TB, c forecast.Config, series ...*datasets.Series) (forecast.Config, string) {
	t.Helper()
	tuned, result, err := forecast.Tune(context.Background(), c, search.Config{
		Space: search.Space{
			"Network.Layers[0].Units": search.Choice[int]{2, 3},
			"Optimizer.LearningRate":  search.Choice[float64]{0.01, 1e-9},
		},
		Method: search.Grid{},
	}, series...)
	if err != nil {
		t.Fatal(err)
	}
	best, err := result.Best()
	if err != nil {
		t.Fatal(err)
	}
	if units := tuned.Network.(networks.Sequential).Layers[0].(layers.Dense).Units; units != best.Values["Network.Layers[0].Units"] {
		t.Errorf("the config has %d units, and the best trial %v", units, best.Values)
	}
	if rate := tuned.Optimizer.(optimizers.Adam).LearningRate; rate != best.Values["Optimizer.LearningRate"] {
		t.Errorf("the config has the rate %g, and the best trial %v", rate, best.Values)
	}
	var out bytes.Buffer
	if err := result.WriteCSV(&out); err != nil {
		t.Fatal(err)
	}
	return tuned, out.String()
}

// What Tune finds does not depend on the rows of the test part, and depends on the last row
// before it.
func TestTuneReadsNoTestPart(t *testing.T) {
	const n = 120
	var plain []*datasets.Series
	for i, name := range []string{"a", "b"} {
		plain = append(plain, table(t, name, []string{"sold"}, walk("", n, uint64(i)).Values[0]))
	}
	gaps := clone(walk("c", n, 3))
	for i := range n { // a day is missing in each part
		day := i + i/50
		gaps.Times = append(gaps.Times, time.Date(2024, 1, 1+day, 0, 0, 0, 0, time.UTC))
		gaps.Index = append(gaps.Index, gaps.Times[i].Format(time.DateOnly))
	}
	for name, of := range map[string]struct {
		series []*datasets.Series
		test   int // the first row of the test part
	}{"rows": {plain, 96}, "days": {[]*datasets.Series{gaps}, 97}} { // of 122 days, the day 98
		t.Run(name, func(t *testing.T) {
			series, test := of.series, of.test
			c := dense(forecast.Config{Horizon: 3, Steps: 6, Season: 1, Optimizer: optimizers.Adam{}, Refit: true})
			from := func(row int) []*datasets.Series {
				var out []*datasets.Series
				for _, s := range series {
					out = append(out, changed(s, row, s.Columns...))
				}
				return out
			}
			_, want := tune(t, c, series...)
			if _, got := tune(t, c, from(test)...); got != want {
				t.Errorf("with another test part the trials are\n%s, without\n%s", got, want)
			}
			if _, got := tune(t, c, from(test-1)...); got == want {
				t.Error("the trials do not depend on the rows before the test part")
			}
		})
	}
}

func TestTuneErrors(t *testing.T) {
	c := dense(forecast.Config{Horizon: 3, Steps: 6, Season: 1, Optimizer: optimizers.Adam{}})
	units := search.Space{"Network.Layers[0].Units": search.Choice[int]{2, 3}}
	for name, bad := range map[string]struct {
		config forecast.Config
		search search.Config
		want   errs.Error
	}{
		"horizon":  {c, search.Config{Space: search.Space{"Horizon": search.Int{Low: 1, High: 3}}}, errs.Error{Path: "forecast", Field: `Space["Horizon"]`}},
		"halving":  {c, search.Config{Space: units, Halving: &search.Halving{}}, errs.Error{Path: "forecast", Field: "Halving"}},
		"maximize": {c, search.Config{Space: units, Maximize: true}, errs.Error{Path: "forecast", Field: "Maximize"}},
		"config":   {forecast.Config{}, search.Config{Space: units}, errs.Error{Path: "forecast", Field: "Config.Horizon", Value: 0}},
		"search":   {c, search.Config{}, errs.Error{Path: "search", Field: "Config.Space"}},
		"path":     {c, search.Config{Space: search.Space{"Network.Units": search.Choice[int]{1}}, Method: search.Grid{}}, errs.Error{Path: "search", Field: "result"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := forecast.Tune(t.Context(), bad.config, bad.search, walk("a", 100, 1))
			errtest.Check(t, err, bad.want)
		})
	}
}

// The units of a network are chosen by its errors on rows before the test part.
func ExampleTune() {
	config := forecast.Config{Horizon: 12, Steps: 24, Network: networks.LSTM{}, Epochs: 1}
	tuned, result, err := forecast.Tune(context.Background(), config, search.Config{
		Space:  search.Space{"Network.Units": search.Choice[int]{4, 8}},
		Method: search.Grid{},
	}, datasets.AirPassengers())
	if err != nil {
		fmt.Println(err)
		return
	}
	best, err := result.Best()
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(len(result.Rows), "trials")
	fmt.Println("the best is used:", tuned.Network.(networks.LSTM).Units == best.Values["Network.Units"])
	// Output:
	// 2 trials
	// the best is used: true
}
