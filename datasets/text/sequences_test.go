package text

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"gorgonia.org/tensor"
	"pgregory.net/rapid"

	"github.com/engram-go/engram/datasets/samples"
	"github.com/engram-go/engram/internal/dense"
	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/errs/errtest"
)

func TestSequences(t *testing.T) {
	inputs := [][]int{{1}, {2, 3}, {4, 5, 6}, {7, 8, 9, 10, 11}}
	classes := dense.Of([]float32{0, 1, 2, 3}, 4)
	for _, c := range []struct {
		name   string
		config SequenceConfig
		rows   []int
		x, y   [][]float64
	}{
		{"longest", SequenceConfig{}, []int{2, 0}, [][]float64{{4, 5, 6}, {0, 0, 1}}, nil},
		{"classes", SequenceConfig{Targets: classes, Vocabulary: 12, Classes: 4}, []int{1, 3, 1}, [][]float64{{0, 0, 0, 2, 3}, {7, 8, 9, 10, 11}, {0, 0, 0, 2, 3}}, [][]float64{{1}, {3}, {1}}},
		{"lengths", SequenceConfig{Lengths: []int{2, 4}}, []int{2, 0}, [][]float64{{0, 4, 5, 6}, {0, 0, 0, 1}}, nil},
		{"first length", SequenceConfig{Lengths: []int{2, 4}}, []int{0, 0}, [][]float64{{0, 1}, {0, 1}}, nil},
		{"cut", SequenceConfig{Lengths: []int{2, 4}}, []int{3}, [][]float64{{8, 9, 10, 11}}, nil},
		{"at the end", SequenceConfig{Lengths: []int{2, 4}, Padding: Post, Truncating: Post}, []int{3, 0}, [][]float64{{7, 8, 9, 10}, {1, 0, 0, 0}}, nil},
		{"steps", SequenceConfig{StepTargets: inputs, Padding: Post, Dtype: tensor.Float64, Lengths: []int{3}}, []int{3, 0}, [][]float64{{9, 10, 11}, {1, 0, 0}}, [][]float64{{9, 10, 11}, {1, 0, 0}}},
	} {
		s, err := NewSequences(inputs, c.config)
		check(t, err)
		var b samples.Batch
		for range 2 { // the second time into the same tensors
			b.Weights = []*tensor.Dense{classes}
			before := b.Inputs
			check(t, s.Gather(c.rows, &b))
			var y [][]float64
			if len(b.Targets) > 0 {
				y = rows(t, b.Targets[0])
			}
			if d := cmp.Diff(c.x, rows(t, b.Inputs[0])) + cmp.Diff(c.y, y); d != "" || b.Weights != nil || len(b.Inputs) != 1 {
				t.Errorf("%s: %s, weights %v", c.name, d, b.Weights)
			}
			if before != nil && before[0] != b.Inputs[0] {
				t.Errorf("%s: new tensors for the same shapes", c.name)
			}
		}
		if s.Len() != 4 {
			t.Errorf("%d samples", s.Len())
		}
		errtest.Check(t, s.Gather([]int{0, 4}, &b), errs.Error{Field: "rows[1]", Value: 4})
		errtest.Check(t, s.Gather(nil, &b), errs.Error{Field: "rows"})
		errtest.Check(t, s.Gather([]int{0}, nil), errs.Error{Field: "into"})
	}
}

func TestSequenceErrors(t *testing.T) {
	two := [][]int{{1, 2}, {3}}
	for _, c := range []struct {
		inputs [][]int
		config SequenceConfig
		want   errs.Error
	}{
		{nil, SequenceConfig{}, errs.Error{Field: "inputs"}},
		{[][]int{{1}, {}}, SequenceConfig{}, errs.Error{Field: "inputs[1]"}},
		{[][]int{{1}, {2, -1}}, SequenceConfig{}, errs.Error{Field: "inputs[1][1]", Value: -1}},
		{two, SequenceConfig{Vocabulary: 3}, errs.Error{Field: "inputs[1][0]", Value: 3}},
		{two, SequenceConfig{Vocabulary: -1}, errs.Error{Field: "SequenceConfig.Vocabulary", Value: -1}},
		{two, SequenceConfig{Classes: -1}, errs.Error{Field: "SequenceConfig.Classes", Value: -1}},
		{two, SequenceConfig{Lengths: []int{0}}, errs.Error{Field: "SequenceConfig.Lengths[0]", Value: 0}},
		{two, SequenceConfig{Lengths: []int{3, 3}}, errs.Error{Field: "SequenceConfig.Lengths[1]", Value: 3}},
		{two, SequenceConfig{Padding: "left"}, errs.Error{Field: "SequenceConfig.Padding", Value: "left"}},
		{two, SequenceConfig{Dtype: tensor.Int}, errs.Error{Field: "SequenceConfig.Dtype", Value: "int"}},
		{two, SequenceConfig{StepTargets: [][]int{{1, 2}}}, errs.Error{Field: "SequenceConfig.StepTargets", Value: 1}},
		{two, SequenceConfig{StepTargets: [][]int{{1, 2}, {3, 4}}}, errs.Error{Field: "SequenceConfig.StepTargets[1]", Value: 2}},
		{two, SequenceConfig{StepTargets: two, Classes: 3}, errs.Error{Field: "SequenceConfig.StepTargets[1][0]", Value: 3}},
		{two, SequenceConfig{StepTargets: two, Targets: dense.Of([]float32{1, 2}, 2)}, errs.Error{Field: "SequenceConfig.StepTargets"}},
		{two, SequenceConfig{Targets: dense.Of([]float32{1, 2, 3}, 3)}, errs.Error{Field: "SequenceConfig.Targets", Value: 3}},
		{two, SequenceConfig{Targets: dense.Of([]float32{1, 2}, 2), Classes: 2}, errs.Error{Field: "SequenceConfig.Targets[1]", Value: 2}},
		{two, SequenceConfig{Targets: dense.Of([]float32{0, 1, 0.5, 0}, 2, 2), Classes: 2}, errs.Error{Field: "SequenceConfig.Targets[1]", Value: 0.5}},
		{two, SequenceConfig{Targets: dense.Of([]float64{1, 2}, 2)}, errs.Error{Field: "SequenceConfig.Targets", Value: "float64"}},
	} {
		_, err := NewSequences(c.inputs, c.config)
		errtest.Check(t, err, c.want)
	}
}

// Batches have each sample once, of neighbouring lengths but for the samples that are left
// over, and take less padding than batches of the given order.
func TestSequencesOrder(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		n, size := rapid.IntRange(1, 200).Draw(r, "samples"), rapid.IntRange(1, 20).Draw(r, "batch")
		lengths := rapid.SampledFrom([][]int{nil, {4, 8, 16, 32}}).Draw(r, "lengths")
		order := rand.New(rand.NewPCG(rapid.Uint64().Draw(r, "seed"), 0)).Perm(n)
		inputs := make([][]int, n)
		for i := range inputs {
			inputs[i] = make([]int, rapid.IntRange(1, 40).Draw(r, "length"))
		}
		s, err := NewSequences(inputs, SequenceConfig{Lengths: lengths})
		if err != nil {
			r.Fatal(err)
		}
		got, err := samples.Order(s, order, size)
		if err != nil {
			r.Fatal(err)
		}
		full := n / size * size
		if !slices.Equal(got[full:], order[full:]) {
			r.Fatalf("left over are %v, want %v", got[full:], order[full:])
		}
		var ranges [][2]int // the shortest and the longest of each batch
		padded := [2]int{}
		for batch := range slices.Chunk(got[:full], size) {
			a, b := extent(s, batch)
			ranges = append(ranges, [2]int{a, b})
			padded[0] += b
		}
		for batch := range slices.Chunk(order[:full], size) {
			_, b := extent(s, batch)
			padded[1] += b
		}
		slices.SortFunc(ranges, func(a, b [2]int) int { return a[0] + a[1] - b[0] - b[1] })
		for i := range len(ranges) - 1 {
			if ranges[i][1] > ranges[i+1][0] {
				r.Fatalf("batches have the lengths %v", ranges)
			}
		}
		if padded[0] > padded[1] {
			r.Fatalf("%d steps instead of %d", padded[0], padded[1])
		}
	})
}

func extent(s *Sequences, batch []int) (shortest, longest int) {
	var all []int
	for _, row := range batch {
		all = append(all, s.length(len(s.inputs[row])))
	}
	return slices.Min(all), slices.Max(all)
}

// The order of the batches is not that of their lengths, and depends on the given order.
func TestSequencesOrderIsMixed(t *testing.T) {
	inputs := make([][]int, 400)
	for i := range inputs {
		inputs[i] = make([]int, 1+i/4)
	}
	s, err := NewSequences(inputs, SequenceConfig{})
	check(t, err)
	var firsts [][]int
	for seed := range uint64(2) {
		order := s.Order(rand.New(rand.NewPCG(seed, 1)).Perm(len(inputs)), 4)
		var first []int
		for batch := range slices.Chunk(order, 4) {
			a, b := extent(s, batch)
			if a != b {
				t.Fatalf("lengths from %d to %d in a batch", a, b)
			}
			first = append(first, a)
		}
		if slices.IsSorted(first) {
			t.Error("batches are in the order of their lengths")
		}
		firsts = append(firsts, first)
	}
	if slices.Equal(firsts[0], firsts[1]) {
		t.Error("batches of two orders are in the same order")
	}

	// Samples of one length stay in the given order.
	two, err := NewSequences(inputs, SequenceConfig{Lengths: []int{50, 100}})
	check(t, err)
	order := rand.New(rand.NewPCG(1, 2)).Perm(len(inputs))
	got := two.Order(order, 4)
	for _, long := range []bool{false, true} {
		other := func(row int) bool { return (len(inputs[row]) > 50) != long }
		a, b := slices.DeleteFunc(slices.Clone(order), other), slices.DeleteFunc(slices.Clone(got), other)
		if !slices.Equal(a, b) {
			t.Errorf("samples of one length have the order %v, want %v", b, a)
		}
	}
}
