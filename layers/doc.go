// Package layers holds the layers that models are made of. A layer
// is a plain config value, immutable and without weights; its Call describes
// what it computes as symbolic values in a graph.Scope.
//
// What there is:
//
//   - to begin with: Input, Embedding, Masking, PositionEmbedding,
//     SinePositionEncoding
//   - recurrent: LSTM, GRU, SimpleRNN, and Bidirectional around any of them; RNN
//     over a cell: LSTMCell, GRUCell, SimpleRNNCell, SLSTMCell, StackedRNNCells,
//     or one of one's own, see Cell; they start from ZeroState, FixedState,
//     RandomState, or from states that are inputs
//   - attention: Attention, AdditiveAttention, MultiHeadAttention
//   - convolution and pooling over steps: Conv1D, AveragePooling1D, MaxPooling1D,
//     GlobalAveragePooling1D, GlobalMaxPooling1D
//   - step by step: Dense, Activation, ReLU, PReLU; TimeDistributed around any other
//   - normalisation: LayerNormalization, BatchNormalization, RMSNormalization
//   - against overfitting: Dropout, SpatialDropout1D, GaussianNoise
//   - several inputs: Add, Subtract, Multiply, Average, Maximum, Minimum,
//     Concatenate, Dot
//   - shapes: Flatten, Reshape, Permute, RepeatVector
//   - a function of one's own: Lambda
//
// A layer of one's own is whatever has the method of Layer, and nothing need be
// registered to use it; docs/adding-a-layer.md takes one from its equations to
// its tests. Resolver is for defaults and rules of its fields, and Stepwise for
// going along one step at a time with models.Stepper.
package layers

// All holds a value of every type that a saved model may have as a layer, or
// in a layer's field where it is defined in this package.
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
