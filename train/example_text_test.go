package train_test

import (
	"context"
	"fmt"
	"strings"

	"gorgonia.org/tensor"

	"github.com/engram-go/engram/datasets/text"
	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/models"
	"github.com/engram-go/engram/train"
	"github.com/engram-go/engram/train/losses"
	"github.com/engram-go/engram/train/optimizers"
)

// A language model on characters. Its states go on from batch to batch, so that it sees
// more than the 8 characters of a window. Then it writes on.
func Example_text() {
	rhyme := strings.Repeat("she sells sea shells by the sea shore. ", 30)
	const streams, steps = 4, 8
	chars, err := text.Adapt(text.VectorizerConfig{Split: text.Character, Standardize: text.NoStandardization}, rhyme)
	if err != nil {
		fmt.Println(err)
		return
	}
	tokens, err := chars.Encode(rhyme)
	if err != nil {
		fmt.Println(err)
		return
	}
	data, err := text.Streams(tokens, text.StreamConfig{Streams: streams, Steps: steps, Vocabulary: chars.Len()})
	if err != nil {
		fmt.Println(err)
		return
	}
	model := models.NewSequential(models.Config{Seed: 1},
		layers.Input{Shape: graph.Shape{graph.Any}},
		layers.Embedding{InputDim: chars.Len(), OutputDim: 8},
		layers.LSTM{Units: 32, ReturnSequences: true},
		layers.Dense{Units: chars.Len()},
	)
	trainer, err := train.Compile(model, train.Config{
		Loss:       losses.SparseCategoricalCrossentropy{FromLogits: true},
		Optimizer:  optimizers.Adam{LearningRate: 0.02},
		CarryState: true,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	if _, err := trainer.Fit(context.Background(), data, train.FitConfig{Epochs: 6, BatchSize: streams, NoShuffle: true}); err != nil {
		fmt.Println(err)
		return
	}

	stepper, err := model.Stepper(models.StepperConfig{})
	if err != nil {
		fmt.Println(err)
		return
	}
	start, err := chars.Encode("she ")
	if err != nil {
		fmt.Println(err)
		return
	}
	written := start
	for i := range 37 {
		x := tensor.New(tensor.WithShape(1, 1), tensor.WithBacking([]float32{float32(written[i])})) // [batch, 1]
		y, err := stepper.Step(context.Background(), x)                                             // [batch, characters]
		if err != nil {
			fmt.Println(err)
			return
		}
		if i+1 == len(written) {
			written = append(written, argmax(y.Float32s()))
		}
	}
	fmt.Println(chars.Decode(written))
	// Output: she sells sea shells by the sea shore. <nil>
}

// Classes of sentences of different lengths: batches are padded to 4 or 8 words, and
// padding is masked.
func Example_sentences() {
	sentences := []string{
		"a good film", "a bad film", "very good", "very bad", "good story and great music", "bad story and poor music",
		"great", "poor", "I liked this great film a lot", "I hated this poor film a lot", "what a great story", "what a poor story",
	}
	classes := []float32{1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0}
	words, err := text.Adapt(text.VectorizerConfig{OutputSequenceLength: 4}, sentences...)
	if err != nil {
		fmt.Println(err)
		return
	}
	numbers := make([][]int, len(sentences))
	for i, s := range sentences {
		if numbers[i], err = words.Encode(s); err != nil {
			fmt.Println(err)
			return
		}
	}
	data, err := text.NewSequences(numbers, text.SequenceConfig{
		Targets: tensor.New(tensor.WithShape(len(classes)), tensor.WithBacking(classes)), // [sentences]
		Lengths: []int{4, 8}, Vocabulary: words.Len(), Classes: 2,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	model := models.NewSequential(models.Config{Seed: 1},
		layers.Input{Shape: graph.Shape{graph.Any}},
		layers.Embedding{InputDim: words.Len(), OutputDim: 8, MaskZero: true},
		layers.LSTM{Units: 8},
		layers.Dense{Units: 2},
	)
	trainer, err := train.Compile(model, train.Config{
		Loss:      losses.SparseCategoricalCrossentropy{FromLogits: true},
		Optimizer: optimizers.Adam{LearningRate: 0.05},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	if _, err := trainer.Fit(context.Background(), data, train.FitConfig{Epochs: 20, BatchSize: 4}); err != nil {
		fmt.Println(err)
		return
	}
	x, err := words.Vectorize([]string{"A great film!", "poor music"}, tensor.Float32) // [sentences, steps]
	if err != nil {
		fmt.Println(err)
		return
	}
	y, err := model.Predict(context.Background(), x) // [sentences, classes]
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(argmax(y.Float32s()[:2]), argmax(y.Float32s()[2:]))
	// Output: 1 0
}

func argmax(x []float32) int {
	best := 0
	for i, v := range x {
		if v > x[best] {
			best = i
		}
	}
	return best
}
