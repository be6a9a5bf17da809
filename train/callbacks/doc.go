// Package callbacks holds what can be done during a training besides training:
// EarlyStopping. One callback a file; each implements train.Callback.
package callbacks
