package models_test

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/engram-go/engram/models"
	"github.com/pkg/errors"
	"gorgonia.org/tensor"
)

func TestPredictCancelled(t *testing.T) {
	m := forecaster(models.Config{})
	ended, cancel := context.WithCancel(ctx)
	cancel()
	y, err := m.Predict(ended, inputs(tensor.Float32, 100, 4, 2))
	if y != nil || !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "sequential: prediction stopped after 0 of 100 samples") {
		t.Errorf("got %v, %v", y, err)
	}
	// Between batches: the context ends after a number of checks.
	y, err = m.Predict(&ending{Context: ctx, looks: 2}, inputs(tensor.Float32, 400, 4, 2))
	if y != nil || !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "after 256 of 400") {
		t.Errorf("got %v, %v", y, err)
	}
	predict(t, m, inputs(tensor.Float32, 100, 4, 2))
}

type ending struct {
	context.Context
	looks int
}

func (e *ending) Err() error {
	if e.looks--; e.looks < 0 {
		return context.DeadlineExceeded
	}
	return nil
}

// Many goroutines predict with one model while its weights change between two
// states: every batch must be of one of them, never of a mixture.
func TestPredictConcurrently(t *testing.T) {
	m := forecaster(models.Config{Seed: 1})
	old, err := m.Weights()
	if err != nil {
		t.Fatal(err)
	}
	other, err := forecaster(models.Config{Seed: 2}).Weights()
	if err != nil {
		t.Fatal(err)
	}
	x := make([]*tensor.Dense, 4)
	states := make([][2]*tensor.Dense, 4)
	for i := range x {
		x[i] = inputs(tensor.Float32, 1+i, 3+i, 2)
		states[i] = [2]*tensor.Dense{predict(t, m, x[i]), predict(t, forecaster(models.Config{Seed: 2}), x[i])}
	}
	var wg sync.WaitGroup
	errs := make(chan error, 100)
	for g := range 8 {
		wg.Go(func() {
			for range 25 {
				y, err := m.Predict(ctx, x[g%4])
				if err != nil {
					errs <- err
					return
				}
				if got := fmt.Sprint(y); got != fmt.Sprint(states[g%4][0]) && got != fmt.Sprint(states[g%4][1]) {
					errs <- errors.Errorf("a mixture of weights: %s", got)
					return
				}
			}
		})
	}
	wg.Go(func() {
		for i := range 100 {
			if err := m.SetWeights([][]models.Weight{other, old}[i%2]...); err != nil {
				errs <- err
				return
			}
		}
	})
	hashes := []string{hash(t, forecaster(models.Config{Seed: 1})), hash(t, forecaster(models.Config{Seed: 2}))}
	wg.Go(func() {
		for range 100 {
			h, err := m.WeightsSHA256()
			if err == nil && !slices.Contains(hashes, h) {
				err = errors.New("a mixture of weights has been hashed")
			}
			if err != nil {
				errs <- err
				return
			}
		}
	})
	wg.Wait()
	close(errs)
	for err := range errs {
		t.Error(err)
	}
}

// A model may be used by several goroutines from the first moment on.
func TestBuildConcurrently(t *testing.T) {
	m := forecaster(models.Config{Seed: 1})
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if _, err := m.Predict(ctx, inputs(tensor.Float32, 2, 3, 2)); err != nil {
				t.Error(err)
			}
			if _, err := m.OutputShapes(); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}

func TestPredictBitsOnAnyCores(t *testing.T) {
	m := forecaster(models.Config{Seed: 1})
	x := inputs(tensor.Float32, 50, 6, 2)
	want := predict(t, m, x)
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	same(t, "one core", predict(t, forecaster(models.Config{Seed: 1}), x), want)
}
