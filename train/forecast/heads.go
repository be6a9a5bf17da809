package forecast

import (
	"fmt"
	"math"
	"slices"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/internal/dense"
	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/train/losses"
	"gorgonia.org/tensor"
)

// Head says what the numbers mean that a network returns for each target: it is the loss
// with which they are trained, and reads them as a distribution. Point, Quantiles, Gaussian,
// StudentT and NegativeBinomial are heads.
type Head interface {
	// Outputs is how many numbers the network returns for each target. The first is its
	// forecast: a network that subtracts a value from the window adds it to this one.
	Outputs() int
	// Loss trains them, [..., Outputs], with targets [..., 1].
	Loss() losses.Loss
	// Read turns the numbers of one target into its forecast.
	Read(outputs []float64) (Distribution, error)
}

// Distribution is a forecast of one number.
type Distribution interface {
	// Center is the point forecast, such as the mean.
	Center() float64
	// Quantile is the number that the true one stays below with probability p.
	Quantile(p float64) float64
}

var (
	_ Head = Point{}
	_ Head = Quantiles{}
	_ Head = Gaussian{}
	_ Head = StudentT{}
	_ Head = NegativeBinomial{}
)

// Point is one number. Its quantiles come from the errors on the validation part alone.
type Point struct {
	Of losses.Loss // default losses.MSE{}
}

// Outputs is 1.
func (Point) Outputs() int { return 1 }

// Loss is Of.
func (p Point) Loss() losses.Loss {
	if p.Of == nil {
		return losses.MSE{}
	}
	return p.Of
}

// Read returns the number itself.
func (Point) Read(outputs []float64) (Distribution, error) { return certain(outputs[0]), nil }

// certain is a number without uncertainty.
type certain float64

func (c certain) Center() float64          { return float64(c) }
func (c certain) Quantile(float64) float64 { return float64(c) }

// Quantiles are several quantiles, trained with the pinball loss (Koenker and Bassett,
// Regression Quantiles, 1978). They never cross: the network returns the middle one, and the
// distances of the others, each through log(1 + eˣ). The median is the point forecast, so its level
// is added to Levels where it is missing. Between levels, quantiles are interpolated; outside,
// they are those of a normal distribution through the two outer levels.
type Quantiles struct {
	Levels []float64 // in rising order, each between 0 and 1; default 0.1, 0.5, 0.9
}

func (q Quantiles) levels() []float64 {
	if len(q.Levels) == 0 {
		return []float64{0.1, 0.5, 0.9}
	}
	if at, found := slices.BinarySearch(q.Levels, 0.5); !found {
		return slices.Insert(slices.Clone(q.Levels), at, 0.5)
	}
	return q.Levels
}

func (q Quantiles) middle() int { return middleOf(q.levels()) }

// output is the place of a level in what the network returns: the middle one is first, then
// come the others in their order.
func (q Quantiles) output(level int) int {
	switch middle := q.middle(); {
	case level == middle:
		return 0
	case level < middle:
		return level + 1
	}
	return level
}

// middleOf is the place of the median among the levels of a forecast.
func middleOf(levels []float64) int { return slices.Index(levels, 0.5) }

// Outputs is one number for each level.
func (q Quantiles) Outputs() int { return len(q.levels()) }

// Loss is the mean pinball loss of all levels.
func (q Quantiles) Loss() losses.Loss { return orderedQuantiles{q} }

func (q Quantiles) check() error {
	if n := len(q.levels()); n > 1000 {
		return errs.Error{Field: "Config.Head.Levels", Rule: "must be at most 1000, with 0.5", Value: n}
	}
	for i, p := range q.Levels {
		if !(p > 0 && p < 1) || i > 0 && p <= q.Levels[i-1] {
			return errs.Error{Field: fmt.Sprintf("Config.Head.Levels[%d]", i), Rule: "must lie between 0 and 1, and rise from level to level", Value: p}
		}
	}
	return nil
}

// orderedQuantiles is losses.Quantile of what a network returns for Quantiles.
type orderedQuantiles struct{ head Quantiles }

func (o orderedQuantiles) TargetShape(output graph.Shape) graph.Shape {
	return losses.Quantile{Levels: o.head.levels()}.TargetShape(output)
}

// Loss maps an output [batch, ..., levels] and a target [batch, ..., 1] to [batch, ...].
func (o orderedQuantiles) Loss(target, output graph.Value) graph.Value {
	k, middle := o.head.Outputs(), o.head.middle()
	axis := output.Rank() - 1
	number := func(i int) graph.Value { // of a level, [batch, ..., 1]
		at := o.head.output(i)
		return output.Slice(axis, at, at+1)
	}
	ordered := make([]graph.Value, k) // each [batch, ..., 1]
	ordered[middle] = number(middle)
	for i := middle + 1; i < k; i++ {
		ordered[i] = ordered[i-1].Add(number(i).Softplus())
	}
	for i := middle - 1; i >= 0; i-- {
		ordered[i] = ordered[i+1].Sub(number(i).Softplus())
	}
	return losses.Quantile{Levels: o.head.levels()}.Loss(target, graph.Concat(axis, ordered[0], ordered[1:]...))
}

// Read puts the quantiles together, as the loss does.
func (q Quantiles) Read(outputs []float64) (Distribution, error) {
	values, middle := make([]float64, len(outputs)), q.middle()
	values[middle] = outputs[0]
	for i := middle + 1; i < len(values); i++ {
		values[i] = values[i-1] + softplus(outputs[q.output(i)])
	}
	for i := middle - 1; i >= 0; i-- {
		values[i] = values[i+1] - softplus(outputs[q.output(i)])
	}
	return quantiles{levels: q.levels(), values: values, middle: middle}, nil
}

func softplus(x float64) float64 { return max(x, 0) + math.Log1p(math.Exp(-math.Abs(x))) }

// quantiles are values at some levels.
type quantiles struct {
	levels, values []float64
	middle         int
}

func (q quantiles) Center() float64 { return q.values[q.middle] }

func (q quantiles) Quantile(p float64) float64 {
	n := len(q.levels)
	i, found := slices.BinarySearch(q.levels, p)
	switch {
	case found:
		return q.values[i]
	case n == 1:
		return q.values[0]
	case i > 0 && i < n:
		t := (p - q.levels[i-1]) / (q.levels[i] - q.levels[i-1])
		return q.values[i-1] + t*(q.values[i]-q.values[i-1])
	}
	// Beyond the outer levels, on the normal distribution through both of them.
	low, high := normal(q.levels[0]), normal(q.levels[n-1])
	slope := (q.values[n-1] - q.values[0]) / (high - low)
	if i == 0 {
		return q.values[0] + slope*(normal(p)-low)
	}
	return q.values[n-1] + slope*(normal(p)-high)
}

// normal is the quantile of the standard normal distribution.
func normal(p float64) float64 { return losses.Gaussian{Scale: 1}.Quantile(p) }

// Gaussian is a normal distribution, trained with losses.GaussianNLL.
type Gaussian struct{}

// Outputs is 2.
func (Gaussian) Outputs() int { return 2 }

// Loss is losses.GaussianNLL.
func (Gaussian) Loss() losses.Loss { return losses.GaussianNLL{} }

// Read returns the distribution.
func (Gaussian) Read(outputs []float64) (Distribution, error) {
	return readAs(losses.GaussianNLL{}.Distributions, func(d losses.Gaussian) float64 { return d.Mean }, outputs)
}

// StudentT is Student's t distribution, which outliers change less than a normal one; trained
// with losses.StudentTNLL.
type StudentT struct{}

// Outputs is 3.
func (StudentT) Outputs() int { return 3 }

// Loss is losses.StudentTNLL.
func (StudentT) Loss() losses.Loss { return losses.StudentTNLL{} }

// Read returns the distribution.
func (StudentT) Read(outputs []float64) (Distribution, error) {
	return readAs(losses.StudentTNLL{}.Distributions, func(d losses.StudentT) float64 { return d.Mean }, outputs)
}

// NegativeBinomial is a distribution of counts, trained with losses.NegativeBinomialNLL. The
// targets are whole numbers from 0 on, and are not scaled.
type NegativeBinomial struct{}

// Outputs is 2.
func (NegativeBinomial) Outputs() int { return 2 }

// Loss is losses.NegativeBinomialNLL.
func (NegativeBinomial) Loss() losses.Loss { return losses.NegativeBinomialNLL{} }

// Read returns the distribution.
func (NegativeBinomial) Read(outputs []float64) (Distribution, error) {
	return readAs(losses.NegativeBinomialNLL{}.Distributions, func(d losses.NegativeBinomial) float64 { return d.Mean }, outputs)
}

// counts tells whether a head forecasts counts.
func counts(h Head) bool {
	_, ok := h.(NegativeBinomial)
	return ok
}

// readAs reads the numbers of one target as the distribution of a loss.
func readAs[D interface{ Quantile(p float64) float64 }](distributions func(*tensor.Dense) ([]D, error), mean func(D) float64, outputs []float64) (Distribution, error) {
	d, err := distributions(dense.Of(outputs, len(outputs)))
	if err != nil {
		return nil, err
	}
	return around{mean(d[0]), d[0].Quantile}, nil
}

// around is a distribution with its mean.
type around struct {
	mean     float64
	quantile func(p float64) float64
}

func (a around) Center() float64            { return a.mean }
func (a around) Quantile(p float64) float64 { return a.quantile(p) }
