package engram_test

import (
	"strings"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/pkg/errors"
)

// tried are the shapes of a sample that every layer is tried on.
var tried = []graph.Shape{{5}, {5, 7}, {5, 7, 2}, {5, 7, 2, 3}, {graph.Any}, {5, graph.Any}}

// takes says, layer by layer, which of the shapes in tried it takes (+), and
// which it refuses (-): for all inputs, and for the second beside one of shape
// [4, 6] where there are two.
var takes = map[string]string{
	"Activation": "++++++", "Dropout": "++++++", "Embedding": "++++++", "Flatten": "++++++",
	"GaussianNoise": "++++++", "Lambda": "++++++",
	"BatchNormalization": "++++--", "Dense": "++++--", "LayerNormalization": "++++--",
	"AveragePooling1D": "-+---+", "GlobalAveragePooling1D": "-+---+", "GlobalMaxPooling1D": "-+---+", "Masking": "-+---+",
	"MaxPooling1D": "-+---+", "SpatialDropout1D": "-+---+",
	"Bidirectional": "-+----", "Conv1D": "-+----", "GRU": "-+----", "LSTM": "-+----", "PositionEmbedding": "-+----",
	"RNN": "-+----", "SimpleRNN": "-+----", "SinePositionEncoding": "-+----", "GRUCell": "-+----", "LSTMCell": "-+----",
	"SimpleRNNCell": "-+----", "SLSTMCell": "-+----", "StackedRNNCells": "-+----",
	"FixedState": "-+----", "RandomState": "-+----", "ZeroState": "-+----",
	"Permute": "-+---+", "RepeatVector": "+---+-", "Reshape": "----++", "TimeDistributed": "-+++--",
	"Add": "++++++ ----+-", "Average": "++++++ ----+-", "Maximum": "++++++ ----+-", "Minimum": "++++++ ----+-",
	"Multiply": "++++++ ----+-", "Subtract": "++++++ ----+-",
	"Concatenate": "++++++ ------", "Dot": "-+++-+ -----+",
	"Attention": "-+---- ------", "AdditiveAttention": "-+---- ------", "MultiHeadAttention": "-+---- -+----",
}

// A layer refuses inputs of a wrong rank, of unknown features, or that do not go
// together, when the model is built: by its path, and with the shape it got, or that a layer inside of it got.
func TestBadShapes(t *testing.T) {
	for name, s := range specimens() {
		if name == "Input" { // it makes its shape
			continue
		}
		t.Run(name, func(t *testing.T) {
			want := strings.Fields(takes[name])
			if len(want) != len(s.inputs) {
				t.Fatalf("takes says %q, for %d inputs", want, len(s.inputs))
			}
			for i, shape := range tried {
				in := []graph.Shape{shape, shape}[:len(s.inputs)]
				checkBuild(t, s, want[0][i] == '+', shape, in)
				if len(s.inputs) == 2 {
					checkBuild(t, s, want[1][i] == '+', shape, []graph.Shape{{4, 6}, shape})
				}
			}
		})
	}
}

func checkBuild(t *testing.T, s specimen, good bool, shape graph.Shape, in []graph.Shape) {
	t.Helper()
	err := around(s.layer(s.value), in...).Build()
	var e graph.Error
	switch {
	case good && err != nil, !good && err == nil:
		t.Errorf("inputs %v: %v", in, err)
	case good:
	case !errors.As(err, &e) || !errors.Is(err, graph.ErrInput) || !strings.HasPrefix(e.Path, "m/"):
		t.Errorf("inputs %v: the error must have the path of the layer, got: %v", in, err)
	case strings.Count(e.Path, "/") == 1 && !strings.Contains(err.Error(), strings.TrimPrefix(shape.String(), "[")):
		t.Errorf("inputs %v: the error must show the shape, got: %v", in, err)
	}
}
