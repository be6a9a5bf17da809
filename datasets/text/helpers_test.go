package text

import (
	"encoding/json"
	"os"
	"testing"

	"gorgonia.org/tensor"

	"github.com/engram-go/engram/internal/dense"
)

// golden are the results of testdata/text.py.
type golden struct {
	Texts     []string // that vocabularies are built from
	Inputs    []string // that are vectorized
	Vectorize []struct {
		Config     json.RawMessage // as in our files
		Vocabulary []string
		IDF        []float64
		Output     [][]float64
	}
	Pad []struct {
		Sequences           [][]int
		Length, Value       int
		Padding, Truncating Side
		Output              [][]float64
	}
	Pieces []struct {
		Text   string
		Pieces []string
	}
	BPE []struct {
		Text               string
		Size, Least        int
		Merges, Vocabulary []string
		Encode             []struct {
			Text   string
			Tokens []int
		}
	}
	Streams []struct {
		Tokens, Streams, Steps int
		Batches                []struct{ Input, Target [][]float64 }
	}
}

func readGolden(t testing.TB) golden {
	t.Helper()
	data, err := os.ReadFile("testdata/text.json")
	check(t, err)
	var g golden
	check(t, json.Unmarshal(data, &g))
	return g
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// rows are the rows of a tensor.
func rows(t testing.TB, x *tensor.Dense) [][]float64 {
	t.Helper()
	flat, out := dense.ToFloat64(x), make([][]float64, x.Shape()[0])
	for i := range out {
		n := len(flat) / len(out)
		out[i] = flat[i*n : (i+1)*n]
	}
	return out
}
