package metrics

import (
	"fmt"
	"math"
	"slices"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/internal/dense"
	"github.com/engram-go/engram/internal/kernels"
	"gorgonia.org/tensor"
)

// measure is what is averaged of the outputs of a line and the class of its target.
type measure struct {
	kind measureKind
	k    int // of amongLargest
}

type measureKind int

const (
	isLargest    measureKind = iota // 1 where the output of the class is the largest, the first of equal ones
	amongLargest                    // 1 where fewer than k outputs are larger than that of the class
	ofLogits                        // −log p of the class, p the softmax of the outputs
	ofShares                        // −log p of the class, p its share of the sum of the outputs
)

// addClasses is the sum of a measure over the lines of a batch, and their weight.
func (a *average) addClasses(t term, target, output, weights *tensor.Dense) (sum, total float64, err error) {
	if output.Dtype() == tensor.Float32 {
		return addClasses[float32](a, t, target, output, weights)
	}
	return addClasses[float64](a, t, target, output, weights)
}

// The outputs, which may be as many as a vocabulary has words, are read where they are.
func addClasses[T dense.Float](a *average, t term, target, output, weights *tensor.Dense) (sum, total float64, err error) {
	y, yhat, w := elementsOf[T](target), elementsOf[T](output), weightsOf[T](weights)
	count := lead(graph.Shape(output.Shape())).Size()
	n, m := len(y)/count, len(yhat)/count
	a.lines.fit(n, 0)
	a.classes, a.values = slices.Grow(a.classes[:0], count)[:count], slices.Grow(a.values[:0], count)[:count]
	for i := range count {
		load(a.lines.y, y[i*n:])
		if a.classes[i], err = t.class(a.lines.y, m); err != nil {
			return 0, 0, err
		}
	}
	set := kernels.For[T]()
	kernels.Share(len(yhat), count, 1, func(from, end int) {
		for i := from; i < end; i++ {
			a.values[i] = valueOf(set, t.of, a.classes[i], yhat[i*m:][:m])
		}
	})
	for i, v := range a.values {
		if v == refused {
			return 0, 0, graph.Error{Field: "output", Rule: "must not be negative; set FromLogits for logits", Value: slices.Min(yhat[i*m:][:m])}
		}
		weight := weightOf(w, i, count)
		sum += weight * v
		total += weight
	}
	return sum, total, nil
}

// refused is the value of a line whose outputs are no probabilities. No measure gives it.
const refused = -1

// valueOf is the measure of a line, NaN where it is not finite.
func valueOf[T dense.Float](set *kernels.Set[T], of measure, class int, yhat []T) float64 {
	if class == unknown || !dense.Finite(set.Size(yhat)) {
		return math.NaN()
	}
	switch of.kind {
	case isLargest:
		if most := set.Largest(yhat); yhat[class] == most && !slices.Contains(yhat[:class], most) {
			return 1
		}
	case amongLargest:
		larger := 0
		for _, x := range yhat {
			if x > yhat[class] {
				larger++
			}
		}
		if larger < of.k {
			return 1
		}
	case ofLogits:
		most := set.Largest(yhat)
		return math.Log(float64(set.ExpSum(yhat, most))) + (float64(most) - float64(yhat[class]))
	case ofShares:
		sum := 0.0
		for _, x := range yhat {
			if x < -slack {
				return refused
			}
			sum += float64(x)
		}
		return -math.Log(min(max(float64(yhat[class])/sum, epsilon), 1))
	}
	return 0
}

// unknown is the class of a target that is not finite.
const unknown = -1

// largestTarget is the class of the largest target, the first of equal ones.
func largestTarget(y []float64, _ int) (int, error) {
	if !allFinite(y) {
		return unknown, nil
	}
	return slices.Index(y, slices.Max(y)), nil
}

// onlyOne is largestTarget for targets that are 1 for one class and 0 for the others.
func onlyOne(remedy string) func(y []float64, n int) (int, error) {
	return func(y []float64, n int) (int, error) {
		ones, others := 0, 0
		for _, x := range y {
			switch x {
			case 1:
				ones++
			case 0:
			default:
				others++
			}
		}
		if (ones != 1 || others > 0) && allFinite(y) {
			return 0, graph.Error{Field: "target", Rule: "must be 1 for one class and 0 for the others; " + remedy, Value: y}
		}
		return largestTarget(y, n)
	}
}

func allFinite(x []float64) bool {
	for _, e := range x {
		if !dense.Finite(e) {
			return false
		}
	}
	return true
}

// number is the class of a target that is its number.
func number(y []float64, n int) (int, error) {
	class := y[0]
	if !dense.Finite(class) {
		return unknown, nil
	}
	if class != math.Trunc(class) || class < 0 || class >= float64(n) {
		rule := fmt.Sprintf("must be the number of a class, a whole number from 0 to %d", n-1)
		return 0, graph.Error{Field: "target", Rule: rule, Value: class}
	}
	return int(class), nil
}

// severalClasses refuses an output with fewer than two classes.
func severalClasses(output graph.Shape) error {
	if len(output) > 1 && output[len(output)-1] > 1 {
		return nil
	}
	return graph.Error{Field: "output", Rule: "must have an axis of at least 2 classes; use BinaryAccuracy for one number", Value: output}
}

// numbersOfClasses refuses targets that have not the shape of numbers of classes.
func numbersOfClasses(target, output graph.Shape) error {
	if err := severalClasses(output); err != nil {
		return err
	}
	want := lead(output)
	if !target.Equal(want) && !target.Equal(append(want.Clone(), 1)) {
		return graph.Error{Field: "target", Rule: fmt.Sprintf("must be numbers of classes in the shape %v", want), Value: target}
	}
	return nil
}
