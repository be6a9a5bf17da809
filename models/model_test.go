package models_test

import (
	"bytes"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/internal/errs/errtest"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/layers/initializers"
	"github.com/engram-go/engram/models"
	"gorgonia.org/tensor"
)

// paramsOf are the parameters of a model.
func paramsOf(t *testing.T, m interface {
	Params() (*graph.Params, error)
}) *graph.Params {
	t.Helper()
	p, err := m.Params()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// callWithin calls a model in a separate program over the given parameters, at a
// path of the scope, or outside of all layers for an empty path.
func callWithin(t *testing.T, p *graph.Params, path string, m layers.Layer, x *tensor.Dense) (*tensor.Dense, error) {
	t.Helper()
	prog, err := graph.NewProgram(graph.Config{Params: p}, func(s *graph.Scope) {
		in := s.Input("x", graph.Shape(x.Shape()))
		call := func() { s.Output("y", m.Call(s, in)[0]) }
		if path == "" {
			call()
		} else {
			s.Within(path, call)
		}
	})
	if err != nil {
		return nil, err
	}
	if err := prog.SetInput("x", x); err != nil {
		t.Fatal(err)
	}
	if err := prog.Run(graph.Tick{}); err != nil {
		t.Fatal(err)
	}
	return prog.Output("y")
}

// A model that is called in a separate program computes what Predict does, with
// its own weights, outside of all layers and at its path.
func TestModelCall(t *testing.T) {
	x := inputs(tensor.Float32, 2, 4, 2)
	m := forecaster(models.Config{Seed: 3})
	want, before := predict(t, m, x), hash(t, m)
	for _, path := range []string{"", "sequential"} {
		got, err := callWithin(t, paramsOf(t, m), path, m, x)
		if err != nil {
			t.Fatal(err)
		}
		same(t, "within "+path, got, want)
	}
	if hash(t, m) != before {
		t.Error("a program changed the weights")
	}
	roundTrip(t, m)
}

// A model in another is called in a program over the parameters of either, also
// where their names are alike or the models were read from a file.
func TestModelCallNested(t *testing.T) {
	x := inputs(tensor.Float32, 2, 4, 2)
	sequence := func(cfg models.Config, ls ...layers.Layer) *models.Sequential {
		return models.NewSequential(cfg, append([]layers.Layer{layers.Input{Shape: graph.Shape{graph.Any, 2}}}, ls...)...)
	}
	for name, cfg := range map[string]models.Config{"unnamed": {}, "named": {Name: "inner"}} {
		inner := sequence(cfg, layers.LSTM{Units: 2, ReturnSequences: true})
		middle := sequence(models.Config{}, inner, layers.Dense{Units: 2})
		outer := sequence(models.Config{Seed: 5}, middle)
		path := "sequential/sequential/" + inner.Name()
		want := predict(t, outer, x)
		before, wantInner := hash(t, outer), predict(t, inner, x)
		for at, p := range map[string]*graph.Params{"": paramsOf(t, inner), inner.Name(): paramsOf(t, inner), path: paramsOf(t, outer), "sequential/" + inner.Name(): paramsOf(t, middle)} {
			for _, at := range []string{"", at} {
				got, err := callWithin(t, p, at, inner, x)
				if err != nil {
					t.Fatal(err)
				}
				same(t, name+" within "+at, got, wantInner)
			}
		}
		_, err := callWithin(t, paramsOf(t, outer), "sequential/other", inner, x)
		errtest.Check(t, err, graph.Error{Path: inner.Name(), Field: "Call", Value: `"sequential/other"`})
		_, err = callWithin(t, paramsOf(t, inner), "", outer, x)
		errtest.Check(t, err, graph.Error{Path: "sequential", Field: "Config.Params"})
		if hash(t, outer) != before {
			t.Errorf("%s: a program changed the weights", name)
		}
		read, err := models.Read(bytes.NewReader(bytesOf(t, outer)), models.LoadConfig{})
		if err != nil {
			t.Fatal(err)
		}
		got, err := callWithin(t, paramsOf(t, read), "", read, x)
		if err != nil {
			t.Fatal(err)
		}
		same(t, name+" read", got, want)
		roundTrip(t, outer)
	}
}

// calling is a layer that calls a model which is not a layer of the outer one.
type calling struct {
	call func(s *graph.Scope, in []graph.Value) []graph.Value
}

func (c calling) Call(s *graph.Scope, in ...graph.Value) []graph.Value { return c.call(s, in) }

// What would create other weights than those of the model is refused.
func TestModelCallRefused(t *testing.T) {
	x := inputs(tensor.Float32, 2, 4, 2)
	m, other := forecaster(models.Config{}), forecaster(models.Config{Name: "other"})
	own, err := graph.NewParams(tensor.Float32, 1)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range []*graph.Params{own, paramsOf(t, other)} {
		_, err := callWithin(t, p, "", m, x) // which is not built at first
		errtest.Check(t, err, graph.Error{Path: "sequential", Field: "Config.Params"})
		before := hash(t, m)
		_, err = callWithin(t, p, "sequential", m, x)
		errtest.Check(t, err, graph.Error{Path: "sequential", Field: "Config.Params"})
		if hash(t, m) != before || len(own.All()) != 0 {
			t.Error("a refused call declared weights")
		}
	}
	for _, path := range []string{"other", "sequential/lstm", "sequential/sequential"} {
		_, err := callWithin(t, paramsOf(t, m), path, m, x)
		errtest.Check(t, err, graph.Error{Path: "sequential", Field: "Call", Value: `"` + path + `"`})
	}
	var self *models.Sequential
	self = models.NewSequential(models.Config{Name: "self"}, layers.Input{Shape: graph.Shape{graph.Any, 2}},
		calling{func(s *graph.Scope, in []graph.Value) []graph.Value { return self.Call(s, in...) }})
	errtest.Check(t, self.Build(), graph.Error{Path: "self", Field: "Call", Value: `"self/calling"`})
	hidden := models.NewSequential(models.Config{Name: "hidden"}, layers.Input{Shape: graph.Shape{graph.Any, 2}},
		calling{func(s *graph.Scope, in []graph.Value) []graph.Value { return m.Call(s, in...) }})
	errtest.Check(t, hidden.Build(), graph.Error{Path: "sequential", Field: "Config.Params"})
}

// A program cannot add parameters to those of a model: Load would refuse a file
// with them.
func TestModelParamsAreComplete(t *testing.T) {
	m := forecaster(models.Config{})
	before := hash(t, m)
	for _, path := range []string{"head", "sequential", "sequential/lstm"} {
		_, err := graph.NewProgram(graph.Config{Params: paramsOf(t, m)}, func(s *graph.Scope) {
			s.Within(path, func() { s.Output("y", s.Param("extra", graph.Shape{2}, initializers.Zeros)) })
		})
		errtest.Check(t, err, graph.Error{Path: path, Field: "extra"})
	}
	if hash(t, m) != before {
		t.Error("a program added weights")
	}
	m.Add(layers.Dense{Units: 1}) // a model may still get more layers
	if weights, err := m.Weights(); err != nil || len(weights) != 7 {
		t.Errorf("got %d weights, %v", len(weights), err)
	}
}
