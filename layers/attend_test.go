package layers_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/graph/graphtest"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/layers/initializers"
	"github.com/engram-go/engram/layers/layertest"
	"gorgonia.org/tensor"
)

// forbiddenCase is an attention whose weights are ones, and the masks on it.
type forbiddenCase struct {
	layer             layers.Layer
	causal            bool
	queries, values   []float64 // [batch, steps], nil for none
	pairs             []float64 // AttentionMask [batch, query steps, value steps], nil for none
	batch, steps, end int       // samples, query steps, value steps
}

// allows tells whether query t of a sample may look at value s.
func (c forbiddenCase) allows(n, t, s int) bool {
	heads, _ := c.layer.(layers.MultiHeadAttention)
	return !(c.causal && s > t) &&
		(c.values == nil || c.values[n*c.end+s] != 0) &&
		(c.pairs == nil || c.pairs[(n*c.steps+t)*c.end+s] != 0) &&
		(c.queries == nil || heads.NumHeads == 0 || c.queries[n*c.steps+t] != 0)
}

// run gives the output, and the weights as [batch, query steps, value steps].
func (c forbiddenCase) run(t *testing.T, dt tensor.Dtype, l layers.Layer, query, value []float64) map[string][]float64 {
	t.Helper()
	params, err := graph.NewParams(dt, 1)
	if err != nil {
		t.Fatal(err)
	}
	return evaluate(t, graph.Config{Params: params}, graph.Tick{}, func(s *graph.Scope) {
		q := s.Values(query, graph.Shape{c.batch, c.steps, 1})
		v := s.Values(value, graph.Shape{c.batch, c.end, 1})
		if c.queries != nil {
			q = q.WithMask(s.Values(c.queries, graph.Shape{c.batch, c.steps}))
		}
		if c.values != nil {
			v = v.WithMask(s.Values(c.values, graph.Shape{c.batch, c.end}))
		}
		in := []graph.Value{q, v}
		if c.pairs != nil {
			in = append(in, s.Values(c.pairs, graph.Shape{c.batch, c.steps, c.end}))
		}
		if _, ok := l.(layers.AdditiveAttention); ok { // its initializer draws
			s.Within("layer", func() { s.Param("scale", graph.Shape{1}, initializers.Constant{Value: 1e12}) })
		}
		if a, ok := l.(layers.Attention); ok && a.ScoreMode == layers.ScoreConcat {
			s.Within("layer", func() { s.Param("concat_score_weight", graph.Shape{}, initializers.Constant{Value: 1e12}) })
		}
		for i, y := range layers.Apply(s, "layer", l, in...) {
			s.Output([]string{"output", "weights"}[i], y)
		}
	})
}

func forbiddenCases() map[string]forbiddenCase {
	const batch, steps, end = 2, 3, 4
	queries, values := []float64{1, 1, 1, 0, 1, 1}, []float64{1, 0, 1, 1, 0, 1, 1, 0}
	pairs := []float64{1, 0, 0, 1, 0, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 1, 0, 1, 1, 0, 0, 0, 1}
	heads := layers.MultiHeadAttention{NumHeads: 1, KeyDim: 1, KernelInitializer: initializers.Ones}
	out := map[string]forbiddenCase{}
	for mask, c := range map[string]forbiddenCase{
		"causal":  {causal: true},
		"padding": {values: values},
		"all":     {causal: true, values: values, queries: queries},
	} {
		c.batch, c.steps, c.end = batch, steps, end
		c.layer = layers.Attention{UseCausalMask: c.causal}
		out["dot, "+mask] = c
		c.layer = layers.Attention{UseCausalMask: c.causal, ScoreMode: layers.ScoreConcat}
		out["concat, "+mask] = c
		c.layer = layers.AdditiveAttention{UseCausalMask: c.causal}
		out["additive, "+mask] = c
		heads.UseCausalMask, heads.AttentionMask = c.causal, false
		c.layer = heads
		out["heads, "+mask] = c
		heads.AttentionMask, c.pairs = true, pairs
		c.layer = heads
		out["heads with pairs, "+mask] = c
	}
	return out
}

// A weight that a mask forbids is exactly 0, however much larger its score is
// than those that are allowed; the others are those of a sequence without the
// forbidden steps; and where nothing is allowed, all weights are 0.
func TestForbiddenWeightsAreZero(t *testing.T) {
	for name, c := range forbiddenCases() {
		for _, size := range []float64{1, 3e4, 1e9} {
			for _, dt := range []tensor.Dtype{tensor.Float32, tensor.Float64} {
				t.Run(fmt.Sprint(name, " ", size, " ", dt), func(t *testing.T) { checkForbidden(t, c, dt, size) })
			}
		}
	}
}

func checkForbidden(t *testing.T, c forbiddenCase, dt tensor.Dtype, size float64) {
	tol := 1e-12
	if dt == tensor.Float32 {
		tol = 1e-5
	}
	query, value := make([]float64, c.batch*c.steps), make([]float64, c.batch*c.end)
	for i := range query {
		query[i] = size * float64(1+i%3) * float64(1-2*(i%2)) // both signs, so that each value is the best for some query
	}
	for i := range value {
		value[i] = size * float64(i-3)
	}
	got, alone := c.run(t, dt, withScores(c.layer), query, value), c.run(t, dt, c.layer, query, value)
	for n := range c.batch {
		for q := range c.steps {
			row := n*c.steps + q
			hidden := c.queries != nil && c.queries[row] == 0
			one := forbiddenCase{layer: withScores(c.layer), batch: 1, steps: 1}
			var values []float64
			for s := range c.end {
				w := got["weights"][row*c.end+s]
				if c.allows(n, q, s) {
					values = append(values, value[n*c.end+s])
				} else if w != 0 {
					t.Errorf("sample %d: query %d gives value %d the weight %v, and may not look at it", n, q, s, w)
				}
			}
			want := map[string][]float64{"output": {0}}
			if len(values) > 0 {
				one.end, one.layer = len(values), withoutMasks(one.layer)
				x := query[row]
				if hidden {
					x = 0
				}
				want = one.run(t, dt, one.layer, []float64{x}, values)
			}
			var weights []float64
			for s := range c.end {
				if c.allows(n, q, s) {
					weights = append(weights, got["weights"][row*c.end+s])
				}
			}
			what := fmt.Sprintf("sample %d, query %d: ", n, q)
			if len(weights) > 0 {
				graphtest.CheckOutput(t, what+"weights", weights, want["weights"], tol)
			}
			if hidden {
				want["output"][0] = 0
			}
			y := want["output"][0] / size
			graphtest.CheckOutput(t, what+"output", []float64{got["output"][row] / size}, []float64{y}, tol)
			graphtest.CheckOutput(t, what+"output alone", []float64{alone["output"][row] / size}, []float64{y}, tol)
		}
	}
}

// withoutMasks is an attention that looks at everything.
func withoutMasks(l layers.Layer) layers.Layer {
	switch l := l.(type) {
	case layers.Attention:
		l.UseCausalMask = false
		return l
	case layers.AdditiveAttention:
		l.UseCausalMask = false
		return l
	case layers.MultiHeadAttention:
		l.UseCausalMask, l.AttentionMask = false, false
		return l
	}
	return l
}

// Gradients are those of finite differences, also of rows where nothing is
// allowed, and nothing is NaN where scores are so large that weights are 0 and 1.
func TestForbiddenWeightsGradients(t *testing.T) {
	for name, c := range forbiddenCases() {
		for _, scores := range []bool{false, true} {
			l := c.layer
			if scores {
				l = withScores(l)
			}
			build := func(s *graph.Scope, in []graph.Value) graph.Value {
				q, v := in[0], in[1]
				if c.queries != nil {
					q = q.WithMask(s.Values(c.queries, graph.Shape{c.batch, c.steps}))
				}
				if c.values != nil {
					v = v.WithMask(s.Values(c.values, graph.Shape{c.batch, c.end}))
				}
				in = []graph.Value{q, v}
				if c.pairs != nil {
					in = append(in, s.Values(c.pairs, graph.Shape{c.batch, c.steps, c.end}))
				}
				out := layers.Apply(s, "layer", l, in...)
				y := out[0].Reshape(out[0].Shape().Size())
				for _, w := range out[1:] {
					y = graph.Concat(0, y, w.Reshape(w.Shape().Size()))
				}
				return y
			}
			t.Run(fmt.Sprint(name, " ", scores), func(t *testing.T) {
				graphtest.CheckGrad(t, build, graphtest.Input(1, c.batch, c.steps, 2), graphtest.Input(2, c.batch, c.end, 2))
				out := evaluate(t, training(t), graph.Tick{}, func(s *graph.Scope) {
					in := []graph.Value{s.Const(1e6, graph.Shape{c.batch, c.steps, 2}), s.Const(-1e6, graph.Shape{c.batch, c.end, 2})}
					for i, g := range s.Gradients(build(s, in).Sum(), in...) {
						s.Output(fmt.Sprint(i), g)
					}
				})
				for i, g := range append(out["0"], out["1"]...) {
					if math.IsNaN(g) || math.IsInf(g, 0) {
						t.Fatalf("gradient %d is %v", i, g)
					}
				}
			})
		}
	}
}

// Step by step, a causal attention to large numbers gives what it gives for the
// whole sequence.
func TestCausalAttentionStepsOfLargeNumbers(t *testing.T) {
	x := graphtest.Input(1, 2, 5, 3)
	for i := range x.Data {
		x.Data[i] *= 1e7
	}
	for _, l := range []layers.Layer{
		layers.Attention{UseCausalMask: true},
		layers.Attention{UseCausalMask: true, ScoreMode: layers.ScoreConcat},
		layers.AdditiveAttention{UseCausalMask: true},
		layers.MultiHeadAttention{NumHeads: 2, KeyDim: 2, UseCausalMask: true},
	} {
		if err := layertest.Steps(t, layertest.Case{Layer: l, Inputs: []graphtest.Array{x}}); err != nil {
			t.Errorf("%T: %v", l, err)
		}
	}
}
