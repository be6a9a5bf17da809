package losses_test

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/graph/graphtest"
	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/errs/errtest"
	"github.com/engram-go/engram/train/losses"
	"gorgonia.org/tensor"
	"pgregory.net/rapid"
)

var (
	_ = describe(specimen{
		Loss: losses.BinaryCrossentropy{}, Golden: []string{"binary", "binary_smooth", "binary_logits", "binary_logits_smooth"},
		Draw: drawProbabilities, Bad: map[string]losses.Loss{"LabelSmoothing": losses.BinaryCrossentropy{LabelSmoothing: 1.5}},
		Line: func(y, yhat []float64) float64 {
			sum := 0.0
			for i, p := range yhat {
				sum -= y[i]*math.Log(p) + (1-y[i])*math.Log(1-p)
			}
			return sum / float64(len(y))
		},
	})
	_ = describe(specimen{
		Loss: losses.CategoricalCrossentropy{}, Golden: []string{"categorical", "categorical_smooth", "categorical_logits", "categorical_logits_smooth"},
		Draw: drawProbabilities, Bad: map[string]losses.Loss{"LabelSmoothing": losses.CategoricalCrossentropy{LabelSmoothing: 1.5}},
		Line: func(y, yhat []float64) float64 {
			loss, sum := 0.0, sumOf(yhat)
			for i, p := range yhat {
				loss -= y[i] * math.Log(p/sum)
			}
			return loss
		},
	})
	_ = describe(specimen{
		Loss: losses.BinaryFocalCrossentropy{}, Draw: drawProbabilities,
		Golden: []string{"binary_focal", "binary_focal_logits", "binary_focal_balanced", "binary_focal_half"},
		Bad: map[string]losses.Loss{
			"LabelSmoothing": losses.BinaryFocalCrossentropy{LabelSmoothing: 1.5},
			"Alpha":          losses.BinaryFocalCrossentropy{Alpha: new(1.5)},
			"Gamma":          losses.BinaryFocalCrossentropy{Gamma: new(-1.0)},
		},
		Line: meanOfPairs(func(y, p float64) float64 {
			missed := 1 - (y*p + (1-y)*(1-p))
			return -missed * missed * (y*math.Log(p) + (1-y)*math.Log(1-p))
		}),
	})
	_ = describe(specimen{
		Loss: losses.CategoricalFocalCrossentropy{}, Draw: drawProbabilities,
		Golden: []string{"categorical_focal", "categorical_focal_logits", "categorical_focal_classes"},
		Bad: map[string]losses.Loss{
			"LabelSmoothing": losses.CategoricalFocalCrossentropy{LabelSmoothing: 1.5},
			"Alpha":          losses.CategoricalFocalCrossentropy{Alpha: []float64{1, 2, 3}},
			"Alpha[1]":       losses.CategoricalFocalCrossentropy{Alpha: []float64{1, -2}},
			"Gamma":          losses.CategoricalFocalCrossentropy{Gamma: new(math.NaN())},
		},
		Line: func(y, yhat []float64) float64 {
			loss, sum := 0.0, sumOf(yhat)
			for i, p := range yhat {
				p /= sum
				loss -= 0.25 * (1 - p) * (1 - p) * y[i] * math.Log(p)
			}
			return loss
		},
	})
	_ = describe(specimen{
		Loss: losses.KLDivergence{}, Golden: []string{"kl"}, Draw: drawProbabilities,
		Line: func(y, yhat []float64) float64 {
			loss := 0.0
			for i, p := range yhat {
				q := max(y[i], 1e-7)
				loss += q * math.Log(q/p)
			}
			return loss
		},
	})
	_ = describe(specimen{
		Loss: losses.SparseCategoricalCrossentropy{}, Golden: []string{"sparse", "sparse_logits"},
		Line: func(y, yhat []float64) float64 { return -math.Log(yhat[int(y[0])] / sumOf(yhat)) },
		Draw: func(t *rapid.T, width int) (y, yhat []float64) {
			_, yhat = drawProbabilities(t, width)
			return []float64{float64(rapid.IntRange(0, width-1).Draw(t, "class"))}, yhat
		},
	})
)

func sumOf(x []float64) (sum float64) {
	for _, x := range x {
		sum += x
	}
	return sum
}

func drawProbabilities(t *rapid.T, width int) (y, yhat []float64) {
	target, output := rapid.Float64Range(0, 1), rapid.Float64Range(0.01, 0.99)
	return rapid.SliceOfN(target, width, width).Draw(t, "y"), rapid.SliceOfN(output, width, width).Draw(t, "yhat")
}

// crossentropies are the losses of the golden file, with the names of their
// targets and outputs there.
var crossentropies = map[string]struct {
	loss           losses.Loss
	target, output string
}{
	"binary":                    {losses.BinaryCrossentropy{}, "yes", "probabilities"},
	"binary_smooth":             {losses.BinaryCrossentropy{LabelSmoothing: 0.25}, "yes", "probabilities"},
	"binary_logits":             {losses.BinaryCrossentropy{FromLogits: true}, "yes", "logits"},
	"binary_logits_smooth":      {losses.BinaryCrossentropy{FromLogits: true, LabelSmoothing: 0.25}, "yes", "logits"},
	"categorical":               {losses.CategoricalCrossentropy{}, "shares", "probabilities"},
	"categorical_smooth":        {losses.CategoricalCrossentropy{LabelSmoothing: 0.25}, "shares", "probabilities"},
	"categorical_logits":        {losses.CategoricalCrossentropy{FromLogits: true}, "shares", "logits"},
	"categorical_logits_smooth": {losses.CategoricalCrossentropy{FromLogits: true, LabelSmoothing: 0.25}, "shares", "logits"},
	"sparse":                    {losses.SparseCategoricalCrossentropy{}, "classes", "probabilities"},
	"sparse_logits":             {losses.SparseCategoricalCrossentropy{FromLogits: true}, "classes", "logits"},
	"binary_focal":              {losses.BinaryFocalCrossentropy{}, "yes", "probabilities"},
	"binary_focal_logits":       {losses.BinaryFocalCrossentropy{FromLogits: true}, "yes", "logits"},
	"binary_focal_balanced":     {losses.BinaryFocalCrossentropy{ClassBalancing: true, Alpha: new(0.6), Gamma: new(1.5), LabelSmoothing: 0.25}, "yes", "probabilities"},
	"binary_focal_half":         {losses.BinaryFocalCrossentropy{Gamma: new(0.5), FromLogits: true}, "yes", "logits"},
	"categorical_focal":         {losses.CategoricalFocalCrossentropy{}, "shares", "probabilities"},
	"categorical_focal_logits":  {losses.CategoricalFocalCrossentropy{FromLogits: true}, "shares", "logits"},
	"categorical_focal_classes": {losses.CategoricalFocalCrossentropy{Alpha: []float64{0.5, 0.25, 1, 2}, Gamma: new(1.5), FromLogits: true, LabelSmoothing: 0.25}, "shares", "logits"},
}

func TestCrossentropyGolden(t *testing.T) {
	golden := graphtest.Golden(t, "testdata/crossentropy.npz")
	for _, c := range []struct {
		dtype tensor.Dtype
		tol   float64
	}{{tensor.Float32, graphtest.Tol32}, {tensor.Float64, graphtest.Tol64}} {
		for name, x := range crossentropies {
			got := run(t, c.dtype, map[string]graphtest.Array{"target": golden[x.target], "output": golden[x.output]},
				func(s *graph.Scope, in map[string]graph.Value) map[string]graph.Value {
					steps := x.loss.Loss(in["target"], in["output"])
					total := steps.Mean()
					return map[string]graph.Value{"steps": steps, "total": total, "grad": s.Gradients(total, in["output"])[0]}
				})
			at := fmt.Sprint(c.dtype, " ", name, " ")
			graphtest.CheckOutput(t, at+"steps", got["steps"], golden[name+"_steps"].Data, c.tol)
			graphtest.CheckOutput(t, at+"total", got["total"], golden[name+"_total"].Data, c.tol)
			graphtest.CheckGradient(t, at+"grad", got["grad"], golden[name+"_grad"].Data, c.tol)
		}
	}
}

// Away from the limits of probabilities, where there is a kink. What varies in
// the target is its share: classes have no gradient.
func TestCrossentropyGradients(t *testing.T) {
	for name, x := range crossentropies {
		t.Log(name)
		for i, shape := range [][]int{{1, 2}, {3, 4}, {2, 3, 2}} {
			if name == "categorical_focal_classes" {
				shape[len(shape)-1] = 4 // it has a weight for each
			}
			graphtest.CheckGrad(t, func(s *graph.Scope, in []graph.Value) graph.Value {
				target, output := in[0].Sigmoid(), in[1]
				if x.target == "classes" {
					lead := graph.Shape(shape[:len(shape)-1])
					places := make([]float64, lead.Size())
					for k := range places {
						places[k] = float64((k + i) % shape[len(shape)-1])
					}
					target = s.Values(places, lead)
				}
				if x.output == "probabilities" {
					output = output.Sigmoid()
				}
				return x.loss.Loss(target, output)
			}, graphtest.Input(2*i, shape...), graphtest.Input(2*i+1, shape...))
		}
	}
}

// Targets that are classes give what the same targets one-hot give, in both
// shapes that they may have; and two classes are yes and no.
func TestCrossentropiesAgree(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(2, 5).Draw(t, "classes")
		lead := rapid.SliceOfN(rapid.IntRange(1, 4), 1, 2).Draw(t, "lead")
		size := graph.Shape(lead).Size()
		class := rapid.SliceOfN(rapid.IntRange(0, n-1), size, size).Draw(t, "class")
		z := rapid.SliceOfN(rapid.Float64Range(-50, 50), size*n, size*n).Draw(t, "logits")
		numbers, hot := make([]float64, size), make([]float64, size*n)
		for i, k := range class {
			numbers[i], hot[i*n+k] = float64(k), 1
		}
		of := func(more ...int) []int { return append(append([]int{}, lead...), more...) }
		got := run(t, tensor.Float64, map[string]graphtest.Array{
			"class": {Shape: lead, Data: numbers}, "column": {Shape: of(1), Data: numbers},
			"hot": {Shape: of(n), Data: hot}, "z": {Shape: of(n), Data: z},
		}, func(s *graph.Scope, in map[string]graph.Value) map[string]graph.Value {
			sparse := losses.SparseCategoricalCrossentropy{FromLogits: true}
			p := in["z"].Clip(-5, 5).Softmax(-1)
			out := map[string]graph.Value{
				"sparse":          sparse.Loss(in["class"], in["z"]),
				"column":          sparse.Loss(in["column"], in["z"]),
				"categorical":     losses.CategoricalCrossentropy{FromLogits: true}.Loss(in["hot"], in["z"]),
				"p sparse":        losses.SparseCategoricalCrossentropy{}.Loss(in["class"], p),
				"p column":        losses.SparseCategoricalCrossentropy{}.Loss(in["column"], p),
				"p categorical":   losses.CategoricalCrossentropy{}.Loss(in["hot"], p),
				"p scaled":        losses.CategoricalCrossentropy{}.Loss(in["hot"], p.Scale(0.5)),
				"p of the logits": sparse.Loss(in["class"], in["z"].Clip(-5, 5)),
			}
			if n == 2 { // σ(z₁ − z₀) is the softmax of both
				odds := in["z"].At(-1, 1).Sub(in["z"].At(-1, 0)).Unsqueeze(-1)
				out["binary"] = losses.BinaryCrossentropy{FromLogits: true}.Loss(in["column"], odds)
			}
			return out
		})
		for name, values := range got {
			want := got["sparse"]
			if name[0] == 'p' {
				want = got["p sparse"]
			}
			for i, x := range values {
				if !(math.Abs(x-want[i]) <= 1e-12*max(1, want[i])) {
					t.Fatalf("%s: got %v, want %v", name, values, want)
				}
			}
		}
	})
}

// What is not finite must show, and not be clipped away, at the class of the
// first target and at another one, where a logit of −∞ is a class that cannot be.
func TestCrossentropyPassesOnWhatIsNotFinite(t *testing.T) {
	golden := graphtest.Golden(t, "testdata/crossentropy.npz")
	for name, x := range crossentropies {
		for _, bad := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
			for _, place := range []int{0, 2} {
				if place == 0 && math.IsInf(bad, -1) {
					continue
				}
				output := golden[x.output]
				output.Data = append([]float64{}, output.Data...)
				output.Data[place] = bad
				loss, err := firstLoss(t, x.loss, golden[x.target], output)
				if err == nil && loss-loss == 0 {
					t.Errorf("%s of %v: got %v", name, bad, loss)
				}
			}
		}
	}
}

// firstLoss is the loss of the first sample and step, or the error of the run.
func firstLoss(t *testing.T, loss losses.Loss, target, output graphtest.Array) (float64, error) {
	t.Helper()
	params, err := graph.NewParams(tensor.Float64, 1)
	if err != nil {
		t.Fatal(err)
	}
	prog, err := graph.NewProgram(graph.Config{Params: params}, func(s *graph.Scope) {
		y, yhat := s.Values(target.Data, graph.Shape(target.Shape)), s.Values(output.Data, graph.Shape(output.Shape))
		s.Output("loss", loss.Loss(y, yhat))
	})
	if err != nil {
		t.Fatal(err)
	}
	defer prog.Close()
	if err := prog.Run(graph.Tick{}); err != nil {
		return 0, err
	}
	out, err := prog.Output("loss")
	if err != nil {
		t.Fatal(err)
	}
	return out.Float64s()[0], nil
}

// Who gives one kind of targets to a loss of the other is told which loss takes them.
func TestOtherLossForTargets(t *testing.T) {
	for loss, shape := range map[losses.Loss]graph.Shape{
		losses.CategoricalCrossentropy{}: {4}, losses.CategoricalHinge{}: {4, 1}, losses.KLDivergence{}: {4},
		losses.SparseCategoricalCrossentropy{}: {4, 3},
	} {
		want := "SparseCategoricalCrossentropy"
		if (loss == losses.SparseCategoricalCrossentropy{}) {
			want = "CategoricalCrossentropy"
		}
		params, err := graph.NewParams(tensor.Float32, 1)
		if err != nil {
			t.Fatal(err)
		}
		err = graph.Shapes(graph.Config{Params: params}, func(s *graph.Scope) {
			loss.Loss(s.Input("target", shape), s.Input("output", graph.Shape{4, 3}))
		})
		errtest.Check(t, err, errs.Error{Field: "target", Value: shape})
		if !strings.Contains(err.Error(), " "+want+" takes") {
			t.Errorf("%T: %v", loss, err)
		}
	}
}

// Bad data are an error of the run.
func TestCrossentropyRefusesData(t *testing.T) {
	binary, sparse := losses.BinaryCrossentropy{}, losses.SparseCategoricalCrossentropy{FromLogits: true}
	for _, c := range []struct {
		loss           losses.Loss
		target, output []float64 // [2, 1] or [2], and [2, 2]
		want           errs.Error
	}{
		{binary, []float64{0, 1, 0, 2}, []float64{0, 1, 0, 1}, errs.Error{Path: "loss", Field: "target", Value: "2"}},
		{binary, []float64{0, 1, 0, -1}, []float64{0, 1, 0, 1}, errs.Error{Path: "loss", Field: "target", Value: "-1"}},
		{binary, []float64{0, 1, 0, 1}, []float64{0, 1, -0.5, 1}, errs.Error{Path: "loss", Field: "output", Value: "-0.5"}},
		{binary, []float64{0, 1, 0, 1}, []float64{0, 1.5, 0, 1}, errs.Error{Path: "loss", Field: "output", Value: "1.5"}},
		{losses.BinaryCrossentropy{FromLogits: true}, []float64{0, 1, 0, 2}, []float64{0, 1, 0, 1}, errs.Error{Path: "loss", Field: "target", Value: "2"}},
		{losses.CategoricalCrossentropy{}, []float64{0, 1, 0, 3}, []float64{0, 1, 0, 1}, errs.Error{Path: "loss", Field: "target", Value: "3"}},
		{losses.CategoricalCrossentropy{}, []float64{0, 1, 0, 1}, []float64{0, 1, -2, 1}, errs.Error{Path: "loss", Field: "output", Value: "-2"}},
		{losses.SparseCategoricalCrossentropy{}, []float64{0, 1}, []float64{0, 1, -2, 1}, errs.Error{Path: "loss", Field: "output", Value: "-2"}},
		{sparse, []float64{0, 2}, []float64{0, 1, 0, 1}, errs.Error{Path: "loss", Field: "target", Value: "2"}},
		{sparse, []float64{0, -1}, []float64{0, 1, 0, 1}, errs.Error{Path: "loss", Field: "target", Value: "-1"}},
		{sparse, []float64{0, 0.5}, []float64{0, 1, 0, 1}, errs.Error{Path: "loss", Field: "target", Value: "0.5"}},
	} {
		params, err := graph.NewParams(tensor.Float32, 1)
		if err != nil {
			t.Fatal(err)
		}
		prog, err := graph.NewProgram(graph.Config{Params: params}, func(s *graph.Scope) {
			target := s.Values(c.target, graph.Shape{len(c.target)})
			if len(c.target) == 4 {
				target = s.Values(c.target, graph.Shape{2, 2})
			}
			s.Within("loss", func() { s.Output("loss", c.loss.Loss(target, s.Values(c.output, graph.Shape{2, 2}))) })
		})
		if err != nil {
			t.Fatal(err)
		}
		errtest.Check(t, prog.Run(graph.Tick{}), c.want)
	}
}

func TestCrossentropyRefuses(t *testing.T) {
	open := graph.Any
	for _, c := range []struct {
		loss           losses.Loss
		target, output graph.Shape
		want           errs.Error
	}{
		{losses.BinaryCrossentropy{}, graph.Shape{4}, graph.Shape{4, 1}, errs.Error{Path: "net", Field: "target", Value: "[4]"}},
		{losses.BinaryCrossentropy{LabelSmoothing: -0.1}, graph.Shape{4, 1}, graph.Shape{4, 1}, errs.Error{Path: "net", Field: "BinaryCrossentropy.LabelSmoothing", Value: "-0.1"}},
		{losses.BinaryCrossentropy{LabelSmoothing: math.NaN()}, graph.Shape{4, 1}, graph.Shape{4, 1}, errs.Error{Path: "net", Field: "BinaryCrossentropy.LabelSmoothing", Value: "NaN"}},
		{losses.CategoricalCrossentropy{LabelSmoothing: 1.5}, graph.Shape{4, 2}, graph.Shape{4, 2}, errs.Error{Path: "net", Field: "CategoricalCrossentropy.LabelSmoothing", Value: "1.5"}},
		{losses.CategoricalCrossentropy{LabelSmoothing: math.Inf(1)}, graph.Shape{4, 2}, graph.Shape{4, 2}, errs.Error{Path: "net", Field: "CategoricalCrossentropy.LabelSmoothing", Value: "+Inf"}},
		{losses.CategoricalCrossentropy{}, graph.Shape{4}, graph.Shape{4, 2}, errs.Error{Path: "net", Field: "target", Value: "[4]"}},
		{losses.CategoricalCrossentropy{}, graph.Shape{4, 1}, graph.Shape{4, 1}, errs.Error{Path: "net", Field: "output", Value: "[4, 1]"}},
		{losses.CategoricalCrossentropy{}, graph.Shape{4}, graph.Shape{4}, errs.Error{Path: "net", Field: "output", Value: "[4]"}},
		{losses.SparseCategoricalCrossentropy{}, graph.Shape{4}, graph.Shape{4, 1}, errs.Error{Path: "net", Field: "output", Value: "[4, 1]"}},
		{losses.SparseCategoricalCrossentropy{}, graph.Shape{}, graph.Shape{}, errs.Error{Path: "net", Field: "output", Value: "[]"}},
		{losses.SparseCategoricalCrossentropy{}, graph.Shape{4, 3}, graph.Shape{4, 3}, errs.Error{Path: "net", Field: "target", Value: "[4, 3]"}},
		{losses.SparseCategoricalCrossentropy{}, graph.Shape{4}, graph.Shape{4, 5, 3}, errs.Error{Path: "net", Field: "target", Value: "[4]"}},
		{losses.SparseCategoricalCrossentropy{}, graph.Shape{open, 6}, graph.Shape{open, 5, 3}, errs.Error{Path: "net", Field: "target", Value: "[any, 6]"}},
	} {
		params, err := graph.NewParams(tensor.Float32, 1)
		if err != nil {
			t.Fatal(err)
		}
		err = graph.Shapes(graph.Config{Params: params}, func(s *graph.Scope) {
			target, output := s.Input("target", c.target), s.Input("output", c.output)
			s.Within("net", func() { c.loss.Loss(target, output) })
		})
		errtest.Check(t, err, c.want)
	}
}

// The shape of a target follows from that of an output whose axes are open.
func TestTargetShape(t *testing.T) {
	for _, output := range []graph.Shape{{graph.Any, 3}, {graph.Any, graph.Any, 7}} {
		got := losses.SparseCategoricalCrossentropy{}.TargetShape(output)
		if want := output[:len(output)-1]; !got.Equal(want) {
			t.Errorf("of %v: got %v, want %v", output, got, want)
		}
	}
	if got := (losses.SparseCategoricalCrossentropy{}).TargetShape(nil); len(got) != 0 {
		t.Errorf("of nothing: got %v", got)
	}
}

// A step that a mask leaves out has no gradient, even where its outputs are all
// 0, as those of a ReLU may be, and their logarithms no numbers.
func TestCrossentropyOfMaskedZeros(t *testing.T) {
	for name, loss := range map[string]losses.Loss{"binary": losses.BinaryCrossentropy{}, "categorical": losses.CategoricalCrossentropy{}} {
		got := run(t, tensor.Float64, map[string]graphtest.Array{
			"target": {Shape: []int{2, 2}, Data: []float64{0, 1, 0, 1}}, "output": {Shape: []int{2, 2}, Data: []float64{0.5, 0.5, 0, 0}},
		}, func(s *graph.Scope, in map[string]graph.Value) map[string]graph.Value {
			mask := s.Values([]float64{1, 0}, graph.Shape{2})
			total := graph.Where(mask, loss.Loss(in["target"], in["output"]), s.Const(0, graph.Shape{})).Sum()
			return map[string]graph.Value{"grad": s.Gradients(total, in["output"])[0]}
		})["grad"]
		if !(got[0] > 0 && got[1] < 0) || got[2] != 0 || got[3] != 0 {
			t.Errorf("%s: the gradient is %v", name, got)
		}
	}
}
