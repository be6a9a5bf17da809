package models_test

import (
	"slices"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/models"
	"gorgonia.org/tensor"
)

// counted records the numbers of samples for which it is built.
type counted struct{ samples *[]int }

func (c counted) Call(s *graph.Scope, in ...graph.Value) []graph.Value {
	if n := in[0].Dim(0); !s.Symbolic() && !slices.Contains(*c.samples, n) {
		*c.samples = append(*c.samples, n)
	}
	return in
}

// The values of all layers count, not those of the inputs and outputs alone, and a batch of
// more than 32 samples takes at most 64 MB.
func TestPredictBatches(t *testing.T) {
	const samples, steps, bound = 150, 100, 64 << 20
	ids := tensor.New(tensor.Of(tensor.Float32), tensor.WithShape(samples, steps))
	for i := range ids.Float32s() {
		ids.Float32s()[i] = float32(i % 2)
	}
	for _, c := range []struct {
		name string
		wide int
		last layers.Layer
		want []int
	}{
		{"few values", 100, layers.GlobalAveragePooling1D{}, []int{32, 128, 22}},
		{"many values", 2000, layers.GlobalAveragePooling1D{}, []int{32, 64, 22}},
		{"very many values", 5500, layers.GlobalAveragePooling1D{}, []int{32, 22}},
		{"before a recurrent layer", 1400, layers.LSTM{Units: 2}, []int{32, 96, 54}},
	} {
		var seen []int
		m := models.NewSequential(models.Config{}, layers.Input{Shape: graph.Shape{steps}}, counted{&seen}, layers.Embedding{InputDim: 2, OutputDim: c.wide}, c.last)
		first := predict(t, m, ids)
		if !slices.Equal(seen, c.want) {
			t.Errorf("%s: compiled for %v samples, want %v", c.name, seen, c.want)
		}
		seen = nil
		same(t, c.name+": the second prediction", predict(t, m, ids), first)
		if len(seen) > 0 {
			t.Errorf("%s: compiled for %v samples again", c.name, seen)
		}
		params, err := m.Params()
		if err != nil {
			t.Fatal(err)
		}
		memory := func(n int) int64 {
			var w graph.Workspace
			p, err := graph.NewProgram(graph.Config{Params: params, Workspace: &w}, func(s *graph.Scope) {
				s.Output("y", m.Call(s, s.Input("x", graph.Shape{n, steps}))[0])
			})
			if err != nil {
				t.Fatal(err)
			}
			defer p.Close()
			return w.MemorySize()
		}
		batch := c.want[len(c.want)-2]
		if batch > 32 && memory(batch) > bound {
			t.Errorf("%s: %d samples take %d bytes", c.name, batch, memory(batch))
		}
		if batch < 128 && memory(batch+32) <= bound {
			t.Errorf("%s: %d samples would take %d bytes alone", c.name, batch+32, memory(batch+32))
		}
	}
}

// A model that gets a layer is measured again.
func TestPredictBatchesOfMoreLayers(t *testing.T) {
	var seen []int
	m := models.NewSequential(models.Config{}, layers.Input{Shape: graph.Shape{100}}, counted{&seen})
	x := inputs(tensor.Float32, 150, 100)
	same(t, "output", predict(t, m, x), x)
	m.Add(layers.Embedding{InputDim: 2, OutputDim: 2000})
	m.Add(layers.GlobalAveragePooling1D{})
	seen = nil
	predict(t, m, tensor.New(tensor.Of(tensor.Float32), tensor.WithShape(150, 100)))
	if want := []int{32, 64, 22}; !slices.Equal(seen, want) {
		t.Errorf("compiled for %v samples, want %v", seen, want)
	}
}
