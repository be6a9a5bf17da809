// Package forecast turns series into forecasts: Fit trains a Forecaster on one series or
// thousands, and judges it next to simple methods on rows that it has not seen. Its
// forecasts are in the units of the series, with quantiles, and a file holds all of it:
// columns, scaling, network, verdict and newest rows.
//
//	f, err := forecast.Fit(ctx, forecast.Config{Targets: []string{"close"}, Horizon: 14}, series)
//	…
//	fmt.Println(f.Verdict())
//	next, err := f.Forecast(ctx)
package forecast
