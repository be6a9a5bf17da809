package graph_test

import (
	"strings"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/pkg/errors"
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// simpleScan is a scan over x [2, 5, 3] with one state [2, 3], within a layer.
func simpleScan(s *graph.Scope, step func(x, h graph.Value) (graph.Value, []graph.Value), change ...func(c *graph.Scan)) (y graph.Value, states []graph.Value) {
	s.Within("layer", func() {
		c := graph.Scan{
			X: s.Input("x", graph.Shape{2, 5, 3}), Initial: []graph.Value{s.Const(0, graph.Shape{2, 3})},
			Step: func(x graph.Value, states []graph.Value) (graph.Value, []graph.Value) { return step(x, states[0]) },
		}
		for _, f := range change {
			f(&c)
		}
		y, states = c.Run()
	})
	return y, states
}

// What is wrong with a scan, as an error with the path of its layer.
func TestScanInvalid(t *testing.T) {
	sum := func(x, h graph.Value) (graph.Value, []graph.Value) { return x.Add(h), []graph.Value{x.Add(h)} }
	for name, c := range map[string]struct {
		want   graph.Error
		step   func(x, h graph.Value) (graph.Value, []graph.Value)
		change func(c *graph.Scan)
	}{
		"no step":       {graph.Error{Field: "scan step"}, sum, func(c *graph.Scan) { c.Step = nil }},
		"flat x":        {graph.Error{Field: "scan x", Value: "[2]"}, sum, func(c *graph.Scan) { c.X = c.X.Sum(1, 2) }},
		"flat state":    {graph.Error{Field: "scan state 0", Value: "[]"}, sum, func(c *graph.Scan) { c.Initial[0] = c.Initial[0].Sum() }},
		"other batch":   {graph.Error{Field: "scan state 0", Value: "[3, 3]"}, sum, func(c *graph.Scan) { c.Initial[0] = c.X.Scope().Const(0, graph.Shape{3, 3}) }},
		"mask":          {graph.Error{Field: "scan mask", Value: "[5, 2]"}, sum, func(c *graph.Scan) { c.X = c.X.WithMask(c.X.Scope().Const(1, graph.Shape{5, 2})) }},
		"no states":     {graph.Error{Field: "step", Value: 0}, func(x, h graph.Value) (graph.Value, []graph.Value) { return x, nil }, nil},
		"two states":    {graph.Error{Field: "step", Value: 2}, func(x, h graph.Value) (graph.Value, []graph.Value) { return x, []graph.Value{h, h} }, nil},
		"state's shape": {graph.Error{Field: "step's state 0", Value: "[2, 2]"}, func(x, h graph.Value) (graph.Value, []graph.Value) { return x, []graph.Value{h.Slice(1, 0, 2)} }, nil},
		"output":        {graph.Error{Field: "step's output", Value: "[]"}, func(x, h graph.Value) (graph.Value, []graph.Value) { return x.Sum(), []graph.Value{h} }, nil},
		"no value":      {graph.Error{Field: "step's output"}, func(x, h graph.Value) (graph.Value, []graph.Value) { return graph.Value{}, []graph.Value{h} }, nil},
		"error": {graph.Error{Field: "rule", Value: 3}, func(x, h graph.Value) (graph.Value, []graph.Value) {
			x.Scope().Failf("rule", "is broken", 3)
			return x, []graph.Value{h}
		}, nil},
		"update": {graph.Error{Field: "update of w"}, func(x, h graph.Value) (graph.Value, []graph.Value) {
			x.Scope().AddUpdate("w", h)
			return x, []graph.Value{h}
		}, nil},
	} {
		build := func(s *graph.Scope) {
			change := c.change
			if change == nil {
				change = func(*graph.Scan) {}
			}
			y, _ := simpleScan(s, c.step, change)
			s.Output("y", y)
		}
		_, err := graph.NewProgram(config(t, tensor.Float32), build)
		c.want.Path = "layer"
		checkError(t, name, err, c.want)
	}
	_, err := graph.NewProgram(config(t, tensor.Float32), func(s *graph.Scope) {
		simpleScan(s, func(x, h graph.Value) (graph.Value, []graph.Value) { panic("oh") })
	})
	wantError(t, "panic", err, "layer: building panicked: oh")
}

// A value of a step cannot be used outside it, not even in another step.
func TestScanKeepsItsValues(t *testing.T) {
	for field, use := range map[string]func(s *graph.Scope, inner graph.Value){
		"scale":        func(s *graph.Scope, inner graph.Value) { inner.Neg() },
		"output inner": func(s *graph.Scope, inner graph.Value) { s.Output("inner", inner) },
		"sum":          func(s *graph.Scope, inner graph.Value) { s.AddLoss(inner.Sum()) },
		"gradient":     func(s *graph.Scope, inner graph.Value) { s.Gradients(s.Const(0, graph.Shape{}), inner) },
		"add": func(s *graph.Scope, inner graph.Value) {
			graph.Scan{X: s.Const(0, graph.Shape{2, 2}), Step: func(x graph.Value, _ []graph.Value) (graph.Value, []graph.Value) {
				return x.Unsqueeze(1).Add(inner), nil
			}}.Run()
		},
	} {
		_, err := graph.NewProgram(config(t, tensor.Float32), func(s *graph.Scope) {
			var inner graph.Value
			y, _ := simpleScan(s, func(x, h graph.Value) (graph.Value, []graph.Value) {
				inner = x.Neg()
				return inner, []graph.Value{h}
			})
			s.Output("y", y)
			use(s, inner)
		})
		checkError(t, field, err, graph.Error{Field: field})
	}
}

// Operations of Gorgonia's own need the steps written out.
func TestScanRefusesStockOperations(t *testing.T) {
	for _, unrolled := range []bool{false, true} {
		p, err := graph.NewProgram(config(t, tensor.Float64), func(s *graph.Scope) {
			y, _ := simpleScan(s, func(x, h graph.Value) (graph.Value, []graph.Value) {
				n, err := gorgonia.Tanh(x.Add(h).Node())
				s.Fail(err)
				h = s.FromNode(n, h.Shape())
				return h, []graph.Value{h}
			}, func(c *graph.Scan) { c.Unrolled = unrolled })
			s.Output("y", y)
		})
		if unrolled {
			if err != nil {
				t.Fatal(err)
			}
			p.Close()
			continue
		}
		checkError(t, "scan", err, graph.Error{Path: "layer", Field: "step"})
	}
}

// An operation that fails in a step is an error with its path, and the program
// runs again.
func TestScanFailsAndRecovers(t *testing.T) {
	for _, training := range []bool{false, true} {
		cfg := config(t, tensor.Float64)
		cfg.Training = training
		p := program(t, cfg, func(s *graph.Scope) {
			y, _ := simpleScan(s, func(x, h graph.Value) (graph.Value, []graph.Value) {
				s.Within("cell", func() {
					h = h.Add(x.Require("step's x", "must not be negative", func(x float64) bool { return x >= 0 }))
				})
				return h, []graph.Value{h}
			})
			s.Output("y", y)
		})
		data := make([]float64, 30)
		for range 2 {
			data[20] = -1
			err := setAndRun(p, array{Shape: []int{2, 5, 3}, Data: data})
			var e graph.Error
			if !errors.As(err, &e) || e.Path != "layer/cell" || e.Field != "step's x" {
				t.Errorf("got %v", err)
			}
			data[20] = 1
			if err := setAndRun(p, array{Shape: []int{2, 5, 3}, Data: data}); err != nil {
				t.Error(err)
			}
			if got := output(t, p, "y"); got[5] != 1 {
				t.Errorf("got %v", got)
			}
		}
	}
}

func setAndRun(p *graph.Program, x array) error {
	if err := p.SetInput("x", dense(dtypeOf(p), x)); err != nil {
		return err
	}
	return p.Run(graph.Tick{})
}

// A penalty of a weight that a step uses is paid once, and not at every step.
func TestScanRegularizesOnce(t *testing.T) {
	p := program(t, config(t, tensor.Float64), func(s *graph.Scope) {
		simpleScan(s, func(x, h graph.Value) (graph.Value, []graph.Value) {
			w := s.Param("w", graph.Shape{3}, constant(2))
			s.Regularize("w", total{})
			return x.Times(w), []graph.Value{h}
		})
		if len(s.Losses()) != 1 {
			t.Fatalf("got %d losses", len(s.Losses()))
		}
		s.Output("loss", s.Losses()[0])
	})
	run(t, p, map[string]array{"x": {Shape: []int{2, 5, 3}, Data: make([]float64, 30)}})
	if got := output(t, p, "loss"); got[0] != 6 {
		t.Errorf("got a penalty of %v, want 6", got)
	}
}

// An input that is declared in a step, and a state that is not given, are those
// of the program.
func TestScanWithoutStates(t *testing.T) {
	p := program(t, config(t, tensor.Float64), func(s *graph.Scope) {
		y, states := graph.Scan{
			X: s.Values([]float64{1, 2, 3}, graph.Shape{1, 3}), Sequence: true,
			Step: func(x graph.Value, _ []graph.Value) (graph.Value, []graph.Value) { // x [1]
				return x.Times(s.Input("factor", graph.Shape{1})), nil
			},
		}.Run()
		if len(states) != 0 {
			t.Errorf("got %d states", len(states))
		}
		s.Output("y", y)
	})
	run(t, p, map[string]array{"factor": {Shape: []int{1}, Data: []float64{10}}})
	near(t, "y", array{Shape: []int{3}, Data: output(t, p, "y")}, array{Shape: []int{3}, Data: []float64{10, 20, 30}}, 0)
}

// A mask has no gradient: where nothing else leads to what is asked for, it is
// zero.
func TestScanMaskGradient(t *testing.T) {
	p := program(t, config(t, tensor.Float64), func(s *graph.Scope) {
		v := s.Values([]float64{1, -1, 1}, graph.Shape{1, 3})
		y, _ := graph.Scan{
			X:    s.Const(1, graph.Shape{1, 3, 2}).WithMask(v.Greater(s.Const(0, graph.Shape{}))),
			Step: func(x graph.Value, _ []graph.Value) (graph.Value, []graph.Value) { return x, nil },
		}.Run()
		s.Output("gradient", s.Gradients(y.Sum(), v)[0])
	})
	run(t, p, nil)
	near(t, "gradient", array{Shape: []int{3}, Data: output(t, p, "gradient")}, array{Shape: []int{3}, Data: make([]float64, 3)}, 0)
}

// A function that panics within a step names its layer, once.
func TestScanNamesTheLayerOnce(t *testing.T) {
	p, err := graph.NewProgram(config(t, tensor.Float32), func(s *graph.Scope) {
		y, _ := simpleScan(s, func(x, h graph.Value) (graph.Value, []graph.Value) {
			return x.Map("mine", func(float64) float64 { panic("boom") }, nil), []graph.Value{h}
		}, func(*graph.Scan) {})
		s.Output("y", y)
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.SetInput("x", tensor.New(tensor.Of(tensor.Float32), tensor.WithShape(2, 5, 3))); err != nil {
		t.Fatal(err)
	}
	if err := p.Run(graph.Tick{}); err == nil || strings.Count(err.Error(), "layer: ") != 1 || !strings.HasSuffix(err.Error(), "layer: mine panicked: boom") {
		t.Errorf("got %v", err)
	}
}
