// Package metrics holds what is reported beside the loss, exact over an epoch:
// sums over all elements in float64, never an average of batch values. A
// metric is a plain config value; an Accumulator is one at work.
package metrics
