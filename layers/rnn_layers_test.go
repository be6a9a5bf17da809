package layers_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/graph/graphtest"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/layers/regularizers"
	"gorgonia.org/tensor"
)

// using is a cell of 4 units that uses layers: what it reads is made from its
// query [batch, 3] and a constant [batch, length, 3], and has 3 features.
type using struct {
	read func(s *graph.Scope, query, memory graph.Value) graph.Value
}

func (using) States() []int { return []int{4} }

func (c using) Step(s *graph.Scope, x graph.Value, states, constants []graph.Value) (graph.Value, []graph.Value) {
	h := states[0] // [batch, 4]
	ask := layers.Dense{Units: 3, KernelRegularizer: regularizers.L2{}, ActivityRegularizer: regularizers.L2{L2: 1}}
	query := layers.Apply(s, "query", ask, graph.Concat(1, x, h))[0]                                              // [batch, 3]
	seen := c.read(s, query, constants[0])                                                                        // [batch, 3]
	h = layers.Apply(s, "dense", layers.Dense{Units: 4}, graph.Concat(1, seen.Reshape(h.Dim(0), 3), h))[0].Tanh() // [batch, 4]
	return h, []graph.Value{h}
}

// A cell may use any layer: it gives the same as a scan and written out, in
// values, losses and gradients.
func TestLayersInCells(t *testing.T) {
	attending := func(l layers.Layer) using {
		return using{func(s *graph.Scope, query, memory graph.Value) graph.Value {
			return layers.Apply(s, "read", l, query.Unsqueeze(1), memory)[0]
		}}
	}
	sequence := func(l layers.Layer) using { // a sequence in every step
		return using{func(s *graph.Scope, query, memory graph.Value) graph.Value {
			return layers.Apply(s, "read", l, memory.Times(query.Unsqueeze(1)))[0]
		}}
	}
	alone := func(l layers.Layer) using {
		return using{func(s *graph.Scope, query, _ graph.Value) graph.Value { return layers.Apply(s, "read", l, query)[0] }}
	}
	for name, cell := range map[string]using{
		"attention":           attending(layers.Attention{UseScale: true}),
		"additive attention":  attending(layers.AdditiveAttention{}),
		"multi-head":          attending(layers.MultiHeadAttention{NumHeads: 2, KeyDim: 2}),
		"gru":                 sequence(layers.GRU{Units: 3}),
		"scan":                sequence(layers.LSTM{Units: 3, Peepholes: true}),
		"bidirectional":       sequence(layers.Bidirectional{Layer: layers.GRU{Units: 3}, MergeMode: layers.MergeSum}),
		"convolution":         sequence(chain{layers.Conv1D{Filters: 3, KernelSize: 2, Padding: layers.Causal}, layers.GlobalMaxPooling1D{}}),
		"average":             sequence(layers.GlobalAveragePooling1D{}),
		"layer normalization": alone(layers.LayerNormalization{}),
		"dropout":             alone(layers.Dropout{Rate: 0.4}),
	} {
		for _, hard := range []bool{false, true} {
			got, want := cell.run(t, hard, false), cell.run(t, hard, true)
			if len(want) < 9 {
				t.Fatalf("%s: got only %d values", name, len(want))
			}
			for part, w := range want {
				if !strings.HasPrefix(part, "rnn/") { // no trace
					graphtest.CheckOutput(t, fmt.Sprintf("%s, %s, hard %v", name, part, hard), got[part], w, graphtest.Tol64)
				}
			}
		}
	}
}

// run gives what an RNN of the cell computes; hard with masks and in training.
func (c using) run(t *testing.T, hard, unrolled bool) map[string][]float64 {
	t.Helper()
	params, err := graph.NewParams(tensor.Float64, 1)
	if err != nil {
		t.Fatal(err)
	}
	return evaluate(t, graph.Config{Params: params, Training: hard, Seed: 3}, graph.Tick{}, func(s *graph.Scope) {
		x := s.Values(graphtest.Uniform(1, 2*5*2, 1), graph.Shape{2, 5, 2})
		memory := s.Values(graphtest.Uniform(2, 2*3*3, 1), graph.Shape{2, 3, 3})
		in := []graph.Value{x, memory}
		if hard {
			in[0] = x.WithMask(s.Values([]float64{0, 1, 1, 0, 1, 1, 1, 1, 0, 0}, graph.Shape{2, 5}))
			in[1] = memory.WithMask(s.Values([]float64{1, 1, 0, 0, 1, 1}, graph.Shape{2, 3}))
		}
		l := layers.RNN{Cell: c, Constants: 1, ReturnSequences: true, ReturnState: true, Unrolled: unrolled}
		loss := s.Const(0, graph.Shape{})
		for i, y := range layers.Apply(s, "rnn", l, in...) {
			s.Output(fmt.Sprint("output ", i), y)
			loss = loss.Add(y.Times(s.Values(graphtest.Uniform(uint64(7+i), y.Shape().Size(), 1), y.Shape())).Sum())
		}
		for _, penalty := range s.Losses() {
			loss = loss.Add(penalty)
		}
		s.Output("loss", loss)
		wrt, names := []graph.Value{x, memory}, []string{"x", "memory"}
		for _, b := range s.Bound() {
			wrt, names = append(wrt, b.Value), append(names, b.Param.Path)
		}
		for i, g := range s.Gradients(loss, wrt...) {
			s.Output("gradient of "+names[i], g)
		}
	})
}
