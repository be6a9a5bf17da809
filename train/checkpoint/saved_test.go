package checkpoint_test

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"testing"

	"github.com/engram-go/engram/train/checkpoint"
	"github.com/google/go-cmp/cmp"
	"gorgonia.org/tensor"
)

// A file of an earlier version is read for ever, as testdata/read.py has read it.
func TestSavedFilesStayReadable(t *testing.T) {
	var want struct {
		State struct {
			Epoch, Step int
			Fit         struct {
				Epoch          int
				InEpoch        bool `json:"in_epoch"`
				Batch, Batches int
				Stopped        bool
				Setup          json.RawMessage
				Epochs         []int
				Callbacks      []int
			}
			Empty []string
		}
		Tensors map[string]struct {
			Dtype string
			Shape []int
			Bytes string
		}
	}
	check(t, json.Unmarshal(content(t, "testdata/saved/version1.json"), &want))
	got, err := checkpoint.ReadFile("testdata/saved/version1.safetensors")
	check(t, err)
	seen := map[string]bool{}
	compare := func(name string, got *tensor.Dense) {
		t.Helper()
		w, ok := want.Tensors[name]
		if !ok {
			t.Errorf("%s is not in the file", name)
		}
		var b bytes.Buffer
		check(t, binary.Write(&b, binary.LittleEndian, got.Data()))
		if seen[name] = true; got.Dtype().String() != w.Dtype || !cmp.Equal([]int(got.Shape()), w.Shape) || hex.EncodeToString(b.Bytes()) != w.Bytes {
			t.Errorf("%s is %v %v %x, want %+v", name, got.Dtype(), got.Shape(), b.Bytes(), w)
		}
	}
	var empty []string
	list := func(name string, x []float64) {
		if len(x) == 0 {
			empty = append(empty, name)
			return
		}
		compare(name, tensor.New(tensor.WithShape(len(x)), tensor.WithBacking(x)))
	}
	all := func(kind string, tensors map[string]*tensor.Dense) {
		for name, d := range tensors {
			compare(kind+name, d)
		}
	}
	all("weights/", got.Weights)
	all("optimizer/", got.Optimizer)
	all("carried/", got.Carried)
	f, at := got.Fit, want.State.Fit
	for name, x := range f.History.Values {
		list("history/"+name, x)
	}
	for name, x := range f.Totals {
		list("totals/"+name, x)
	}
	for _, i := range at.Callbacks {
		c, ok := f.Callbacks[i]
		if !ok {
			t.Errorf("callback %d has no state", i)
		}
		all(fmt.Sprintf("callbacks/%d/tensors/", i), c.Tensors)
		for name, x := range c.Numbers {
			list(fmt.Sprintf("callbacks/%d/numbers/%s", i, name), []float64{x})
		}
	}
	if len(seen) != len(want.Tensors) || !cmp.Equal(empty, want.State.Empty) || len(f.Callbacks) != len(at.Callbacks) {
		t.Errorf("%d tensors, %q empty, %d callbacks; want %d, %q, %d", len(seen), empty, len(f.Callbacks), len(want.Tensors), want.State.Empty, len(at.Callbacks))
	}
	var a, b any
	check(t, json.Unmarshal([]byte(f.Setup), &a))
	check(t, json.Unmarshal(at.Setup, &b))
	numbers := []any{got.Epoch, got.Step, f.Epoch, f.InEpoch, f.Batch, f.Batches, f.Stopped, f.History.Epochs, a}
	if diff := cmp.Diff([]any{want.State.Epoch, want.State.Step, at.Epoch, at.InEpoch, at.Batch, at.Batches, at.Stopped, at.Epochs, b}, numbers); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
