package train_test

import (
	"math"
	"slices"
	"testing"

	"github.com/engram-go/engram/datasets"
	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/graph/graphtest"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/layers/activations"
	"github.com/engram-go/engram/models"
	"github.com/engram-go/engram/train"
	"github.com/engram-go/engram/train/losses"
	"github.com/engram-go/engram/train/optimizers"
	"gorgonia.org/tensor"
)

// trained is a loss with a layer before it and targets of a step, or of a sample of CTC.
type trained struct {
	loss       losses.Loss
	units      int
	activation activations.Activation
	targets    [][]float64
	class      func(target []float64) int // nil where targets are no classes
}

var (
	numbersOf3 = [][]float64{{0.5, -1, 2}, {1, 0.25, -0.5}, {-2, 1, 0}}
	countsOf3  = [][]float64{{0, 3, 1}, {7, 0, 2}, {1, 1, 4}}
	hotOf3     = [][]float64{{1, 0, 0}, {0, 0, 1}, {0, 1, 0}}
	yes        = [][]float64{{1}, {0}, {1}}
	hottest    = func(y []float64) int { return slices.Index(y, 1) }
	number     = func(y []float64) int { return int(y[0]) }
)

var everyLoss = map[string]trained{
	"MSE":                           {losses.MSE{}, 3, activations.Linear, numbersOf3, nil},
	"MAE":                           {losses.MAE{}, 3, activations.Linear, numbersOf3, nil},
	"Huber":                         {losses.Huber{}, 3, activations.Linear, numbersOf3, nil},
	"LogCosh":                       {losses.LogCosh{}, 3, activations.Linear, numbersOf3, nil},
	"MAPE":                          {losses.MAPE{}, 3, activations.Linear, numbersOf3, nil},
	"MSLE":                          {losses.MSLE{}, 3, activations.Softplus, countsOf3, nil},
	"Poisson":                       {losses.Poisson{}, 3, activations.Softplus, countsOf3, nil},
	"CosineSimilarity":              {losses.CosineSimilarity{}, 3, activations.Linear, numbersOf3, nil},
	"Hinge":                         {losses.Hinge{}, 1, activations.Linear, yes, number},
	"SquaredHinge":                  {losses.SquaredHinge{}, 1, activations.Linear, yes, number},
	"CategoricalHinge":              {losses.CategoricalHinge{}, 3, activations.Linear, hotOf3, hottest},
	"KLDivergence":                  {losses.KLDivergence{}, 3, activations.Softmax{}, hotOf3, hottest},
	"BinaryCrossentropy":            {losses.BinaryCrossentropy{}, 1, activations.Sigmoid, yes, number},
	"CategoricalCrossentropy":       {losses.CategoricalCrossentropy{}, 3, activations.Softmax{}, hotOf3, hottest},
	"SparseCategoricalCrossentropy": {losses.SparseCategoricalCrossentropy{FromLogits: true}, 3, activations.Linear, [][]float64{{2}, {0}, {1}}, number},
	"BinaryFocalCrossentropy":       {losses.BinaryFocalCrossentropy{}, 1, activations.Sigmoid, yes, number},
	"CategoricalFocalCrossentropy":  {losses.CategoricalFocalCrossentropy{FromLogits: true}, 3, activations.Linear, hotOf3, hottest},
	"Quantile":                      {losses.Quantile{}, 9, activations.Linear, numbersOf3, nil},
	"GaussianNLL":                   {losses.GaussianNLL{}, 6, activations.Linear, numbersOf3, nil},
	"StudentTNLL":                   {losses.StudentTNLL{}, 9, activations.Linear, numbersOf3, nil},
	"NegativeBinomialNLL":           {losses.NegativeBinomialNLL{}, 6, activations.Linear, countsOf3, nil},
	"CTC":                           {losses.CTC{}, 3, activations.Linear, [][]float64{{1, 2}, {2, 0}, {1, 1}}, nil},
}

// pair is a model of two outputs: "steps" of a masked series and "whole" of other numbers.
func (l trained) pair() *models.Functional {
	series := models.NewInput(layers.Input{Shape: graph.Shape{graph.Any, 3}, Name: "series"}) // 2 features, and whether a step counts
	static := models.NewInput(layers.Input{Shape: graph.Shape{2}, Name: "static"})
	masked := models.Use(lengths{}).Call(series)
	return models.NewFunctional(models.Config{Seed: 7, Dtype: tensor.Float64}, models.Inputs{series, static}, models.Outputs{
		models.Use(layers.Dense{Units: l.units, Activation: l.activation, Name: "steps"}).Call(masked),
		models.Use(layers.Dense{Units: 1, Name: "whole"}).Call(static),
	})
}

func (l trained) config() train.Config {
	return train.Config{Optimizer: optimizers.SGD{LearningRate: 1}, Outputs: []train.Output{{Loss: l.loss}, {Loss: losses.MSE{}, Weight: new(0.5)}}}
}

var (
	stepsOf   = []float64{4, 2, 3}
	weightsOf = []float64{1, 0.5, 3} // of samples
)

// batch has the samples from to to, of n steps.
func (l trained) batch(from, to, n int, weighted bool) *datasets.Batch {
	x, static, whole := graphtest.Uniform(8100, 3*4*2, 1), graphtest.Uniform(8101, 6, 1), []float64{0.5, -1, 2}
	var bx, by []float64
	for i := from; i < to; i++ {
		for j := range n {
			counts := 0.0
			if float64(j) < stepsOf[i] {
				counts = 1
			}
			bx = append(bx, x[(4*i+j)*2], x[(4*i+j)*2+1], counts)
			if _, ok := l.loss.(losses.CTC); !ok {
				by = append(by, l.targets[(i+j)%3]...)
			}
		}
	}
	shape := []int{to - from, n, len(l.targets[0])}
	switch l.loss.(type) {
	case losses.CTC:
		shape, by = []int{to - from, 2}, slices.Concat(l.targets[from:to]...)
	case losses.SparseCategoricalCrossentropy:
		shape = shape[:2]
	}
	b := &datasets.Batch{
		Inputs:  []*tensor.Dense{denseOf(tensor.Float64, bx, to-from, n, 3), denseOf(tensor.Float64, static[2*from:2*to], to-from, 2)},
		Targets: []*tensor.Dense{denseOf(tensor.Float64, by, shape...), denseOf(tensor.Float64, whole[from:to], to-from, 1)},
	}
	if weighted {
		b.Weights = []*tensor.Dense{denseOf(tensor.Float64, weightsOf[from:to], to-from), nil}
	}
	return b
}

// Of every loss, a padded batch with weights of samples, next to another output, is the sum of
// its samples alone, each as long as it is and without weights: losses and gradients.
func TestEveryLossWithMasksAndWeights(t *testing.T) {
	for name, l := range everyLoss {
		t.Run(name, func(t *testing.T) {
			run := func(b *datasets.Batch) (steps, whole float64, g *train.Gradients) {
				trainer := compile(t, l.pair(), l.config())
				logs, err := trainer.Evaluate(background, given{b.Inputs[0].Shape()[0], b, nil}, train.EvaluateConfig{})
				check(t, err)
				g, err = trainer.Gradients(background, b)
				check(t, err)
				steps, _ = logs.Get("steps_loss")
				whole, _ = logs.Get("whole_loss")
				if math.Abs(g.Loss-steps-whole/2) > 1e-12*max(1, math.Abs(g.Loss)) {
					t.Errorf("the total is %v of %v and %v", g.Loss, steps, whole)
				}
				return steps, whole, g
			}
			steps, whole, g := run(l.batch(0, 3, 4, true))
			var wantSteps, wantWhole, counted float64
			want := map[string][]float64{}
			for i, n := range stepsOf {
				s, w, each := run(l.batch(i, i+1, int(n), false))
				if _, ok := l.loss.(losses.CTC); ok {
					n = 1 // one loss for the whole sequence
				}
				counted += n
				wantSteps += s * n * weightsOf[i]
				wantWhole += w / 3
				for path, d := range each.ByPath {
					if want[path] == nil {
						want[path] = make([]float64, d.DataSize())
					}
					factor := 1. / 3
					if path == "functional/steps/kernel" || path == "functional/steps/bias" {
						factor = n * weightsOf[i]
					}
					for k, x := range d.Float64s() {
						want[path][k] += factor * x
					}
				}
			}
			graphtest.CheckOutput(t, "losses", []float64{steps, whole}, []float64{wantSteps / counted, wantWhole}, 1e-11*max(1, math.Abs(wantSteps)))
			for path, d := range g.ByPath {
				if path == "functional/steps/kernel" || path == "functional/steps/bias" {
					for k := range want[path] {
						want[path][k] /= counted
					}
				}
				graphtest.CheckGradient(t, path, d.Float64s(), want[path], 1e-11)
			}
		})
	}
}

// Of every loss of classes, weights of the classes of one output are the same weights of its
// steps.
func TestEveryLossWithClassWeights(t *testing.T) {
	weights := map[int]float64{0: 0.5, 1: 3} // and 1 of class 2
	for name, l := range everyLoss {
		if l.class == nil {
			continue
		}
		t.Run(name, func(t *testing.T) {
			fit := func(b *datasets.Batch, cfg train.FitConfig) (loss []float64, g string) {
				m := l.pair()
				history, err := compile(t, m, l.config()).Fit(background, given{3, b, nil}, cfg)
				check(t, err)
				return []float64{history.Values["loss"][0], history.Values["steps_loss"][0], history.Values["whole_loss"][0]}, hash(t, m)
			}
			plain, byStep := l.batch(0, 3, 4, false), l.batch(0, 3, 4, false)
			var each []float64
			for i := range 3 {
				for j := range 4 {
					w, ok := weights[l.class(l.targets[(i+j)%3])]
					if !ok {
						w = 1
					}
					each = append(each, w)
				}
			}
			byStep.Weights = []*tensor.Dense{denseOf(tensor.Float64, each, 3, 4), nil}
			got, a := fit(plain, train.FitConfig{ClassWeightOf: map[string]map[int]float64{"steps": weights}})
			want, b := fit(byStep, train.FitConfig{})
			bare, c := fit(plain, train.FitConfig{})
			graphtest.CheckOutput(t, "losses", got, want, 1e-12)
			if a != b || a == c || got[1] == bare[1] || got[2] != bare[2] {
				t.Errorf("got %v, without weights %v", got, bare)
			}
		})
	}
}

// Of a model that is given nothing, each loss finds the statistic of the targets that it is
// minimal at: mean and deviation, quantiles, or mean and variance of counts.
func TestLossesFindTheirStatistics(t *testing.T) {
	const n = 64
	spread, counts := graphtest.Uniform(8200, n, 2), make([]float64, n)
	mean, square, countMean, countSquare := 0.0, 0.0, 0.0, 0.0
	for i := range spread {
		spread[i] += 3
		counts[i] = math.Floor(math.Pow(spread[i], 2) / 2)
		mean, countMean = mean+spread[i]/n, countMean+counts[i]/n
		square, countSquare = square+spread[i]*spread[i]/n, countSquare+counts[i]*counts[i]/n
	}
	fit := func(loss losses.Loss, units int, y []float64) *tensor.Dense {
		x := denseOf(tensor.Float64, slices.Repeat([]float64{1}, n), n, 1)
		data, err := datasets.FromTensors([]*tensor.Dense{x}, []*tensor.Dense{denseOf(tensor.Float64, y, n, 1)})
		check(t, err)
		m := models.NewSequential(models.Config{Seed: 1, Dtype: tensor.Float64}, layers.Input{Shape: graph.Shape{1}}, layers.Dense{Units: units})
		trainer := compile(t, m, train.Config{Loss: loss, Optimizer: optimizers.Adam{LearningRate: 0.05}})
		for range 3 {
			_, err = trainer.Fit(background, data, train.FitConfig{Epochs: 300, BatchSize: n})
			check(t, err)
			check(t, trainer.Optimizer().SetLearningRate(trainer.Optimizer().LearningRate()/10))
		}
		out, err := m.Predict(background, denseOf(tensor.Float64, []float64{1}, 1, 1))
		check(t, err)
		return out
	}
	g, err := losses.GaussianNLL{}.Distributions(fit(losses.GaussianNLL{}, 2, spread))
	check(t, err)
	graphtest.CheckOutput(t, "gaussian", []float64{g[0].Mean, g[0].Scale}, []float64{mean, math.Sqrt(square - mean*mean)}, 1e-3)
	b, err := losses.NegativeBinomialNLL{}.Distributions(fit(losses.NegativeBinomialNLL{}, 2, counts))
	check(t, err)
	graphtest.CheckOutput(t, "mean of counts", []float64{b[0].Mean}, []float64{countMean}, 1e-3)
	if deviation := math.Sqrt(countSquare - countMean*countMean); !(math.Abs(b[0].StdDev()-deviation) < 0.15*deviation) {
		t.Errorf("the deviation of counts is %v, that of the distribution %v", deviation, b[0].StdDev())
	}
	sorted := slices.Sorted(slices.Values(spread))
	for i, q := range fit(losses.Quantile{}, 3, spread).Float64s() {
		if at, _ := slices.BinarySearch(sorted, q); math.Abs(float64(at)/n-[]float64{0.1, 0.5, 0.9}[i]) > 1.5/n {
			t.Errorf("below quantile %d, %v, lie %d of %d", i, q, at, n)
		}
	}
}
