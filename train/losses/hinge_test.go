package losses_test

import (
	"github.com/engram-go/engram/train/losses"
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
