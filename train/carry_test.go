package train_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/engram-go/engram/datasets"
	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/graph/graphtest"
	"github.com/engram-go/engram/internal/errs/errtest"
	"github.com/engram-go/engram/internal/layername"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/layers/activations"
	"github.com/engram-go/engram/models"
	"github.com/engram-go/engram/train"
	"github.com/engram-go/engram/train/losses"
	"gorgonia.org/tensor"
)

// sequencer gives a number at every step of sequences with one feature.
func sequencer(more ...layers.Layer) *models.Sequential {
	m := models.NewSequential(models.Config{Seed: 2, Dtype: tensor.Float64}, layers.Input{Shape: graph.Shape{graph.Any, 1}})
	for _, l := range append(more, layers.LSTM{Units: 3, ReturnSequences: true}, layers.Dense{Units: 1}) {
		m.Add(l)
	}
	return m
}

// piece is a tensor [2, steps, 1] of two sequences, from one step to another.
func piece(seed uint64, from, to int) *tensor.Dense {
	all := graphtest.Uniform(seed, 2*12, 1)
	var out []float64
	for i := range 2 {
		out = append(out, all[i*12+from:i*12+to]...)
	}
	return tensor.New(tensor.WithShape(2, to-from, 1), tensor.WithBacking(out))
}

// With carried states a step does what one does that is given the states as
// inputs: truncated back-propagation through time, in values and gradients.
func TestCarryStateIsTruncatedBackpropagation(t *testing.T) {
	ctx := context.Background()
	carried := sequencer()
	trainer := compile(t, carried, train.Config{CarryState: true})

	in, h, c := models.NewInput(layers.Input{Shape: graph.Shape{graph.Any, 1}}), models.NewInput(layers.Input{Shape: graph.Shape{3}}), models.NewInput(layers.Input{Shape: graph.Shape{3}})
	lstm := models.Use(layers.LSTM{Units: 3, ReturnSequences: true, ReturnState: true}).Call(in, h, c)
	y := models.Use(layers.Dense{Units: 1}).Call(lstm)
	given := models.NewFunctional(models.Config{Name: "sequential", Seed: 2, Dtype: tensor.Float64},
		models.Inputs{in, h, c}, models.Outputs{y, lstm.Output(1), lstm.Output(2)})
	other := compile(t, given, train.Config{Outputs: []train.Output{{Loss: losses.MSE{}}, {}, {}}})

	zeros := func() *tensor.Dense { return tensor.New(tensor.WithShape(2, 3), tensor.Of(tensor.Float64)) }
	for round := range 2 {
		states := []*tensor.Dense{zeros(), zeros()}
		for i, cut := range [][2]int{{0, 3}, {3, 6}, {6, 11}, {11, 12}} {
			x, target := piece(5, cut[0], cut[1]), piece(6, cut[0], cut[1])
			loss, err := trainer.Step(ctx, &datasets.Batch{Inputs: []*tensor.Dense{x}, Targets: []*tensor.Dense{target}})
			check(t, err)
			inputs := []*tensor.Dense{x, states[0], states[1]}
			out, err := given.PredictAll(ctx, inputs...) // before the step changes the weights
			check(t, err)
			want, err := other.Step(ctx, &datasets.Batch{Inputs: inputs, Targets: []*tensor.Dense{target}})
			check(t, err)
			states = out[1:]
			at := fmt.Sprintf("round %d, piece %d", round, i)
			graphtest.CheckOutput(t, at+", loss", []float64{loss}, []float64{want}, graphtest.Tol64)
			for _, name := range []string{"lstm/kernel", "lstm/recurrent_kernel", "lstm/bias", "dense/kernel", "dense/bias"} {
				got, err := carried.Weight("sequential/" + name)
				check(t, err)
				want, err := given.Weight("sequential/" + name)
				check(t, err)
				graphtest.CheckOutput(t, at+", "+name, got.Float64s(), want.Float64s(), graphtest.Tol64)
			}
		}
		check(t, trainer.ResetStates())
	}
}

// pieces is data of two sequences in pieces of three steps, two samples a batch.
func pieces(t *testing.T) *datasets.Samples {
	t.Helper()
	stack := func(seed uint64) *tensor.Dense {
		var out []float64
		for from := 0; from < 12; from += 3 {
			out = append(out, piece(seed, from, from+3).Float64s()...)
		}
		return tensor.New(tensor.WithShape(8, 3, 1), tensor.WithBacking(out))
	}
	data, err := datasets.FromTensors([]*tensor.Dense{stack(5)}, []*tensor.Dense{stack(6)})
	check(t, err)
	return data
}

// leaky is a custom cell.
type leaky struct{ units int }

func (c leaky) States() []int { return []int{c.units} }

func (c leaky) Step(s *graph.Scope, x graph.Value, states, _ []graph.Value) (graph.Value, []graph.Value) {
	h := layers.Apply(s, "dense", layers.Dense{Units: c.units}, x)[0].Tanh().Add(states[0].Scale(0.9)) // [batch, units]
	return h, []graph.Value{h}
}

// Predicted in pieces, sequences give what they give as a whole, every time, by
// all recurrent layers on all ways that they may run.
func TestCarryStatePredictsInPieces(t *testing.T) {
	ctx := context.Background()
	stack := layers.StackedRNNCells{Cells: []layers.Cell{layers.LSTMCell{Units: 2, Peepholes: true, LayerNorm: true}, layers.SLSTMCell{Units: 3}}}
	for name, l := range map[string]layers.Layer{
		"gru":         layers.GRU{Units: 2, ReturnSequences: true},
		"gru scan":    layers.GRU{Units: 2, ReturnSequences: true, Activation: activations.ReLU},
		"simple rnn":  layers.SimpleRNN{Units: 2, ReturnSequences: true},
		"peepholes":   layers.LSTM{Units: 2, ReturnSequences: true, Peepholes: true},
		"unrolled":    layers.LSTM{Units: 2, ReturnSequences: true, Unrolled: true},
		"own cell":    layers.RNN{Cell: leaky{2}, ReturnSequences: true},
		"own written": layers.RNN{Cell: leaky{2}, ReturnSequences: true, Unrolled: true},
		"slstm":       layers.RNN{Cell: layers.SLSTMCell{Units: 4, Heads: 2}, ReturnSequences: true},
		"stack":       layers.RNN{Cell: stack, ReturnSequences: true},
		"fixed":       layers.GRU{Units: 2, ReturnSequences: true, ResetBefore: true, InitialState: layers.FixedState{Elements: [][]float64{{1, 2}}}},
		"random":      layers.LSTM{Units: 2, ReturnSequences: true, CoupledGates: true, InitialState: layers.RandomState{}},
	} {
		m := sequencer(l)
		trainer := compile(t, m, train.Config{CarryState: true})
		whole, err := m.Predict(ctx, piece(5, 0, 12))
		check(t, err)
		for range 2 {
			got, err := trainer.Predict(ctx, pieces(t), train.EvaluateConfig{BatchSize: 2})
			check(t, err)
			for i := range 8 {
				row := i % 2 * 12
				from := row + i/2*3
				graphtest.CheckOutput(t, fmt.Sprint(name, " piece ", i), got.Float64s()[i*3:i*3+3], whole.Float64s()[from:from+3], graphtest.Tol64)
			}
		}
	}
}

// So they do where pieces begin, or consist, of masked steps.
func TestCarryStateWithMasks(t *testing.T) {
	ctx := context.Background()
	for _, l := range []layers.Layer{
		layers.LSTM{Units: 2, ReturnSequences: true},
		layers.GRU{Units: 2, ReturnSequences: true, Activation: activations.ReLU},
		layers.LSTM{Units: 2, ReturnSequences: true, ZeroOutputForMask: true},
		layers.SimpleRNN{Units: 2},
	} {
		m := models.NewSequential(models.Config{Seed: 2, Dtype: tensor.Float64}, layers.Input{Shape: graph.Shape{graph.Any, 1}}, layers.Masking{}, l)
		trainer := compile(t, m, train.Config{CarryState: true})
		data := pieces(t)
		all := batch(t, data)
		x := all.Inputs[0].Float64s()
		for _, i := range []int{6, 9, 10, 11, 12, 15, 16, 17} { // steps of pieces 2 to 5, of three each
			x[i] = 0
		}
		masked, err := datasets.FromTensors(all.Inputs, all.Targets)
		check(t, err)
		got, err := trainer.Predict(ctx, masked, train.EvaluateConfig{BatchSize: 2})
		check(t, err)
		size := got.DataSize() / 8 // of a piece
		for row := range 2 {
			for n := range 4 {
				var so []float64 // far
				for p := range n + 1 {
					so = append(so, x[(p*2+row)*3:(p*2+row)*3+3]...)
				}
				want, err := m.Predict(ctx, tensor.New(tensor.WithShape(1, len(so), 1), tensor.WithBacking(so)))
				check(t, err)
				w := want.Float64s()
				at := (n*2 + row) * size
				graphtest.CheckOutput(t, fmt.Sprintf("%s, row %d, piece %d", layername.Class(l), row, n), got.Float64s()[at:at+size], w[len(w)-size:], graphtest.Tol64)
			}
		}
	}
}

// Fit starts new sequences with every epoch, and validation does not disturb them.
func TestCarryStateInFit(t *testing.T) {
	ctx := context.Background()
	fitted, stepped := sequencer(), sequencer()
	trainer := compile(t, fitted, train.Config{CarryState: true})
	_, err := trainer.Fit(ctx, pieces(t), train.FitConfig{Epochs: 3, BatchSize: 2, NoShuffle: true, Validation: pieces(t)})
	check(t, err)
	other := compile(t, stepped, train.Config{CarryState: true})
	for range 3 {
		check(t, other.ResetStates())
		for i := 0; i < 8; i += 2 {
			b := &datasets.Batch{}
			check(t, pieces(t).Gather([]int{i, i + 1}, b))
			_, err := other.Step(ctx, b)
			check(t, err)
		}
	}
	if hash(t, fitted) != hash(t, stepped) {
		t.Error("Fit differs from steps that start new sequences with every epoch")
	}
	plain := sequencer()
	_, err = compile(t, plain, train.Config{}).Fit(ctx, pieces(t), train.FitConfig{Epochs: 3, BatchSize: 2, NoShuffle: true})
	check(t, err)
	if hash(t, fitted) == hash(t, plain) {
		t.Error("carried states make no difference")
	}
}

func TestCarryStateErrors(t *testing.T) {
	ctx := context.Background()
	trainer := compile(t, sequencer(), train.Config{CarryState: true})
	data := pieces(t)
	_, err := trainer.Fit(ctx, data, train.FitConfig{BatchSize: 2})
	errtest.Check(t, err, graph.Error{Path: "sequential", Field: "FitConfig.NoShuffle", Value: false})
	_, err = trainer.Fit(ctx, data, train.FitConfig{BatchSize: 3, NoShuffle: true})
	errtest.Check(t, err, graph.Error{Path: "sequential", Field: "data", Value: 8})
	_, err = trainer.Fit(ctx, data, train.FitConfig{BatchSize: 2, NoShuffle: true, ValidationSplit: 0.125})
	errtest.Check(t, err, graph.Error{Path: "sequential", Field: "data", Value: 7})
	_, err = trainer.Evaluate(ctx, data, train.EvaluateConfig{BatchSize: 3})
	errtest.Check(t, err, graph.Error{Path: "sequential", Field: "data", Value: 8})
	_, err = trainer.Predict(ctx, data, train.EvaluateConfig{BatchSize: 5})
	errtest.Check(t, err, graph.Error{Path: "sequential", Field: "data", Value: 8})

	take := func(n int) *datasets.Batch {
		b := &datasets.Batch{}
		check(t, data.Gather([]int{0, 1, 2}[:n], b))
		return b
	}
	_, err = trainer.Step(ctx, take(2))
	check(t, err)
	_, err = trainer.Step(ctx, take(3))
	errtest.Check(t, err, graph.Error{Path: "sequential", Field: "batch", Value: 3})
	check(t, trainer.ResetStates())
	_, err = trainer.Step(ctx, take(3))
	check(t, err)

	for field, l := range map[string]layers.Layer{
		"LSTM.GoBackwards": layers.LSTM{Units: 2, GoBackwards: true, ReturnSequences: true},
		"GRU.GoBackwards":  layers.Bidirectional{Layer: layers.GRU{Units: 2, ReturnSequences: true}},
	} {
		_, err = train.Compile(sequencer(l), train.Config{Loss: losses.MSE{}, CarryState: true})
		errtest.Check(t, err, graph.Error{Field: field})
	}
}
