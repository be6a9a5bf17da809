package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"gorgonia.org/tensor"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/models"
	"github.com/engram-go/engram/train/losses"
)

// benchModel is a model that --model selects.
type benchModel struct {
	name, text string
	letters    string        // what the numbers of a shape are; B is the batch
	standard   []benchShape  // that are timed without --shape
	values     benchQuantity // stored for a batch, roughly
	weights    benchQuantity
	ratio      [2]int // indices of two numbers, of which the first must divide the second; none where zero
	recurrent  bool   // its layer is that of --cell
	task       func(s benchShape, cell benchCell) benchTask
}

// benchShape are the numbers of a shape, in the order of the letters of its model.
type benchShape []int

func (s benchShape) String() string {
	return strings.ReplaceAll(strings.Trim(fmt.Sprint([]int(s)), "[]"), " ", ",")
}

// benchQuantity is a number that a shape must keep within bounds, and its formula.
type benchQuantity struct {
	formula string
	of      func(s benchShape) int
}

// benchTask is a model, its loss and its data.
type benchTask struct {
	model         *models.Model
	loss          losses.Loss
	input, target benchData
}

// benchData makes a number of samples.
type benchData func(samples int) *tensor.Dense

// Limits on the numbers of a shape, on the values stored for a batch and on the weights,
// which are slow to initialise. They keep a run within a few minutes and a few
// gigabytes, and the products of numbers within an int.
const (
	benchMaxNumber  = 1 << 14
	benchMaxValues  = 1 << 25
	benchMaxWeights = 1 << 23
)

// benchModels are all models.
func benchModels() []benchModel { return append(benchRecurrent(), benchNetworks()...) }

func benchNames() []string {
	var names []string
	for _, m := range benchModels() {
		names = append(names, m.name)
	}
	return names
}

// benchHelp describes the models, with the shapes that are timed by default.
func benchHelp() (help []flagHelp) {
	for _, m := range benchModels() {
		h := flagHelp{m.name, "", m.text + "; " + m.letters + " ="}
		for _, s := range m.standard {
			h.text += " " + s.String()
		}
		help = append(help, h)
	}
	return help
}

// batch is the number of samples.
func (m benchModel) batch(s benchShape) int {
	return s[slices.Index(strings.Split(m.letters, ","), "B")]
}

// parse reads the shapes of --shape; without any they are the default ones.
func (m benchModel) parse(given []string) ([]benchShape, error) {
	if len(given) == 0 {
		return m.standard, nil
	}
	var shapes []benchShape
	for _, text := range given {
		parts := strings.Split(text, ",")
		shape := make(benchShape, len(parts))
		ok := len(parts) == len(m.standard[0])
		for i, p := range parts {
			n, err := strconv.Atoi(strings.TrimSpace(p))
			ok = ok && err == nil && n >= 1 && n <= benchMaxNumber
			shape[i] = n
		}
		if !ok {
			return nil, wrongFlag("shape", fmt.Sprintf("must be %d whole numbers %s from 1 to %d", len(m.standard[0]), m.letters, benchMaxNumber), text)
		}
		if err := m.check(shape); err != nil {
			return nil, err
		}
		shapes = append(shapes, shape)
	}
	return shapes, nil
}

// check returns an error for a shape above the limits.
func (m benchModel) check(s benchShape) error {
	if m.values.of(s) > benchMaxValues {
		return wrongFlag("shape", fmt.Sprintf("must keep %s to %d", m.values.formula, benchMaxValues), s.String())
	}
	if m.weights.of(s) > benchMaxWeights {
		return wrongFlag("shape", fmt.Sprintf("must keep its weights, %s, to %d", m.weights.formula, benchMaxWeights), s.String())
	}
	if a, b := m.ratio[0], m.ratio[1]; a != b && s[b]%s[a] != 0 {
		letters := strings.Split(m.letters, ",")
		return wrongFlag("shape", fmt.Sprintf("must have an %s that is a multiple of its %s", letters[b], letters[a]), s.String())
	}
	return nil
}

// noise returns normally distributed values of the shape [samples, shape...].
func noise(purpose string, shape ...int) benchData {
	return func(samples int) *tensor.Dense {
		r := graph.Rand(1, "bench", purpose, graph.Tick{})
		return drawn(samples, shape, r.NormFloat64)
	}
}

// classes returns whole numbers below n, of the shape [samples, shape...].
func classes(purpose string, n int, shape ...int) benchData {
	return func(samples int) *tensor.Dense {
		r := graph.Rand(1, "bench", purpose, graph.Tick{})
		return drawn(samples, shape, func() float64 { return float64(r.IntN(n)) })
	}
}

func drawn(samples int, shape []int, draw func() float64) *tensor.Dense {
	t := tensor.New(tensor.Of(tensor.Float32), tensor.WithShape(append([]int{samples}, shape...)...))
	for i := range t.Float32s() {
		t.Float32s()[i] = float32(draw())
	}
	return t
}

// chain is a model of layers behind one input of the given shape.
func chain(in graph.Shape, all ...layers.Layer) *models.Model {
	m := models.NewSequential(models.Config{Seed: 1}, layers.Input{Shape: in})
	for _, l := range all {
		m.Add(l)
	}
	return &m.Model
}
