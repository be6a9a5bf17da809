package layers_test

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/graph/graphtest"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/layers/initializers"
)

// padded is a batch of sequences of 3 features, filled up with steps that do
// not count and hold NaN, in front or at the end.
type padded struct {
	steps   int
	lengths []int
	front   bool
}

func (p padded) at(n int) int {
	if p.front {
		return p.steps - p.lengths[n]
	}
	return 0
}

// spread puts one row of numbers a sample in their places between filling.
func (p padded) spread(fill float64, rows [][]float64) []float64 {
	width := len(rows[0]) / p.lengths[0]
	out := slices.Repeat([]float64{fill}, len(rows)*p.steps*width)
	for n, row := range rows {
		copy(out[(n*p.steps+p.at(n))*width:], row)
	}
	return out
}

// gather is the inverse of spread.
func (p padded) gather(all []float64) (rows [][]float64) {
	width := len(all) / (p.steps * len(p.lengths))
	for n, length := range p.lengths {
		from := (n*p.steps + p.at(n)) * width
		rows = append(rows, all[from:from+length*width])
	}
	return rows
}

func (p padded) mask() []float64 {
	var rows [][]float64
	for _, length := range p.lengths {
		rows = append(rows, slices.Repeat([]float64{1}, length))
	}
	return p.spread(0, rows)
}

// attend gives the output of a layer where its query counts, and the gradients
// of its weighted sum to inputs and weights. A sequence attends to itself where
// no value is given.
func attend(t *testing.T, l layers.Layer, samples int, query, value []float64, queries, values padded, masked bool) map[string][]float64 {
	t.Helper()
	return evaluate(t, config(t), graph.Tick{}, func(s *graph.Scope) {
		input := func(x []float64, p padded) graph.Value {
			v := s.Values(x, graph.Shape{samples, p.steps, 3})
			if masked {
				v = v.WithMask(s.Values(p.mask(), graph.Shape{samples, p.steps}))
			}
			return v
		}
		in := []graph.Value{input(query, queries)}
		if value != nil {
			in = append(in, input(value, values))
		}
		y := layers.Apply(s, "layer", l, in...)[0]
		mask, ok := y.Mask()
		if ok != masked {
			t.Errorf("the output has a mask: %v, the query: %v", ok, masked)
		}
		s.Output("y", y)
		weighted := y.Times(s.Values([]float64{1, -2, 0.5}, graph.Shape{3}))
		if masked {
			s.Output("mask", mask)
			weighted = weighted.Times(mask.Unsqueeze(-1))
		}
		wrt := in
		for _, b := range s.Bound() {
			wrt = append(wrt, b.Value)
		}
		for i, g := range s.Gradients(weighted.Sum(), wrt...) {
			s.Output(fmt.Sprint("gradient ", i), g)
		}
	})
}

// A sample that is filled up with steps that do not count, in front or at the
// end, gives what it gives alone, and so do all gradients.
func TestAttentionPadding(t *testing.T) {
	for name, l := range map[string]layers.Layer{
		"dot":             layers.Attention{UseScale: true},
		"dot causal":      layers.Attention{UseCausalMask: true},
		"concat":          layers.Attention{ScoreMode: layers.ScoreConcat, UseScale: true},
		"additive":        layers.AdditiveAttention{},
		"additive causal": layers.AdditiveAttention{UseCausalMask: true},
		"heads":           layers.MultiHeadAttention{NumHeads: 2, KeyDim: 2},
		"heads in steps":  layers.MultiHeadAttention{NumHeads: 2, KeyDim: 2, ReturnAttentionScores: true},
		"heads causal":    layers.MultiHeadAttention{NumHeads: 2, KeyDim: 2, UseCausalMask: true},
	} {
		for _, front := range []bool{false, true} {
			for _, cross := range []bool{false, true} {
				if cross && front && (name == "dot causal" || name == "additive causal" || name == "heads causal") {
					continue // steps of two sequences can be counted from one end only
				}
				t.Run(fmt.Sprintf("%s, front %v, cross %v", name, front, cross), func(t *testing.T) {
					checkAttentionPadding(t, l, front, cross)
				})
			}
		}
	}
}

func checkAttentionPadding(t *testing.T, l layers.Layer, front, cross bool) {
	queries := padded{steps: 5, lengths: []int{5, 2, 1}, front: front}
	values := padded{steps: 6, lengths: []int{4, 3, 6}, front: front}
	var query, value [][]float64
	for n := range queries.lengths {
		query = append(query, graphtest.Uniform(uint64(n), queries.lengths[n]*3, 1))
		value = append(value, graphtest.Uniform(uint64(10+n), values.lengths[n]*3, 1))
	}
	inputs := 1
	var joined []float64
	if cross {
		inputs, joined = 2, values.spread(math.NaN(), value)
	}
	got := attend(t, l, 3, queries.spread(math.NaN(), query), joined, queries, values, true)
	graphtest.CheckOutput(t, "mask", got["mask"], queries.mask(), 0)
	sums := map[string][]float64{}
	for n := range queries.lengths {
		alone := func(p padded) padded { return padded{steps: p.lengths[n], lengths: p.lengths[n : n+1]} }
		var v []float64
		if cross {
			v = value[n]
		}
		want := attend(t, l, 1, query[n], v, alone(queries), alone(values), false)
		for name, w := range want {
			what := fmt.Sprintf("sample %d, %s", n, name)
			switch {
			case name == "y" || name == "gradient 0":
				graphtest.CheckOutput(t, what, queries.gather(got[name])[n], w, 1e-12)
			case name == "gradient 1" && inputs == 2:
				graphtest.CheckOutput(t, what, values.gather(got[name])[n], w, 1e-12)
			default: // of a weight, which the samples share
				if sums[name] == nil {
					sums[name] = make([]float64, len(w))
				}
				for i, g := range w {
					sums[name][i] += g
				}
			}
		}
	}
	for name, want := range sums {
		graphtest.CheckOutput(t, name, got[name], want, 1e-12)
	}
	for i, p := range []padded{queries, values}[:inputs] { // and no gradient at the other steps
		total, inside := 0.0, 0.0
		for _, g := range got[fmt.Sprint("gradient ", i)] {
			total += math.Abs(g)
		}
		for _, row := range p.gather(got[fmt.Sprint("gradient ", i)]) {
			for _, g := range row {
				inside += math.Abs(g)
			}
		}
		if !(math.Abs(total-inside) < 1e-12) {
			t.Errorf("gradients of input %d reach masked steps", i)
		}
	}
}

// A query that may look at nothing has weights of 0 and gives the output's bias
// where there are heads. A masked one gives zeros elsewhere.
func TestAttentionOfNothing(t *testing.T) {
	out := evaluate(t, config(t), graph.Tick{}, func(s *graph.Scope) {
		x := s.Values([]float64{1, 2, 3, 4}, graph.Shape{1, 2, 2}).WithMask(s.Values([]float64{0, 1}, graph.Shape{1, 2}))
		heads := layers.Apply(s, "heads", layers.MultiHeadAttention{
			NumHeads: 1, KeyDim: 2, BiasInitializer: initializers.Constant{Value: 7}, ReturnAttentionScores: true,
		}, x)
		s.Output("heads", heads[0].Slice(1, 0, 1))
		s.Output("weights", heads[1])
		s.Output("dot", layers.Apply(s, "dot", layers.Attention{}, x)[0])
	})
	for name, want := range map[string][]float64{"heads": {7, 7}, "weights": {0, 0, 0, 1}, "dot": {0, 0, 3, 4}} {
		if !slices.Equal(out[name], want) {
			t.Errorf("%s: got %v, want %v", name, out[name], want)
		}
	}
}
