package layers

// All holds a value of every type that a saved model may have as a layer, or
// in a layer's field where it is defined in this package.
func All() []any {
	return []any{
		Activation{}, Dense{}, Dropout{}, Embedding{}, Flatten{}, GRU{}, GaussianNoise{}, Input{}, LSTM{}, Masking{}, SimpleRNN{},
		SpatialDropout1D{},
		FixedState{}, RandomState{}, ZeroState{},
	}
}
