package forecast

import (
	"context"
	"math/rand/v2"
	"reflect"
	"testing"

	"github.com/engram-go/engram/datasets"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/train/forecast/networks"
	"github.com/engram-go/engram/train/optimizers"
)

// TestBestEpoch trains on noise, which soon makes the validation worse. What is left is the network of
// the best epoch: as if training had stopped there.
func TestBestEpoch(t *testing.T) {
	ctx := context.Background()
	r := rand.New(rand.NewPCG(1, 1))
	s := series(200, func(int) float64 { return r.NormFloat64() })
	config := Config{Horizon: 2, Steps: 20, Season: 1, Normalize: NormalizeNone, Patience: 4, Network: networks.Sequential{Layers: []layers.Layer{layers.Dense{Units: 20}}}, Optimizer: optimizers.Adam{LearningRate: 0.002}}
	var want [][]predicted
	best := 0
	for range 2 {
		f, parts, err := prepare(config, []*datasets.Series{s}, false)
		if err != nil {
			t.Fatal(err)
		}
		epochs, err := f.train(ctx, parts, nil)
		if err != nil {
			t.Fatal(err)
		}
		n := epochs[0]
		got, err := f.predictor.predict(ctx, places(parts, part.validated, 0))
		if err != nil {
			t.Fatal(err)
		}
		if best == 0 {
			if n > 90 {
				t.Fatalf("the best epoch is %d; the validation must become worse", n)
			}
			want, best, config.Epochs = got, n, n
			continue
		}
		if n != best || !reflect.DeepEqual(got, want) {
			t.Errorf("stopped at epoch %d, the best, the network forecasts otherwise", n)
		}
	}
}
