package train_test

import (
	"bufio"
	"context"
	"fmt"
	"iter"
	"log"
	"os"
	"path/filepath"
	"strings"

	"github.com/engram-go/engram/datasets/samples"
	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/models"
	"github.com/engram-go/engram/train"
	"github.com/engram-go/engram/train/losses"
	"github.com/engram-go/engram/train/optimizers"
	"gorgonia.org/tensor"
)

// Lines is a stream of the lines of a file, which may be larger than memory. A line has
// an input and a target.
type Lines struct{ Path string }

// Open opens the file for a pass.
func (l Lines) Open(ctx context.Context, pass int) (samples.Reader, error) {
	return samples.StreamFunc(l.pass).Open(ctx, pass)
}

func (l Lines) pass(context.Context, int) iter.Seq2[*samples.Batch, error] {
	return func(yield func(*samples.Batch, error) bool) {
		file, err := os.Open(l.Path)
		if err != nil {
			yield(nil, err)
			return
		}
		defer file.Close()
		lines := bufio.NewScanner(file)
		for lines.Scan() {
			var x, y float32
			_, err := fmt.Sscan(lines.Text(), &x, &y)
			sample := &samples.Batch{
				Inputs:  []*tensor.Dense{tensor.New(tensor.WithShape(1, 1), tensor.WithBacking([]float32{x}))},
				Targets: []*tensor.Dense{tensor.New(tensor.WithShape(1, 1), tensor.WithBacking([]float32{y}))},
			}
			if !yield(sample, err) {
				return
			}
		}
		if err := lines.Err(); err != nil {
			yield(nil, err)
		}
	}
}

// A file is read line by line, shuffled, and read ahead while the model trains.
func ExampleTrainer_FitStream() {
	folder, err := os.MkdirTemp("", "engram")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(folder)
	path := filepath.Join(folder, "lines.txt")
	var text strings.Builder
	for i := range 200 {
		x := float64(i)/100 - 1
		fmt.Fprintln(&text, x, 3*x+1)
	}
	if err := os.WriteFile(path, []byte(text.String()), 0o600); err != nil {
		log.Fatal(err)
	}
	model := models.NewSequential(models.Config{Seed: 1}, layers.Input{Shape: graph.Shape{1}}, layers.Dense{Units: 1})
	trainer, err := train.Compile(model, train.Config{Loss: losses.MSE{}, Optimizer: optimizers.SGD{LearningRate: 0.1}})
	if err != nil {
		log.Fatal(err)
	}
	stream := samples.Prefetch{Stream: samples.Rebatch{Stream: Lines{path}, BatchSize: 8, Shuffle: 100, Seed: 1}}
	if _, err := trainer.FitStream(context.Background(), stream, train.FitConfig{Epochs: 10}); err != nil {
		log.Fatal(err)
	}
	logs, err := trainer.EvaluateStream(context.Background(), samples.Rebatch{Stream: Lines{path}}, train.EvaluateConfig{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("loss below 0.0001: %v\n", logs[0].Value < 0.0001)
	// Output: loss below 0.0001: true
}
