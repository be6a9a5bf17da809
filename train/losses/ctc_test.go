package losses_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/graph/graphtest"
	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/errs/errtest"
	"github.com/engram-go/engram/train/losses"
	"gorgonia.org/tensor"
	"pgregory.net/rapid"
)

var _ = describe(specimen{
	Loss: losses.CTC{}, Golden: []string{"first", "last"}, Steps: 3,
	Bad: map[string]losses.Loss{"Blank": losses.CTC{Blank: -1}},
	Line: func(y, yhat []float64) float64 {
		n := len(yhat) / 3
		p := func(t, k int) float64 {
			sum := 0.0
			for _, z := range yhat[t*n : (t+1)*n] {
				sum += math.Exp(z)
			}
			return math.Exp(yhat[t*n+k]) / sum
		}
		total := 0.0 // over the first and the last step of the only label
		for from := range 3 {
			for to := from; to < 3; to++ {
				product := 1.0
				for t := range 3 {
					k := 0
					if from <= t && t <= to {
						k = int(y[0])
					}
					product *= p(t, k)
				}
				total += product
			}
		}
		return -math.Log(total)
	},
	Draw: func(t *rapid.T, width int) (y, yhat []float64) {
		label := float64(rapid.IntRange(1, width-1).Draw(t, "label"))
		return []float64{label, 0}, rapid.SliceOfN(rapid.Float64Range(-2, 2), 3*width, 3*width).Draw(t, "logits")
	},
})

// sequences are losses of whole sequences under the names of the golden file, where their
// targets are.
var sequences = map[string]struct{ loss losses.Loss }{
	"first": {losses.CTC{}},
	"last":  {losses.CTC{Blank: 5}},
}

// Values and gradients of PyTorch, of logits and behind a softmax.
func TestCTCGolden(t *testing.T) {
	golden := graphtest.Golden(t, "testdata/ctc.npz")
	for dtype, tol := range map[tensor.Dtype]float64{tensor.Float32: graphtest.Tol32, tensor.Float64: graphtest.Tol64} {
		for name, x := range sequences {
			for _, softmax := range []bool{false, true} {
				got := run(t, dtype, map[string]graphtest.Array{"labels": golden[name], "z": golden["logits"], "mask": golden["mask"]},
					func(s *graph.Scope, in map[string]graph.Value) map[string]graph.Value {
						output := in["z"]
						if softmax {
							output = output.Softmax(-1)
						}
						samples := x.loss.Loss(in["labels"], output.WithMask(in["mask"]))
						total := samples.Mean()
						return map[string]graph.Value{"samples": samples, "total": total, "grad": s.Gradients(total, in["z"])[0]}
					})
				at := fmt.Sprint(dtype, " ", name, " ", softmax, " ")
				graphtest.CheckOutput(t, at+"samples", got["samples"], golden[name+"_samples"].Data, tol)
				graphtest.CheckOutput(t, at+"total", got["total"], golden[name+"_total"].Data, tol)
				graphtest.CheckGradient(t, at+"grad", got["grad"], golden[name+"_grad"].Data, tol)
			}
		}
	}
}

// Labels without enough steps are an error, and so is what is no softmax.
func TestCTCRefuses(t *testing.T) {
	logits := graphtest.Array{Shape: []int{1, 3, 3}, Data: make([]float64, 9)}
	_, err := firstLoss(t, losses.CTC{}, graphtest.Array{Shape: []int{1, 3}, Data: []float64{1, 2, 1}}, logits)
	if err != nil {
		t.Error(err)
	}
	for _, labels := range [][]float64{{1, 1, 2}, {1, 2, 1, 2}} {
		_, err := firstLoss(t, losses.CTC{}, graphtest.Array{Shape: []int{1, len(labels)}, Data: labels}, logits)
		errtest.Check(t, err, errs.Error{Field: "CTC", Value: "+Inf"})
	}
	params, err := graph.NewParams(tensor.Float32, 1)
	if err != nil {
		t.Fatal(err)
	}
	errtest.Check(t, graph.Shapes(graph.Config{Params: params}, func(s *graph.Scope) {
		losses.CTC{}.Loss(s.Input("target", graph.Shape{4, 2}), s.Input("output", graph.Shape{4, 5, 3}).Sigmoid())
	}), errs.Error{Field: "output", Value: "[4, 5, 3]"})
}

// Two samples of three steps, with the classes 0 for the blank, 1 and 2: [batch, steps,
// classes]. The second has one label, so its second place is filled up with the blank.
func ExampleCTC() {
	show(losses.CTC{},
		[]float64{1, 2, 1, 0}, graph.Shape{2, 2},
		[]float64{0, 3, 0, 3, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0}, graph.Shape{2, 3, 3})
	// Output: [0.185 1.504]
}
