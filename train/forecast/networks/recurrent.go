package networks

import (
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/models"
)

// LSTM reads the window with layers.LSTM and forecasts all rows at once from the last
// state:
//
//	y_h = W_h·state + b_h + V·relu(U·[state, future_h] + c) + d
//
// for row h, where the part with the future covariates of the row has the same weights in
// all rows, and is left out if there are none. Static numbers are read with every row of
// the window.
type LSTM struct {
	Units   int     // of each layer; 50
	Layers  int     // number of layers; 1
	Dropout float64 // fraction of the outputs of each layer dropped in training, 0 ≤ Dropout < 1; 0
}

// Model makes the model.
func (n LSTM) Model(t Task) (*models.Model, error) {
	return recurrent(t, "LSTM", n.Units, n.Layers, n.Dropout, func(units int, sequences bool) layers.Layer {
		return layers.LSTM{Units: units, ReturnSequences: sequences}
	})
}

// GRU is LSTM with layers.GRU.
type GRU struct {
	Units   int     // of each layer; 50
	Layers  int     // number of layers; 1
	Dropout float64 // fraction of the outputs of each layer dropped in training, 0 ≤ Dropout < 1; 0
}

// Model makes the model.
func (n GRU) Model(t Task) (*models.Model, error) {
	return recurrent(t, "GRU", n.Units, n.Layers, n.Dropout, func(units int, sequences bool) layers.Layer {
		return layers.GRU{Units: units, ReturnSequences: sequences}
	})
}

// recurrent is the model of a class whose layers a function makes.
func recurrent(t Task, class string, units, depth int, dropout float64, layer func(units int, sequences bool) layers.Layer) (*models.Model, error) {
	units, depth = or(units, defaultUnits), or(depth, 1)
	err := first(t.check(), within(class+".Units", units, mostUnits), within(class+".Layers", depth, mostLayers), rate(class+".Dropout", dropout))
	if err != nil {
		return nil, err
	}
	in := newInputs(t)
	x := in.history() // [steps, past + static]
	for i := range depth {
		x = call(layer(units, i < depth-1), x) // [steps, units], at last [units]
		if dropout > 0 {
			x = call(layers.Dropout{Rate: dropout}, x)
		}
	}
	return in.model(in.forecast(x, units))
}
