package models_test

import (
	"strings"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/models"
	"gorgonia.org/tensor"
)

// Predict names the sample with a token that does not exist, in whichever batch it is.
func TestPredictNamesTheSample(t *testing.T) {
	m := models.NewSequential(models.Config{}, layers.Input{Shape: graph.Shape{3}}, layers.Embedding{InputDim: 5, OutputDim: 2}, layers.LSTM{Units: 2})
	for _, bad := range []int{0, 37, 299} {
		x := make([]float32, 300*3)
		x[bad*3+1] = 7
		_, err := m.Predict(t.Context(), tensor.New(tensor.WithShape(300, 3), tensor.WithBacking(x)))
		want := map[int]string{0: "sample 0: ", 37: "sample 37: ", 299: "sample 299: "}[bad]
		if err == nil || !strings.HasPrefix(err.Error(), want) || !strings.Contains(err.Error(), "from 0 to 4, got 7") {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}
