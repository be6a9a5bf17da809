package models_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/internal/errs/errtest"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/models"
	"github.com/engram-go/engram/models/safetensors"
	"gorgonia.org/tensor"
)

// holder is a layer of one's own with layers in it.
type holder struct{ Layers []layers.Layer }

func (holder) Call(_ *graph.Scope, inputs ...graph.Value) []graph.Value { return inputs }

func TestFunctionalRefuses(t *testing.T) {
	x := models.NewInput(layers.Input{Shape: graph.Shape{4, 2}})
	z := models.NewInput(layers.Input{Shape: graph.Shape{3}, Name: "z"})
	use := func(l layers.Layer, in ...models.Tensor) models.Outputs {
		return models.Outputs{models.Use(l).Call(in...)}
	}
	lstm := models.Use(layers.LSTM{Units: 2, ReturnState: true})
	dense := models.Use(layers.Dense{Units: 2})
	named := layers.Dense{Units: 2, Name: "mine"}
	one := models.Inputs{x}
	for name, c := range map[string]struct {
		cfg  models.Config
		in   models.Inputs
		out  models.Outputs
		want graph.Error
	}{
		"no inputs":          {out: models.Outputs{x}, want: graph.Error{Path: "functional", Field: "model"}},
		"no outputs":         {in: one, want: graph.Error{Path: "functional", Field: "model"}},
		"an empty input":     {in: models.Inputs{{}}, out: models.Outputs{x}, want: graph.Error{Path: "functional", Field: "input 0"}},
		"an inner input":     {in: models.Inputs{x, dense.Call(x)}, out: models.Outputs{x}, want: graph.Error{Path: "functional", Field: "input 1"}},
		"output of an input": {in: models.Inputs{x.Output(1)}, out: models.Outputs{x}, want: graph.Error{Path: "functional", Field: "input 0"}},
		"an input twice":     {in: models.Inputs{x, x}, out: models.Outputs{x}, want: graph.Error{Path: "functional", Field: "input 1"}},
		"an input unused":    {in: models.Inputs{x, z}, out: use(layers.Flatten{}, x), want: graph.Error{Path: "functional", Field: "input 1"}},
		"an input left out":  {in: one, out: use(plus{}, x, dense.Call(z)), want: graph.Error{Path: "functional/z", Field: "input"}},
		"an empty output":    {in: one, out: models.Outputs{x, {}}, want: graph.Error{Path: "functional", Field: "output 1"}},
		"an empty tensor":    {in: one, out: use(plus{}, x, models.Tensor{}), want: graph.Error{Path: "functional", Field: "input 1 of plus"}},
		"a nil handle":       {in: one, out: models.Outputs{(*models.Handle)(nil).Call(x)}, want: graph.Error{Path: "functional", Field: "output 0"}},
		"a nil layer":        {in: one, out: use(nil, x), want: graph.Error{Path: "functional/layer 1", Field: "layer"}},
		"a pointer":          {in: one, out: use(&layers.Dense{Units: 1}, x), want: graph.Error{Path: "functional/layer 1", Field: "layer"}},
		"no call inputs":     {in: one, out: use(plus{}, x, dense.Call()), want: graph.Error{Path: "functional/dense", Field: "Dense", Value: "0"}},
		"bad units":          {in: one, out: use(layers.Dense{Units: -1}, x), want: graph.Error{Path: "functional/dense", Field: "Dense.Units", Value: "-1"}},
		"a bad input":        {in: models.Inputs{models.NewInput(layers.Input{})}, out: models.Outputs{x}, want: graph.Error{Path: "functional/input", Field: "input"}},
		"no shape":           {in: models.Inputs{models.NewInput(layers.Input{})}, out: models.Outputs{}, want: graph.Error{Path: "functional", Field: "model"}},
		"output 3 of 3":      {in: one, out: models.Outputs{lstm.Call(x).Output(3)}, want: graph.Error{Path: "functional/lstm", Field: "output", Value: "3"}},
		"output -1":          {in: one, out: use(plus{}, lstm.Call(x).Output(-1)), want: graph.Error{Path: "functional/lstm", Field: "output", Value: "-1"}},
		"two of one name":    {in: one, out: use(named, models.Use(named).Call(x)), want: graph.Error{Path: "functional", Field: "layer name", Value: `"mine"`}},
		"a slash":            {in: one, out: use(layers.Dense{Units: 1, Name: "a/b"}, x), want: graph.Error{Path: "functional", Field: "layer name", Value: `"a/b"`}},
		"two shapes":         {in: models.Inputs{x, z}, out: use(plus{}, x, z), want: graph.Error{Path: "functional/plus", Field: "input", Value: "[any, 3]"}},
		"two shapes of Add":  {in: models.Inputs{x, z}, out: use(layers.Add{}, models.Use(layers.Flatten{}).Call(x), z), want: graph.Error{Path: "functional/add", Field: "Add"}},
		"a shared layer":     {in: models.Inputs{x, z}, out: models.Outputs{dense.Call(x), dense.Call(z)}, want: graph.Error{Path: "functional/dense", Field: "kernel", Value: "[3, 2]"}},
		"the model's name":   {cfg: models.Config{Name: "a/b"}, in: one, out: models.Outputs{x}, want: graph.Error{Field: "Config.Name"}},
		"a nested model":     {in: one, out: use(models.NewSequential(models.Config{Name: "inner"}, layers.Dense{Units: 2}), x), want: graph.Error{Path: "functional/inner", Field: "first layer"}},
		"nested layer":       {in: one, out: use(models.NewSequential(models.Config{Name: "inner"}, layers.Input{Shape: graph.Shape{4, 2}}, layers.Dense{}), x), want: graph.Error{Path: "functional/inner/dense", Field: "Dense.Units", Value: "0"}},
		"nested shape":       {in: models.Inputs{z}, out: use(forecaster(models.Config{}), z), want: graph.Error{Path: "functional/sequential/input", Field: "Input", Value: "[3]"}},
		"a model in a layer": {in: one, out: use(holder{[]layers.Layer{forecaster(models.Config{})}}, x), want: graph.Error{Path: "functional/holder", Field: "holder"}},
		"nested inputs":      {in: one, out: use(translator(models.Config{}), x), want: graph.Error{Path: "functional/functional", Field: "Functional", Value: "1"}},
	} {
		t.Run(name, func(t *testing.T) {
			m := models.NewFunctional(c.cfg, c.in, c.out)
			errtest.Check(t, m.Build(), c.want)
			_, err := m.Predict(ctx, inputs(tensor.Float32, 2, 4, 2))
			errtest.Check(t, err, c.want)
			errtest.Check(t, m.Summary(nil), c.want)
			_, err = m.OutputNames()
			errtest.Check(t, err, c.want)
			_, err = m.Handle("dense")
			errtest.Check(t, err, c.want)
		})
	}
}

func TestPredictNamesItsInputs(t *testing.T) {
	m := branches(models.Config{})
	x := inputs(tensor.Float32, 2, 5, 2)
	_, err := m.Predict(ctx, x)
	errtest.Check(t, err, graph.Error{Path: "functional", Field: "inputs", Value: "1"})
	_, err = m.PredictAll(ctx, x, x)
	errtest.Check(t, err, graph.Error{Path: "functional: input 1 (static)", Field: "shape", Value: "[2, 5, 2]"})
	_, err = m.PredictAll(ctx, x, inputs(tensor.Float32, 3, 3))
	errtest.Check(t, err, graph.Error{Path: "functional", Field: "input 1 (static)", Value: 3})
	_, err = m.Predict(ctx, x, inputs(tensor.Float32, 2, 3))
	errtest.Check(t, err, graph.Error{Path: "functional", Field: "Predict", Value: "3"})
}

// Models that call models many times over are refused before anything is
// followed.
func TestExplodingModels(t *testing.T) {
	x := models.NewInput(layers.Input{Shape: graph.Shape{2}})
	var inner layers.Layer = layers.Flatten{}
	for k := range 20 {
		h, y := models.Use(inner), x
		for range 10 {
			y = h.Call(y)
		}
		inner = models.NewFunctional(models.Config{Name: fmt.Sprint("level", k)}, models.Inputs{x}, models.Outputs{y})
	}
	errtest.Check(t, inner.(model).Build(), graph.Error{Field: "model"})
	y := x
	for range 200_000 {
		y = models.Use(layers.Flatten{}).Call(y)
	}
	errtest.Check(t, models.NewFunctional(models.Config{}, models.Inputs{x}, models.Outputs{y}).Build(), graph.Error{Path: "functional", Field: "model"})
}

func TestReadRefusesFunctional(t *testing.T) {
	m := translator(models.Config{Seed: 1})
	for name, c := range map[string]struct {
		from, to string
		want     graph.Error
	}{
		"a cycle":                  {`{"layer":"encoder","inputs":[{"call":1`, `{"layer":"encoder","inputs":[{"call":3`, graph.Error{Path: "functional", Field: "call 2: input 0", Value: "3"}},
		"itself":                   {`{"layer":"encoder","inputs":[{"call":1`, `{"layer":"encoder","inputs":[{"call":2`, graph.Error{Path: "functional", Field: "call 2: input 0", Value: "2"}},
		"a negative call":          {`{"layer":"encoder","inputs":[{"call":1`, `{"layer":"encoder","inputs":[{"call":-1`, graph.Error{Path: "functional", Field: "call 2: input 0", Value: "-1"}},
		"a missing node":           {`{"layer":"encoder"`, `{"layer":"decoder"`, graph.Error{Path: "functional", Field: "layers and calls"}},
		"an unknown layer":         {`{"layer":"encoder"`, `{"layer":"encode"`, graph.Error{Path: "functional", Field: "layer of call 2", Value: `"encode"`}},
		"no such output":           {`{"call":2,"output":2}`, `{"call":2,"output":7}`, graph.Error{Path: "functional/encoder", Field: "output", Value: "7"}},
		"a huge output":            {`{"call":2,"output":2}`, `{"call":2,"output":9223372036854775807}`, graph.Error{Path: "functional/encoder", Field: "output", Value: "9223372036854775807"}},
		"no inputs":                {`"inputs":[1,0]`, `"inputs":[]`, graph.Error{Path: "functional", Field: "model"}},
		"one input":                {`"inputs":[1,0]`, `"inputs":[0]`, graph.Error{Path: "functional/source", Field: "Input", Value: "0"}},
		"an input twice":           {`"inputs":[1,0]`, `"inputs":[0,0]`, graph.Error{Path: "functional", Field: "input 1"}},
		"an input that is a layer": {`"inputs":[1,0]`, `"inputs":[0,2]`, graph.Error{Path: "functional", Field: "input 1", Value: "2"}},
		"an input of nothing":      {`"inputs":[1,0]`, `"inputs":[0,99]`, graph.Error{Path: "functional", Field: "input 1", Value: "99"}},
		"no outputs":               {`"outputs":[{"call":4}]`, `"outputs":[]`, graph.Error{Path: "functional", Field: "model"}},
		"an unknown output":        {`"outputs":[{"call":4`, `"outputs":[{"call":5`, graph.Error{Path: "functional", Field: "output 0", Value: "5"}},
		"layers left over":         {`"outputs":[{"call":4`, `"outputs":[{"call":3`, graph.Error{Path: "functional", Field: "layers and calls"}},
		"two of one name":          {`{"name":"decoder"`, `{"name":"encoder"`, graph.Error{Path: "functional", Field: "layer name", Value: `"encoder"`}},
		"no name":                  {`{"name":"decoder"`, `{"name":""`, graph.Error{Path: "functional", Field: "layer name", Value: `""`}},
		"null":                     {`{"layer":"encoder","inputs":[{"call":1}]}`, `null`, graph.Error{Path: "config.calls[2]", Field: "", Value: "null"}},
		"no dtype":                 {`"dtype":"float32"`, `"dtype":""`, graph.Error{Field: "dtype", Value: `""`}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := read(edited(t, m, config(c.from, c.to)))
			errtest.Check(t, err, c.want)
		})
	}
	outer := models.NewSequential(models.Config{Name: "outer"}, layers.Input{Shape: graph.Shape{2}}, sum())
	_, err := read(edited(t, outer, config(`"class_name":"Dense","config":{"units":1`, `"class_name":"Dense","config":{"units":-1`)))
	errtest.Check(t, err, graph.Error{Path: "outer/sequential/dense", Field: "Dense.Units", Value: "-1"})
	_, err = read(edited(t, outer, config(`"dtype":"float32","layers":[{"name":"input","layer":{"class_name":"Input","config":{"shape":[2]}}},{"name":"dense"`,
		`"dtype":"float64","layers":[{"name":"input","layer":{"class_name":"Input","config":{"shape":[2]}}},{"name":"dense"`)))
	errtest.Check(t, err, graph.Error{Path: "outer/sequential", Field: "Config.Dtype", Value: "float64"})
	_, err = read(edited(t, outer, func(f *safetensors.File) { delete(f.Tensors, "outer/sequential/dense/bias") }))
	errtest.Check(t, err, graph.Error{Path: "outer/sequential/dense/bias", Field: "weight"})
	wrapped := models.NewSequential(models.Config{}, layers.Input{Shape: graph.Shape{4, 2}}, layers.TimeDistributed{Layer: layers.Dense{Units: 2}})
	_, err = read(edited(t, wrapped, config(`{"class_name":"Dense"`, `{"class_name":"Sequential","config":{"name":"x"}},"name":"y"},"z":{"a":{"class_name":"Dense"`)))
	errtest.Check(t, err, graph.Error{Path: "config.layers[1].layer.z"})
}

// A small file must not ask for more than a small machine has.
func TestReadExplodingFiles(t *testing.T) {
	m := models.NewSequential(models.Config{}, layers.Input{Shape: graph.Shape{2}}, layers.Flatten{})
	input := `{"name":"i","layer":{"class_name":"Input","config":{"shape":[2],"name":""}}}`
	nested := `{"class_name":"Flatten","config":{"name":""}}`
	for k := range 12 {
		var calls []string
		for i := range 10 {
			calls = append(calls, fmt.Sprintf(`{"layer":"l","inputs":[{"call":%d,"output":0}]}`, i))
		}
		nested = fmt.Sprintf(`{"class_name":"Functional","config":{"name":"m%d","seed":0,"dtype":"float32","layers":[%s,{"name":"l","layer":%s}],"calls":[{"layer":"i","inputs":[]},%s],"inputs":[0],"outputs":[{"call":10,"output":0}]}}`,
			k, input, nested, strings.Join(calls, ","))
	}
	doubling := []string{`{"layer":"i","inputs":[]}`}
	for i := range 100 {
		doubling = append(doubling, fmt.Sprintf(`{"layer":"l","inputs":[{"call":%d,"output":0},{"call":%d,"output":0}]}`, i, i))
	}
	of := func(layer string) string {
		return fmt.Sprintf(`{"class_name":"Functional","config":{"name":"d","seed":0,"dtype":"float32","layers":[%s,{"name":"l","layer":%s}],"calls":[%s],"inputs":[0],"outputs":[{"call":100,"output":0}]}}`,
			input, layer, strings.Join(doubling, ","))
	}
	for name, c := range map[string]struct {
		config string
		want   *graph.Error
	}{
		"calls of calls": {nested, &graph.Error{Path: "m11", Field: "model"}},
		"doubled width":  {of(`{"class_name":"Concatenate","config":{"axis":-1,"name":""}}`), &graph.Error{Path: "d/l", Field: "shape [any, 4294967296]"}},
		"doubled value":  {of(`{"class_name":"Add","config":{"name":""}}`), nil},
	} {
		t.Run(name, func(t *testing.T) {
			data := edited(t, m, func(f *safetensors.File) { f.Metadata["engram_config"] = c.config })
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			begun := time.Now()
			_, err := read(data)
			took := time.Since(begun)
			runtime.ReadMemStats(&after)
			if c.want != nil {
				errtest.Check(t, err, *c.want)
			} else if err != nil {
				t.Error(err)
			}
			if grown := after.TotalAlloc - before.TotalAlloc; took > 10*time.Second || grown > 1<<28 {
				t.Errorf("took %v and %d bytes", took, grown)
			}
		})
	}
}
