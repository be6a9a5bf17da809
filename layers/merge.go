package layers

import (
	"fmt"

	"github.com/engram-go/engram/graph"
)

// merge returns the inputs of a layer that combines them element by element, all
// with as many axes as the deepest of them: the others get axes of size 1 behind
// the batch, and lose their masks, whose steps are another axis then. Axes of
// size 1 broadcast; the batch does not.
func merge(s *graph.Scope, class string, inputs []graph.Value) ([]graph.Value, bool) {
	if len(inputs) == 0 {
		s.Failf(class, "must have at least one input", 0)
		return nil, false
	}
	deepest := 1
	for _, x := range inputs {
		deepest = max(deepest, x.Rank())
	}
	out := make([]graph.Value, len(inputs))
	for i, x := range inputs {
		if x.Rank() < 1 {
			s.Failf(class, "must have inputs of at least 1 axis, the batch", x.Shape())
			return nil, false
		}
		for out[i] = x; out[i].Rank() < deepest; {
			out[i] = out[i].Unsqueeze(1)
		}
		for k := range i {
			if !fits(out[k].Shape(), out[i].Shape()) {
				s.Failf(class, fmt.Sprintf("must have inputs that broadcast to each other, beside %v", inputs[k].Shape()), x.Shape())
				return nil, false
			}
		}
	}
	return out, true
}

// fits tells whether two shapes of one rank have the same batch, and broadcast
// to each other on all other axes.
func fits(a, b graph.Shape) bool {
	for i, n := range a {
		if !same(n, b[i]) && (i == 0 || n != 1 && b[i] != 1) {
			return false
		}
	}
	return true
}

// fold combines the inputs of a layer one after the other. The output has a mask
// where all inputs have one: a step counts where it does in any of them.
func fold(s *graph.Scope, class string, inputs []graph.Value, f func(a, b graph.Value) graph.Value) []graph.Value {
	xs, ok := merge(s, class, inputs)
	if !ok {
		return inputs
	}
	y := xs[0]
	for _, x := range xs[1:] {
		y = f(y, x)
	}
	return []graph.Value{rideAny(xs, y)}
}

// foldCounted is fold for what has no neutral element: an element of a masked
// step does not stand against one that counts.
func foldCounted(s *graph.Scope, class string, inputs []graph.Value, f func(a, b graph.Value) graph.Value) []graph.Value {
	xs, ok := merge(s, class, inputs)
	if !ok {
		return inputs
	}
	y := xs[0]
	counts, masked := counted(s, class, y) // where y holds an element that counts
	for _, x := range xs[1:] {
		m, ok := counted(s, class, x)
		if ok {
			x = graph.Where(m, x, y)
		}
		if masked {
			y = graph.Where(counts, y, x)
		}
		if masked = masked && ok; masked {
			counts = counts.Maximum(m)
		}
		y = f(y, x)
	}
	return []graph.Value{rideAny(xs, y)}
}

// mergedSteps is what Stepwise returns for a layer that combines its inputs with
// merge. All have their steps on the same axis then, and nothing that changes
// from step to step is combined with the steps before.
func mergedSteps(l Layer, in []graph.Value) ([]graph.Pace, error) {
	deepest := 0
	for _, x := range in {
		deepest = max(deepest, x.Rank())
	}
	for _, x := range in {
		switch {
		case x.Pace() == graph.Latest:
			return nil, notStepwise(l, "an input that is no sequence changes from step to step, and the steps of the others with it")
		case x.Pace() == graph.Stepped && x.Rank() < deepest:
			return nil, notStepwise(l, "an input has more axes than one that is a sequence")
		case x.Pace() == graph.Still && x.Rank() == deepest && x.Dim(1) != 1:
			return nil, notStepwise(l, "an input is there for all steps at once")
		}
	}
	return []graph.Pace{graph.Stepped}, nil
}
