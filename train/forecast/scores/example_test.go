package scores_test

import (
	"fmt"

	"github.com/engram-go/engram/datasets"
	"github.com/engram-go/engram/train/forecast/baselines"
	"github.com/engram-go/engram/train/forecast/scores"
)

// Two baselines forecast the last two years of the airline passengers.
func Example() {
	passengers := datasets.AirPassengers().Values[0]
	history, truth := passengers[:120], passengers[120:]
	means := map[string][]float64{}
	for name, method := range map[string]interface {
		Fit([]float64) (*baselines.Fitted, error)
	}{"ETS": baselines.ETS{Period: 12}, "seasonal naive": baselines.SeasonalNaive{Period: 12}} {
		fitted, err := method.Fit(history)
		if err != nil {
			fmt.Println(err)
			return
		}
		next, err := fitted.Forecast(len(truth))
		if err != nil {
			fmt.Println(err)
			return
		}
		means[name] = next.Mean
	}
	for _, name := range []string{"ETS", "seasonal naive"} {
		mase, err := scores.MASE(history, 12, truth, means[name])
		fmt.Printf("%s: MASE %.2f %v\n", name, mase, err)
	}
	// Output:
	// ETS: MASE 1.13 <nil>
	// seasonal naive: MASE 2.49 <nil>
}

func ExampleDieboldMariano() {
	truth := []float64{3, 5, 4, 6, 8, 7, 9, 8, 10, 12}
	a := []float64{3, 4, 4, 6, 7, 8, 9, 9, 10, 11}
	b := []float64{1, 3, 5, 4, 6, 8, 7, 9, 8, 10}
	c, err := scores.DieboldMariano(truth, a, b, 1)
	fmt.Printf("%.1f, p %.3f %v\n", c.Difference, c.P, err)
	// Output: -2.6, p 0.001 <nil>
}

func ExampleLag() {
	truth := []float64{3, 5, 4, 6, 8, 7, 9, 8, 10, 12}
	copied := []float64{2, 3, 5, 4, 6, 8, 7, 9, 8, 10}
	l, err := scores.Lag(truth, copied, 2)
	fmt.Printf("%.2f, repeats: %v %v\n", l.Correlations, l.Repeats(), err)
	// Output: [0.78 1.00 0.72], repeats: true <nil>
}

func ExampleCoverage() {
	covered, err := scores.Coverage([]float64{1, 2, 3, 4}, []float64{0, 0, 0, 5}, []float64{2, 2, 4, 6})
	fmt.Println(covered, err)
	// Output: 0.75 <nil>
}
