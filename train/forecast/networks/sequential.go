package networks

import (
	"fmt"

	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/models"
)

// Sequential reads the window with layers of your own, [steps, past + static]. What they
// return is flattened, and all rows are forecast from it as LSTM does from its last state.
//
//	networks.Sequential{Layers: []layers.Layer{
//		layers.Conv1D{Filters: 32, KernelSize: 3, Padding: layers.Causal},
//		layers.LSTM{Units: 64},
//	}}
//
// A layer may be a model. Types that are not Engram's own must be in Task.Custom.
type Sequential struct {
	Layers []layers.Layer // required; each has one input and one output
}

// Model makes the model.
func (n Sequential) Model(t Task) (*models.Model, error) {
	if err := t.check(); err != nil {
		return nil, err
	}
	if len(n.Layers) == 0 {
		return nil, errs.Error{Field: "Sequential.Layers", Rule: "must have a layer"}
	}
	in := newInputs(t)
	x := in.history()
	for i, l := range n.Layers {
		if l == nil {
			return nil, errs.Error{Field: fmt.Sprintf("Sequential.Layers[%d]", i), Rule: "must not be nil"}
		}
		x = call(l, x)
	}
	return in.model(in.forecast(call(layers.Flatten{Name: "state"}, x), defaultUnits))
}
