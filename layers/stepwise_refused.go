package layers

import "github.com/engram-go/engram/graph"

// Layers that cannot run one step of a sequence at a time, and why. Where none of
// their inputs is such a sequence, they run as always.

// Stepwise refuses.
func (l AveragePooling1D) Stepwise([]graph.Value) ([]graph.Pace, error) {
	return nil, notStepwise(l, "its windows see several steps")
}

// Stepwise refuses.
func (l Bidirectional) Stepwise([]graph.Value) ([]graph.Pace, error) {
	return nil, notStepwise(l, "it reads a sequence from both ends")
}

// Stepwise refuses.
func (l Dot) Stepwise([]graph.Value) ([]graph.Pace, error) {
	return nil, notStepwise(l, "it sums over steps, or pairs each with all")
}

// Stepwise refuses.
func (l Flatten) Stepwise([]graph.Value) ([]graph.Pace, error) {
	return nil, notStepwise(l, "it joins all steps")
}

// Stepwise refuses.
func (l GlobalAveragePooling1D) Stepwise([]graph.Value) ([]graph.Pace, error) {
	return nil, notStepwise(l, "it sees all steps")
}

// Stepwise refuses.
func (l GlobalMaxPooling1D) Stepwise([]graph.Value) ([]graph.Pace, error) {
	return nil, notStepwise(l, "it sees all steps")
}

// Stepwise refuses.
func (l Lambda) Stepwise([]graph.Value) ([]graph.Pace, error) {
	return nil, notStepwise(l, "its function may look at other steps; TimeDistributed gives it one at a time")
}

// Stepwise refuses.
func (l MaxPooling1D) Stepwise([]graph.Value) ([]graph.Pace, error) {
	return nil, notStepwise(l, "its windows see several steps")
}

// Stepwise refuses.
func (l Permute) Stepwise([]graph.Value) ([]graph.Pace, error) {
	return nil, notStepwise(l, "it moves the steps")
}

// Stepwise refuses.
func (l RepeatVector) Stepwise([]graph.Value) ([]graph.Pace, error) {
	return nil, notStepwise(l, "its input has no steps")
}

// Stepwise refuses.
func (l Reshape) Stepwise([]graph.Value) ([]graph.Pace, error) {
	return nil, notStepwise(l, "it moves the steps; TimeDistributed gives it one at a time")
}
