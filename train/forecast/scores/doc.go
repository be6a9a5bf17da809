// Package scores judges forecasts after training: errors in original units, quantiles,
// intervals, a test whether one forecast is better than another, and whether a forecast
// merely repeats the last value. Package metrics has what training reports itself.
//
// All functions take plain slices, the true values first, each of the same length. To
// score every step of a horizon alone, call them for each step: Truth and Predictions of
// datasets.Windowed have one slice for each.
//
// Slices that are empty or of different lengths, a NaN and an infinity are errors, and so
// are scores that are not defined or beyond the range of float64.
package scores
