// Package baselines forecasts a series by simple methods that every model should be
// compared with: [Naive], [SeasonalNaive], [Drift], [Naive2], [Theta] and [ETS]. A model
// that does not beat them has learned nothing of use.
//
// Each method is a plain value. Fit reads a history, oldest value first, and returns a
// [Fitted]; Forecast of it returns the next values with their standard deviations, from
// which quantiles and intervals follow. Fit is a function of the history alone: there is
// no randomness.
//
// All numbers are float64 in the units of the history. A NaN, an infinity and a history
// that is too short are errors. Zeros, negative values and constant histories are not:
// where a seasonal factor is impossible, because a value is not positive, the season is
// added instead.
//
// Quantiles are those of a normal distribution. Its deviations contain the errors of
// future values, but not those of the estimated parameters, except for the slope of
// Drift. So intervals are rather too narrow, above all after short histories.
//
// Functions Persistence and SeasonalNaive of package datasets give the values of two of
// these methods for windows, without deviations.
//
// Source of most formulas: Hyndman and Athanasopoulos, Forecasting: Principles and
// Practice, third edition, 2021, chapters 5 and 8.
package baselines
