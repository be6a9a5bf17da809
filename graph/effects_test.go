package graph_test

import (
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/pkg/errors"
	"gorgonia.org/tensor"
)

// total is a regularizer whose penalty is the sum of the elements.
type total struct{}

func (total) Penalty(x graph.Value) graph.Value { return x.Sum() }

// lopsided is a regularizer that gives no single number.
type lopsided struct{}

func (lopsided) Penalty(x graph.Value) graph.Value { return x }

// refusing is a constraint that takes no parameter.
type refusing struct{}

var errRefused = errors.New("refused")

func (refusing) Constrain(graph.Shape, []float64) error { return errRefused }

// halving is a constraint that panics where there are not two elements.
type halving struct{}

func (halving) Constrain(_ graph.Shape, elements []float64) error {
	if len(elements) != 2 {
		panic("odd")
	}
	elements[0], elements[1] = elements[0]/2, elements[1]/2
	return nil
}

// A parameter is priced and bound once, however often its layer is called; one
// that is not trained is not priced.
func TestRegularizeAndConstrain(t *testing.T) {
	build := func(s *graph.Scope) {
		s.Within("dense", func() {
			for range 2 {
				s.Param("w", graph.Shape{2}, constant(3))
				s.State("mean", graph.Shape{2}, constant(5))
				for _, name := range []string{"w", "mean"} {
					s.Regularize(name, total{})
					s.Constrain(name, halving{})
					s.Regularize(name, nil)
					s.Constrain(name, nil)
				}
			}
		})
		if len(s.Losses()) != 1 || len(s.Constrained()) != 2 || s.Constrained()[0].Param.Path != "dense/w" {
			t.Fatalf("losses %v, constrained %v", s.Losses(), s.Constrained())
		}
		s.Output("y", s.Losses()[0])
	}
	for pass, err := range bothPasses(t, build) {
		if err != nil {
			t.Errorf("%s: %v", pass, err)
		}
	}
	p := program(t, config(t, tensor.Float64), build)
	run(t, p, nil)
	if got := output(t, p, "y"); got[0] != 6 {
		t.Errorf("the penalty is %v, want 6", got)
	}
	if got := p.Params()[0].Value().Float64s(); got[0] != 3 {
		t.Errorf("building changed the parameter to %v", got)
	}
}

func TestRegularizeAndConstrainRefuse(t *testing.T) {
	with := func(f func(s *graph.Scope)) func(s *graph.Scope) {
		return func(s *graph.Scope) { s.Param("w", graph.Shape{3}, constant(0)); f(s) }
	}
	for want, build := range map[graph.Error]func(s *graph.Scope){
		{Field: "regularizer", Value: `"v"`}: with(func(s *graph.Scope) { s.Regularize("v", total{}) }),
		{Field: "constraint", Value: `"v"`}:  with(func(s *graph.Scope) { s.Constrain("v", halving{}) }),
		{Field: "loss", Value: "[3]"}:        with(func(s *graph.Scope) { s.Regularize("w", lopsided{}) }),
	} {
		for pass, err := range bothPasses(t, build) {
			checkError(t, want.Field+" "+pass, err, want)
		}
	}
	// A constraint is tried before anything is built.
	for want, c := range map[string]graph.Constraint{"refused": refusing{}, "building panicked": halving{}} {
		err := graph.Shapes(config(t, tensor.Float32), with(func(s *graph.Scope) { s.Constrain("w", c) }))
		wantError(t, "constraint", err, want)
	}
}
