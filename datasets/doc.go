// Package datasets brings data to a model: series that ship with the module,
// CSV files, plain Go slices and tensors on one side, batches on the other.
//
// A Series is a small table of numbers in time order. Windows looks at it
// through a sliding window, splits it in time order, and judges a forecast
// beside the ones that need no model. Samples are inputs and targets that can
// be gathered in any order; Subset and Split look at a part of any Data.
//
// What belongs here is whatever turns numbers into samples and predictions
// back into numbers. Nothing here knows models or training.
package datasets
