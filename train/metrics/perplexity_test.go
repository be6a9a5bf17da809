package metrics_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/errs/errtest"
	"github.com/engram-go/engram/train/metrics"
	"gorgonia.org/tensor"
	"pgregory.net/rapid"
)

var _ = describe(specimen{Metric: metrics.Perplexity{}, Name: "perplexity", Finish: math.Exp,
	Line: func(y, yhat []float64) (sum, count float64) {
		total := 0.0
		for _, x := range yhat {
			total += x
		}
		return -math.Log(math.Max(yhat[int(y[0])]/total, 1e-7)), 1
	},
	Draw: func(t *rapid.T, width int) (y, yhat []float64) {
		y, yhat = drawClass(t, width)
		for i := range yhat {
			yhat[i] = math.Abs(yhat[i])
		}
		yhat[0] += 1
		return y, yhat
	}})

// Logits of any size, in both dtypes, against the softmax in float64.
func TestPerplexityOfLogits(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		lines, classes := rapid.IntRange(1, 5).Draw(r, "lines"), rapid.IntRange(2, 40).Draw(r, "classes")
		scale := rapid.SampledFrom([]float64{1, 100}).Draw(r, "scale")
		var y, hot, yhat []float64
		sum := 0.0
		for range lines {
			k, z := drawClass(r, classes)
			total := 0.0
			for i := range z {
				z[i] *= scale
			}
			for i := range z {
				total += math.Exp(z[i] - z[int(k[0])])
				hot = append(hot, 0)
			}
			hot[len(hot)-classes+int(k[0])] = 1
			sum += math.Log(total)
			y, yhat = append(y, k...), append(yhat, z...)
		}
		want := sum / float64(lines)
		for _, target := range []*tensor.Dense{f64([]int{lines}, y...), f64([]int{lines, classes}, hot...)} {
			a := metrics.Perplexity{FromLogits: true}.Start()
			if err := a.Add(target, f64([]int{lines, classes}, yhat...), nil); err != nil {
				r.Fatal(err)
			}
			if got := math.Log(a.Result()); !math.IsInf(got, 1) && !near(got, want) {
				r.Fatalf("got %v, want %v", got, want)
			}
		}
		small := make([]float32, len(yhat))
		for i, x := range yhat {
			small[i] = float32(x)
		}
		k := make([]float32, lines)
		for i := range k {
			k[i] = float32(y[i])
		}
		a := metrics.Perplexity{FromLogits: true}.Start()
		if err := a.Add(f32([]int{lines}, k...), f32([]int{lines, classes}, small...), nil); err != nil {
			r.Fatal(err)
		}
		if got := math.Log(a.Result()); !math.IsInf(got, 1) && math.Abs(got-want) > 1e-6*max(1, want) {
			r.Fatalf("float32: got %v, want %v", got, want)
		}
	})
}

func TestPerplexityOfExtremes(t *testing.T) {
	for _, c := range []struct {
		metric                  metrics.Metric
		target, output, weights *tensor.Dense
		want                    float64
	}{
		{metrics.Perplexity{}, f64([]int{1}, 1), f64([]int{1, 2}, 0, 1), nil, 1},
		{metrics.Perplexity{}, f64([]int{1}, 0), f64([]int{1, 2}, 0, 1), nil, 1e7},
		{metrics.Perplexity{}, f64([]int{1}, 0), f64([]int{1, 4}, 0.25, 0.25, 0.25, 0.25), nil, 4},
		{metrics.Perplexity{FromLogits: true}, f64([]int{1}, 1), f64([]int{1, 2}, -1e300, 1e300), nil, 1},
		{metrics.Perplexity{FromLogits: true}, f64([]int{1}, 0), f64([]int{1, 2}, -800, 800), nil, math.Inf(1)},
		{metrics.Perplexity{}, f64([]int{1, 2}, 0, 1), f64([]int{1, 2, 2}, 1, 0, 0.5, 0.5), f64([]int{1, 2}, 1, 0), 1}, // a masked step
		{metrics.Perplexity{}, f64([]int{1, 2}, 0, 1), f64([]int{1, 2, 2}, 1, 0, 0.5, 0.5), f64([]int{1, 2}, 0, 0), math.NaN()},
		{metrics.Perplexity{}, f64([]int{1}, 0), f64([]int{1, 2}, 0, 0), nil, math.NaN()},
		{metrics.Perplexity{}, f64([]int{1}, 0), f64([]int{1, 2}, math.NaN(), 0), nil, math.NaN()},
	} {
		a := c.metric.Start()
		if err := a.Add(c.target, c.output, c.weights); err != nil {
			t.Fatal(err)
		}
		if got := a.Result(); got != c.want && !near(got, c.want) && !(math.IsNaN(got) && math.IsNaN(c.want)) {
			t.Errorf("%+v of %v: got %v, want %v", c.metric, c.output, got, c.want)
		}
	}
	for _, c := range []struct {
		target, output *tensor.Dense
		want           errs.Error
	}{
		{f64([]int{1}, 0), f64([]int{1, 2}, 1, -1), errs.Error{Field: "output", Value: "-1"}},
		{f64([]int{1, 2}, 0.5, 0.5), f64([]int{1, 2}, 0.5, 0.5), errs.Error{Field: "target", Value: "[0.5 0.5]"}},
		{f64([]int{1}, 2), f64([]int{1, 2}, 1, 0), errs.Error{Field: "target", Value: "2"}},
		{f64([]int{2}, 0, 1), f64([]int{2}, 1, 0), errs.Error{Field: "output", Value: "[2]"}},
	} {
		a := metrics.Perplexity{}.Start()
		errtest.Check(t, a.Add(c.target, c.output, nil), c.want)
		if got := a.Result(); !math.IsNaN(got) {
			t.Errorf("the error has left %v", got)
		}
	}
}

// A model that finds four words equally likely.
func ExamplePerplexity() {
	perplexity := metrics.Perplexity{FromLogits: true}.Start()
	target := tensor.New(tensor.WithShape(1, 2), tensor.WithBacking([]float64{3, 0}))
	output := tensor.New(tensor.WithShape(1, 2, 4), tensor.WithBacking(make([]float64, 8)))
	if err := perplexity.Add(target, output, nil); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%.4f\n", perplexity.Result())
	// Output: 4.0000
}
