package callbacks_test

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/engram-go/engram/datasets"
	"github.com/engram-go/engram/train"
	"github.com/engram-go/engram/train/callbacks"
	"github.com/engram-go/engram/train/optimizers"
	"github.com/pkg/errors"
	"gorgonia.org/tensor"
	"pgregory.net/rapid"
)

var _ = describe(specimen{
	Good:   &callbacks.TerminateOnNaN{},
	Result: func(cb train.Callback, _ stage) string { return fmt.Sprint(cb.(*callbacks.TerminateOnNaN).Err()) },
	Draw:   func(*rapid.T) train.Callback { return &callbacks.TerminateOnNaN{} },
})

// A training that diverges ends without an error, and EarlyStopping gives the model its
// best weights.
func TestTerminateOnNaN(t *testing.T) {
	s := newStage(t, write("score", make([]float64, 1000)...), func(c *train.Config) {
		c.Optimizer = optimizers.SGD{LearningRate: 3}
	})
	begun, ends, first := 0, 0, ""
	watch := train.CallbackFunc(func(e *train.Event) error {
		switch e.Moment {
		case train.EpochBegin:
			begun++
		case train.EpochEnd:
			if first == "" {
				first = s.hash(t)
			}
		case train.TrainEnd:
			ends++
		}
		return nil
	})
	terminate := &callbacks.TerminateOnNaN{}
	best := &callbacks.EarlyStopping{Monitor: "loss", Patience: 1000, RestoreBestWeights: true}
	h, err := s.fit(1000, terminate, best, watch)
	check(t, err)
	if n := len(h.Epochs); n == 0 || n == 1000 || ends != 1 || begun != n+1 {
		t.Fatalf("%d epochs, %d begun, %d ends", n, begun, ends)
	}
	if e := terminate.Err(); e == nil || !strings.Contains(e.Error(), fmt.Sprintf("epoch %d, batch 1", len(h.Epochs)+1)) {
		t.Errorf("Err gives %v", e)
	}
	if s.hash(t) != first {
		t.Error("the weights are not those of the best epoch")
	}
}

// Other errors stay, and a training after another forgets its error.
func TestTerminateOnNaNOtherErrors(t *testing.T) {
	broken := errors.New("broken")
	c := &callbacks.TerminateOnNaN{}
	s := newStage(t, write("score", 0, 0, 0))
	nan, err := datasets.FromSlices([][]float64{{1}, {2}}, [][]float64{{3}, {5}}, tensor.Float32)
	check(t, err)
	fit := func(gather error, x float32) error {
		_, err := s.trainer.Fit(t.Context(), faulty{nan, gather, x}, train.FitConfig{Callbacks: []train.Callback{c}})
		return err
	}
	if check(t, fit(nil, float32(math.NaN()))); c.Err() == nil {
		t.Error("NaN in the data has not ended Fit")
	}
	if check(t, fit(nil, 1)); c.Err() != nil {
		t.Errorf("Err is %v after a Fit without one", c.Err())
	}
	if err := fit(broken, 1); !errors.Is(err, broken) || c.Err() != nil {
		t.Errorf("Fit gives %v, Err %v", err, c.Err())
	}
}

// faulty is data with an error, or a number of its own as the first target.
type faulty struct {
	datasets.Data
	err error
	x   float32
}

func (f faulty) Gather(rows []int, into *datasets.Batch) error {
	if f.err != nil {
		return f.err
	}
	err := f.Data.Gather(rows, into)
	into.Targets[0].Float32s()[0] = f.x
	return err
}
