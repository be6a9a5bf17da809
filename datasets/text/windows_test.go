package text

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"gorgonia.org/tensor"

	"github.com/engram-go/engram/datasets/samples"
	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/errs/errtest"
)

// ascending are the tokens 0, 1, ….
func ascending(n int) []int {
	tokens := make([]int, n)
	for i := range tokens {
		tokens[i] = i
	}
	return tokens
}

// gathered are the inputs and the targets of samples from, …, to−1.
func gathered(t *testing.T, data samples.Data, from, to int) (inputs, targets [][]float64) {
	t.Helper()
	var picked []int
	for i := from; i < to; i++ {
		picked = append(picked, i)
	}
	var b samples.Batch
	check(t, data.Gather(picked, &b))
	return rows(t, b.Inputs[0]), rows(t, b.Targets[0])
}

func TestWindows(t *testing.T) {
	for _, c := range []struct {
		tokens int
		config WindowConfig
		want   [][]float64 // inputs; targets are one more
	}{
		{5, WindowConfig{Steps: 2}, [][]float64{{0, 1}, {1, 2}, {2, 3}}},
		{5, WindowConfig{Steps: 4}, [][]float64{{0, 1, 2, 3}}},
		{6, WindowConfig{Steps: 2, Stride: 2}, [][]float64{{0, 1}, {2, 3}}},
		{7, WindowConfig{Steps: 2, Stride: 2, Dtype: tensor.Float64, Vocabulary: 7}, [][]float64{{0, 1}, {2, 3}, {4, 5}}},
		{8, WindowConfig{Steps: 2, Stride: 3}, [][]float64{{0, 1}, {3, 4}}},
	} {
		data, err := Windows(ascending(c.tokens), c.config)
		check(t, err)
		x, y := gathered(t, data, 0, data.Len())
		for i := range y {
			for j := range y[i] {
				y[i][j]--
			}
		}
		if d := cmp.Diff(c.want, x) + cmp.Diff(c.want, y); d != "" {
			t.Errorf("%d tokens, %+v: %s", c.tokens, c.config, d)
		}
	}
}

// Batches are those of PyTorch's batchify and get_batch in testdata/text.py.
func TestStreamsGolden(t *testing.T) {
	for _, c := range readGolden(t).Streams {
		data, err := Streams(ascending(c.Tokens), StreamConfig{Steps: c.Steps, Streams: c.Streams})
		check(t, err)
		if got, want := data.Len(), len(c.Batches)*c.Streams; got != want || want == 0 {
			t.Fatalf("%+v: %d samples, want %d", c, got, want)
		}
		for i, want := range c.Batches {
			x, y := gathered(t, data, i*c.Streams, (i+1)*c.Streams)
			if d := cmp.Diff(want.Input, x) + cmp.Diff(want.Target, y); d != "" {
				t.Errorf("%d tokens, %d streams, %d steps, batch %d: %s", c.Tokens, c.Streams, c.Steps, i, d)
			}
		}
	}
}

func TestStreamErrors(t *testing.T) {
	ten := ascending(10)
	for _, c := range []struct {
		tokens []int
		config WindowConfig
		want   errs.Error
	}{
		{ten, WindowConfig{}, errs.Error{Field: "WindowConfig.Steps", Value: 0}},
		{ten, WindowConfig{Steps: 10}, errs.Error{Field: "WindowConfig.Steps", Value: 10}},
		{nil, WindowConfig{Steps: 1}, errs.Error{Field: "WindowConfig.Steps", Value: 1}},
		{ten, WindowConfig{Steps: 2, Stride: -1}, errs.Error{Field: "WindowConfig.Stride", Value: -1}},
		{ten, WindowConfig{Steps: 2, Vocabulary: 9}, errs.Error{Field: "tokens[9]", Value: 9}},
		{ten, WindowConfig{Steps: 2, Vocabulary: -1}, errs.Error{Field: "WindowConfig.Vocabulary", Value: -1}},
		{ten, WindowConfig{Steps: 2, Vocabulary: 1<<24 + 1}, errs.Error{Field: "WindowConfig.Vocabulary", Value: 1<<24 + 1}},
		{ten, WindowConfig{Steps: 2, Dtype: tensor.Int}, errs.Error{Field: "WindowConfig.Dtype", Value: "int"}},
		{[]int{1, -1, 1}, WindowConfig{Steps: 2}, errs.Error{Field: "tokens[1]", Value: -1}},
		{[]int{1, 1, 1<<24 + 1}, WindowConfig{Steps: 2}, errs.Error{Field: "tokens[2]", Value: 1<<24 + 1}},
	} {
		_, err := Windows(c.tokens, c.config)
		errtest.Check(t, err, c.want)
	}
	for _, c := range []struct {
		tokens []int
		config StreamConfig
		want   errs.Error
	}{
		{ten, StreamConfig{Steps: 2}, errs.Error{Field: "StreamConfig.Streams", Value: 0}},
		{ten, StreamConfig{Steps: 2, Streams: 11}, errs.Error{Field: "StreamConfig.Streams", Value: 11}},
		{ten, StreamConfig{Streams: 2}, errs.Error{Field: "StreamConfig.Steps", Value: 0}},
		{ten, StreamConfig{Streams: 2, Steps: 5}, errs.Error{Field: "StreamConfig.Steps", Value: 5}},
		{ten, StreamConfig{Streams: 2, Steps: 2, Vocabulary: 5}, errs.Error{Field: "tokens[5]", Value: 5}},
		{ten, StreamConfig{Streams: 2, Steps: 2, Dtype: tensor.Bool}, errs.Error{Field: "StreamConfig.Dtype", Value: "bool"}},
	} {
		_, err := Streams(c.tokens, c.config)
		errtest.Check(t, err, c.want)
	}
}

// Every sample is a part of the tokens, with the same part one token later.
func FuzzStreams(f *testing.F) {
	f.Add(26, 4, 2, 1)
	f.Add(100, 1, 99, 7)
	f.Fuzz(func(t *testing.T, n, streams, steps, stride int) {
		if n < 0 || n > 300 {
			return
		}
		tokens := ascending(n)
		for _, make := range []func() (*samples.Samples, error){
			func() (*samples.Samples, error) { return Streams(tokens, StreamConfig{Streams: streams, Steps: steps}) },
			func() (*samples.Samples, error) { return Windows(tokens, WindowConfig{Stride: stride, Steps: steps}) },
		} {
			data, err := make()
			if err != nil {
				continue
			}
			x, y := gathered(t, data, 0, data.Len())
			for i := range x {
				for j := range x[i] {
					if x[i][j] != x[i][0]+float64(j) || y[i][j] != x[i][j]+1 || y[i][j] >= float64(n) {
						t.Fatalf("%d tokens, sample %d: %v with %v", n, i, x[i], y[i])
					}
				}
			}
		}
	})
}
