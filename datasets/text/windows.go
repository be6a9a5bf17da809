package text

import (
	"fmt"

	"gorgonia.org/tensor"

	"github.com/engram-go/engram/datasets/samples"
	"github.com/engram-go/engram/internal/dense"
	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/shapes"
)

// WindowConfig configures Windows.
type WindowConfig struct {
	Steps      int          // tokens in a window; required
	Stride     int          // tokens from one window to the next; by default 1
	Vocabulary int          // all tokens must be less; by default what the dtype represents
	Dtype      tensor.Dtype // by default Float32
}

// Windows has a sample for each window of Steps tokens. Its input is the window, [steps],
// and its target the next token at every step, [steps]: the window one token later. Inputs
// and targets share one copy of the tokens. An error names a token that is not in the
// vocabulary.
func Windows(tokens []int, c WindowConfig) (*samples.Samples, error) {
	if c.Stride == 0 {
		c.Stride = 1
	}
	if c.Stride < 0 {
		return nil, errs.Error{Field: "WindowConfig.Stride", Rule: "must be positive", Value: c.Stride}
	}
	if c.Steps < 1 || c.Steps >= len(tokens) {
		return nil, errs.Error{Field: "WindowConfig.Steps", Rule: fmt.Sprintf("must be positive and less than the %d tokens", len(tokens)), Value: c.Steps}
	}
	dtype, err := checkStream("WindowConfig", tokens, c.Vocabulary, c.Dtype)
	if err != nil {
		return nil, err
	}
	n := (len(tokens)-1-c.Steps)/c.Stride + 1
	return shifted([][]int{tokens}, n, c.Stride, c.Steps, dtype)
}

// StreamConfig configures Streams.
type StreamConfig struct {
	Steps      int          // tokens of each stream in a batch; required
	Streams    int          // streams, which is the batch size to train with; required
	Vocabulary int          // all tokens must be less; by default what the dtype represents
	Dtype      tensor.Dtype // by default Float32
}

// Streams divides tokens into streams of equal length and each stream into windows of
// Steps tokens, one after the other. Inputs and targets are those of Windows. Sample
// i·Streams + s is window i of stream s: so with that batch size and without shuffling,
// each sample of a batch goes on where the same sample of the batch before ended, and
// recurrent layers may carry their states:
//
//	train.Config{CarryState: true, …}
//	train.FitConfig{BatchSize: streams, NoShuffle: true, …}
//
// As in PyTorch's example of a language model on words, tokens that are too few for one
// more in every stream are left out at the end. So are those at the end of a stream that
// are too few for a window: a stream has ⌊(⌊tokens/Streams⌋ − 1)/Steps⌋ windows.
func Streams(tokens []int, c StreamConfig) (*samples.Samples, error) {
	if c.Streams < 1 || c.Streams > len(tokens) {
		return nil, errs.Error{Field: "StreamConfig.Streams", Rule: fmt.Sprintf("must be positive and at most the %d tokens", len(tokens)), Value: c.Streams}
	}
	length := len(tokens) / c.Streams
	if c.Steps < 1 || c.Steps >= length {
		return nil, errs.Error{Field: "StreamConfig.Steps", Rule: fmt.Sprintf("must be positive and less than the %d tokens of a stream", length), Value: c.Steps}
	}
	dtype, err := checkStream("StreamConfig", tokens, c.Vocabulary, c.Dtype)
	if err != nil {
		return nil, err
	}
	width := c.Steps + 1 // a window and the token after it
	var rows [][]int
	for i := 0; i+width <= length; i += c.Steps {
		for s := range c.Streams {
			rows = append(rows, tokens[s*length+i:s*length+i+width])
		}
	}
	return shifted(rows, len(rows), width, c.Steps, dtype)
}

// shifted has n samples of steps tokens, from i·stride on in the rows, which are of one
// length, with those one later as targets.
func shifted(rows [][]int, n, stride, steps int, dtype tensor.Dtype) (*samples.Samples, error) {
	data := dense.New(dtype, shapes.Shape{len(rows), len(rows[0])})
	Padding{}.fill(data, rows)
	input := samples.View{Data: data, Step: stride, Shape: shapes.Shape{steps}}
	target := input
	target.First = 1
	return samples.FromViews(n, []samples.View{input}, []samples.View{target})
}

// checkStream checks tokens against a vocabulary and returns the dtype of their tensor.
func checkStream(config string, tokens []int, vocabulary int, dtype tensor.Dtype) (tensor.Dtype, error) {
	dtype, err := dense.FloatType(dtype)
	if err != nil {
		return dtype, errs.At(err, "", config+".Dtype")
	}
	if most := shapes.MaxElements / 2; len(tokens) > most { // streams repeat up to half of them
		return dtype, errs.Error{Field: "tokens", Rule: fmt.Sprintf("must be at most %d", most), Value: len(tokens)}
	}
	most, err := largestToken(config+".Vocabulary", vocabulary, dtype)
	if err != nil {
		return dtype, err
	}
	return dtype, checkTokens("tokens", tokens, 0, most)
}

// largestToken is the last number of a vocabulary, or of a dtype where its size is 0.
func largestToken(field string, size int, dtype tensor.Dtype) (int, error) {
	most := largest(dtype)
	if size < 0 || size > most {
		return 0, errs.Error{Field: field, Rule: fmt.Sprintf("must be from 0 to %d in %v", most, dtype), Value: size}
	}
	if size > 0 {
		most = size - 1
	}
	return most, nil
}
