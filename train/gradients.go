package train

import (
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/internal/dense"
	"gorgonia.org/tensor"
)

// Gradients are computed from a batch by Trainer.Gradients and applied by
// Trainer.Apply. ByPath holds copies, which may be changed in between: to clip
// them, to add a penalty, or to average over machines.
//
// The gradients and the loss of several batches are means weighted by the numbers
// of samples. For a model without batch statistics, masks and dropout they equal
// those of one batch with all the samples.
//
// Gradients also carry the other results of their batches, which Apply puts into
// effect: the moving averages of BatchNormalization and, with Config.CarryState, the
// states. Moving averages take one step for all batches together, to the mean of
// the values after each batch, weighted by samples.
//
// The zero value has no batch yet. Gradients that are made by hand, with ByPath
// only, leave moving averages and carried states unchanged. So do those that came from
// another machine, which have the exported fields only.
type Gradients struct {
	Loss    float64                  // before the step, penalties of layers included
	Samples int                      // of all batches
	ByPath  map[string]*tensor.Dense // ∂Loss/∂weight of each trainable weight, of its shape and dtype

	at          position                 // of the step for which they were computed
	parts       int                      // batches that were run
	partSamples int                      // of these batches
	updates     map[string]*tensor.Dense // values of moving averages after the step
	states      map[string]*tensor.Dense // carried, after the last batch; nil without CarryState
}

// Add makes g the gradients of its batches and those of other together: the mean
// of both, each counted by its samples. It is for gradients that were computed
// elsewhere, such as on another machine; parts of one step are added with
// Accumulate, which gives each its own random draws. Both must be of the same
// weights. Carried states cannot be added. An error changes nothing.
func (g *Gradients) Add(other *Gradients) error {
	switch {
	case other == nil:
		return graph.Error{Field: "gradients", Rule: "must not be nil"}
	case g.states != nil || other.states != nil:
		return graph.Error{Field: "gradients", Rule: "must not carry states; with Config.CarryState use Trainer.Accumulate"}
	case g.parts > 0 && other.parts > 0 && g.at != other.at:
		return graph.Error{Field: "gradients", Rule: fmt.Sprintf("must be of one step, that of %v", g.at), Value: other.at}
	}
	if err := g.add(other); err != nil {
		return err
	}
	if other.parts > 0 {
		g.at = other.at
	}
	return nil
}

// add is Add without the checks of steps and states. It copies tensors.
func (g *Gradients) add(other *Gradients) error {
	if g.Samples < 0 || other.Samples <= 0 {
		return graph.Error{Field: "Gradients.Samples", Rule: "must be positive", Value: min(g.Samples, other.Samples)}
	}
	if g.Samples == 0 && len(g.ByPath) > 0 {
		return graph.Error{Field: "Gradients.Samples", Rule: "must be positive where there are gradients", Value: 0}
	}
	if err := fitTogether("gradient", g.ByPath, other.ByPath, g.Samples == 0); err != nil {
		return err
	}
	if other.parts > 0 {
		if err := fitTogether("update", g.updates, other.updates, g.parts == 0); err != nil {
			return err
		}
		of, more := shares(g.partSamples, other.partSamples)
		g.updates = meanOf(g.updates, other.updates, of, more)
		g.partSamples += other.partSamples
		g.parts += other.parts
	}
	of, more := shares(g.Samples, other.Samples)
	g.Loss = g.Loss*of + other.Loss*more
	g.ByPath = meanOf(g.ByPath, other.ByPath, of, more)
	g.Samples += other.Samples
	return nil
}

// shares are the shares of two numbers of samples in both together.
func shares(a, b int) (of, more float64) {
	n := float64(a + b)
	return float64(a) / n, float64(b) / n
}

// fitTogether compares the paths, shapes and dtypes of two sets of tensors; if a has
// none yet, only b is checked.
func fitTogether(field string, a, b map[string]*tensor.Dense, none bool) error {
	for _, path := range slices.Sorted(maps.Keys(b)) {
		switch x, y := a[path], b[path]; {
		case y == nil:
			return graph.Error{Path: path, Field: field, Rule: "must not be nil"}
		case !dense.IsFloat(y.Dtype()):
			return graph.Error{Path: path, Field: field, Rule: "must be float32 or float64", Value: y.Dtype()}
		case none:
		case x == nil:
			return graph.Error{Path: path, Field: field, Rule: "must be in both"}
		case x.Dtype() != y.Dtype():
			return graph.Error{Path: path, Field: field, Rule: fmt.Sprintf("must be of dtype %v", x.Dtype()), Value: y.Dtype()}
		case !graph.Shape(x.Shape()).Equal(graph.Shape(y.Shape())):
			return graph.Error{Path: path, Field: field, Rule: fmt.Sprintf("must have the shape %v", graph.Shape(x.Shape())), Value: graph.Shape(y.Shape())}
		}
	}
	for _, path := range slices.Sorted(maps.Keys(a)) {
		if b[path] == nil && !none {
			return graph.Error{Path: path, Field: field, Rule: "must be in both"}
		}
	}
	return nil
}

// meanOf is of·a + more·b, or a copy of b for a path that a does not have.
func meanOf(a, b map[string]*tensor.Dense, of, more float64) map[string]*tensor.Dense {
	out := make(map[string]*tensor.Dense, len(b))
	for path, y := range b {
		x := a[path]
		if x == nil {
			out[path] = dense.Contiguous(y).Clone().(*tensor.Dense)
			continue
		}
		sum := dense.ToFloat64(x)
		for i, e := range dense.ToFloat64(y) {
			sum[i] = sum[i]*of + e*more
		}
		out[path] = dense.FromFloat64(x.Dtype(), graph.Shape(x.Shape()), sum)
	}
	return out
}

// Scale multiplies all gradients by c. The loss, moving averages and states are not
// changed.
func (g *Gradients) Scale(c float64) {
	for path, t := range g.ByPath {
		if t == nil || !dense.IsFloat(t.Dtype()) {
			continue // Apply reports it
		}
		scaled := dense.ToFloat64(t)
		for i := range scaled {
			scaled[i] *= c
		}
		g.ByPath[path] = dense.FromFloat64(t.Dtype(), graph.Shape(t.Shape()), scaled)
	}
}

// Norm is the Euclidean norm of all gradients as one vector.
func (g *Gradients) Norm() float64 {
	norm := 0.0
	for _, path := range slices.Sorted(maps.Keys(g.ByPath)) {
		t := g.ByPath[path]
		if t == nil || !dense.IsFloat(t.Dtype()) {
			continue // Apply reports it
		}
		for _, x := range dense.ToFloat64(t) {
			norm = math.Hypot(norm, x)
		}
	}
	return norm
}
