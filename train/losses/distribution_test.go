package losses_test

import (
	"math"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/errs/errtest"
	"github.com/engram-go/engram/train/losses"
	"gorgonia.org/tensor"
)

// Quantiles that tables have.
func TestQuantilesOfTables(t *testing.T) {
	for _, c := range []struct{ got, want float64 }{
		{losses.Gaussian{Scale: 1}.Quantile(0.975), 1.959963984540054},
		{losses.Gaussian{Mean: 3, Scale: 2}.Quantile(0.5), 3},
		{losses.StudentT{Scale: 1, Freedom: 3}.Quantile(0.975), 3.182446305284263},
		{losses.StudentT{Scale: 1, Freedom: 5}.Quantile(0.975), 2.570581835636314},
		{losses.StudentT{Mean: 1, Scale: 2, Freedom: 10}.Quantile(0.05), 1 - 2*1.812461122811676},
		{losses.StudentT{Scale: 1, Freedom: 10}.Quantile(0.6), 0.260184829},
		{losses.StudentT{Mean: 4, Scale: 1, Freedom: 10}.Quantile(0.5), 4},
		{losses.StudentT{Scale: 2, Freedom: 4}.StdDev(), 2 * math.Sqrt2},
		{losses.NegativeBinomial{Mean: 3, Dispersion: 0.5}.StdDev(), math.Sqrt(3 + 4.5)},
	} {
		if !(math.Abs(c.got-c.want) <= 1e-9) {
			t.Errorf("got %v, want %v", c.got, c.want)
		}
	}
	for _, quantile := range []func(p float64) float64{
		losses.Gaussian{Scale: 1}.Quantile, losses.StudentT{Scale: 1, Freedom: 4}.Quantile, losses.StudentT{Scale: 1, Freedom: 1e6}.Quantile,
	} {
		if !math.IsInf(quantile(0), -1) || !math.IsInf(quantile(1), 1) {
			t.Errorf("of 0 and 1: got %v and %v", quantile(0), quantile(1))
		}
	}
	for _, quantile := range []func(p float64) float64{
		losses.Gaussian{Scale: 1}.Quantile, losses.StudentT{Scale: 1, Freedom: 4}.Quantile, losses.NegativeBinomial{Mean: 3, Dispersion: 1}.Quantile,
	} {
		for _, p := range []float64{-0.1, 1.1, math.NaN()} {
			if got := quantile(p); !math.IsNaN(got) {
				t.Errorf("of %v: got %v", p, got)
			}
		}
	}
	inf := math.Inf(1) // fields that no prediction gives
	for _, x := range []float64{0, -1, math.NaN(), inf, 1e-300, 1e300} {
		losses.StudentT{Scale: 1, Freedom: x}.Quantile(0.3)
		losses.NegativeBinomial{Mean: x, Dispersion: 1}.Quantile(0.3)
		losses.NegativeBinomial{Mean: 1, Dispersion: x}.Quantile(0.3)
		losses.NegativeBinomial{Mean: x, Dispersion: x}.Quantile(0.3)
	}
}

// Between two quantiles lies the share of the distribution that the losses, which are its
// logarithm, say: integrals by Simpson's rule.
func TestQuantilesAreOfTheLosses(t *testing.T) {
	for _, out := range [][]float64{{1, 0.5, -2}, {-3, 2, 1}, {0, -1, 8}, {2, 1, 300}, {2, 1, 3e5}} {
		prediction := tensor.New(tensor.WithShape(1, 3), tensor.WithBacking(out))
		students, err := losses.StudentTNLL{}.Distributions(prediction)
		if err != nil {
			t.Fatal(err)
		}
		gaussians, err := losses.GaussianNLL{}.Distributions(tensor.New(tensor.WithShape(1, 2), tensor.WithBacking(out[:2])))
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct {
			loss     losses.Loss
			out      []float64
			quantile func(p float64) float64
		}{{losses.StudentTNLL{}, out, students[0].Quantile}, {losses.GaussianNLL{}, out[:2], gaussians[0].Quantile}} {
			for _, p := range [][2]float64{{0.01, 0.2}, {0.2, 0.45}, {0.45, 0.6}, {0.6, 0.99}} {
				const n = 400
				from, to := c.quantile(p[0]), c.quantile(p[1])
				var y, outs []float64
				for i := range n + 1 {
					y, outs = append(y, from+(to-from)*float64(i)/n), append(outs, c.out...)
				}
				each := lossesOf(t, c.loss, y, graph.Shape{n + 1, 1}, outs, graph.Shape{n + 1, len(c.out)})
				share := 0.0
				for i, l := range each {
					weight := 2.0 + 2*float64(i%2)
					if i == 0 || i == n {
						weight = 1
					}
					share += weight * math.Exp(-l) * (to - from) / (3 * n)
				}
				if !(math.Abs(share-(p[1]-p[0])) <= 1e-7) {
					t.Errorf("%T of %v: between %v and %v lie %v", c.loss, c.out, p[0], p[1], share)
				}
			}
		}
	}
}

// The first count that reaches a share of the sum of all probabilities, up to means of 10⁵.
func TestQuantilesOfCounts(t *testing.T) {
	for _, d := range []losses.NegativeBinomial{{Mean: 0.3, Dispersion: 2}, {Mean: 4, Dispersion: 0.1}, {Mean: 50, Dispersion: 1}, {Mean: 1000, Dispersion: 0.01}, {Mean: 1e5, Dispersion: 1e-6}, {Mean: 1e-6, Dispersion: 1e-6}} {
		r, each := 1/d.Dispersion, d.Dispersion*d.Mean
		log := -r * math.Log1p(each) // of the probability of k
		sum := math.Exp(log)
		k := 0.0
		for _, p := range []float64{0, 0.01, 0.1, 0.5, 0.9, 0.999} {
			for ; sum < p; k++ {
				log += math.Log((r + k) / (k + 1) * each / (1 + each))
				sum += math.Exp(log)
			}
			if got := d.Quantile(p); got != k {
				t.Errorf("%v of %v: got %v, want %v", d, p, got, k)
			}
		}
	}
}

func TestDistributionsRefuse(t *testing.T) {
	for _, c := range []struct {
		prediction *tensor.Dense
		want       errs.Error
	}{
		{nil, errs.Error{Field: "prediction"}},
		{tensor.New(tensor.WithShape(2, 3), tensor.Of(tensor.Float64)), errs.Error{Field: "prediction", Value: "[2, 3]"}},
		{tensor.New(tensor.WithShape(2, 2), tensor.Of(tensor.Int)), errs.Error{Field: "prediction", Value: "int"}},
		{tensor.New(tensor.WithShape(1, 2), tensor.WithBacking([]float64{1, math.NaN()})), errs.Error{Field: "element [0, 1]", Value: "NaN", Kind: errs.ErrNotFinite}},
	} {
		_, err := losses.GaussianNLL{}.Distributions(c.prediction)
		errtest.Check(t, err, c.want)
	}
	got, err := losses.NegativeBinomialNLL{}.Distributions(tensor.New(tensor.WithShape(2, 1, 2), tensor.WithBacking([]float32{0, 0, 1, 1})))
	if err != nil || len(got) != 2 || math.Abs(got[0].Mean-math.Ln2) > 1e-5 || math.Abs(got[1].Dispersion-1.3132616) > 1e-5 {
		t.Errorf("got %v, %v", got, err)
	}
}
