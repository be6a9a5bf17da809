package metrics

var _ Metric = MAE{}

// MAE is the mean absolute error over all elements, in the unit of the target.
type MAE struct{}

// Name is "mae".
func (MAE) Name() string { return "mae" }

// Start begins an epoch.
func (MAE) Start() Accumulator { return &average{term: elements(absolute)} }
