package metrics

import "math"

var _ Metric = MAPE{}

// MAPE is the mean absolute percentage error over all elements, as Keras has
// it: 100 · mean(|y − ŷ| / max(|y|, 1e-7)).
//
// It means something only for targets in original units that keep their
// distance from zero: one target that is 0 outweighs all others, by an error
// of a billion percent for a miss of 1, and a differenced or standardised
// series is full of targets near 0.
type MAPE struct{}

// Name is "mape".
func (MAPE) Name() string { return "mape" }

// Start begins an epoch.
func (MAPE) Start() Accumulator { return &average{term: elements(percentage)} }

func percentage(target, output float64) float64 {
	return 100 * math.Abs(target-output) / max(math.Abs(target), 1e-7)
}
