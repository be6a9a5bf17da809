package losses

import "github.com/engram-go/engram/graph"

var _ Loss = MSE{}

// MSE is the mean squared error, the mean of (ŷ − y)² over the features.
type MSE struct{}

// Loss maps [batch, ..., features] to [batch, ...].
func (MSE) Loss(target, output graph.Value) graph.Value {
	return mean(difference(target, output).Square())
}
