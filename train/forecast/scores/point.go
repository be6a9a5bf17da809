package scores

import (
	"fmt"
	"math"

	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/train/metrics"
)

// MAE is the mean absolute error, mean |y − f|.
func MAE(truth, forecast []float64) (float64, error) {
	if err := check("MAE", truth, forecast); err != nil {
		return 0, err
	}
	return result("MAE", average(len(truth), func(i int) float64 { return math.Abs(truth[i] - forecast[i]) }))
}

// RMSE is the root of the mean squared error, √mean (y − f)².
func RMSE(truth, forecast []float64) (float64, error) {
	if err := check("RMSE", truth, forecast); err != nil {
		return 0, err
	}
	return result("RMSE", math.Sqrt(average(len(truth), func(i int) float64 {
		e := truth[i] - forecast[i]
		return e * e
	})))
}

// MAPE is the mean absolute percentage error, 100·mean |(y − f)/y|. A true value of 0 is
// an error, since the score is not defined.
func MAPE(truth, forecast []float64) (float64, error) {
	if err := check("MAPE", truth, forecast); err != nil {
		return 0, err
	}
	for i, y := range truth {
		if y == 0 {
			return 0, errs.Error{Field: fmt.Sprintf("MAPE: truth[%d]", i), Rule: "must not be 0: use SMAPE or MASE", Value: y}
		}
	}
	return result("MAPE", 100*average(len(truth), func(i int) float64 { return math.Abs((truth[i] - forecast[i]) / truth[i]) }))
}

// SMAPE is the symmetric mean absolute percentage error of the M4 competition,
// 200·mean |y − f|/(|y| + |f|), from 0 to 200. Where both are 0 the error is 0.
func SMAPE(truth, forecast []float64) (float64, error) {
	if err := check("SMAPE", truth, forecast); err != nil {
		return 0, err
	}
	return result("SMAPE", 200*average(len(truth), func(i int) float64 {
		e := math.Abs(truth[i] - forecast[i])
		if e == 0 {
			return 0
		}
		return e / (math.Abs(truth[i]) + math.Abs(forecast[i]))
	}))
}

// MASE is the mean absolute scaled error: MAE divided by that of the seasonal naive
// method within the history, metrics.NaiveScale (Hyndman and Koehler, Another Look
// at Measures of Forecast Accuracy, 2006). The history is what was known before the
// forecast; with period 1 the scale is that of the naive method. A history that repeats
// itself exactly has no scale and is an error.
func MASE(history []float64, period int, truth, forecast []float64) (float64, error) {
	scale, err := metrics.NaiveScale(history, period)
	if err != nil {
		return 0, errs.At(err, "MASE", "")
	}
	mae, err := MAE(truth, forecast)
	if err != nil {
		return 0, errs.At(err, "MASE", "")
	}
	return result("MASE", mae/scale)
}

// Pinball is the mean quantile loss of forecasts of the quantile p, between 0 and 1:
// p·(y − q) where y ≥ q, else (1 − p)·(q − y) (Koenker and Bassett, Regression Quantiles,
// 1978). For p = 0.5 it is half of MAE.
func Pinball(p float64, truth, quantile []float64) (float64, error) {
	if !(p > 0 && p < 1) {
		return 0, errs.Error{Field: "Pinball: p", Rule: "must lie between 0 and 1", Value: p}
	}
	if err := check("Pinball", truth, quantile); err != nil {
		return 0, err
	}
	return result("Pinball", average(len(truth), func(i int) float64 {
		e := truth[i] - quantile[i]
		return max(p*e, (p-1)*e)
	}))
}

// Coverage is the part of the true values, from 0 to 1, that lie between two bounds or on
// them. Intervals of 95 % should cover about 0.95.
func Coverage(truth, low, high []float64) (float64, error) {
	if err := check("Coverage", truth, low, high); err != nil {
		return 0, err
	}
	for i, l := range low {
		if l > high[i] {
			return 0, errs.Error{Field: fmt.Sprintf("Coverage: low[%d]", i), Rule: fmt.Sprintf("must be at most the high bound, %v", high[i]), Value: l}
		}
	}
	return average(len(truth), func(i int) float64 {
		if low[i] <= truth[i] && truth[i] <= high[i] {
			return 1
		}
		return 0
	}), nil
}
