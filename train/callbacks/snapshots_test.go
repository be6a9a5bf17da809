package callbacks_test

import (
	"fmt"
	"testing"

	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/errs/errtest"
	"github.com/engram-go/engram/train"
	"github.com/engram-go/engram/train/callbacks"
	"gorgonia.org/tensor"
	"pgregory.net/rapid"
)

var _ = describe(specimen{
	Good:     &callbacks.Snapshots{Epochs: 2},
	Required: "Epochs",
	Result: func(cb train.Callback, _ stage) string {
		taken, err := cb.(*callbacks.Snapshots).Models()
		out := fmt.Sprint(err)
		for _, m := range taken {
			hash, err := m.WeightsSHA256()
			out += fmt.Sprintln(hash, err)
		}
		return out
	},
	Draw: func(t *rapid.T) train.Callback {
		return &callbacks.Snapshots{Epochs: rapid.IntRange(1, 4).Draw(t, "epochs")}
	},
})

// Snapshots are the weights after every second epoch, and stay as they are.
func TestSnapshots(t *testing.T) {
	s := newStage(t, write("score", make([]float64, 12)...))
	c := &callbacks.Snapshots{Epochs: 2}
	if taken, err := c.Models(); len(taken) > 0 || err != nil {
		t.Errorf("before Fit there are %d snapshots, %v", len(taken), err)
	}
	var want []string
	watch := train.CallbackFunc(func(e *train.Event) error {
		if e.Moment == train.EpochEnd && e.Epoch%2 == 1 {
			want = append(want, s.hash(t))
		}
		return nil
	})
	_, err := s.fit(7, c, watch)
	check(t, err)
	taken, err := c.Models()
	check(t, err)
	if len(taken) != 3 || len(want) != 3 {
		t.Fatalf("%d snapshots of %d", len(taken), len(want))
	}
	for i, m := range taken {
		if got, err := m.WeightsSHA256(); err != nil || got != want[i] {
			t.Errorf("snapshot %d has other weights, %v", i, err)
		}
	}
	_, err = s.trainer.Evaluate(t.Context(), s.data, train.EvaluateConfig{Callbacks: []train.Callback{c}})
	check(t, err)
	if again, err := c.Models(); len(again) != 3 || err != nil {
		t.Errorf("after Evaluate there are %d snapshots, %v", len(again), err)
	}
}

func TestSnapshotsRestoreErrors(t *testing.T) {
	errtest.Check(t, (&callbacks.Snapshots{Epochs: 1}).Restore(train.CallbackState{}), errs.Error{Field: "Snapshots"})
	s := newStage(t, write("score", 0, 0))
	c := &callbacks.Snapshots{Epochs: 1}
	_, err := s.fit(2, c)
	check(t, err)
	for _, bad := range []struct {
		change func(train.CallbackState)
		want   errs.Error
	}{
		{func(s train.CallbackState) { s.Tensors["x/dense/bias"] = s.Tensors["0/sequential/dense/bias"] }, errs.Error{Path: "x/dense/bias", Field: "tensor"}},
		{func(s train.CallbackState) { s.Tensors["01/a"] = s.Tensors["0/sequential/dense/bias"] }, errs.Error{Path: "01/a", Field: "tensor"}},
		{func(s train.CallbackState) { s.Tensors["3/a"] = s.Tensors["0/sequential/dense/bias"] }, errs.Error{Field: "tensors", Value: "none of snapshot 2"}},
		{func(s train.CallbackState) { s.Tensors["1/a"] = s.Tensors["0/sequential/dense/bias"] }, errs.Error{Path: "a", Field: "tensor"}},
		{func(s train.CallbackState) { delete(s.Tensors, "1/sequential/dense/bias") }, errs.Error{Path: "sequential/dense/bias", Field: "tensor"}},
		{func(s train.CallbackState) {
			s.Tensors["0/sequential/dense/bias"] = tensor.New(tensor.WithShape(2), tensor.WithBacking([]float32{1, 2}))
		}, errs.Error{Path: "sequential/dense/bias", Field: "shape"}},
	} {
		state := c.State()
		bad.change(state)
		errtest.Check(t, c.Restore(state), bad.want)
	}
	numbers := c.State()
	numbers.Numbers = map[string]float64{"epochs": 1}
	errtest.Check(t, c.Restore(numbers), errs.Error{Path: "epochs", Field: "number"})
	if taken, err := c.Models(); len(taken) != 2 || err != nil {
		t.Errorf("after errors there are %d snapshots, %v", len(taken), err)
	}
}
