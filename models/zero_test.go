package models_test

import (
	"bytes"
	"context"
	"io"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/models"
	"gorgonia.org/tensor"
)

// A model that is no more than its zero value says so, whatever is asked of it.
func TestZeroModel(t *testing.T) {
	x := tensor.New(tensor.WithShape(1, 2), tensor.Of(tensor.Float32))
	around := func(l layers.Layer) error {
		return models.NewSequential(models.Config{}, layers.Input{Shape: graph.Shape{2}}, l).Build()
	}
	params, err := graph.NewParams(tensor.Float32, 0)
	if err != nil {
		t.Fatal(err)
	}
	for name, do := range map[string]func() error{
		"build":   func() error { return new(models.Model).Build() },
		"predict": func() error { _, err := new(models.Functional).Predict(context.Background(), x); return err },
		"add": func() error {
			m := &models.Sequential{}
			m.Add(layers.Dense{Units: 1})
			return m.Build()
		},
		"shapes":     func() error { _, err := new(models.Model).InputShapes(); return err },
		"names":      func() error { _, err := new(models.Model).OutputNames(); return err },
		"weights":    func() error { _, err := new(models.Model).Weights(); return err },
		"freeze":     func() error { return new(models.Model).Freeze() },
		"handle":     func() error { _, err := new(models.Model).Handle("dense"); return err },
		"summary":    func() error { return new(models.Model).Summary(io.Discard) },
		"drawing":    func() error { return new(models.Model).WriteSVG(io.Discard) },
		"JSON":       func() error { _, err := new(models.Model).JSON(); return err },
		"saving":     func() error { _, err := new(models.Model).WriteTo(&bytes.Buffer{}); return err },
		"stepper":    func() error { _, err := new(models.Model).Stepper(models.StepperConfig{}); return err },
		"sequential": func() error { _, err := new(models.Model).Sequential(); return err },
		"a layer":    func() error { return around(&models.Model{}) },
		"a sequential as a layer": func() error {
			return around(&models.Sequential{})
		},
		"a handle": func() error {
			in := models.NewInput(layers.Input{Shape: graph.Shape{2}})
			out := models.Use(&models.Functional{}).Call(in)
			return models.NewFunctional(models.Config{}, models.Inputs{in}, models.Outputs{out}).Build()
		},
		"a call": func() error {
			return graph.Shapes(graph.Config{Params: params}, func(s *graph.Scope) { new(models.Model).Call(s) })
		},
	} {
		err := do()
		if err == nil {
			t.Errorf("%s: no error", name)
			continue
		}
		refused(t, err, "model must be made by NewSequential, NewFunctional, Load or Read")
	}
}

// A stepper that nobody made says so.
func TestZeroStepper(t *testing.T) {
	var st models.Stepper
	_, stepErr := st.Step(ctx)
	_, allErr := st.StepAll(ctx)
	for _, err := range []error{stepErr, allErr, st.Reset(), st.SetStates(nil), st.SaveStates("x"), st.LoadStates("x")} {
		refused(t, err, "stepper must be made by Model.Stepper")
	}
	if states := st.States(); states != nil {
		t.Errorf("got the states %v", states)
	}
}
