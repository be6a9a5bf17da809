// Package networks has the networks that forecast series: plain configs, each of which
// makes a model for a Task. Package forecast trains them.
//
// The networks are:
//
//   - LSTM and GRU read the window and forecast all rows from the last state
//   - Sequential does so with layers of your own
//
// Numbers that describe the series are read with every row of the window. A file of a
// model is read with All in models.LoadConfig.Custom.
package networks

// All has a value of every type of this package that a file may contain.
func All() []any {
	return []any{LSTM{}, GRU{}, Sequential{}}
}
