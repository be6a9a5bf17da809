package layers

// All holds a value of every type that a saved model may have as a layer, or
// in a layer's field where it is defined in this package.
func All() []any {
	return []any{
		Activation{}, Add{}, AdditiveAttention{}, Attention{}, Average{}, AveragePooling1D{}, BatchNormalization{},
		Bidirectional{}, Concatenate{}, Conv1D{}, Dense{}, Dot{}, Dropout{}, Embedding{}, Flatten{},
		GaussianNoise{}, GlobalAveragePooling1D{}, GlobalMaxPooling1D{}, GRU{}, Input{}, Lambda{},
		LayerNormalization{}, LSTM{}, Masking{}, Maximum{}, MaxPooling1D{}, Minimum{}, MultiHeadAttention{},
		Multiply{}, Permute{}, PositionEmbedding{}, RepeatVector{}, Reshape{}, RNN{}, SimpleRNN{},
		SinePositionEncoding{}, SpatialDropout1D{}, Subtract{}, TimeDistributed{},
		GRUCell{}, LSTMCell{}, SimpleRNNCell{}, SLSTMCell{}, StackedRNNCells{},
		FixedState{}, RandomState{}, ZeroState{},
	}
}
