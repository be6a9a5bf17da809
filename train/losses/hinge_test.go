package losses_test

import (
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
		Loss: losses.Hinge{}, Golden: []string{"hinge", "hinge_yes"}, Draw: drawSigns,
		Line: meanOfPairs(func(y, yhat float64) float64 { return max(1-signOf(y)*yhat, 0) }),
	})
	_ = describe(specimen{
		Loss: losses.SquaredHinge{}, Golden: []string{"squared_hinge"}, Draw: drawSigns,
		Line: meanOfPairs(func(y, yhat float64) float64 { m := max(1-signOf(y)*yhat, 0); return m * m }),
	})
	_ = describe(specimen{
		Loss: losses.CategoricalHinge{}, Golden: []string{"categorical_hinge"},
		Line: func(y, yhat []float64) float64 {
			own, other := 0.0, (1-y[0])*yhat[0]
			for i := range y {
				own, other = own+y[i]*yhat[i], max(other, (1-y[i])*yhat[i])
			}
			return max(other-own+1, 0)
		},
		Draw: func(t *rapid.T, width int) (y, yhat []float64) {
			_, yhat = drawNumbers(t, width)
			y = make([]float64, width)
			y[rapid.IntRange(0, width-1).Draw(t, "class")] = 1
			return y, yhat
		},
	})
)

// drawSigns draws labels of a line, all −1 and 1 or all 0 and 1.
func drawSigns(t *rapid.T, width int) (y, yhat []float64) {
	_, yhat = drawNumbers(t, width)
	no := rapid.SampledFrom([]float64{0, -1}).Draw(t, "no")
	return rapid.SliceOfN(rapid.SampledFrom([]float64{no, 1}), width, width).Draw(t, "y"), yhat
}

func signOf(y float64) float64 {
	if y > 0 {
		return 1
	}
	return -1
}

// Labels that are none are an error of the run, and so are targets and outputs outside of
// what a loss is defined for.
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
