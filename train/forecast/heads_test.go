package forecast_test

import (
	"math"
	"slices"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/graph/graphtest"
	"github.com/engram-go/engram/train/forecast"
	"github.com/engram-go/engram/train/losses"
	"gorgonia.org/tensor"
	"pgregory.net/rapid"
)

// lossOf computes the loss of a head for one target.
func lossOf(t rapid.TB, h forecast.Head, y float64, outputs []float64) float64 {
	params, err := graph.NewParams(tensor.Float64, 1)
	if err != nil {
		t.Fatal(err)
	}
	p, err := graph.NewProgram(graph.Config{Params: params}, func(s *graph.Scope) {
		in := s.Values(append([]float64{y}, outputs...), graph.Shape{1, 1 + len(outputs)})
		s.Output("loss", h.Loss().Loss(in.Slice(1, 0, 1), in.Slice(1, 1, 1+len(outputs))))
	})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if err := p.Run(graph.Tick{}); err != nil {
		t.Fatal(err)
	}
	out, err := p.Output("loss")
	if err != nil {
		t.Fatal(err)
	}
	return out.Data().([]float64)[0]
}

var someLevels = [][]float64{nil, {0.5}, {0.3}, {0.2, 0.7}, {0.05, 0.25, 0.5, 0.75, 0.95}, {0.6, 0.7, 0.8}}

// TestQuantilesLoss compares the loss with the mean pinball loss of the quantiles that Read
// puts together, and these with a plain loop.
func TestQuantilesLoss(t *testing.T) {
	for _, levels := range someLevels {
		head := forecast.Quantiles{Levels: levels}
		if levels == nil {
			levels = []float64{0.1, 0.5, 0.9}
		}
		if !slices.Contains(levels, 0.5) { // the median is always forecast
			levels = append(slices.Clone(levels), 0.5)
			slices.Sort(levels)
		}
		middle := slices.Index(levels, 0.5)
		for seed := range uint64(5) {
			outputs := graphtest.Uniform(seed+1, len(levels), 4)
			d, err := head.Read(outputs)
			if err != nil {
				t.Fatal(err)
			}
			ordered := slices.Insert(slices.Clone(outputs[1:]), middle, outputs[0]) // the middle level is first
			want := make([]float64, len(levels))
			for i := range levels {
				want[i] = ordered[middle]
				for j := min(i, middle); j <= max(i, middle); j++ {
					if j != middle {
						want[i] += float64(i-middle) / math.Abs(float64(i-middle)) * math.Log(1+math.Exp(ordered[j]))
					}
				}
			}
			y, loss := outputs[0]/2+float64(seed)-2, 0.0
			for i, p := range levels {
				if q := d.Quantile(p); math.Abs(q-want[i]) > 1e-12 {
					t.Errorf("level %v of %v is %v, want %v", p, outputs, q, want[i])
				}
				loss += max(p*(y-want[i]), (p-1)*(y-want[i])) / float64(len(levels))
			}
			if got := lossOf(t, head, y, outputs); math.Abs(got-loss) > 1e-12 {
				t.Errorf("levels %v, target %v, outputs %v: loss %v, want %v", levels, y, outputs, got, loss)
			}
			if d.Center() != want[middle] {
				t.Errorf("center %v, want %v", d.Center(), want[middle])
			}
		}
		graphtest.CheckGrad(t, func(_ *graph.Scope, in []graph.Value) graph.Value {
			return head.Loss().Loss(in[0], in[1].Scale(3))
		}, graphtest.Input(3, 4, 2, 1), graphtest.Input(4, 4, 2, len(levels)))
	}
}

// TestHeadsRead compares what heads read with the distributions of their losses, and those with
// the normalised exponential of the loss.
func TestHeadsRead(t *testing.T) {
	outputs := []float64{1.5, 0.3, 1}
	prediction := func(n int) *tensor.Dense {
		return tensor.New(tensor.WithShape(n), tensor.WithBacking(slices.Clone(outputs[:n])))
	}
	gaussian, err := losses.GaussianNLL{}.Distributions(prediction(2))
	if err != nil {
		t.Fatal(err)
	}
	student, err := losses.StudentTNLL{}.Distributions(prediction(3))
	if err != nil {
		t.Fatal(err)
	}
	binomial, err := losses.NegativeBinomialNLL{}.Distributions(prediction(2))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		head     forecast.Head
		mean     float64
		quantile func(p float64) float64
	}{
		{forecast.Gaussian{}, gaussian[0].Mean, gaussian[0].Quantile},
		{forecast.StudentT{}, student[0].Mean, student[0].Quantile},
		{forecast.NegativeBinomial{}, binomial[0].Mean, binomial[0].Quantile},
	} {
		d, err := c.head.Read(outputs[:c.head.Outputs()])
		if err != nil {
			t.Fatal(err)
		}
		if d.Center() != c.mean {
			t.Errorf("%T: center %v, want %v", c.head, d.Center(), c.mean)
		}
		for _, p := range []float64{0.01, 0.1, 0.5, 0.9, 0.99} {
			if got := d.Quantile(p); got != c.quantile(p) {
				t.Errorf("%T: quantile %v is %v, want %v", c.head, p, got, c.quantile(p))
			}
		}
	}
	// The sum of the probabilities that the loss says, up to the quantile.
	d, err := forecast.NegativeBinomial{}.Read(outputs[:2])
	if err != nil {
		t.Fatal(err)
	}
	sum, mean := 0.0, 0.0
	for k := range 400 {
		p := math.Exp(-lossOf(t, forecast.NegativeBinomial{}, float64(k), outputs[:2]))
		for _, level := range []float64{0.1, 0.5, 0.9} {
			if sum < level && sum+p >= level && d.Quantile(level) != float64(k) {
				t.Errorf("quantile %v is %v, want %d", level, d.Quantile(level), k)
			}
		}
		sum, mean = sum+p, mean+p*float64(k)
		if 1-sum < 1e-13 {
			break
		}
	}
	if math.Abs(sum-1) > 1e-9 || math.Abs(mean-d.Center()) > 1e-9 {
		t.Errorf("probabilities of %v in all, mean %v, want %v", sum, mean, d.Center())
	}
	point := forecast.Point{Of: losses.MAE{}}
	if p, err := point.Read([]float64{3}); err != nil || p.Center() != 3 || p.Quantile(0.9) != 3 || lossOf(t, point, 5, []float64{3}) != 2 || lossOf(t, forecast.Point{}, 5, []float64{3}) != 4 {
		t.Errorf("Point reads %v, %v", p, err)
	}
}

// TestDistributionsRise asks heads for quantiles of rising probabilities, at any outputs.
func TestDistributionsRise(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		heads := []forecast.Head{forecast.Gaussian{}, forecast.StudentT{}, forecast.NegativeBinomial{}}
		for _, levels := range someLevels {
			heads = append(heads, forecast.Quantiles{Levels: levels})
		}
		h := rapid.SampledFrom(heads).Draw(t, "head")
		outputs := rapid.SliceOfN(rapid.Float64Range(-20, 20), h.Outputs(), h.Outputs()).Draw(t, "outputs")
		d, err := h.Read(outputs)
		if err != nil {
			t.Fatal(err)
		}
		before := math.Inf(-1)
		for _, p := range []float64{0.001, 0.05, 0.1, 0.15, 0.3, 0.45, 0.5, 0.55, 0.65, 0.75, 0.85, 0.9, 0.97, 0.999} {
			q := d.Quantile(p)
			if !(q >= before) {
				t.Fatalf("%T: the quantile of %v is %v, below %v", h, p, q, before)
			}
			before = q
		}
	})
}
