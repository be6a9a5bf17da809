//go:build ignore

// This program wrote the files in this folder, with the version of Engram at
// commit aefe2c6, the first that had to be readable for ever:
//
//	git worktree add ../old aefe2c6
//	cp models/testdata/saved/make.go ../old
//	cd ../old && go run make.go ../engram/models/testdata/saved
//
// It is kept to say what the files hold. It is not run again: the files stay as
// they are, and what a later version writes is added by a program of its own.
//
// Every model has inputs and the predicted numbers in expected.json, for the
// kernels "go" and, where they give other bits, "avx2", whose bits "avx512" has too.
package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"log"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/layers/activations"
	"github.com/engram-go/engram/layers/constraints"
	"github.com/engram-go/engram/layers/initializers"
	"github.com/engram-go/engram/layers/regularizers"
	"github.com/engram-go/engram/models"
	"gorgonia.org/tensor"
)

// What a user defines: a layer with a field for an activation, an activation that
// is a name, a cell, an initializer and a function.
type (
	offset struct {
		Amount     float64
		Activation activations.Activation
		Start      graph.Initializer
		Sizes      []int
		Rates      map[string]float64
		Name       string
	}
	named  string
	leak   struct{ Rate *float64 }
	rising struct{ Step float32 }
)

const cube named = "cube"

func (l offset) Call(s *graph.Scope, inputs ...graph.Value) []graph.Value {
	shift := s.Param("shift", graph.Shape{2}, l.Start) // [2]
	return []graph.Value{l.Activation.Apply(inputs[0].Add(shift).AddConst(l.Amount * l.Rates["once"]))}
}

func (named) Apply(x graph.Value) graph.Value { return x.Times(x).Times(x) }

func (c leak) States() []int { return []int{2} }

func (c leak) Step(_ *graph.Scope, x graph.Value, states, _ []graph.Value) (graph.Value, []graph.Value) {
	h := states[0].Scale(*c.Rate).Add(x) // [batch, 2]
	return h, []graph.Value{h}
}

func (r rising) Init(_ *rand.Rand, shape graph.Shape) ([]float64, error) {
	out := make([]float64, shape.Size())
	for i := range out {
		out[i] = float64(r.Step) * float64(i+1)
	}
	return out, nil
}

var halve = layers.NewFunction("halve", func(_ *graph.Scope, inputs ...graph.Value) []graph.Value {
	return []graph.Value{inputs[0].Scale(0.5)}
})

var custom = []any{offset{}, cube, leak{}, rising{}, halve}

// fieldValues are not the defaults of any layer.
var fieldValues = map[reflect.Type]any{
	reflect.TypeFor[int]():                    2,
	reflect.TypeFor[float64]():                0.25,
	reflect.TypeFor[string]():                 "own",
	reflect.TypeFor[graph.Shape]():            graph.Shape{graph.Any, 2},
	reflect.TypeFor[activations.Activation](): activations.ELU{Alpha: 0.5},
	reflect.TypeFor[graph.Initializer]():      initializers.RandomNormal{Stddev: 0.5},
	reflect.TypeFor[graph.Regularizer]():      regularizers.L1L2{L2: 0.5},
	reflect.TypeFor[graph.Constraint]():       constraints.MinMaxNorm{MinValue: 0.5, Rate: 0.25},
	reflect.TypeFor[layers.ScoreMode]():       layers.ScoreConcat,
	reflect.TypeFor[layers.InitialState]():    layers.RandomState{Stddev: 2},
	reflect.TypeFor[*uint64]():                new(uint64(1<<64 - 1)),
	reflect.TypeFor[layers.Padding]():         layers.Same,
	reflect.TypeFor[*float64]():               new(0.25),
	reflect.TypeFor[[]int]():                  []int{2, -2},
	reflect.TypeFor[layers.Layer]():           layers.Dense{Units: 2, Name: "inner"},
	reflect.TypeFor[layers.Function]():        halve,
	reflect.TypeFor[layers.Cell]():            layers.StackedRNNCells{Cells: []layers.Cell{layers.SLSTMCell{Units: 2}, layers.GRUCell{Units: 2}}},
}

// ownValues are those of fields that need other ones.
var ownValues = map[string]any{
	"Dropout.NoiseShape":  graph.Shape{graph.Any, 1, 2},
	"Conv1D.DilationRate": 1,
	"Dot.Axes":            [2]int{1, -2},
	"Permute.Dims":        []int{2, 1},
	"BatchNormalization.MovingVarianceInitializer": initializers.Constant{Value: 2},
	"MultiHeadAttention.OutputShape":               graph.Shape{3, 2},
	"PositionEmbedding.SequenceLength":             5,
	"RNN.Constants":                                0,
	"Bidirectional.Layer":                          layers.LSTM{Units: 2, ReturnSequences: true, ReturnState: true},
	"Bidirectional.BackwardLayer":                  layers.GRU{Units: 2, ReturnSequences: true, ReturnState: true, GoBackwards: true},
	"Bidirectional.MergeMode":                      layers.MergeNone,
}

// filled is a layer or cell of a type with every field set but the switches.
func filled(typ reflect.Type) reflect.Value {
	full := reflect.New(typ).Elem()
	for i := range typ.NumField() {
		field := typ.Field(i)
		if field.Type.Kind() == reflect.Bool {
			continue
		}
		value, ok := ownValues[typ.Name()+"."+field.Name]
		if !ok {
			value, ok = fieldValues[field.Type]
		}
		if !ok {
			log.Fatalf("no value for %v.%s", typ, field.Name)
		}
		full.Field(i).Set(reflect.ValueOf(value))
	}
	return full
}

// switched is a layer with every switch on that the others let it have.
func switched(full reflect.Value, dtype tensor.Dtype) (layers.Layer, bool) {
	any := false
	for i := range full.NumField() {
		if full.Type().Field(i).Type.Kind() != reflect.Bool || full.Type().Field(i).Name == "AttentionMask" {
			continue
		}
		full.Field(i).SetBool(true)
		if m, _ := alone(full.Interface().(layers.Layer), dtype); m.Build() != nil {
			full.Field(i).SetBool(false)
			continue
		}
		any = true
	}
	return full.Interface().(layers.Layer), any
}

type model interface {
	Name() string
	Build() error
	Save(path string) error
	JSON() ([]byte, error)
	WeightsSHA256() (string, error)
	PredictAll(ctx context.Context, inputs ...*tensor.Dense) ([]*tensor.Dense, error)
}

// alone is a model of one layer, and a batch for it.
func alone(l layers.Layer, dtype tensor.Dtype) (model, []*tensor.Dense) {
	x := numbers(dtype, 3, 4, 2)
	switch l.(type) {
	case layers.Embedding:
		x = whole(dtype, 2, 3, 4)
	case layers.RepeatVector:
		x = numbers(dtype, 3, 4)
	}
	in := layers.Input{Shape: graph.Shape(x.Shape()[1:])}
	cfg := models.Config{Seed: 1<<64 - 1, Dtype: dtype, Name: "mödel", Custom: custom}
	switch l.(type) {
	case layers.Dot, layers.Subtract:
		x := models.NewInput(in)
		y := models.NewInput(in)
		return models.NewFunctional(cfg, models.Inputs{x, y}, models.Outputs{models.Use(l).Call(x, y)}), []*tensor.Dense{numbers(dtype, 3, 4, 2), numbers(dtype, 3, 4, 2)}
	}
	return models.NewSequential(cfg, in, l), []*tensor.Dense{x}
}

var source = rand.New(rand.NewPCG(1, 2))

func numbers(dtype tensor.Dtype, shape ...int) *tensor.Dense {
	elements := make([]float64, graph.Shape(shape).Size())
	for i := range elements {
		elements[i] = 2*source.Float64() - 1
	}
	return dense(dtype, elements, shape)
}

// whole are numbers from 0 to below n.
func whole(dtype tensor.Dtype, n int, shape ...int) *tensor.Dense {
	elements := make([]float64, graph.Shape(shape).Size())
	for i := range elements {
		elements[i] = float64(source.IntN(n))
	}
	return dense(dtype, elements, shape)
}

func dense(dtype tensor.Dtype, elements []float64, shape []int) *tensor.Dense {
	if dtype == tensor.Float64 {
		return tensor.New(tensor.WithShape(shape...), tensor.WithBacking(elements))
	}
	small := make([]float32, len(elements))
	for i, x := range elements {
		small[i] = float32(x)
	}
	return tensor.New(tensor.WithShape(shape...), tensor.WithBacking(small))
}

// bits is a tensor in expected.json: its elements little-endian, in base64.
type bits struct {
	Dtype string
	Shape []int
	Bytes []byte
}

func bitsOf(ts []*tensor.Dense) []bits {
	out := make([]bits, len(ts))
	for i, t := range ts {
		var b bytes.Buffer
		check(binary.Write(&b, binary.LittleEndian, t.Data()))
		out[i] = bits{t.Dtype().String(), slices.Clone([]int(t.Shape())), b.Bytes()}
		if t.Shape().IsScalar() {
			out[i].Shape = []int{}
		}
	}
	return out
}

// expected says what a file gives. A file of states has Steps: one output after
// the other, each from the next of the inputs.
type expected struct {
	File    string
	Model   string            `json:",omitempty"` // whose states a file holds
	SHA256  string            `json:",omitempty"` // of the weights
	Frozen  []string          `json:",omitempty"`
	Inputs  []bits            // of Predict; of each step for states
	Outputs map[string][]bits // by the kernels
}

var cases []expected

// under runs f with each set of kernels, and keeps what differs from "go".
func under(f func() []*tensor.Dense) map[string][]bits {
	out := map[string][]bits{}
	for _, set := range []string{"go", "avx2", "avx512"} {
		os.Setenv("ENGRAM_KERNELS", set)
		out[set] = bitsOf(f())
	}
	os.Unsetenv("ENGRAM_KERNELS")
	if !reflect.DeepEqual(out["avx2"], out["avx512"]) {
		log.Fatal("avx2 and avx512 differ")
	}
	delete(out, "avx512")
	if reflect.DeepEqual(out["avx2"], out["go"]) {
		delete(out, "avx2")
	}
	return out
}

func save(dir, name string, m model, inputs []*tensor.Dense, frozen ...string) {
	path := filepath.Join(dir, name+".safetensors")
	if err := m.Save(path); err != nil {
		log.Fatal(name, ": ", err)
	}
	add(name+".safetensors", m, inputs, frozen, func() *models.Model {
		back, err := models.Load(path, models.LoadConfig{Custom: custom})
		check(err)
		return back
	})
}

func saveJSON(dir, name string, m model, inputs []*tensor.Dense, frozen ...string) {
	text, err := m.JSON()
	check(err)
	check(os.WriteFile(filepath.Join(dir, name+".json"), text, 0o644))
	add(name+".json", m, inputs, frozen, func() *models.Model {
		back, err := models.FromJSON(text, models.LoadConfig{Custom: custom})
		check(err)
		return back
	})
}

func add(file string, m model, inputs []*tensor.Dense, frozen []string, load func() *models.Model) {
	hash, err := m.WeightsSHA256()
	check(err)
	c := expected{File: file, SHA256: hash, Inputs: bitsOf(inputs), Frozen: frozen}
	c.Outputs = under(func() []*tensor.Dense {
		out, err := load().PredictAll(context.Background(), inputs...)
		check(err)
		return out
	})
	finite(c)
	cases = append(cases, c)
}

// saveStates saves a stepper's states after three steps, and what the next two
// steps give.
func saveStates(dir, name, modelFile string, inputs func() []*tensor.Dense) {
	load := func() *models.Stepper {
		m, err := models.Load(filepath.Join(dir, modelFile), models.LoadConfig{Custom: custom})
		check(err)
		st, err := m.Stepper(models.StepperConfig{Batch: 2})
		check(err)
		return st
	}
	os.Setenv("ENGRAM_KERNELS", "go")
	st := load()
	for i := range 3 {
		if i == 2 {
			check(st.Reset(1))
		}
		_, err := st.StepAll(context.Background(), inputs()...)
		check(err)
	}
	path := filepath.Join(dir, name+".safetensors")
	check(st.SaveStates(path))
	next := append(inputs(), inputs()...)
	c := expected{File: name + ".safetensors", Model: modelFile, Inputs: bitsOf(next)}
	c.Outputs = under(func() []*tensor.Dense {
		st := load()
		check(st.LoadStates(path))
		var out []*tensor.Dense
		for half := range slices.Chunk(next, len(next)/2) {
			y, err := st.StepAll(context.Background(), half...)
			check(err)
			out = append(out, y...)
		}
		return out
	})
	finite(c)
	cases = append(cases, c)
}

func finite(c expected) {
	for _, outputs := range c.Outputs {
		for _, b := range outputs {
			size := 4
			if b.Dtype == "float64" {
				size = 8
			}
			for e := range slices.Chunk(b.Bytes, size) {
				x := 0.0
				if size == 4 {
					x = float64(math.Float32frombits(binary.LittleEndian.Uint32(e)))
				} else {
					x = math.Float64frombits(binary.LittleEndian.Uint64(e))
				}
				if math.IsNaN(x) || math.IsInf(x, 0) {
					log.Fatal(c.File, " predicts ", x)
				}
			}
		}
	}
}

func main() {
	dir := os.Args[1]
	for _, prototype := range layers.All() {
		if _, ok := prototype.(layers.Layer); !ok {
			continue
		}
		typ := reflect.TypeOf(prototype)
		name := "layer_" + layers.DefaultName(prototype.(layers.Layer))
		full := filled(typ)
		m, x := alone(full.Interface().(layers.Layer), tensor.Float32)
		save(dir, name, m, x)
		if l, ok := switched(full, tensor.Float64); ok {
			m, x := alone(l, tensor.Float64)
			save(dir, name+"_switches", m, x)
		}
	}
	for _, dtype := range []tensor.Dtype{tensor.Float32, tensor.Float64} {
		suffix := "_" + dtype.String()
		cfg := func(name string, seed uint64) models.Config {
			return models.Config{Name: name, Seed: seed, Dtype: dtype, Custom: custom}
		}
		forecaster := models.NewSequential(cfg("", 1),
			layers.Input{Shape: graph.Shape{graph.Any, 2}}, layers.LSTM{Units: 9, ReturnSequences: true}, layers.GRU{Units: 5}, layers.Dense{Units: 1})
		check(forecaster.Freeze("lstm", "dense/bias"))
		save(dir, "forecaster"+suffix, forecaster, []*tensor.Dense{numbers(dtype, 3, 6, 2)}, "lstm/kernel", "lstm/recurrent_kernel", "lstm/bias", "dense/bias")
		saveJSON(dir, "forecaster"+suffix, forecaster, []*tensor.Dense{numbers(dtype, 3, 6, 2)}, "lstm/kernel", "lstm/recurrent_kernel", "lstm/bias", "dense/bias")
		saveStates(dir, "forecaster_states"+suffix, "forecaster"+suffix+".safetensors", func() []*tensor.Dense { return []*tensor.Dense{numbers(dtype, 2, 1, 2)} })

		save(dir, "cells"+suffix, cells(cfg("cells", 2)), []*tensor.Dense{numbers(dtype, 2, 5, 2)})
		saveStates(dir, "cells_states"+suffix, "cells"+suffix+".safetensors", func() []*tensor.Dense { return []*tensor.Dense{numbers(dtype, 2, 1, 2)} })
		market, x := market(cfg("market", 3), dtype)
		save(dir, "market"+suffix, market, x)
		saveJSON(dir, "market"+suffix, market, x)
		save(dir, "translator"+suffix, translator(cfg("", 4)), []*tensor.Dense{numbers(dtype, 2, 4, 2), numbers(dtype, 2, 3, 2)})
		save(dir, "towers"+suffix, towers(cfg("towers", 5), dtype), []*tensor.Dense{numbers(dtype, 2, 3)})
		saveJSON(dir, "towers"+suffix, towers(cfg("towers", 5), dtype), []*tensor.Dense{numbers(dtype, 2, 3)})
		save(dir, "custom"+suffix, users(cfg("users", 6)), []*tensor.Dense{numbers(dtype, 2, 5, 2)})
		saveJSON(dir, "custom"+suffix, users(cfg("users", 6)), []*tensor.Dense{numbers(dtype, 2, 5, 2)})
		save(dir, "attention"+suffix, attention(cfg("attention", 7)), []*tensor.Dense{whole(dtype, 4, 2, 5), numbers(dtype, 2, 5, 5)})
	}
	// Every activation, initializer, regularizer and constraint as a value.
	in := models.NewInput(layers.Input{Shape: graph.Shape{4}})
	var out models.Outputs
	for _, a := range activations.All() {
		out = append(out, models.Use(layers.Activation{Function: a.(activations.Activation)}).Call(in))
	}
	save(dir, "activations", models.NewFunctional(models.Config{}, models.Inputs{in}, out), []*tensor.Dense{numbers(tensor.Float32, 2, 4)})
	var values []layers.Layer
	for _, v := range append(initializers.All(), initializers.VarianceScaling{Scale: 2, Mode: initializers.FanOut, Distribution: initializers.Untruncated}) {
		values = append(values, layers.Dense{Units: 4, KernelInitializer: v.(graph.Initializer)})
	}
	save(dir, "initializers", chain(values), []*tensor.Dense{numbers(tensor.Float32, 2, 4)})
	saveJSON(dir, "initializers", chain(values), []*tensor.Dense{numbers(tensor.Float32, 2, 4)})
	values = nil
	for _, v := range append(regularizers.All(), regularizers.OrthogonalRegularizer{Factor: 0.5, Mode: regularizers.Columns}) {
		values = append(values, layers.Dense{Units: 4, KernelRegularizer: v.(graph.Regularizer)})
	}
	for _, v := range append(constraints.All(), constraints.MaxNorm{MaxValue: 3, Axes: []int{0, 1}}) {
		values = append(values, layers.Dense{Units: 4, KernelConstraint: v.(graph.Constraint)})
	}
	save(dir, "penalties", chain(values), []*tensor.Dense{numbers(tensor.Float32, 2, 4)})

	lines := make([]string, len(cases))
	for i, c := range cases {
		text, err := json.Marshal(c)
		check(err)
		lines[i] = string(text)
	}
	check(os.WriteFile(filepath.Join(dir, "expected.json"), []byte("[\n"+strings.Join(lines, ",\n")+"\n]\n"), 0o644))
	fmt.Println(len(cases), "cases")
}

func chain(ls []layers.Layer) model {
	m := models.NewSequential(models.Config{Seed: 8}, layers.Input{Shape: graph.Shape{4}})
	for _, l := range ls {
		m.Add(l)
	}
	return m
}

// cells has an RNN of every cell, and every initial state.
func cells(cfg models.Config) model {
	own := func(c any) layers.Cell {
		full := reflect.New(reflect.TypeOf(c)).Elem()
		for _, f := range []struct {
			name  string
			value any
		}{
			{"Units", 2}, {"Activation", activations.Softsign}, {"RecurrentActivation", activations.HardSigmoid}, {"KernelInitializer", initializers.HeNormal},
			{"BiasInitializer", initializers.RandomUniform{Min: 0.25, Max: 0.5}}, {"RecurrentRegularizer", regularizers.L2{}}, {"KernelConstraint", constraints.NonNeg{}},
			{"Dropout", 0.25}, {"RecurrentDropout", 0.5}, {"Seed", new(uint64(3))}, {"Peepholes", true}, {"LayerNorm", true}, {"ResetBefore", true}, {"Heads", 2}, {"ExponentialForget", true},
		} {
			if v := full.FieldByName(f.name); v.IsValid() {
				v.Set(reflect.ValueOf(f.value))
			}
		}
		return full.Interface().(layers.Cell)
	}
	x := models.NewInput(layers.Input{Shape: graph.Shape{graph.Any, 2}})
	a := models.Use(layers.RNN{Cell: own(layers.LSTMCell{}), ReturnSequences: true, InitialState: layers.FixedState{Elements: [][]float64{{0.25, -0.5}, {1, 2}}}}).Call(x)
	b := models.Use(layers.RNN{Cell: own(layers.GRUCell{}), ReturnSequences: true, InitialState: layers.RandomState{}}).Call(a)
	c := models.Use(layers.RNN{Cell: own(layers.SimpleRNNCell{}), ReturnSequences: true, InitialState: layers.ZeroState{}}).Call(b)
	d := models.Use(layers.RNN{Cell: own(layers.SLSTMCell{}), ReturnSequences: true, Unrolled: true}).Call(c)
	e := models.Use(layers.RNN{Cell: layers.StackedRNNCells{Cells: []layers.Cell{own(layers.GRUCell{}), layers.LSTMCell{Units: 3}}}, ReturnState: true}).Call(d)
	return models.NewFunctional(cfg, models.Inputs{x}, models.Outputs{e, e.Output(1), e.Output(2), d})
}

// market has three inputs, two outputs and branches.
func market(cfg models.Config, dtype tensor.Dtype) (model, []*tensor.Dense) {
	series := models.NewInput(layers.Input{Name: "series", Shape: graph.Shape{6, 2}})
	text := models.NewInput(layers.Input{Name: "text", Shape: graph.Shape{graph.Any}})
	static := models.NewInput(layers.Input{Name: "static", Shape: graph.Shape{4}})
	past := models.Use(layers.LSTM{Units: 3, BiasInitializer: initializers.RandomNormal{Stddev: 0.5}}).Call(series)
	words := models.Use(layers.Embedding{InputDim: 5, OutputDim: 3, MaskZero: true}).Call(text)
	words = models.Use(layers.GRU{Units: 2, Seed: new(uint64(9))}).Call(words)
	all := models.Use(layers.Concatenate{}).Call(past, words, static)
	all = models.Use(layers.BatchNormalization{Momentum: new(0.0)}).Call(all)
	price := models.Use(layers.Dense{Name: "price", Units: 1}).Call(all)
	rises := models.Use(layers.Dense{Name: "rises", Units: 1, Activation: activations.Sigmoid}).Call(all)
	return models.NewFunctional(cfg, models.Inputs{series, text, static}, models.Outputs{price, rises}),
		[]*tensor.Dense{numbers(dtype, 2, 6, 2), whole(dtype, 5, 2, 3), numbers(dtype, 2, 4)}
}

// translator gives a decoder the states of an encoder.
func translator(cfg models.Config) model {
	source := models.NewInput(layers.Input{Shape: graph.Shape{graph.Any, 2}, Name: "source"})
	target := models.NewInput(layers.Input{Shape: graph.Shape{graph.Any, 2}, Name: "target"})
	encoded := models.Use(layers.LSTM{Units: 3, ReturnState: true, Name: "encoder"}).Call(source)
	decoded := models.Use(layers.LSTM{Units: 3, ReturnSequences: true, Name: "decoder"}).Call(target, encoded.Output(1), encoded.Output(2))
	return models.NewFunctional(cfg, models.Inputs{source, target}, models.Outputs{models.Use(layers.Dense{Units: 2}).Call(decoded)})
}

// towers has models in models, one of them two levels deep, and a layer and a model
// that are each used twice.
func towers(cfg models.Config, dtype tensor.Dtype) model {
	tower := func() *models.Sequential {
		return models.NewSequential(models.Config{Dtype: dtype}, layers.Input{Shape: graph.Shape{3}}, layers.Dense{Units: 3, Activation: activations.Tanh})
	}
	x := models.NewInput(layers.Input{Shape: graph.Shape{3}})
	deep := models.NewSequential(models.Config{Name: "deep", Seed: 77, Dtype: dtype}, layers.Input{Shape: graph.Shape{3}}, tower(), layers.Dense{Units: 3})
	shared, twice := models.Use(layers.Dense{Name: "shared", Units: 3}), models.Use(tower())
	y := shared.Call(shared.Call(twice.Call(twice.Call(x))))
	return models.NewFunctional(cfg, models.Inputs{x}, models.Outputs{y, models.Use(deep).Call(y), models.Use(layers.Add{}).Call(x, y)})
}

// users has what a user defines.
func users(cfg models.Config) model {
	return models.NewSequential(cfg, layers.Input{Shape: graph.Shape{graph.Any, 2}},
		offset{Amount: 0.25, Activation: cube, Start: rising{0.125}, Sizes: []int{3, 4}, Rates: map[string]float64{"once": 1, "never": 0}, Name: "mine"},
		layers.TimeDistributed{Layer: layers.Lambda{Function: halve}},
		layers.RNN{Cell: leak{new(0.5)}, ReturnSequences: true},
		offset{Activation: activations.Tanh, Start: initializers.Ones},
		layers.Dense{Units: 1, Activation: cube, KernelInitializer: rising{0.25}},
	)
}

// attention has masks, and each kind of attention with scores.
func attention(cfg models.Config) model {
	text := models.NewInput(layers.Input{Shape: graph.Shape{5}})
	allowed := models.NewInput(layers.Input{Shape: graph.Shape{5, 5}})
	x := models.Use(layers.Embedding{InputDim: 4, OutputDim: 4, MaskZero: true}).Call(text)
	a := models.Use(layers.MultiHeadAttention{NumHeads: 2, KeyDim: 3, AttentionMask: true, ReturnAttentionScores: true}).Call(x, x, allowed)
	b := models.Use(layers.Attention{UseScale: true, ReturnAttentionScores: true}).Call(a, x)
	c := models.Use(layers.AdditiveAttention{ReturnAttentionScores: true}).Call(b, x)
	return models.NewFunctional(cfg, models.Inputs{text, allowed}, models.Outputs{c, a.Output(1), b.Output(1), c.Output(1)})
}

func check(err error) {
	if err != nil {
		log.Output(2, err.Error())
		os.Exit(1)
	}
}
