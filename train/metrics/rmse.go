package metrics

import "math"

var _ Metric = RMSE{}

// RMSE is the root of the mean squared error over all elements, in the unit of
// the target.
type RMSE struct{}

// Name is "rmse".
func (RMSE) Name() string { return "rmse" }

// Start begins an epoch.
func (RMSE) Start() Accumulator { return &average{term: elements(squared), finish: math.Sqrt} }
