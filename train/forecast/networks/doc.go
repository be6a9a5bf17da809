// Package networks has the networks that forecast series: plain configs, each of which
// makes a model for a Task. Package forecast trains them.
//
// The networks are:
//
//   - LSTM and GRU read the window and forecast all rows from the last state
//   - Sequential does so with layers of your own
//   - EncoderDecoder reads the rows to forecast with a second LSTM, which attends to the window
//   - SegRNN, NHITS and DLinear forecast each target by itself, with the same weights for all
//
// A file of a model is read with All in models.LoadConfig.Custom.
package networks

// All has a value of every type of this package that a file may contain.
func All() []any {
	return []any{DLinear{}, EncoderDecoder{}, GRU{}, LSTM{}, NHITS{}, SegRNN{}, Sequential{}, dlinear{}, nhits{}, segRNN{}}
}
