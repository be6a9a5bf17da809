package text

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"gorgonia.org/tensor"

	"github.com/engram-go/engram/datasets/samples"
	"github.com/engram-go/engram/internal/dense"
	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/shapes"
)

// SequenceConfig configures NewSequences.
type SequenceConfig struct {
	Targets     *tensor.Dense // of each sequence, [sequences, ...], such as numbers of classes; by default none
	StepTargets [][]int       // instead, the number of a class for each token; by default none

	// Lengths are the numbers of steps that batches are padded to, in ascending order: a
	// batch has the first that its longest sequence fits, and a sequence longer than the
	// last loses steps. Few lengths mean few programs to compile. By default a batch has
	// the length of its longest sequence.
	Lengths []int

	Padding    Side         // where a shorter sequence is padded with 0; by default Pre
	Truncating Side         // where a longer one loses steps; by default Pre
	Vocabulary int          // all tokens must be less; by default what the dtype represents
	Classes    int          // all targets must be whole numbers below it; by default Targets may be anything
	Dtype      tensor.Dtype // by default Float32
}

// Sequences are samples of different lengths. A batch is padded to a common length, and in
// shuffled training its samples have similar lengths: see Order. Reading is safe from
// several goroutines.
type Sequences struct {
	inputs  [][]int
	steps   [][]int          // targets of every step; nil for none
	targets *samples.Samples // whose inputs are the targets of sequences; nil for none
	lengths []int
	pad     Padding
}

var _ samples.Ordered = (*Sequences)(nil)

// NewSequences has a sample for each sequence of tokens. Its input is [steps]. Its target
// is that of the sequence, or that of its steps, [steps]; targets of padded steps are 0,
// and count unless the steps are masked, as by MaskZero of an Embedding. Sequences are
// kept, not copied. An error names the sequence: one without tokens, one with a token or
// target that is not a number from 0 on within the vocabulary or the classes, or one with
// another number of StepTargets than tokens.
func NewSequences(inputs [][]int, c SequenceConfig) (*Sequences, error) {
	wrong := func(field, rule string, value any) (*Sequences, error) {
		return nil, errs.Error{Field: field, Rule: rule, Value: value}
	}
	s := &Sequences{inputs: inputs, steps: c.StepTargets, lengths: slices.Clone(c.Lengths)}
	var err error
	if s.pad, err = (Padding{Padding: c.Padding, Truncating: c.Truncating, Dtype: c.Dtype}).complete(); err != nil {
		return nil, errs.At(err, "", "SequenceConfig")
	}
	for i, n := range s.lengths {
		if n < 1 || i > 0 && n <= s.lengths[i-1] {
			return wrong(fmt.Sprintf("SequenceConfig.Lengths[%d]", i), "must be positive and more than the one before it", n)
		}
	}
	switch {
	case len(inputs) == 0:
		return wrong("inputs", "must not be empty", nil)
	case c.Targets != nil && c.StepTargets != nil:
		return wrong("SequenceConfig.StepTargets", "must be empty if Targets are set", len(c.StepTargets))
	case c.StepTargets != nil && len(c.StepTargets) != len(inputs):
		return wrong("SequenceConfig.StepTargets", fmt.Sprintf("must be for the %d sequences", len(inputs)), len(c.StepTargets))
	}
	tokens, err := largestToken("SequenceConfig.Vocabulary", c.Vocabulary, s.pad.Dtype)
	if err != nil {
		return nil, err
	}
	classes, err := largestToken("SequenceConfig.Classes", c.Classes, s.pad.Dtype)
	if err != nil {
		return nil, err
	}
	for i, in := range inputs {
		if len(in) == 0 {
			return wrong(fmt.Sprintf("inputs[%d]", i), "must have a token", nil)
		}
		if err := checkTokens(fmt.Sprintf("inputs[%d]", i), in, 0, tokens); err != nil {
			return nil, err
		}
		if c.StepTargets == nil {
			continue
		}
		field := fmt.Sprintf("SequenceConfig.StepTargets[%d]", i)
		if n := len(c.StepTargets[i]); n != len(in) {
			return wrong(field, fmt.Sprintf("must be for the %d tokens of the sequence", len(in)), n)
		}
		if err := checkTokens(field, c.StepTargets[i], 0, classes); err != nil {
			return nil, err
		}
	}
	if c.Targets == nil {
		return s, nil
	}
	if err := s.setTargets(c.Targets, c.Classes); err != nil {
		return nil, err
	}
	return s, nil
}

// setTargets takes the targets of the sequences, which are classes if their number is not
// 0.
func (s *Sequences) setTargets(t *tensor.Dense, classes int) error {
	const field = "SequenceConfig.Targets"
	if t.Dtype() != s.pad.Dtype {
		return errs.Error{Field: field, Rule: fmt.Sprintf("must be of the dtype %v", s.pad.Dtype), Value: t.Dtype()}
	}
	var err error
	if s.targets, err = samples.FromTensors([]*tensor.Dense{t}, nil); err != nil {
		return errs.At(err, field, "")
	}
	n := s.targets.Len()
	if n != len(s.inputs) {
		return errs.Error{Field: field, Rule: fmt.Sprintf("must be for the %d sequences", len(s.inputs)), Value: n}
	}
	if classes == 0 {
		return nil
	}
	all := dense.ToFloat64(t)
	for i, v := range all {
		if v < 0 || v >= float64(classes) || v != math.Trunc(v) {
			return errs.Error{Field: fmt.Sprintf("%s[%d]", field, i/(len(all)/n)), Rule: fmt.Sprintf("must be a whole number from 0 to %d", classes-1), Value: v}
		}
	}
	return nil
}

// Len is the number of sequences.
func (s *Sequences) Len() int { return len(s.inputs) }

// length is the number of steps to which a sequence of n tokens is padded or cut.
func (s *Sequences) length(n int) int {
	if len(s.lengths) == 0 {
		return n
	}
	i, _ := slices.BinarySearch(s.lengths, n)
	return s.lengths[min(i, len(s.lengths)-1)]
}

// Gather fills a batch with the sequences at rows, padded to one length.
func (s *Sequences) Gather(rows []int, into *samples.Batch) error {
	if into == nil {
		return errs.Error{Field: "into", Rule: "must not be nil"}
	}
	if err := samples.CheckRows(rows, len(s.inputs)); err != nil {
		return err
	}
	steps := 0
	for _, row := range rows {
		steps = max(steps, s.length(len(s.inputs[row])))
	}
	if len(rows) > shapes.MaxElements/steps {
		return errs.Error{Field: "rows", Rule: fmt.Sprintf("must be few enough for a tensor of %d numbers, at %d each", shapes.MaxElements, steps), Value: len(rows)}
	}
	targets := into.Targets
	into.Inputs = s.gather(s.inputs, rows, steps, into.Inputs)
	into.Targets, into.Weights = nil, nil
	switch {
	case s.steps != nil:
		into.Targets = s.gather(s.steps, rows, steps, targets)
	case s.targets != nil:
		b := samples.Batch{Inputs: targets}
		if err := s.targets.Gather(rows, &b); err != nil {
			return err
		}
		into.Targets = b.Inputs
	}
	return nil
}

// gather makes a tensor [rows, steps] of sequences, in the memory of into if that fits.
func (s *Sequences) gather(all [][]int, rows []int, steps int, into []*tensor.Dense) []*tensor.Dense {
	picked := make([][]int, len(rows))
	for i, row := range rows {
		picked[i] = all[row]
	}
	out := make([]*tensor.Dense, 1)
	copy(out, into)
	out[0] = dense.Reuse(out[0], s.pad.Dtype, shapes.Shape{len(rows), steps})
	s.pad.fill(out[0], picked)
	return out
}

// Order arranges samples so that batches have sequences of similar lengths, in an order of
// the batches that is as random as the given one: it sorts them by the length that they
// are padded to, cuts them into batches, and puts each batch at the place of its first
// sample. Samples that do not fill a batch are the last of the given order, of any length.
// Fit calls it for each pass over shuffled data. The order must be of samples that there
// are; a batch of less than 1 sample leaves it as it is.
func (s *Sequences) Order(order []int, batch int) []int {
	if batch < 1 {
		return order
	}
	full := len(order) / batch * batch
	place := make(map[int]int, full)
	for i, row := range order[:full] {
		place[row] = i
	}
	sorted := slices.Clone(order[:full])
	slices.SortStableFunc(sorted, func(a, b int) int {
		return cmp.Compare(s.length(len(s.inputs[a])), s.length(len(s.inputs[b])))
	})
	batches := slices.Collect(slices.Chunk(sorted, batch))
	slices.SortFunc(batches, func(a, b []int) int { return cmp.Compare(place[a[0]], place[b[0]]) })
	return append(slices.Concat(batches...), order[full:]...)
}
