package checkpoint_test

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/internal/errs/errtest"
	"github.com/engram-go/engram/models/safetensors"
	"github.com/engram-go/engram/train"
	"github.com/engram-go/engram/train/checkpoint"
	"github.com/google/go-cmp/cmp"
	"gorgonia.org/tensor"
	"pgregory.net/rapid"
)

// bits compares states to the bit: numbers by their bits, tensors by dtype, shape and
// elements. Nil and empty maps are equal.
var bits = cmp.Options{
	cmp.Transformer("float64", math.Float64bits), cmp.Transformer("float32", math.Float32bits),
	cmp.Transformer("tensor", func(t *tensor.Dense) any {
		if t == nil {
			return nil
		}
		return []any{t.Dtype().String(), []int(t.Shape()), t.Data()}
	}),
	cmp.FilterValues(func(a, b map[string]*tensor.Dense) bool { return len(a)+len(b) == 0 }, cmp.Ignore()),
	cmp.FilterValues(func(a, b map[string][]float64) bool { return len(a)+len(b) == 0 }, cmp.Ignore()),
	cmp.FilterValues(func(a, b map[string]float64) bool { return len(a)+len(b) == 0 }, cmp.Ignore()),
	cmp.FilterValues(func(a, b map[int]train.CallbackState) bool { return len(a)+len(b) == 0 }, cmp.Ignore()),
	cmp.FilterValues(func(a, b []float64) bool { return len(a)+len(b) == 0 }, cmp.Ignore()),
	cmp.FilterValues(func(a, b []int) bool { return len(a)+len(b) == 0 }, cmp.Ignore()),
}

// drawState draws a state with anything in it.
func drawState(t *rapid.T) *train.State {
	number := rapid.OneOf(rapid.Float64(), rapid.Map(rapid.Uint64(), math.Float64frombits), // with NaN of any bits
		rapid.SampledFrom([]float64{math.NaN(), math.Inf(1), math.Inf(-1), math.Copysign(0, -1), math.MaxFloat64, 5e-324}))
	name := rapid.OneOf(rapid.StringMatching(`[a-z]{1,3}(/[a-z0-9]{0,3}){0,2}`), rapid.SampledFrom([]string{"", "/", "é", `"\`, "weights/x", "__metadata__"}))
	tensors := rapid.MapOfN(name, rapid.Custom(func(t *rapid.T) *tensor.Dense {
		shape := rapid.SliceOfN(rapid.IntRange(1, 3), 0, 3).Draw(t, "shape")
		elements := rapid.SliceOfN(number, graph.Shape(shape).Size(), -1)
		if rapid.Bool().Draw(t, "float32") {
			small := make([]float32, graph.Shape(shape).Size())
			for i := range small {
				small[i] = math.Float32frombits(rapid.Uint32().Draw(t, "bits"))
			}
			return tensor.New(tensor.WithShape(shape...), tensor.WithBacking(small))
		}
		return tensor.New(tensor.WithShape(shape...), tensor.WithBacking(elements.Draw(t, "elements")[:graph.Shape(shape).Size()]))
	}), 0, 3)
	lists := rapid.MapOfN(name, rapid.SliceOfN(number, 0, 3), 0, 3)
	count := rapid.IntRange(0, 1<<31-1)
	s := &train.State{Weights: tensors.Draw(t, "weights"), Optimizer: tensors.Draw(t, "optimizer"), Carried: tensors.Draw(t, "carried"),
		Epoch: count.Draw(t, "epoch"), Step: count.Draw(t, "step")}
	if rapid.Bool().Draw(t, "fit") {
		s.Fit = &train.FitState{Epoch: count.Draw(t, "epoch"), InEpoch: rapid.Bool().Draw(t, "in epoch"), Batch: count.Draw(t, "batch"), Batches: count.Draw(t, "batches"),
			Stopped: rapid.Bool().Draw(t, "stopped"), Setup: rapid.SampledFrom([]string{"", `{"Data":{"Samples":3}}`}).Draw(t, "setup"), Totals: lists.Draw(t, "totals"),
			History: train.History{Epochs: rapid.SliceOfN(count, 0, 3).Draw(t, "epochs"), Values: lists.Draw(t, "history")},
			Callbacks: rapid.MapOfN(rapid.IntRange(0, 20), rapid.Custom(func(t *rapid.T) train.CallbackState {
				return train.CallbackState{Numbers: rapid.MapOfN(name, number, 0, 3).Draw(t, "numbers"), Tensors: tensors.Draw(t, "tensors")}
			}), 0, 2).Draw(t, "callbacks")}
	}
	if s.Fit != nil && rapid.Bool().Draw(t, "stream") {
		s.Fit.Stream = &train.StreamPosition{Pass: count.Draw(t, "pass"), Batches: count.Draw(t, "batches"), Samples: count.Draw(t, "samples")}
	}
	return s
}

// Every bit of a state survives.
func TestRoundTrip(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	rapid.Check(t, func(rt *rapid.T) {
		want := drawState(rt)
		check(t, checkpoint.WriteFile(path, want))
		got, err := checkpoint.ReadFile(path)
		check(t, err)
		if diff := cmp.Diff(want, got, bits...); diff != "" {
			rt.Fatalf("(-want +got):\n%s", diff)
		}
	})
}

// Every field of a state is written: one that train.State gets later fails here until
// it is.
func TestEveryFieldIsWritten(t *testing.T) {
	one := map[string]*tensor.Dense{"x": tensor.New(tensor.WithBacking([]float64{1, 2}))}
	want := &train.State{Weights: one, Optimizer: one, Carried: one, Epoch: 1, Step: 2, Fit: &train.FitState{
		Epoch: 3, InEpoch: true, Batch: 4, Batches: 5, Stopped: true, Stream: &train.StreamPosition{Pass: 1, Batches: 2, Samples: 3}, Setup: `{}`, Totals: map[string][]float64{"x": {1}},
		History:   train.History{Epochs: []int{6}, Values: map[string][]float64{"x": {7}}},
		Callbacks: map[int]train.CallbackState{8: {Numbers: map[string]float64{"x": 9}, Tensors: one}},
	}}
	path := filepath.Join(t.TempDir(), "file")
	check(t, checkpoint.WriteFile(path, want))
	got, err := checkpoint.ReadFile(path)
	check(t, err)
	for _, s := range []*train.State{want, got} {
		for _, v := range []any{*s, *s.Fit, *s.Fit.Stream, s.Fit.History, s.Fit.Callbacks[8]} {
			v := reflect.ValueOf(v)
			for i := range v.NumField() {
				if v.Field(i).IsZero() {
					t.Errorf("%v.%s is not written", v.Type(), v.Type().Field(i).Name)
				}
			}
		}
	}
}

// What a newer version may write is an error, though the checksum is right.
func TestNewer(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	check(t, checkpoint.WriteFile(path, state(t, "plain")))
	one := tensor.New(tensor.WithBacking([]float64{1}))
	for name, c := range map[string]struct {
		change func(f safetensors.File)
		want   graph.Error
	}{
		"format":           {func(f safetensors.File) { f.Metadata["engram_checkpoint"] = "2" }, graph.Error{Path: path, Field: "engram_checkpoint", Value: `"2"`}},
		"metadata":         {func(f safetensors.File) { f.Metadata["engram_x"] = "" }, graph.Error{Path: path, Field: "engram_x"}},
		"no state":         {func(f safetensors.File) { delete(f.Metadata, "engram_state") }, graph.Error{Path: path, Field: "engram_state"}},
		"field":            {func(f safetensors.File) { replace(f, `{"epoch"`, `{"x":1,"epoch"`) }, graph.Error{Path: path, Field: "engram_state"}},
		"field of Fit":     {func(f safetensors.File) { replace(f, `"in_epoch"`, `"x":1,"in_epoch"`) }, graph.Error{Path: path, Field: "engram_state"}},
		"number":           {func(f safetensors.File) { replace(f, `"step":3`, `"step":1e99`) }, graph.Error{Path: path, Field: "engram_state"}},
		"empty list":       {func(f safetensors.File) { replace(f, `{"epoch"`, `{"empty":["x"],"epoch"`) }, graph.Error{Field: "x"}},
		"tensor":           {func(f safetensors.File) { f.Tensors["x"] = one }, graph.Error{Field: "x"}},
		"without Fit":      {func(f safetensors.File) { f.Metadata["engram_state"] = `{}` }, graph.Error{Field: "callbacks/0/numbers/best"}},
		"history":          {func(f safetensors.File) { f.Tensors["history/x"] = tensor.New(tensor.WithBacking([]float32{1})) }, graph.Error{Path: "history/x", Field: "tensor"}},
		"totals":           {func(f safetensors.File) { f.Tensors["totals/x"] = tensor.New(tensor.FromScalar(1.0)) }, graph.Error{Path: "totals/x", Field: "tensor"}},
		"callback":         {func(f safetensors.File) { f.Tensors["callbacks/3/numbers/x"] = one }, graph.Error{Field: "callbacks/3/numbers/x"}},
		"callback's place": {func(f safetensors.File) { f.Tensors["callbacks/x/numbers/x"] = one }, graph.Error{Field: "callbacks/x/numbers/x"}},
		"callback's kind":  {func(f safetensors.File) { f.Tensors["callbacks/0/x/x"] = one }, graph.Error{Field: "callbacks/0/x/x"}},
		"callback's number": {func(f safetensors.File) {
			f.Tensors["callbacks/0/numbers/x"] = tensor.New(tensor.WithBacking([]float64{1, 2}))
		}, graph.Error{Path: "callbacks/0/numbers/x", Field: "tensor"}},
	} {
		f, err := safetensors.ReadFile(path)
		check(t, err)
		c.change(f)
		changed := path + "s"
		check(t, safetensors.WriteFile(changed, f))
		check(t, os.WriteFile(changed, sealed(content(t, changed)), 0o600))
		if c.want.Path == path {
			c.want.Path = changed
		}
		t.Run(name, func(t *testing.T) {
			_, err := checkpoint.ReadFile(changed)
			errtest.Check(t, err, c.want)
			if !strings.HasPrefix(fmt.Sprint(err), changed) {
				t.Errorf("%v does not name the file", err)
			}
		})
	}
}

func replace(f safetensors.File, before, after string) {
	text := f.Metadata["engram_state"]
	f.Metadata["engram_state"] = strings.Replace(text, before, after, 1)
	if f.Metadata["engram_state"] == text {
		panic(before + " is not in " + text)
	}
}
