package conformance_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/engram-go/engram/datasets"
	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/errs/errtest"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/models"
	"github.com/pkg/errors"
	"gorgonia.org/tensor"
)

// badInput is something that a user may do wrong, and the error for it.
type badInput struct {
	name  string
	do    func() error
	place string     // what the error says before the path and the field of want
	want  errs.Error // the path may be empty, where place has it
}

// checkBadInput checks that whatever is wrong is an error that names the place, the field
// and the value; nothing panics, and what was there before is still there.
func checkBadInput(t *testing.T, rows []badInput) {
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) { row.check(t) })
	}
}

func (row badInput) check(t *testing.T) {
	err := row.do()
	errtest.Check(t, err, row.want)
	var e errs.Error
	if !errors.As(err, &e) {
		return
	}
	if row.want.Value == nil && e.Value != nil {
		t.Errorf("want no value, got: %v", err)
	}
	text := err.Error()
	if !strings.HasPrefix(text, row.place) {
		t.Errorf("the error must begin with %q, got: %v", row.place, err)
	}
	if !strings.Contains(text, e.Rule) || e.Value != nil && !strings.Contains(text, "got "+fmt.Sprint(e.Value)) {
		t.Errorf("the error must have its rule and its value, got: %v", err)
	}
	if strings.Contains(text, "panicked") || strings.Contains(text, "PANIC") {
		t.Errorf("something panicked: %v", err)
	}
}

var (
	background = context.Background()
	series     = layers.Input{Shape: graph.Shape{4, 2}}
	row        = layers.Input{Shape: graph.Shape{2}}
	one        = layers.Dense{Units: 1}
)

func sequential(ls ...layers.Layer) *models.Sequential {
	return models.NewSequential(models.Config{Seed: 1}, ls...)
}

// unchanged adds to what do returns an error if it changed a weight.
func unchanged(m *models.Sequential, do func() error) func() error {
	return func() error {
		before, err := m.WeightsSHA256()
		if err != nil {
			return err
		}
		err = do()
		if after, hashErr := m.WeightsSHA256(); hashErr != nil || after != before {
			return errors.Errorf("the weights changed (%v) together with the error %v", hashErr, err)
		}
		return err
	}
}

// samples are n rows of two numbers and their sum.
func samples(n int) *datasets.Samples {
	x, y := make([][]float64, n), make([][]float64, n)
	for i := range x {
		x[i] = []float64{float64(i), 1}
		y[i] = []float64{float64(i) + 1}
	}
	s, err := datasets.FromSlices(x, y, tensor.Float32)
	if err != nil {
		panic(err)
	}
	return s
}
