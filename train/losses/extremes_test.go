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

// Outputs and targets of 0, 1, and of any size: one line of a value that the definition has
// there, with a gradient that is finite, both in float32 and in float64.
func TestExtremes(t *testing.T) {
	for name, c := range map[string]struct {
		loss    losses.Loss
		y, yhat []float64
		behind  func(v graph.Value) graph.Value // the last activation; nil for none
		want    float64
		grad    []float64 // of yhat; nil to check only that it is finite
	}{
		"log cosh of a small error":  {losses.LogCosh{}, []float64{1}, []float64{1}, nil, 0, []float64{0}},
		"log cosh near 0":            {losses.LogCosh{}, []float64{0}, []float64{1e-10}, nil, 5e-21, []float64{1e-10}},
		"log cosh of a large error":  {losses.LogCosh{}, []float64{0}, []float64{-1e30}, nil, 1e30, []float64{-1}},
		"percent of 0":               {losses.MAPE{}, []float64{0}, []float64{1}, nil, 1e9, []float64{1e9}},
		"percent of nothing":         {losses.MAPE{}, []float64{0}, []float64{0}, nil, 0, []float64{0}},
		"logarithms of 0":            {losses.MSLE{}, []float64{0}, []float64{0}, nil, 0, []float64{0}},
		"logarithm of less than 0":   {losses.MSLE{}, []float64{math.E - 1}, []float64{-5}, nil, 1, []float64{0}},
		"logarithm of a large one":   {losses.MSLE{}, []float64{0}, []float64{1e30}, nil, math.Pow(math.Log(1e30), 2), nil},
		"no event expected":          {losses.Poisson{}, []float64{0}, []float64{0}, nil, 0, []float64{1}},
		"events where none are":      {losses.Poisson{}, []float64{2}, []float64{0}, nil, -2 * math.Log(1e-7), []float64{1 - 2e7}},
		"many events":                {losses.Poisson{}, []float64{1e6}, []float64{1e6}, nil, 1e6 - 1e6*math.Log(1e6), []float64{0}},
		"cosine of 0":                {losses.CosineSimilarity{}, []float64{1, 2}, []float64{0, 0}, nil, 0, nil},
		"cosine of a target of 0":    {losses.CosineSimilarity{}, []float64{0, 0}, []float64{1, 2}, nil, 0, []float64{0, 0}},
		"cosine of large vectors":    {losses.CosineSimilarity{}, []float64{1e30, 1e30}, []float64{3e30, 3e30}, nil, -1, []float64{0, 0}},
		"cosine of small vectors":    {losses.CosineSimilarity{}, []float64{1e-5, 0}, []float64{0, -1e-5}, nil, 0, nil},
		"hinge far on the right":     {losses.Hinge{}, []float64{1}, []float64{1e30}, nil, 0, []float64{0}},
		"hinge far on the wrong":     {losses.Hinge{}, []float64{0}, []float64{1e30}, nil, 1e30, []float64{1}},
		"squared hinge at the edge":  {losses.SquaredHinge{}, []float64{-1}, []float64{-1}, nil, 0, []float64{0}},
		"categorical hinge, far":     {losses.CategoricalHinge{}, []float64{1, 0}, []float64{-1e30, 1e30}, nil, 2e30, []float64{-1, 1}},
		"divergence of what is":      {losses.KLDivergence{}, []float64{0, 1}, []float64{0, 1}, nil, 0, nil},
		"divergence of what is not":  {losses.KLDivergence{}, []float64{0, 1}, []float64{1, 0}, nil, -math.Log(1e-7) + 1e-7*math.Log(1e-7), []float64{-1e-7, 0}},
		"divergence behind softmax":  {losses.KLDivergence{}, []float64{0, 1}, []float64{1000, -1000}, softmax, 2000, []float64{1, -1}},
		"divergence behind sigmoid":  {losses.KLDivergence{}, []float64{0, 1}, []float64{0, -1000}, graph.Value.Sigmoid, 1000, nil},
		"focal of what is":           {losses.BinaryFocalCrossentropy{}, []float64{0, 1}, []float64{0, 1}, nil, 0, []float64{0, 0}},
		"focal of what is not":       {losses.BinaryFocalCrossentropy{}, []float64{0, 1}, []float64{1, 0}, nil, -math.Log(1e-7), []float64{0, 0}},
		"focal, right logits":        {losses.BinaryFocalCrossentropy{FromLogits: true}, []float64{0, 1}, []float64{-1000, 1000}, nil, 0, []float64{0, 0}},
		"focal, wrong logits":        {losses.BinaryFocalCrossentropy{FromLogits: true}, []float64{0, 1}, []float64{1000, -1000}, nil, 1000, []float64{0.5, -0.5}},
		"focal behind a sigmoid":     {losses.BinaryFocalCrossentropy{Gamma: new(0.5)}, []float64{0, 1}, []float64{-1000, 1000}, graph.Value.Sigmoid, 0, []float64{0, 0}},
		"focal of shares":            {losses.BinaryFocalCrossentropy{FromLogits: true, LabelSmoothing: 0.5}, []float64{0, 1}, []float64{-1000, -1000}, nil, (250.0/16 + 750*9.0/16) / 2, nil},
		"focal without a focus":      {losses.BinaryFocalCrossentropy{FromLogits: true, Gamma: new(0.0)}, []float64{0, 1}, []float64{-1000, -1000}, nil, 500, []float64{0, -0.5}},
		"classes, focal of what is":  {losses.CategoricalFocalCrossentropy{}, []float64{0, 1}, []float64{0, 1}, nil, 0, []float64{0, 0}},
		"classes, focal of others":   {losses.CategoricalFocalCrossentropy{}, []float64{0, 1}, []float64{1, 0}, nil, -0.25 * math.Log(1e-7), nil},
		"classes, right logits":      {losses.CategoricalFocalCrossentropy{Gamma: new(0.5)}, []float64{0, 1}, []float64{-1000, 1000}, softmax, 0, []float64{0, 0}},
		"classes, wrong logits":      {losses.CategoricalFocalCrossentropy{FromLogits: true}, []float64{0, 1}, []float64{1000, -1000}, nil, 500, []float64{0.25, -0.25}},
		"classes, without a focus":   {losses.CategoricalFocalCrossentropy{FromLogits: true, Alpha: []float64{1}, Gamma: new(0.0)}, []float64{0, 1}, []float64{1000, -1000}, nil, 2000, []float64{1, -1}},
		"quantiles of a large error": {losses.Quantile{}, []float64{1e30}, []float64{-1e30, 0, 1e30}, nil, (0.1*2e30 + 0.5e30) / 3, []float64{-0.1 / 3, -0.5 / 3, 0}},
	} {
		for _, dtype := range []tensor.Dtype{tensor.Float32, tensor.Float64} {
			got := run(t, dtype, map[string]graphtest.Array{"y": {Shape: []int{1, len(c.y)}, Data: c.y}, "yhat": {Shape: []int{1, len(c.yhat)}, Data: c.yhat}},
				func(s *graph.Scope, in map[string]graph.Value) map[string]graph.Value {
					output := in["yhat"]
					if c.behind != nil {
						output = c.behind(output)
					}
					loss := c.loss.Loss(in["y"], output)
					return map[string]graph.Value{"loss": loss, "gradient": s.Gradients(loss.Sum(), in["yhat"])[0]}
				})
			near := func(what string, x, want float64) {
				t.Helper()
				if !(math.Abs(x-want) <= 2e-6*max(math.Abs(want), 1)) || want != 0 && math.Abs(want) < 1e-9 && !(math.Abs(x-want) <= 1e-3*math.Abs(want)) {
					t.Errorf("%v %s, %s: got %v, want %v", dtype, name, what, x, want)
				}
			}
			near("loss", got["loss"][0], c.want)
			for i, g := range got["gradient"] {
				if c.grad != nil {
					near(fmt.Sprint("gradient ", i), g, c.grad[i])
				} else if g-g != 0 {
					t.Errorf("%v %s: gradient %d is %v", dtype, name, i, g)
				}
			}
		}
	}
}

func softmax(v graph.Value) graph.Value { return v.Softmax(-1) }

// Without a focus, focal losses are the cross-entropies, of logits and of probabilities.
func TestFocalWithoutFocus(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		y, p := drawProbabilities(t, 3)
		smoothing := rapid.Float64Range(0, 1).Draw(t, "smoothing")
		logits := rapid.Bool().Draw(t, "logits")
		shape := graph.Shape{1, 3}
		if logits {
			for i := range p {
				p[i] = 40*p[i] - 20
			}
		}
		for _, c := range [][2]losses.Loss{
			{losses.BinaryFocalCrossentropy{Gamma: new(0.0), FromLogits: logits, LabelSmoothing: smoothing},
				losses.BinaryCrossentropy{FromLogits: logits, LabelSmoothing: smoothing}},
			{losses.CategoricalFocalCrossentropy{Gamma: new(0.0), Alpha: []float64{1}, FromLogits: logits, LabelSmoothing: smoothing},
				losses.CategoricalCrossentropy{FromLogits: logits, LabelSmoothing: smoothing}},
		} {
			got, want := lossesOf(t, c[0], y, shape, p, shape)[0], lossesOf(t, c[1], y, shape, p, shape)[0]
			if !(math.Abs(got-want) <= 1e-12*max(1, want)) {
				t.Fatalf("%T: got %v, want %v", c[0], got, want)
			}
		}
	})
}

// Labels that are none are an error of the run, and so are targets and outputs for which a
// loss is not defined.
func TestRefusesNumbers(t *testing.T) {
	for _, c := range []struct {
		loss           losses.Loss
		target, output []float64 // [1, n]
		want           errs.Error
	}{
		{losses.Hinge{}, []float64{1, 2}, []float64{1, 1}, errs.Error{Field: "target", Value: "2"}},
		{losses.SquaredHinge{}, []float64{0.5, 1}, []float64{1, 1}, errs.Error{Field: "target", Value: "0.5"}},
		{losses.CategoricalHinge{}, []float64{1, -1}, []float64{1, 1}, errs.Error{Field: "target", Value: "-1"}},
		{losses.MSLE{}, []float64{1, -1}, []float64{1, -1}, errs.Error{Field: "target", Value: "-1"}},
		{losses.Poisson{}, []float64{1, -2}, []float64{1, 1}, errs.Error{Field: "target", Value: "-2"}},
		{losses.Poisson{}, []float64{1, 2}, []float64{1, -0.25}, errs.Error{Field: "output", Value: "-0.25"}},
		{losses.KLDivergence{}, []float64{1, 1.5}, []float64{1, 0}, errs.Error{Field: "target", Value: "1.5"}},
		{losses.KLDivergence{}, []float64{1, 0}, []float64{1, -3}, errs.Error{Field: "output", Value: "-3"}},
		{losses.BinaryFocalCrossentropy{}, []float64{1, 0}, []float64{1, 3}, errs.Error{Field: "output", Value: "3"}},
		{losses.CategoricalFocalCrossentropy{}, []float64{1, 7}, []float64{1, 0}, errs.Error{Field: "target", Value: "7"}},
		{losses.NegativeBinomialNLL{}, []float64{1.5}, []float64{1, 0}, errs.Error{Field: "target", Value: "1.5"}},
		{losses.NegativeBinomialNLL{}, []float64{-1}, []float64{1, 0}, errs.Error{Field: "target", Value: "-1"}},
	} {
		_, err := firstLoss(t, c.loss,
			graphtest.Array{Shape: []int{1, len(c.target)}, Data: c.target}, graphtest.Array{Shape: []int{1, len(c.output)}, Data: c.output})
		errtest.Check(t, err, c.want)
	}
}

func TestRefusesShapes(t *testing.T) {
	for _, c := range []struct {
		loss           losses.Loss
		target, output graph.Shape
		want           errs.Error
	}{
		{losses.LogCosh{}, graph.Shape{4}, graph.Shape{4, 1}, errs.Error{Field: "target", Value: "[4]"}},
		{losses.MAPE{}, graph.Shape{4, 2}, graph.Shape{4, 1}, errs.Error{Field: "target", Value: "[4, 2]"}},
		{losses.MSLE{}, graph.Shape{4}, graph.Shape{4, 1}, errs.Error{Field: "target", Value: "[4]"}},
		{losses.Poisson{}, graph.Shape{4}, graph.Shape{4, 1}, errs.Error{Field: "target", Value: "[4]"}},
		{losses.CosineSimilarity{}, graph.Shape{4}, graph.Shape{4}, errs.Error{Field: "output", Value: "[4]"}},
		{losses.Hinge{}, graph.Shape{4}, graph.Shape{4, 1}, errs.Error{Field: "target", Value: "[4]"}},
		{losses.CategoricalHinge{}, graph.Shape{4, 1}, graph.Shape{4, 1}, errs.Error{Field: "output", Value: "[4, 1]"}},
		{losses.KLDivergence{}, graph.Shape{4}, graph.Shape{4}, errs.Error{Field: "output", Value: "[4]"}},
		{losses.CategoricalFocalCrossentropy{}, graph.Shape{4, 1}, graph.Shape{4, 1}, errs.Error{Field: "output", Value: "[4, 1]"}},
		{losses.Quantile{}, graph.Shape{4, 1}, graph.Shape{4, 4}, errs.Error{Field: "output", Value: "[4, 4]"}},
		{losses.Quantile{}, graph.Shape{4}, graph.Shape{4}, errs.Error{Field: "output", Value: "[4]"}},
		{losses.Quantile{}, graph.Shape{4, 3}, graph.Shape{4, 3}, errs.Error{Field: "target", Value: "[4, 3]"}},
		{losses.GaussianNLL{}, graph.Shape{4, 2}, graph.Shape{4, 2}, errs.Error{Field: "target", Value: "[4, 2]"}},
		{losses.StudentTNLL{}, graph.Shape{4, 1}, graph.Shape{4, 2}, errs.Error{Field: "output", Value: "[4, 2]"}},
		{losses.NegativeBinomialNLL{}, graph.Shape{4}, graph.Shape{4, 2}, errs.Error{Field: "target", Value: "[4]"}},
		{losses.CTC{}, graph.Shape{4, 2}, graph.Shape{4, 3}, errs.Error{Field: "output", Value: "[4, 3]"}},
		{losses.CTC{}, graph.Shape{4, 2, 1}, graph.Shape{4, 5, 3}, errs.Error{Field: "target", Value: "[4, 2, 1]"}},
		{losses.CTC{Blank: 3}, graph.Shape{4, 2}, graph.Shape{4, 5, 3}, errs.Error{Field: "CTC.Blank", Value: "3"}},
	} {
		params, err := graph.NewParams(tensor.Float32, 1)
		if err != nil {
			t.Fatal(err)
		}
		err = graph.Shapes(graph.Config{Params: params}, func(s *graph.Scope) {
			c.loss.Loss(s.Input("target", c.target), s.Input("output", c.output))
		})
		errtest.Check(t, err, c.want)
	}
}
