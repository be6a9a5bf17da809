//go:build long

package train_test

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"testing"
	"time"

	"github.com/engram-go/engram/datasets"
	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/models"
	"github.com/engram-go/engram/train"
	"github.com/engram-go/engram/train/losses"
	"gorgonia.org/tensor"
)

// These take a minute, or need a quiet machine: go test -tags long -run Long ./train

// stepper trains an LSTM of 50 units and a Dense on the same 32 sequences; the
// first call compiles the program.
func stepper(t *testing.T, steps int) func() {
	t.Helper()
	m := models.NewSequential(models.Config{Seed: 1},
		layers.Input{Shape: graph.Shape{steps, 1}}, layers.LSTM{Units: 50}, layers.Dense{Units: 1})
	trainer, err := train.Compile(m, train.Config{Loss: losses.MSE{}})
	if err != nil {
		t.Fatal(err)
	}
	zeros := func(shape ...int) []*tensor.Dense {
		return []*tensor.Dense{tensor.New(tensor.Of(tensor.Float32), tensor.WithShape(shape...))}
	}
	batch := &datasets.Batch{Inputs: zeros(32, steps, 1), Targets: zeros(32, 1)}
	return func() {
		if _, err := trainer.Step(context.Background(), batch); err != nil {
			t.Fatal(err)
		}
	}
}

// resident is the memory of this process, in bytes.
func resident(t *testing.T) int {
	t.Helper()
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		t.Skip("the system does not tell how much memory is resident")
	}
	var size, pages int
	if _, err := fmt.Sscan(string(text), &size, &pages); err != nil {
		t.Fatal(err)
	}
	return pages * os.Getpagesize()
}

func TestLongRunKeepsItsMemory(t *testing.T) {
	step := stepper(t, 30)
	for range 2000 { // until the heap has its size
		step()
	}
	memory := resident(t)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	const steps = 20000
	for range steps {
		step()
	}
	runtime.ReadMemStats(&after)
	grown := resident(t) - memory
	objects, bytes := (after.Mallocs-before.Mallocs)/steps, (after.TotalAlloc-before.TotalAlloc)/steps
	t.Logf("in %d steps: %d bytes more resident; each: %d allocations, %d bytes", steps, grown, objects, bytes)
	if grown > 5e6 || objects > 300 || bytes > 64e3 {
		t.Error("want at most 5 MB more, and 300 allocations and 64 KB a step")
	}
}

// best is the shortest of some runs: the one that least disturbed.
func best(runs int, f func()) time.Duration {
	shortest := time.Hour
	for range runs {
		start := time.Now()
		f()
		shortest = min(shortest, time.Since(start))
	}
	return shortest
}

// Both take turns, so that what else the machine does disturbs both, and they go
// on until the bound is met: a machine that shares its caches and its memory with
// others may have no quiet moment for a second at a time.
func TestLongSequencesCostTheirLength(t *testing.T) {
	const bound = 4.4
	short, long := stepper(t, 100), stepper(t, 400)
	a, b := best(20, short), best(20, long)
	for end := time.Now().Add(30 * time.Second); float64(b) > bound*float64(a) && time.Now().Before(end); {
		a, b = min(a, best(20, short)), min(b, best(20, long))
	}
	t.Logf("a step over 100 steps of time takes %v, over 400 %v", a, b)
	if float64(b) > bound*float64(a) {
		t.Errorf("want at most %v times as much", bound)
	}
}

func TestLongSequenceStartsAtOnce(t *testing.T) {
	first := best(10, func() { stepper(t, 400)() })
	t.Logf("the first step over 400 steps of time, with graph, gradient and compilation: %v", first)
	if first > 50*time.Millisecond {
		t.Error("want under 50 ms")
	}
}
