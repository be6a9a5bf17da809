package losses_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/graph/graphtest"
	"github.com/engram-go/engram/train/losses"
	"gorgonia.org/tensor"
)

// Cross-entropies of logits with masks, weights of classes and label smoothing, which the
// trainer applies to the loss of each step as here. Classes with label smoothing are
// targets that are 1 for the class.
func TestLogitsGolden(t *testing.T) {
	golden := graphtest.Golden(t, "testdata/logits.npz")
	excluded := golden["logits"]
	const at = (1*4 + 0) * 7 // of the line with a class that cannot be, which is 3
	if excluded.Data[at+3] != -1e300 {
		t.Fatalf("the class that cannot be has the logit %v", excluded.Data[at+3])
	}
	plain := graphtest.Array{Shape: excluded.Shape, Data: append([]float64{}, excluded.Data...)}
	excluded.Data[at+3] = math.Inf(-1)
	plain.Data[at+3] = graphtest.Uniform(6200, at+4, 8)[at+3]
	hot, each := graphtest.Array{Shape: excluded.Shape, Data: make([]float64, len(excluded.Data))}, graphtest.Array{Shape: []int{3, 4}, Data: make([]float64, 12)}
	for i, k := range golden["classes"].Data {
		hot.Data[i*7+int(k)] = 1
		each.Data[i] = golden["class_weights"].Data[int(k)]
	}
	sparse, smooth := losses.SparseCategoricalCrossentropy{FromLogits: true}, losses.CategoricalCrossentropy{FromLogits: true, LabelSmoothing: 0.1}
	for name, c := range map[string]struct {
		loss             losses.Loss
		target, z        graphtest.Array
		masked, weighted bool
	}{
		"plain":           {sparse, golden["classes"], excluded, false, false},
		"masked":          {sparse, golden["classes"], excluded, true, false},
		"weighted":        {sparse, golden["classes"], excluded, false, true},
		"masked_weighted": {sparse, golden["classes"], excluded, true, true},
		"smooth":          {smooth, hot, plain, false, false},
		"shares_smooth":   {smooth, golden["shares"], plain, false, false},
		"shares_masked":   {losses.CategoricalCrossentropy{FromLogits: true}, golden["shares"], plain, true, false},
	} {
		for dtype, tol := range map[tensor.Dtype]float64{tensor.Float32: graphtest.Tol32, tensor.Float64: graphtest.Tol64} {
			got := run(t, dtype, map[string]graphtest.Array{"target": c.target, "z": c.z, "mask": golden["mask"], "weights": each},
				func(s *graph.Scope, in map[string]graph.Value) map[string]graph.Value {
					steps := c.loss.Loss(in["target"], in["z"])
					if c.masked {
						steps = graph.Where(in["mask"], steps, s.Const(0, graph.Shape{}))
					}
					if c.weighted {
						steps = steps.Times(in["weights"])
					}
					total := steps.Sum()
					return map[string]graph.Value{"steps": steps, "total": total, "grad": s.Gradients(total, in["z"])[0]}
				})
			what := fmt.Sprint(dtype, " ", name, " ")
			graphtest.CheckOutput(t, what+"steps", got["steps"], golden[name+"_steps"].Data, tol)
			graphtest.CheckOutput(t, what+"total", got["total"], golden[name+"_total"].Data, tol)
			graphtest.CheckGradient(t, what+"grad", got["grad"], golden[name+"_grad"].Data, tol)
		}
	}
}
