package metrics

var _ Metric = MSE{}

// MSE is the mean squared error over all elements.
type MSE struct{}

// Name is "mse".
func (MSE) Name() string { return "mse" }

// Start begins an epoch.
func (MSE) Start() Accumulator { return &average{term: elements(squared)} }
