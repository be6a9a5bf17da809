package samples

import (
	"fmt"

	"github.com/engram-go/engram/internal/errs"
)

// TimeSeriesSplit divides samples in time order into folds for cross-validation, with the
// fields and the results of scikit-learn's class of that name. The tests are the last
// samples, one after another and equally long; each fold trains on what comes before its
// test. With MaxTrainSize the training samples slide along; without it they grow.
//
//	fold 1   train train test
//	fold 2   train train train test
//	fold 3   train train train train test
//
// Windows on a series overlap. Where a window has Steps rows and predicts up to Horizon
// rows after it, a Gap of Steps + Horizon − 1 leaves no row that is in both parts.
type TimeSeriesSplit struct {
	Splits       int // number of folds, at least 2; default 5
	MaxTrainSize int // largest number of training samples, the last ones; default all
	TestSize     int // samples of a test; default ⌊samples / (Splits + 1)⌋
	Gap          int // samples between the two parts, which are in neither; default 0
}

// Fold is one division of samples.
type Fold struct{ Train, Test Data }

// Split gives the folds, in time order. They copy nothing. Too few samples for them are an
// error.
func (s TimeSeriesSplit) Split(data Data) ([]Fold, error) {
	if data == nil {
		return nil, errs.Error{Field: "data", Rule: "must not be nil"}
	}
	for _, c := range []struct {
		field string
		value int
	}{{"Splits", s.Splits}, {"MaxTrainSize", s.MaxTrainSize}, {"TestSize", s.TestSize}, {"Gap", s.Gap}} {
		if c.value < 0 {
			return nil, errs.Error{Field: "TimeSeriesSplit." + c.field, Rule: "must not be negative", Value: c.value}
		}
	}
	n := data.Len()
	switch {
	case s.Splits == 0:
		s.Splits = 5
	case s.Splits == 1:
		return nil, errs.Error{Field: "TimeSeriesSplit.Splits", Rule: "must be at least 2; Split divides data once", Value: s.Splits}
	}
	if s.Splits >= n {
		return nil, errs.Error{Field: "TimeSeriesSplit.Splits", Rule: fmt.Sprintf("must be less than the %d samples", n), Value: s.Splits}
	}
	if s.TestSize == 0 {
		s.TestSize = n / (s.Splits + 1)
	}
	if s.TestSize > n/s.Splits || s.Gap >= n-s.Splits*s.TestSize {
		return nil, errs.Error{Field: "TimeSeriesSplit", Rule: fmt.Sprintf("must leave a training sample before %d tests of %d samples and a gap of %d", s.Splits, s.TestSize, s.Gap), Value: n}
	}
	var folds []Fold
	for test := n - s.Splits*s.TestSize; test < n; test += s.TestSize {
		from, to := 0, test-s.Gap
		if s.MaxTrainSize > 0 {
			from = max(0, to-s.MaxTrainSize)
		}
		folds = append(folds, Fold{subset{data, from, to - from}, subset{data, test, s.TestSize}})
	}
	return folds, nil
}
