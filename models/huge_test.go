package models_test

import (
	"runtime"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/models"
)

// More steps than attention has room for are refused before anything is made of
// so many, whether a config, and so a file, asks for them or a stepper.
func TestHugeAttention(t *testing.T) {
	for name, l := range map[string]layers.Layer{
		"additive":  layers.AdditiveAttention{UseCausalMask: true},
		"attention": layers.Attention{UseCausalMask: true},
		"heads":     layers.MultiHeadAttention{NumHeads: 1, KeyDim: 1, UseCausalMask: true},
	} {
		model := func(steps int) *models.Sequential {
			return models.NewSequential(models.Config{}, layers.Input{Shape: graph.Shape{steps, 1}}, l)
		}
		for want, do := range map[string]func() error{
			"must have at most 2147483648 elements": func() error { return model(1 << 30).Build() },
			"StepperConfig.Memory must be from 0 to 16777216, got 1099511627776": func() error {
				_, err := model(graph.Any).Stepper(models.StepperConfig{Memory: 1 << 40})
				return err
			},
		} {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			err := do()
			runtime.ReadMemStats(&after)
			if err == nil {
				t.Fatalf("%s: no error", name)
			}
			refused(t, err, want)
			if mib := (after.TotalAlloc - before.TotalAlloc) >> 20; mib > 10 {
				t.Errorf("%s: took %d MiB to say %v", name, mib, err)
			}
		}
	}
}
