package networks

import (
	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/layers/activations"
	"github.com/engram-go/engram/models"
)

// EncoderDecoder reads the window with one LSTM, and the rows to forecast with another,
// which attends to the first (Sutskever et al. 2014, "Sequence to Sequence Learning with
// Neural Networks"; the attention with dot scores of Luong et al. 2015, "Effective
// Approaches to Attention-based Neural Machine Translation"):
//
//	s_t, h, c = LSTM(window)
//	d_j       = LSTM([h + p_j, future_j]) from the states h and c
//	a_j       = Σ softmax(d_j·s_t)·s_t
//	y_j       = W·dropout(tanh(V·[a_j, d_j] + c)) + b
//
// for row j, with a learned vector p_j for each. The forecast of a row is not an input of
// the next, so all are forecast at once, and quantiles have no rows to draw. Static
// numbers are read with every row of the window.
type EncoderDecoder struct {
	Units   int     // of both LSTMs; 50
	Dropout float64 // fraction dropped before the output in training, 0 ≤ Dropout < 1; 0
}

// Model makes the model.
func (n EncoderDecoder) Model(t Task) (*models.Model, error) {
	n.Units = or(n.Units, defaultUnits)
	err := first(t.check(), within("EncoderDecoder.Units", n.Units, mostUnits), rate("EncoderDecoder.Dropout", n.Dropout))
	if err != nil {
		return nil, err
	}
	in := newInputs(t)
	states := call(layers.LSTM{Units: n.Units, ReturnSequences: true, ReturnState: true, Name: "encoder"}, in.history()) // [steps, units]
	h, c := states.Output(1), states.Output(2)                                                                           // [units]

	rows := call(layers.RepeatVector{N: t.Horizon, Name: "rows"}, h) // [horizon, units]
	rows = call(layers.Add{}, rows, call(layers.PositionEmbedding{SequenceLength: t.Horizon, Name: "positions"}, rows))
	if t.Future > 0 {
		rows = call(layers.Concatenate{}, rows, in.future) // [horizon, units + future]
	}
	d := call(layers.LSTM{Units: n.Units, ReturnSequences: true, Name: "decoder"}, rows, h, c) // [horizon, units]
	a := call(layers.Attention{}, d, states)                                                   // [horizon, units]
	y := call(layers.Dense{Units: n.Units, Activation: activations.Tanh, Name: "attended"}, call(layers.Concatenate{}, a, d))
	if n.Dropout > 0 {
		y = call(layers.Dropout{Rate: n.Dropout}, y)
	}
	y = call(layers.Dense{Units: t.Targets * t.Outputs, Name: "output"}, y) // [horizon, targets·outputs]
	return in.model(call(layers.Reshape{TargetShape: graph.Shape{t.Horizon * t.Targets, t.Outputs}, Name: "forecast"}, y))
}
