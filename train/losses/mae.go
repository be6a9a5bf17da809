package losses

import "github.com/engram-go/engram/graph"

var _ Loss = MAE{}

// MAE is the mean absolute error, the mean of |ŷ − y| over the features. Where
// output and target are equal its derivative is 0.
type MAE struct{}

// Loss maps [batch, ..., features] to [batch, ...].
func (MAE) Loss(target, output graph.Value) graph.Value {
	return mean(difference(target, output).Abs())
}
