package train_test

import (
	"context"
	"runtime"
	"testing"

	"github.com/engram-go/engram/datasets/samples"
	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/internal/dense"
	"github.com/engram-go/engram/internal/shapes"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/models"
	"github.com/engram-go/engram/train"
	"github.com/engram-go/engram/train/losses"
	"gorgonia.org/tensor"
)

// Programs of trainers that are not used any more are freed, as a search or a backtest makes
// many of them.
func TestMemoryOfTrainersIsFreed(t *testing.T) {
	batch := &samples.Batch{
		Inputs:  []*tensor.Dense{dense.New(tensor.Float32, shapes.Shape{64, 50, 8})},
		Targets: []*tensor.Dense{dense.New(tensor.Float32, shapes.Shape{64, 1})},
	}
	used := func() uint64 {
		runtime.GC()
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	step := func() {
		m := models.NewSequential(models.Config{}, layers.Input{Shape: graph.Shape{50, 8}}, layers.LSTM{Units: 64}, layers.Dense{Units: 1})
		trainer, err := train.Compile(m, train.Config{Loss: losses.MSE{}})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := trainer.Step(context.Background(), batch); err != nil {
			t.Fatal(err)
		}
	}
	step()
	before := used()
	for range 5 {
		step()
	}
	const most = 4 << 20 // a program takes more than that
	if after := used(); after > before+most {
		t.Errorf("after five trainers more, %d bytes are in use, want about the %d of before", after, before)
	}
}
