package graph_test

import (
	"testing"

	"github.com/engram-go/engram/graph"
	"gorgonia.org/tensor"
)

// What a value was computed from is known as long as its elements stay as they
// are, with known and with open axes.
func TestSoftmaxOfAndSigmoidOf(t *testing.T) {
	type value = graph.Value
	softmax := func(v value) value { return v.Softmax(-1) }
	sigmoid := func(v value) value { return v.Sigmoid() }
	for name, c := range map[string]struct {
		of      func(v value) value
		softmax bool
		sigmoid bool
	}{
		"softmax":                          {softmax, true, false},
		"softmax along the last of three":  {func(v value) value { return v.Softmax(2) }, true, false},
		"softmax with a mask":              {func(v value) value { return softmax(v).WithMask(v.Mean(-1)).WithPace(graph.Stepped) }, true, false},
		"softmax of reshaped samples":      {func(v value) value { return softmax(v).Reshape(2, 3, 1, 4) }, true, false},
		"softmax reshaped twice":           {func(v value) value { return softmax(v).Reshape(6, 4).Reshape(2, 3, 4) }, true, false},
		"sigmoid":                          {sigmoid, false, true},
		"sigmoid reshaped":                 {func(v value) value { return sigmoid(v).Reshape(2, 12) }, false, true},
		"softmax along another axis":       {func(v value) value { return v.Softmax(1) }, false, false},
		"softmax with its classes divided": {func(v value) value { return softmax(v).Reshape(2, 3, 2, 2) }, false, false},
		"softmax that is transposed":       {func(v value) value { return softmax(v).Transpose(0, 2, 1) }, false, false},
		"softmax that is scaled":           {func(v value) value { return softmax(v).Scale(0.5) }, false, false},
		"a piece of a sigmoid":             {func(v value) value { return sigmoid(v).At(1, 0) }, false, false},
		"neither":                          {func(v value) value { return v }, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			build := func(s *graph.Scope) {
				in := s.Input("x", graph.Shape{2, 3, 4})
				v := c.of(in)
				for _, k := range []struct {
					what string
					want bool
					get  func() (value, bool)
				}{{"softmax", c.softmax, v.SoftmaxOf}, {"sigmoid", c.sigmoid, v.SigmoidOf}} {
					logits, ok := k.get()
					if ok != k.want {
						t.Errorf("%s: got %v, want %v", k.what, ok, k.want)
					}
					if _, masked := logits.Mask(); ok && (masked || !logits.Shape().Equal(v.Shape())) {
						t.Errorf("%s: the logits have the shape %v and a mask: %v", k.what, logits.Shape(), masked)
					}
				}
				s.Output("y", v)
			}
			params, err := graph.NewParams(tensor.Float64, 1)
			if err != nil {
				t.Fatal(err)
			}
			if err := graph.Shapes(graph.Config{Params: params}, build); err != nil {
				t.Error(err)
			}
			p, err := graph.NewProgram(graph.Config{Params: params}, build)
			if err != nil {
				t.Fatal(err)
			}
			p.Close()
		})
	}
}
