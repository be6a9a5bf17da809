package models_test

import (
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/graph/graphtest"
	"github.com/engram-go/engram/internal/params"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/layers/activations"
	"github.com/engram-go/engram/models"
	"gorgonia.org/tensor"
)

// checkGradients compares all gradients of a model, its outputs taken together,
// with finite differences. The parameters of the check are those of the model.
func checkGradients(t *testing.T, m *models.Functional, in ...graphtest.Array) {
	t.Helper()
	weights, err := m.Params()
	if err != nil {
		t.Fatal(err)
	}
	graphtest.CheckGrad(t, func(s *graph.Scope, in []graph.Value) graph.Value {
		if err := params.Share(s.Params(), m.Name(), weights, m.Name(), false); err != nil {
			t.Fatal(err)
		}
		var flat []graph.Value
		for _, y := range m.Call(s, in...) {
			flat = append(flat, y.Reshape(y.Shape().Size()))
		}
		return graph.Concat(0, flat[0], flat[1:]...)
	}, in...)
}

func TestGradientsOfSharedLayersAddUp(t *testing.T) {
	x := models.NewInput(layers.Input{Shape: graph.Shape{3}})
	z := models.NewInput(layers.Input{Shape: graph.Shape{3}})
	dense := models.Use(layers.Dense{Units: 3, Activation: activations.Tanh})
	y := dense.Call(dense.Call(dense.Call(x)))
	m := models.NewFunctional(models.Config{Dtype: tensor.Float64}, models.Inputs{x, z}, models.Outputs{y, dense.Call(z)})
	if weights, err := m.Weights(); err != nil || len(weights) != 2 {
		t.Errorf("got the weights %v, %v", weights, err)
	}
	checkGradients(t, m, graphtest.Input(1, 2, 3), graphtest.Input(2, 2, 3))
}

func TestGradientsOfSkips(t *testing.T) {
	x := models.NewInput(layers.Input{Shape: graph.Shape{4, 3}})
	h := models.Use(layers.LSTM{Units: 3, ReturnSequences: true}).Call(x)
	h = models.Use(plus{}).Call(x, h, models.Use(layers.GRU{Units: 3, ReturnSequences: true}).Call(h))
	m := models.NewFunctional(models.Config{Dtype: tensor.Float64}, models.Inputs{x}, models.Outputs{h, models.Use(plus{}).Call(h, x)})
	checkGradients(t, m, graphtest.Input(1, 2, 4, 3))
}

func TestGradientsOfNestedModels(t *testing.T) {
	x := models.NewInput(layers.Input{Shape: graph.Shape{graph.Any, 2}})
	m := models.NewFunctional(models.Config{Dtype: tensor.Float64}, models.Inputs{x}, models.Outputs{models.Use(translator(models.Config{Dtype: tensor.Float64})).Call(x, x)})
	checkGradients(t, m, graphtest.Input(1, 2, 4, 2))
}
