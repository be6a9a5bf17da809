package train_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"testing"

	"github.com/engram-go/engram/datasets"
	"github.com/engram-go/engram/internal/kernels"
	"github.com/engram-go/engram/models"
	"github.com/engram-go/engram/models/safetensors"
	"github.com/engram-go/engram/train"
	"github.com/engram-go/engram/train/losses"
	"github.com/engram-go/engram/train/optimizers"
	"gorgonia.org/tensor"
)

// savedBits is a tensor in testdata/saved/expected.json: its elements little-endian.
type savedBits struct {
	Dtype string
	Shape []int
	Bytes []byte
}

func (b savedBits) tensor(t *testing.T) *tensor.Dense {
	t.Helper()
	var backing any = make([]float32, len(b.Bytes)/4)
	if b.Dtype == "float64" {
		backing = make([]float64, len(b.Bytes)/8)
	}
	if err := binary.Read(bytes.NewReader(b.Bytes), binary.LittleEndian, backing); err != nil {
		t.Fatal(err)
	}
	return tensor.New(tensor.WithShape(b.Shape...), tensor.WithBacking(backing))
}

// The tensors of an optimizer that earlier versions wrote are restored for ever,
// and the steps after that give the weights that they gave then: to the bit with
// kernels and a processor for which that was recorded, and elsewhere up to rounding.
// The program testdata/saved/make.go says how the files were made.
func TestSavedOptimizersStayReadable(t *testing.T) {
	const dir = "testdata/saved"
	given := map[string]optimizers.Optimizer{
		"adam":     optimizers.Adam{LearningRate: 0.01, Beta1: new(0.5), ClipNorm: 0.5},
		"sgd":      optimizers.SGD{GlobalClipNorm: 0.25},
		"momentum": optimizers.SGD{LearningRate: 0.05, Momentum: 0.75},
		"nesterov": optimizers.SGD{Momentum: 0.5, Nesterov: true, ClipValue: 0.125},
	}
	text, err := os.ReadFile(filepath.Join(dir, "expected.json"))
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		File, Model string
		Inputs      []savedBits            // x and y of a batch
		Outputs     map[string][]savedBits // the weights after two steps, by the kernels
	}
	if err := json.Unmarshal(text, &cases); err != nil {
		t.Fatal(err)
	}
	for _, set := range []string{"go", "avx2", "avx512"} {
		for _, c := range cases {
			t.Run(set+"/"+c.File, func(t *testing.T) {
				t.Setenv(kernels.Variable, set)
				if kernels.Float32().Name != set {
					t.Skip("the processor or the build has no such kernels")
				}
				m, err := models.Load(filepath.Join(dir, c.Model), models.LoadConfig{})
				if err != nil {
					t.Fatal(err)
				}
				name, _, _ := strings.Cut(c.File, "_")
				trainer, err := train.Compile(m, train.Config{Loss: losses.MSE{}, Optimizer: given[name]})
				if err != nil {
					t.Fatal(err)
				}
				f, err := safetensors.ReadFile(filepath.Join(dir, c.File))
				if err != nil {
					t.Fatal(err)
				}
				if err := trainer.Optimizer().Restore(f.Tensors); err != nil {
					t.Fatal(err)
				}
				batch := &datasets.Batch{Inputs: []*tensor.Dense{c.Inputs[0].tensor(t)}, Targets: []*tensor.Dense{c.Inputs[1].tensor(t)}}
				for range 2 {
					if _, err := trainer.Step(t.Context(), batch); err != nil {
						t.Fatal(err)
					}
				}
				weights, err := m.Weights()
				if err != nil {
					t.Fatal(err)
				}
				want, ok := c.Outputs[strings.ReplaceAll(set, "avx512", "avx2")] // which give the same bits
				if !ok {
					want = c.Outputs["go"]
				}
				if len(weights) != len(want) {
					t.Fatalf("got %d weights, want %d", len(weights), len(want))
				}
				for i, w := range weights {
					compareSaved(t, w.Path, w.Value, want[i].tensor(t))
				}
			})
		}
	}
}

func compareSaved(t *testing.T, path string, got, want *tensor.Dense) {
	t.Helper()
	tolerance := 0.0 // on amd64, where the bits were recorded
	if runtime.GOARCH != "amd64" {
		tolerance = 1e-5
	}
	if got.Dtype() != want.Dtype() || !got.Shape().Eq(want.Shape()) {
		t.Fatalf("%s: got %v %v, want %v %v", path, got.Dtype(), got.Shape(), want.Dtype(), want.Shape())
	}
	x, y := reflect.ValueOf(got.Data()), reflect.ValueOf(want.Data())
	for i := range x.Len() {
		if a, b := x.Index(i).Float(), y.Index(i).Float(); !(math.Abs(a-b) <= tolerance*max(1, math.Abs(b))) {
			t.Errorf("%s: element %d is %v, want %v", path, i, a, b)
		}
	}
}
