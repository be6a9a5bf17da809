package baselines_test

import (
	"fmt"

	"github.com/engram-go/engram/datasets"
	"github.com/engram-go/engram/train/forecast/baselines"
)

func Example() {
	passengers := datasets.AirPassengers().Values[0]
	fitted, err := baselines.ETS{Period: 12}.Fit(passengers)
	if err != nil {
		fmt.Println(err)
		return
	}
	next, err := fitted.Forecast(12)
	if err != nil {
		fmt.Println(err)
		return
	}
	low, high, err := next.Interval(0.8)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(fitted.Method)
	fmt.Printf("next July: %.0f, with 80 %% between %.0f and %.0f\n", next.Mean[6], low[6], high[6])
	// Output:
	// ETS(A,A,M)
	// next July: 668, with 80 % between 644 and 692
}

func ExampleNaive() {
	fitted, err := baselines.Naive{}.Fit([]float64{3, 5, 4, 6})
	if err != nil {
		fmt.Println(err)
		return
	}
	next, err := fitted.Forecast(3)
	fmt.Printf("%v ± %.2f %v\n", next.Mean, next.Deviation, err)
	// Output: [6 6 6] ± [1.73 2.45 3.00] <nil>
}

func ExampleSeasonalNaive() {
	fitted, err := baselines.SeasonalNaive{Period: 3}.Fit([]float64{1, 5, 9, 2, 6, 10})
	if err != nil {
		fmt.Println(err)
		return
	}
	next, err := fitted.Forecast(4)
	fmt.Printf("%v ± %.2f %v\n", next.Mean, next.Deviation, err)
	// Output: [2 6 10 2] ± [1.00 1.00 1.00 1.41] <nil>
}

func ExampleDrift() {
	fitted, err := baselines.Drift{}.Fit([]float64{1, 3, 5, 7})
	if err != nil {
		fmt.Println(err)
		return
	}
	next, err := fitted.Forecast(2)
	fmt.Println(next.Mean, next.Deviation, err)
	// Output: [9 11] [0 0] <nil>
}

func ExampleNaive2() {
	passengers := datasets.AirPassengers().Values[0]
	fitted, err := baselines.Naive2{Period: 12}.Fit(passengers)
	if err != nil {
		fmt.Println(err)
		return
	}
	next, err := fitted.Forecast(2)
	fmt.Printf("%.0f %v\n", next.Mean, err)
	// Output: [437 425] <nil>
}

func ExampleTheta() {
	passengers := datasets.AirPassengers().Values[0]
	fitted, err := baselines.Theta{Period: 12}.Fit(passengers)
	if err != nil {
		fmt.Println(err)
		return
	}
	next, err := fitted.Forecast(2)
	fmt.Printf("%.0f %v\n", next.Mean, err)
	// Output: [440 428] <nil>
}

func ExampleETS() {
	fitted, err := baselines.ETS{Trend: "additive"}.Fit([]float64{2, 4, 6, 8, 10, 12, 14, 16})
	if err != nil {
		fmt.Println(err)
		return
	}
	next, err := fitted.Forecast(2)
	fmt.Printf("%s: %.1f %v\n", fitted.Method, next.Mean, err)
	// Output: ETS(A,A,N): [18.0 20.0] <nil>
}
