package models_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/internal/errs/errtest"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/models"
	"gorgonia.org/tensor"
)

// Every method of the zero value of a model returns an error.
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
		errtest.Check(t, err, graph.Error{Field: "model"})
	}
}

// Every method of the zero value of a stepper returns an error.
func TestZeroStepper(t *testing.T) {
	var st models.Stepper
	_, stepErr := st.Step(ctx)
	_, allErr := st.StepAll(ctx)
	for _, err := range []error{stepErr, allErr, st.Reset(), st.SetStates(nil), st.SaveStates("x"), st.LoadStates("x")} {
		errtest.Check(t, err, graph.Error{Field: "stepper"})
	}
	if states := st.States(); states != nil {
		t.Errorf("got the states %v", states)
	}
}

// GRU has the name of one of Engram's own layers.
type GRU struct{ Units int }

func (GRU) Call(_ *graph.Scope, inputs ...graph.Value) []graph.Value { return inputs }

// table is a layer of which JSON would not know the type.
type table map[string]int

func (table) Call(_ *graph.Scope, inputs ...graph.Value) []graph.Value { return inputs }

// What is wrong with Custom is found when the model is built, or read, and not by
// Save alone.
func TestCustomIsChecked(t *testing.T) {
	file := bytesOf(t, sum())
	text, err := sum().JSON()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		custom []any
		want   graph.Error // Path is below that of the list
	}{
		{[]any{scaled{}, nil}, graph.Error{Path: "Custom[1]", Field: "value"}},
		{[]any{&scaled{}}, graph.Error{Path: "Custom[0]", Field: "value", Value: "*models_test.scaled"}},
		{[]any{GRU{}}, graph.Error{Path: "Custom", Field: "GRU", Value: "[github.com/engram-go/engram/layers.GRU github.com/engram-go/engram/models_test.GRU]"}},
	} {
		want := c.want
		want.Path = "Config." + c.want.Path
		m := models.NewSequential(models.Config{Custom: c.custom}, layers.Input{Shape: graph.Shape{2}}, layers.Flatten{})
		errtest.Check(t, m.Build(), want)
		want.Path = "LoadConfig." + c.want.Path
		_, err := models.Read(bytes.NewReader(file), models.LoadConfig{Custom: c.custom})
		errtest.Check(t, err, want)
		_, err = models.FromJSON(text, models.LoadConfig{Custom: c.custom})
		errtest.Check(t, err, want)
	}
}

func TestSaveRefusesOtherKindsByPath(t *testing.T) {
	m := models.NewSequential(models.Config{}, layers.Input{Shape: graph.Shape{2}}, table{})
	_, err := m.WriteTo(&bytes.Buffer{})
	errtest.Check(t, err, graph.Error{Path: "sequential/table", Field: "table", Value: "map"})
}

// full is a disk that is.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("full") }

// What cannot be written names the model.
func TestWritersThatFail(t *testing.T) {
	m := forecaster(models.Config{Name: "mine"})
	_, err := m.WriteTo(full{})
	for want, err := range map[string]error{
		"mine: file must be writable, got full": err,
		"mine: summary: full":                   m.Summary(full{}),
		"mine: drawing: full":                   m.WriteSVG(full{}),
	} {
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}
