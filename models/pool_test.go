package models

import (
	"context"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/layers"
	"gorgonia.org/tensor"
)

func TestPoolIsBounded(t *testing.T) {
	m := NewSequential(Config{}, layers.Input{Shape: graph.Shape{graph.Any, 1}}, layers.LSTM{Units: 1})
	predict := func(steps int) {
		t.Helper()
		x := tensor.New(tensor.WithShape(2, steps, 1), tensor.Of(tensor.Float32))
		if _, err := m.Predict(context.Background(), x); err != nil {
			t.Fatal(err)
		}
	}
	for steps := range 20 {
		predict(steps + 1)
		if n := len(m.pool.idle); n != min(steps+1, maxIdle) {
			t.Fatalf("%d programs are kept after %d shapes", n, steps+1)
		}
	}
	last := m.pool.idle[maxIdle-1].prog
	first := m.pool.idle[0]
	predict(13) // the least used one is used again, and stays
	predict(30)
	if m.pool.idle[maxIdle-2] != first {
		t.Error("a program that was just used must stay")
	}
	if m.pool.idle[maxIdle-3].prog != last {
		t.Error("the order must be that of the last use")
	}
	m.Add(layers.Dense{Units: 1})
	if len(m.pool.idle) != 0 {
		t.Error("programs of the shorter model must go")
	}
}
