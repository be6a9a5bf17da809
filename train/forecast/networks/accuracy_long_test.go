//go:build long

package networks_test

import (
	"context"
	"fmt"
	"math"
	"os"
	"testing"
	"time"

	"github.com/engram-go/engram/datasets"
	"github.com/engram-go/engram/datasets/samples"
	"github.com/engram-go/engram/models"
	"github.com/engram-go/engram/train"
	"github.com/engram-go/engram/train/callbacks"
	"github.com/engram-go/engram/train/forecast/networks"
	"github.com/engram-go/engram/train/losses"
	"github.com/engram-go/engram/train/optimizers"
	"gorgonia.org/tensor"
)

// The file is ETTh1.csv (Zhou et al. 2021): hourly rows of 7 columns after the time.
//
//	ENGRAM_ETTH1=ETTh1.csv go test -tags long -run LongETTh1 -timeout 2h -v ./train/forecast/networks

// usual are the parts of the usual protocol: the first rows of training, validation and
// test, and the end; a window has 96 rows.
const (
	etthSteps = 96
	etthValid = 8640
	etthTest  = 11520
	etthEnd   = 14400
)

// etth says how one network is trained and how good it must be.
type etth struct {
	name    string
	network networks.Network
	horizon int
	last    bool    // the newest row is subtracted from window and targets
	rate    float64 // of learning; it falls by a fifth each epoch in the second half
	batch   int     // windows of all columns
	epochs  int     // of 33 batches
	seeds   int
	atMost  float64 // mean squared error over all columns and test windows, mean over the seeds
}

// etths are the networks, with the errors that the papers of DLinear and SegRNN report. The
// paper of NHITS has no ETTh1; its bound is that of DLinear.
var etths = []etth{
	{"DLinear", networks.DLinear{}, 96, false, 0.005, 64, 12, 5, 0.386},
	{"DLinear", networks.DLinear{}, 192, false, 0.005, 64, 12, 1, 0.437},
	{"DLinear", networks.DLinear{}, 336, false, 0.005, 64, 12, 1, 0.481},
	{"DLinear", networks.DLinear{}, 720, false, 0.005, 64, 12, 1, 0.519},
	{"NHITS", networks.NHITS{Units: 256}, 96, true, 0.001, 64, 24, 1, 0.386},
	{"SegRNN", networks.SegRNN{}, 96, false, 0.001, 16, 20, 5, 0.368},
}

// TestLongETTh1 trains on ETTh1 by the usual protocol: every column is standardised on the
// training part, one network forecasts all of them, and all test windows count.
func TestLongETTh1(t *testing.T) {
	rows := readETTh1(t)
	for _, c := range etths {
		t.Run(fmt.Sprintf("%s %d", c.name, c.horizon), func(t *testing.T) {
			sum := 0.0
			for seed := range c.seeds {
				begin := time.Now()
				mse := trainETTh1(t, rows, c, uint64(seed))
				t.Logf("seed %d: mean squared error %.4f, %v", seed, mse, time.Since(begin).Round(time.Second))
				sum += mse
			}
			mean := sum / float64(c.seeds)
			t.Logf("mean squared error %.4f", mean)
			if mean > c.atMost {
				t.Errorf("the mean squared error is %.4f, want %.4f at most", mean, c.atMost)
			}
		})
	}
}

// trainETTh1 trains one network and returns its error on the test windows.
func trainETTh1(t *testing.T, rows [][]float32, c etth, seed uint64) float64 {
	columns := len(rows[0])
	m, err := c.network.Model(networks.Task{Steps: etthSteps, Horizon: c.horizon, Past: columns, Targets: columns, Outputs: 1, Season: 24, Seed: seed})
	if err != nil {
		t.Fatal(err)
	}
	trainer, err := train.Compile(m, train.Config{Loss: losses.MAE{}, Optimizer: optimizers.Adam{LearningRate: c.rate}, EMA: &optimizers.EMA{Momentum: new(0.98)}})
	if err != nil {
		t.Fatal(err)
	}
	part := func(from, to, stride int) etthWindows {
		return etthWindows{rows: rows, from: from, to: to, horizon: c.horizon, stride: stride, last: c.last}
	}
	_, err = trainer.Fit(context.Background(), part(etthSteps, etthValid, 1), train.FitConfig{
		Epochs: c.epochs, BatchSize: c.batch, StepsPerEpoch: 33, Validation: part(etthValid, etthTest, 16),
		Callbacks: []train.Callback{
			&callbacks.LearningRateScheduler{Schedule: func(epoch int, _ float64) float64 {
				return c.rate * math.Pow(0.8, float64(max(0, epoch-c.epochs/2)))
			}},
			&callbacks.SwapEMAWeights{SwapOnEpoch: true},
			&callbacks.EarlyStopping{Patience: c.epochs, RestoreBestWeights: true},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return etthError(t, m, part(etthTest, etthEnd, 1))
}

// etthError is the mean squared error on all windows.
func etthError(t *testing.T, m *models.Model, data etthWindows) float64 {
	sum, n := 0.0, 0
	for at := 0; at < data.Len(); at += 128 {
		var batch samples.Batch
		var windows []int
		for i := at; i < min(at+128, data.Len()); i++ {
			windows = append(windows, i)
		}
		if err := data.Gather(windows, &batch); err != nil {
			t.Fatal(err)
		}
		y, err := m.Predict(context.Background(), batch.Inputs...)
		if err != nil {
			t.Fatal(err)
		}
		for i, v := range batch.Targets[0].Data().([]float32) {
			sum += math.Pow(float64(v-y.Data().([]float32)[i]), 2)
			n++
		}
	}
	return sum / float64(n)
}

// readETTh1 reads the rows and standardises the columns on the training part.
func readETTh1(t *testing.T) [][]float32 {
	path := os.Getenv("ENGRAM_ETTH1")
	if path == "" {
		t.Skip("ENGRAM_ETTH1 is not set")
	}
	s, err := datasets.LoadCSV(path, datasets.CSVConfig{})
	if err != nil {
		t.Fatal(err)
	}
	rows := make([][]float32, s.Len())
	for _, values := range s.Values {
		fitted, err := datasets.Standard{}.Fit(values[:etthValid])
		if err != nil {
			t.Fatal(err)
		}
		for i, v := range values {
			rows[i] = append(rows[i], float32(fitted.Do(0, v)))
		}
	}
	return rows
}

// etthWindows are windows whose rows to forecast lie between two rows.
type etthWindows struct {
	rows              [][]float32
	from, to, horizon int
	stride            int
	last              bool
}

func (w etthWindows) Len() int { return (w.to-w.from-w.horizon)/w.stride + 1 }

func (w etthWindows) Gather(windows []int, into *samples.Batch) error {
	columns := len(w.rows[0])
	var x, y []float32
	for _, i := range windows {
		at := w.from + i*w.stride
		for t, row := range w.rows[at-etthSteps : at+w.horizon] {
			to := &x
			if t >= etthSteps {
				to = &y
			}
			for j, v := range row {
				if w.last {
					v -= w.rows[at-1][j]
				}
				*to = append(*to, v)
			}
		}
	}
	into.Inputs = []*tensor.Dense{tensor.New(tensor.WithShape(len(windows), etthSteps, columns), tensor.WithBacking(x))}
	into.Targets = []*tensor.Dense{tensor.New(tensor.WithShape(len(windows), w.horizon*columns, 1), tensor.WithBacking(y))}
	return nil
}
