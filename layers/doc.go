// Package layers has the layers that models are made of. A layer is a plain config
// value, immutable and without weights; its Call builds its computation from symbolic
// values in a graph.Scope.
//
// The layers are:
//
//   - inputs: Input, Embedding, Masking, PositionEmbedding,
//     SinePositionEncoding
//   - recurrent: LSTM, GRU, SimpleRNN, and Bidirectional around any of them; RNN
//     over a cell: LSTMCell, GRUCell, SimpleRNNCell, SLSTMCell, StackedRNNCells,
//     or a user's own, see Cell; they start from ZeroState, FixedState,
//     RandomState, or from states that are inputs
//   - attention: Attention, AdditiveAttention, MultiHeadAttention
//   - convolution and pooling over steps: Conv1D, AveragePooling1D, MaxPooling1D,
//     GlobalAveragePooling1D, GlobalMaxPooling1D
//   - for each step: Dense, Activation, ReLU, PReLU; TimeDistributed around any other
//   - normalisation: LayerNormalization, BatchNormalization, RMSNormalization
//   - regularisation: Dropout, SpatialDropout1D, GaussianNoise
//   - several inputs: Add, Subtract, Multiply, Average, Maximum, Minimum,
//     Concatenate, Dot
//   - shapes: Flatten, Reshape, Permute, RepeatVector
//   - a user's function: Lambda
//
// A user's layer is any type with the method of Layer; it needs no registration.
// docs/adding-a-layer.md describes one from its equations to its tests. Resolver is for
// defaults and rules of fields, and Stepwise for running one step at a time in a
// models.Stepper.
package layers

// All has a value of every type of this package that a saved model may contain: layers,
// cells and initial states.
func All() []any {
	return []any{
		Activation{}, Add{}, AdditiveAttention{}, Attention{}, Average{}, AveragePooling1D{}, BatchNormalization{},
		Bidirectional{}, Concatenate{}, Conv1D{}, Dense{}, Dot{}, Dropout{}, Embedding{}, Flatten{},
		GaussianNoise{}, GlobalAveragePooling1D{}, GlobalMaxPooling1D{}, GRU{}, Input{}, Lambda{},
		LayerNormalization{}, LSTM{}, Masking{}, Maximum{}, MaxPooling1D{}, Minimum{}, MultiHeadAttention{},
		Multiply{}, Permute{}, PositionEmbedding{}, PReLU{}, ReLU{}, RepeatVector{}, Reshape{},
		RMSNormalization{}, RNN{}, SimpleRNN{},
		SinePositionEncoding{}, SpatialDropout1D{}, Subtract{}, TimeDistributed{},
		GRUCell{}, LSTMCell{}, SimpleRNNCell{}, SLSTMCell{}, StackedRNNCells{},
		FixedState{}, RandomState{}, ZeroState{},
	}
}
