package graph_test

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/engram-go/engram/graph"
	"gorgonia.org/tensor"
	"pgregory.net/rapid"
)

// embed looks rows of a parameter up, in a layer inside a layer.
func embed(s *graph.Scope) {
	s.Within("model", func() {
		i := s.Input("i", graph.Shape{2})
		x := s.Input("x", graph.Shape{2, 3})
		s.Within("embedding", func() {
			w := s.Param("w", graph.Shape{4, 3}, constant(1))
			s.Output("y", w.Gather(i).Add(x))
		})
	})
}

func TestProgramNames(t *testing.T) {
	p := program(t, config(t, tensor.Float32), func(s *graph.Scope) {
		embed(s)
		s.Output("a", s.State("moving", graph.Shape{1}, constant(0)))
	})
	if got := p.Inputs(); !slices.Equal(got, []string{"i", "x"}) {
		t.Errorf("inputs %v", got)
	}
	if got := p.Outputs(); !slices.Equal(got, []string{"a", "y"}) {
		t.Errorf("outputs %v", got)
	}
	var paths []string
	for _, q := range p.Params() {
		paths = append(paths, q.Path)
	}
	if !slices.Equal(paths, []string{"model/embedding/w", "moving"}) {
		t.Errorf("parameters %v", paths)
	}
	_, err := p.Output("z")
	checkError(t, "output", err, graph.Error{Field: "output", Value: "z"})
}

// A result is read by its handle, and only from the program that it is of.
func TestResult(t *testing.T) {
	for _, training := range []bool{false, true} {
		cfg := config(t, tensor.Float32)
		cfg.Training = training
		var double, half graph.Result
		p := program(t, cfg, func(s *graph.Scope) {
			x := s.Input("x", graph.Shape{2})
			double, half = s.Result(x.Scale(2)), s.Result(x.Scale(0.5))
		})
		if err := p.SetInput("x", dense(tensor.Float32, counting(2))); err != nil {
			t.Fatal(err)
		}
		if err := p.Run(graph.Tick{}); err != nil {
			t.Fatal(err)
		}
		x := counting(2).Data
		for factor, r := range map[float64]graph.Result{2: double, 0.5: half} {
			for i, got := range p.Result(r).Float32s() {
				if float64(got) != factor*x[i] {
					t.Errorf("element %d is %v, want %v", i, got, factor*x[i])
				}
			}
		}
		if len(p.Outputs()) != 0 || p.Result(graph.Result{}) != nil {
			t.Errorf("outputs %v, and no handle gives %v", p.Outputs(), p.Result(graph.Result{}))
		}
	}
}

func TestSetInputErrors(t *testing.T) {
	p := program(t, config(t, tensor.Float32), embed)
	for name, c := range map[string]struct {
		name string
		t    *tensor.Dense
		want graph.Error
	}{
		"name":  {"z", dense(tensor.Float32, counting(2)), graph.Error{Field: "input", Value: "z"}},
		"nil":   {"x", nil, graph.Error{Field: "x"}},
		"dtype": {"x", dense(tensor.Float64, counting(2, 3)), graph.Error{Field: "x", Value: "float64"}},
		"ints":  {"x", tensor.New(tensor.WithBacking([]int{1, 2})), graph.Error{Field: "x", Value: "int"}},
		"shape": {"x", dense(tensor.Float32, counting(3, 2)), graph.Error{Field: "x", Value: "[3, 2]"}},
		"rank":  {"x", dense(tensor.Float32, counting(6)), graph.Error{Field: "x", Value: "[6]"}},
	} {
		checkError(t, name, p.SetInput(c.name, c.t), c.want)
	}
	checkError(t, "unset input", p.Run(graph.Tick{}), graph.Error{Field: "i"})
}

// A single number may come as a scalar or as a vector of one element.
func TestSingleNumberInput(t *testing.T) {
	p := program(t, config(t, tensor.Float64), func(s *graph.Scope) { s.Output("y", s.Input("x", graph.Shape{}).Square()) })
	for _, in := range []*tensor.Dense{tensor.New(tensor.FromScalar(3.0)), tensor.New(tensor.WithBacking([]float64{3}))} {
		if err := p.SetInput("x", in); err != nil {
			t.Fatal(err)
		}
		run(t, p, nil)
		if got := output(t, p, "y")[0]; got != 9 {
			t.Errorf("got %v, want 9", got)
		}
	}
}

// What is written to a row-major input before a run is what the run sees.
func TestInputSharesMemory(t *testing.T) {
	p := program(t, config(t, tensor.Float64), func(s *graph.Scope) { s.Output("y", s.Input("x", graph.Shape{2}).Scale(2)) })
	in := dense(tensor.Float64, counting(2))
	if err := p.SetInput("x", in); err != nil {
		t.Fatal(err)
	}
	in.Float64s()[1] = 21
	run(t, p, nil)
	if got := output(t, p, "y"); got[1] != 42 {
		t.Errorf("got %v", got)
	}
}

// An index that is out of range names the layer, and the program runs again.
func TestIndexErrors(t *testing.T) {
	for _, dt := range dtypes {
		p := program(t, config(t, dt), embed)
		for _, bad := range []float64{-1, 4, 0.5, 1e30, math.NaN(), math.Inf(1), math.Inf(-1)} {
			index := array{Shape: []int{2}, Data: []float64{0, bad}}
			for name, a := range map[string]array{"i": index, "x": counting(2, 3)} {
				if err := p.SetInput(name, dense(dt, a)); err != nil {
					t.Fatal(err)
				}
			}
			err := p.Run(graph.Tick{})
			checkError(t, "index", err, graph.Error{Path: "model/embedding", Field: "index 1", Value: bad})
			run(t, p, map[string]array{"i": {Shape: []int{2}, Data: []float64{0, 3}}})
			if got := output(t, p, "y"); got[5] != 6 {
				t.Errorf("after an error: got %v", got)
			}
		}
	}
}

// A kernel that panics becomes an error with the path of its layer, whether it
// runs forwards or backwards; so does a draw.
func TestPanicsInARun(t *testing.T) {
	boom := func(x float64) float64 {
		if x < 0 {
			panic("boom")
		}
		return x
	}
	p := program(t, config(t, tensor.Float32), func(s *graph.Scope) {
		x, z := s.Input("x", graph.Shape{2}), s.Input("z", graph.Shape{2})
		var y graph.Value
		s.Within("model", func() {
			s.Within("layer", func() { y = x.Map("mine", boom, nil) })
			s.Within("other", func() {
				y = y.Add(z.Map("yours", math.Abs, func(x, _ float64) float64 { return boom(x) }))
			})
		})
		s.Output("y", y)
		s.Output("gradient", s.Gradients(y.Sum(), z)[0])
	})
	pair := func(a, b float64) map[string]array {
		return map[string]array{"x": {Shape: []int{2}, Data: []float64{1, a}}, "z": {Shape: []int{2}, Data: []float64{1, b}}}
	}
	for want, in := range map[string]map[string]array{
		"model/layer: mine panicked: boom":           pair(-1, 1),
		"model/other: yours gradient panicked: boom": pair(1, -1),
	} {
		for name, a := range in {
			if err := p.SetInput(name, dense(tensor.Float32, a)); err != nil {
				t.Fatal(err)
			}
		}
		wantError(t, "run", p.Run(graph.Tick{}), want)
		run(t, p, pair(2, 3))
		if got := output(t, p, "y"); got[1] != 5 {
			t.Errorf("after a panic: got %v", got)
		}
	}
}

func TestProgramWithoutOutputs(t *testing.T) {
	_, err := graph.NewProgram(config(t, tensor.Float32), func(s *graph.Scope) { s.Input("x", graph.Shape{2}) })
	checkError(t, "no output", err, graph.Error{Field: "program"})
	_, err = graph.NewProgram(graph.Config{}, embed)
	checkError(t, "no parameters", err, graph.Error{Field: "Config.Params"})
	checkError(t, "no parameters", graph.Shapes(graph.Config{}, embed), graph.Error{Field: "Config.Params"})
	_, err = graph.NewProgram(config(t, tensor.Float32), nil)
	wantError(t, "nothing to build", err, "building panicked")
}

// Values of another graph, or of none, are refused.
func TestForeignValues(t *testing.T) {
	var stray graph.Value
	program(t, config(t, tensor.Float32), func(s *graph.Scope) {
		stray = s.Input("x", graph.Shape{2})
		s.Output("y", stray)
	})
	for name, c := range map[string]struct {
		field string
		use   func(s *graph.Scope)
	}{
		"operand":  {"add", func(s *graph.Scope) { s.Output("y", s.Const(1, graph.Shape{2}).Add(stray)) }},
		"output":   {"output y", func(s *graph.Scope) { s.Output("y", stray) }},
		"no value": {"output y", func(s *graph.Scope) { s.Output("y", graph.Value{}) }},
		"loss":     {"loss", func(s *graph.Scope) { s.AddLoss(graph.Value{}) }},
		"gradient": {"gradient", func(s *graph.Scope) { s.Gradients(s.Const(1, graph.Shape{}), stray) }},
	} {
		_, err := graph.NewProgram(config(t, tensor.Float32), c.use)
		checkError(t, name, err, graph.Error{Field: c.field})
		checkError(t, name+" symbolic", graph.Shapes(config(t, tensor.Float32), c.use), graph.Error{Field: c.field})
	}
}

// A derivative of a derivative is right, or an error, and never 0 in silence.
func TestSecondDerivatives(t *testing.T) {
	p := program(t, config(t, tensor.Float64), func(s *graph.Scope) {
		x := s.Input("x", graph.Shape{2})
		first := s.Gradients(x.Times(x).Times(x).Sum(), x)[0]
		s.Output("y", s.Gradients(first.Sum(), x)[0])
	})
	run(t, p, map[string]array{"x": {Shape: []int{2}, Data: []float64{2, -1}}})
	if got := output(t, p, "y"); math.Abs(got[0]-12) > 1e-12 || math.Abs(got[1]+6) > 1e-12 {
		t.Errorf("got %v, want [12 -6]", got)
	}
	_, err := graph.NewProgram(config(t, tensor.Float64), func(s *graph.Scope) {
		s.Within("layer", func() {
			x := s.Input("x", graph.Shape{2})
			s.Output("y", s.Gradients(s.Gradients(x.Tanh().Sum(), x)[0].Sum(), x)[0])
		})
	})
	checkError(t, "tanh", err, graph.Error{Path: "layer", Field: "tanh gradient"})
	if strings.Count(err.Error(), "layer") != 1 {
		t.Errorf("the path occurs twice in %q", err)
	}
}

// odd makes a tensor by a random chain of slicing, transposing and column-major
// order, whose elements differ from each other.
func odd(t *rapid.T) *tensor.Dense {
	shape := shapes(1, 4).Draw(t, "shape")
	a := counting(shape...)
	d := dense(tensor.Float64, a)
	if len(shape) > 1 && rapid.Bool().Draw(t, "columns first") {
		d = tensor.New(tensor.WithShape(shape...), tensor.AsFortran(append([]float64{}, a.Data...)))
	}
	for range rapid.IntRange(0, 3).Draw(t, "steps") {
		switch {
		case d.Dims() == 0:
		case rapid.Bool().Draw(t, "transpose"):
			order := make([]int, d.Dims())
			for i := range order {
				order[i] = i
			}
			order = rapid.Permutation(order).Draw(t, "order")
			attempt(t, func() error { return d.T(order...) })
		default:
			axis := rapid.IntRange(0, d.Dims()-1).Draw(t, "axis")
			from := rapid.IntRange(0, d.Shape()[axis]-1).Draw(t, "from")
			cut := make([]tensor.Slice, d.Dims())
			cut[axis] = tensor.S(from, rapid.IntRange(from+1, d.Shape()[axis]).Draw(t, "to"))
			attempt(t, func() error {
				v, err := d.Slice(cut...)
				if err == nil {
					d = v.(*tensor.Dense)
				}
				return err
			})
		}
	}
	return d
}

// attempt skips the case where package tensor cannot do what is asked: it fails
// or panics on some of the tensors that it makes itself.
func attempt(t *rapid.T, f func() error) {
	defer func() {
		if r := recover(); r != nil {
			t.Skip("tensor panicked:", r)
		}
	}()
	if err := f(); err != nil {
		if _, nothing := err.(tensor.NoOpError); !nothing {
			t.Skip("tensor:", err)
		}
	}
}

// elementsOf reads a tensor through its own indexing, place by place.
func elementsOf(t *rapid.T, d *tensor.Dense) array {
	if d.Dims() == 0 {
		return array{Shape: []int{}, Data: []float64{d.ScalarValue().(float64)}}
	}
	return tabulate(d.Shape(), func(at []int) float64 {
		x, err := d.At(at...)
		if err != nil {
			t.Fatalf("%v", err)
		}
		return x.(float64)
	})
}

// Inputs and parameters take a tensor of any strides for what it is.
func TestInputOfAnyStrides(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := odd(t)
		want := elementsOf(t, d)
		cfg := config(t, tensor.Float64)
		p, err := graph.NewProgram(cfg, func(s *graph.Scope) {
			s.Output("x", s.Input("x", want.Shape))
			s.Output("w", s.Param("w", want.Shape, constant(0)))
		})
		if err != nil {
			t.Fatalf("%v", err)
		}
		defer p.Close()
		if err := p.SetInput("x", d); err != nil {
			t.Fatalf("%v", err)
		}
		if err := cfg.Params.Set(map[string]*tensor.Dense{"w": wrapScalar(d)}); err != nil {
			t.Fatalf("%v", err)
		}
		run(t, p, nil)
		near(t, "input", array{Shape: want.Shape, Data: output(t, p, "x")}, want, 0)
		near(t, "parameter", array{Shape: want.Shape, Data: output(t, p, "w")}, want, 0)
		near(t, "the tensor afterwards", elementsOf(t, d), want, 0)
	})
}

// wrapScalar makes a vector of a scalar.
func wrapScalar(d *tensor.Dense) *tensor.Dense {
	if d.Dims() == 0 {
		return dense(tensor.Float64, array{Data: []float64{d.ScalarValue().(float64)}})
	}
	return d
}
