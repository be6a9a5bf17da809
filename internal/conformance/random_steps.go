package conformance

import (
	"bytes"
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/graph/graphtest"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/models"
	"gorgonia.org/tensor"
	"pgregory.net/rapid"
)

// checkSteps draws models for a stepper. A random model is refused by it, by the path of the layer that cannot
// run one step at a time, or gives at every step what Predict gives for the steps
// so far.
func (r random) checkSteps(t *testing.T) {
	ran, refused := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		d, in := r.layers(t, rapid.SliceOfN(rapid.SampledFrom(r.parts), 2, 7).Draw(t, "layers"), graph.Any)
		for _, x := range d.tensors[4:] { // the first stand for the inputs
			if runSteps(t, r.stepModel(x, in)) {
				ran++
			} else {
				refused++
			}
		}
	})
	t.Logf("%d models ran, and %d were refused", ran, refused)
	if all := ran + refused; ran < all/4 || refused < all/20 {
		t.Errorf("%d models ran and %d were refused: too few to tell", ran, refused)
	}
}

// stepModel is a model of a Drawn tensor, with an output for each input.
func (r random) stepModel(x Drawn, in models.Inputs) *models.Functional {
	return models.NewFunctional(models.Config{Seed: 1, Dtype: tensor.Float64, Custom: r.custom}, in, models.Outputs{
		x.Tensor,
		models.Use(layers.Dense{Units: 1}).Call(in[0]),
		models.Use(layers.Flatten{}).Call(in[1]),
		models.Use(layers.Dense{Units: 1}).Call(in[2]),
		models.Use(layers.Embedding{InputDim: 5, OutputDim: 1}).Call(in[3]),
	})
}

// runSteps runs a model step by step, and tells whether it could be.
func runSteps(t rapid.TB, m *models.Functional) bool {
	inputs := randomInputs()
	clear(inputs[0].Float64s()[2:4]) // steps in the middle that are masked, too
	clear(inputs[3].Float64s()[2:3])
	st, err := m.Stepper(models.StepperConfig{Batch: 3, Sequences: []string{"series", "words"}, Memory: 4})
	if err != nil {
		var e graph.Error
		if !errors.As(err, &e) || !strings.HasPrefix(e.Path, "functional/") || !strings.Contains(e.Rule, "one step at a time") {
			t.Fatalf("refused without a path and a reason: %v", err)
		}
		return false
	}
	text, err := m.JSON()
	if err != nil {
		t.Fatal(err)
	}
	n := 4
	if bytes.Contains(text, []byte("RandomState")) {
		n = 1 // where it draws depends on the steps that were done, also for what stays the same
	}
	for i := range n {
		now, sofar := slices.Clone(inputs), slices.Clone(inputs)
		for _, k := range []int{0, 3} {
			now[k], sofar[k] = steps(inputs[k], i, i+1), steps(inputs[k], 0, i+1)
		}
		got, err := st.StepAll(context.Background(), now...)
		if err != nil {
			t.Fatal(err)
		}
		want, err := m.PredictAll(context.Background(), sofar...)
		if err != nil {
			t.Fatal(err)
		}
		for k, w := range want {
			if !slices.Equal(got[k].Shape(), w.Shape()) { // a sequence, of which this is the last step
				w = steps(w, i, i+1)
			}
			if !slices.Equal(got[k].Shape(), w.Shape()) {
				t.Fatalf("step %d: output %d has the shape %v, want %v", i, k, got[k].Shape(), w.Shape())
			}
			for j, x := range w.Float64s() {
				if y := got[k].Float64s()[j]; !(math.Abs(y-x) <= graphtest.Tol64) {
					t.Errorf("step %d: output %d is %v, want %v", i, k, got[k], w)
					break
				}
			}
		}
	}
	return true
}

// steps are some steps of all samples, copied.
func steps(x *tensor.Dense, from, to int) *tensor.Dense {
	shape := slices.Clone([]int(x.Shape()))
	n := shape[1]
	shape[1] = to - from
	out := tensor.New(tensor.Of(tensor.Float64), tensor.WithShape(shape...))
	size := graph.Shape(shape[2:]).Size()
	for i := range shape[0] {
		copy(out.Float64s()[i*(to-from)*size:], x.Float64s()[(i*n+from)*size:(i*n+to)*size])
	}
	return out
}
