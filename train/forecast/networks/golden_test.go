package networks_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/engram-go/engram/datasets/samples"
	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/graph/graphtest"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/layers/activations"
	"github.com/engram-go/engram/models"
	"github.com/engram-go/engram/train"
	"github.com/engram-go/engram/train/forecast/networks"
	"github.com/engram-go/engram/train/losses"
	"gorgonia.org/tensor"
)

// goldens are the networks of testdata/networks.py.
var goldens = map[string]networks.Network{
	"lstm":            networks.LSTM{Units: 4},
	"gru":             networks.GRU{Units: 3, Layers: 2},
	"sequential":      networks.Sequential{Layers: []layers.Layer{layers.Dense{Units: 2, Activation: activations.Tanh}}},
	"encoder_decoder": networks.EncoderDecoder{Units: 4},
	"dlinear":         networks.DLinear{Kernel: 5},
	"segrnn":          networks.SegRNN{Units: 5, Segment: 3, Dropout: new(0.0)},
	"nhits":           networks.NHITS{Units: 4, Layers: 2, Pool: []int{3, 1}, Every: []int{3, 1}, Blocks: 2},
}

// TestGolden compares outputs, loss and gradients with PyTorch.
func TestGolden(t *testing.T) {
	for name, n := range goldens {
		for _, task := range []string{"plain", "full", "one"} {
			t.Run(name+" "+task, func(t *testing.T) {
				golden := graphtest.Golden(t, "testdata/"+name+"_"+task+".npz")
				size := func(i int) int { return int(golden["task"].Data[i]) }
				checkGolden(t, n, networks.Task{
					Steps: size(0), Horizon: size(1), Past: size(2), Future: size(3), Static: size(4), Targets: size(5), Outputs: size(6),
					Name: "net", Dtype: tensor.Float64,
				}, golden)
			})
		}
	}
}

func checkGolden(t *testing.T, n networks.Network, task networks.Task, golden map[string]graphtest.Array) {
	m, err := n.Model(task)
	if err != nil {
		t.Fatal(err)
	}
	setWeights(t, m)
	const batch = 3
	drawn := func(seed uint64, shape ...int) *tensor.Dense {
		return tensor.New(tensor.WithShape(shape...), tensor.WithBacking(graphtest.Uniform(seed, graph.Shape(shape).Size(), 2)))
	}
	in := []*tensor.Dense{drawn(1, batch, task.Steps, task.Past)}
	if task.Future > 0 {
		in = append(in, drawn(2, batch, task.Horizon, task.Future))
	}
	if task.Static > 0 {
		in = append(in, drawn(3, batch, task.Static))
	}
	y, err := m.Predict(context.Background(), in...)
	if err != nil {
		t.Fatal(err)
	}
	graphtest.CheckOutput(t, "output", y.Data().([]float64), golden["output"].Data, graphtest.Tol64)

	trainer, err := train.Compile(m, train.Config{Loss: losses.MSE{}})
	if err != nil {
		t.Fatal(err)
	}
	target := drawn(4, batch, task.Horizon*task.Targets, task.Outputs)
	g, err := trainer.Gradients(context.Background(), &samples.Batch{Inputs: in, Targets: []*tensor.Dense{target}})
	if err != nil {
		t.Fatal(err)
	}
	graphtest.CheckOutput(t, "loss", []float64{g.Loss}, golden["loss"].Data, graphtest.Tol64)
	found := 0
	for path, got := range g.ByPath {
		path = strings.TrimPrefix(path, "net/")
		graphtest.CheckOutput(t, "gradient of "+path, got.Data().([]float64), golden["grad:"+path].Data, graphtest.Tol64)
		found++
	}
	if want := len(golden) - 3; found != want { // the others are the task, the output and the loss
		t.Errorf("%d gradients, want %d", found, want)
	}
}

// setWeights draws the weights as testdata/networks.py does.
func setWeights(t *testing.T, m *models.Model) {
	weights, err := m.Weights()
	if err != nil {
		t.Fatal(err)
	}
	slices.SortFunc(weights, func(a, b models.Weight) int { return strings.Compare(a.Path, b.Path) })
	for i, w := range weights {
		copy(w.Value.Data().([]float64), graphtest.Uniform(uint64(10+i), w.Value.Shape().TotalSize(), 0.5))
	}
	if err := m.SetWeights(weights...); err != nil {
		t.Fatal(err)
	}
}
