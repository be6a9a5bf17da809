package graph_test

import (
	"fmt"
	"runtime"
	"sync"
	"testing"

	"github.com/engram-go/engram/graph"
	"gorgonia.org/tensor"
)

// fit builds y = x·w and the gradient of its squared error.
func fit(batch int) func(s *graph.Scope) {
	return func(s *graph.Scope) {
		x, want := s.Input("x", graph.Shape{batch, 3}), s.Input("want", graph.Shape{batch, 2})
		w := s.Param("w", graph.Shape{3, 2}, constant(0.5))
		// The copy is made in Go: the race detector does not see what assembly
		// reads.
		y := x.MatMul(w.Scale(1)) // [batch, 2]
		s.Output("y", y)
		s.Output("gradient", s.Gradients(y.Sub(want).Square().Sum(), w)[0])
	}
}

// Programs over one set of parameters run at the same time, one of them
// training: each sees the parameters of before or after a step, never of both.
func TestProgramsRunConcurrently(t *testing.T) {
	for _, dt := range dtypes {
		cfg := config(t, dt)
		train := program(t, cfg, fit(4))
		data := map[string]array{"x": counting(4, 3), "want": counting(4, 2)}
		var wg sync.WaitGroup
		for range 3 {
			p := program(t, cfg, fit(1))
			wg.Go(func() {
				for range 200 {
					run(t, p, map[string]array{"x": {Shape: []int{1, 3}, Data: []float64{1, 1, 1}}, "want": counting(1, 2)})
					if y := output(t, p, "y"); y[0] != y[1] { // all elements are equal at every moment
						t.Errorf("got %v: read in the middle of an update", y)
						return
					}
				}
			})
		}
		w := cfg.Params.Get("w").Value()
		for step := range 200 {
			run(t, train, data)
			err := cfg.Params.Update(func() error {
				for i := range w.DataSize() {
					set(w, i, float64(step))
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		wg.Wait()
	}
}

func set(d *tensor.Dense, i int, x float64) {
	if d.Dtype() == tensor.Float32 {
		d.Float32s()[i] = float32(x)
	} else {
		d.Float64s()[i] = x
	}
}

// A second program, of another batch size, sees every change of the parameters.
func TestSecondBatchSize(t *testing.T) {
	cfg := config(t, tensor.Float64)
	big, small := program(t, cfg, fit(4)), program(t, cfg, fit(1))
	x, want := counting(4, 3), counting(4, 2)
	first := map[string]array{"x": {Shape: []int{1, 3}, Data: x.Data[:3]}, "want": {Shape: []int{1, 2}, Data: want.Data[:2]}}
	w := cfg.Params.Get("w").Value().Float64s()
	for step := range 3 {
		run(t, big, map[string]array{"x": x, "want": want})
		run(t, small, first)
		a, b := output(t, big, "y"), output(t, small, "y")
		if a[0] != b[0] || a[1] != b[1] {
			t.Fatalf("step %d: the first row is %v in a batch of 4 and %v in one of 1", step, a[:2], b)
		}
		if exp := x.Data[0]*w[0] + x.Data[1]*w[2] + x.Data[2]*w[4]; b[0] != exp {
			t.Fatalf("step %d: got %v, want %v", step, b[0], exp)
		}
		err := cfg.Params.Update(func() error {
			for i, g := range output(t, big, "gradient") {
				w[i] -= 0.001 * g
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// Matrices large enough that gonum multiplies them on all cores give the same
// bits on any number of them.
func TestSameBitsOnAnyNumberOfCores(t *testing.T) {
	bits := func(dt tensor.Dtype, cores int) string {
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(cores))
		p := program(t, config(t, dt), func(s *graph.Scope) {
			a, b := s.Input("a", graph.Shape{300, 400}), s.Input("b", graph.Shape{400, 500})
			y := a.MatMul(b).Tanh().Softmax(0)
			s.Output("y", y)
			for i, g := range s.Gradients(y.Square().Sum(), a, b) {
				s.Output(fmt.Sprint("gradient ", i), g)
			}
		})
		wave := func(shape ...int) array {
			return tabulate(shape, func(at []int) float64 { return float64((at[0]*7919+at[1]*104729)%2003)/2003 - 0.5 })
		}
		run(t, p, map[string]array{"a": wave(300, 400), "b": wave(400, 500)})
		out := ""
		for _, name := range p.Outputs() {
			out += fmt.Sprintf("%x", checksum(output(t, p, name)))
		}
		return out
	}
	for _, dt := range dtypes {
		want := bits(dt, 1)
		for range 3 {
			if got := bits(dt, 2); got != want {
				t.Errorf("%v: other bits on two cores than on one", dt)
			}
		}
	}
}
