//go:build long

package train_test

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"testing"
	"time"

	"github.com/engram-go/engram/datasets"
	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/models"
	"github.com/engram-go/engram/train"
	"github.com/engram-go/engram/train/losses"
	"golang.org/x/sys/unix"
	"gorgonia.org/tensor"
)

// These take a minute, or need a quiet machine: go test -tags long -run Long ./train

// whole is an LSTM that runs as one operation, and scanned is its cell as a scan.
var (
	whole   = layers.LSTM{Units: 50}
	scanned = layers.RNN{Cell: layers.LSTMCell{Units: 50}}
)

// stepper trains a recurrent layer and a Dense on the same sequences; the first call
// compiles the program.
func stepper(t *testing.T, layer layers.Layer, sequences, steps int) func() {
	t.Helper()
	m := models.NewSequential(models.Config{Seed: 1},
		layers.Input{Shape: graph.Shape{steps, 1}}, layer, layers.Dense{Units: 1})
	trainer, err := train.Compile(m, train.Config{Loss: losses.MSE{}})
	if err != nil {
		t.Fatal(err)
	}
	zeros := func(shape ...int) []*tensor.Dense {
		return []*tensor.Dense{tensor.New(tensor.Of(tensor.Float32), tensor.WithShape(shape...))}
	}
	batch := &datasets.Batch{Inputs: zeros(sequences, steps, 1), Targets: zeros(sequences, 1)}
	return func() {
		if _, err := trainer.Step(context.Background(), batch); err != nil {
			t.Fatal(err)
		}
	}
}

// resident is the memory of this process, in bytes, without garbage.
func resident(t *testing.T) int {
	t.Helper()
	debug.FreeOSMemory()
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
	step := stepper(t, whole, 32, 30)
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

// Four steps over the short sequence stand beside one over the long one, so that
// what else the machine does has as long to disturb either. Both take turns, and
// go on until the bound is met: a machine that shares its caches and its memory
// with others may have no quiet moment for a second at a time.
//
// The layers are so small that the values of all steps stay in the second-level cache. Otherwise
// the long sequence takes up to 1.3 times as much for each step, as more of it comes from the memory.
func TestLongSequencesCostTheirLength(t *testing.T) {
	const bound = 4.4 / 4
	for _, layer := range []layers.Layer{layers.LSTM{Units: 8}, layers.RNN{Cell: layers.LSTMCell{Units: 8}}} {
		step, long := stepper(t, layer, 2, 100), stepper(t, layer, 2, 400)
		short := func() {
			for range 4 {
				step()
			}
		}
		a, b := best(20, short), best(20, long)
		for end := time.Now().Add(90 * time.Second); float64(b) > bound*float64(a) && time.Now().Before(end); {
			a, b = min(a, best(20, short)), min(b, best(20, long))
		}
		t.Logf("%T: four steps over 100 steps of time take %v, one over 400 takes %v", layer, a, b)
		if float64(b) > bound*float64(a) {
			t.Errorf("%T: want at most %v times as much", layer, bound)
		}
	}
}

// processorTime is what a run of f takes of the processors, the shortest of some. It
// leaves out the time of the system, which gives the process its memory: on some virtual
// machines the first access to 2 MB takes 4 ms.
func processorTime(t *testing.T, runs int, f func()) time.Duration {
	t.Helper()
	now := func() time.Duration {
		var usage unix.Rusage
		if err := unix.Getrusage(unix.RUSAGE_SELF, &usage); err != nil {
			t.Fatal(err)
		}
		return time.Duration(usage.Utime.Nano())
	}
	shortest := time.Hour
	for range runs {
		start := now()
		f()
		shortest = min(shortest, now()-start)
	}
	return shortest
}

// It goes on until the bound is met, as the test above.
func TestLongSequenceStartsAtOnce(t *testing.T) {
	const bound = 50 * time.Millisecond
	for _, c := range []struct {
		layer layers.Layer
		steps int
	}{{whole, 400}, {scanned, 30}, {scanned, 1000}} {
		// Building, differentiating and compiling is what the first step takes
		// beyond another one.
		start := func() { stepper(t, c.layer, 32, c.steps)() }
		step := stepper(t, c.layer, 32, c.steps)
		step()
		all, again := processorTime(t, 10, start), processorTime(t, 10, step)
		for end := time.Now().Add(time.Minute); all-again > bound && time.Now().Before(end); {
			all, again = min(all, processorTime(t, 10, start)), min(again, processorTime(t, 10, step))
		}
		first := all - again
		t.Logf("%T: the first step over %d steps of time takes %v, %v of it before it runs", c.layer, c.steps, all, first)
		if first > bound {
			t.Errorf("%T, %d steps: want at most %v", c.layer, c.steps, bound)
		}
	}
}

func TestLongScanTrains(t *testing.T) {
	step := best(50, stepper(t, scanned, 32, 30))
	t.Logf("a training step of a scan over 30 steps of time takes %v", step)
	if step > 25*time.Millisecond {
		t.Error("want at most 25 ms")
	}
}
