package conformance_test

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
// together, when the model is built: by its path, with the shape that it got, and
// with what it must be. Inputs of which each would do are both shown.
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
				alike := []graph.Shape{shape, shape}[:len(s.inputs)]
				good := want[0][i] == '+'
				checkBuild(t, s, good, alike, shape)
				if len(s.inputs) == 1 {
					continue
				}
				pair, shown := []graph.Shape{{4, 6}, shape}, []graph.Shape{shape}
				if good {
					shown = pair
				}
				checkBuild(t, s, want[1][i] == '+', pair, shown...)
			}
		})
	}
}

// checkBuild builds a model with such inputs. An error must show some of the
// shapes.
func checkBuild(t *testing.T, s specimen, good bool, in []graph.Shape, shown ...graph.Shape) {
	t.Helper()
	err := around(s.layer(s.value), in...).Build()
	if good && err != nil || !good && err == nil {
		t.Errorf("inputs %v: %v", in, err)
	}
	if err == nil {
		return
	}
	var e graph.Error
	if !errors.As(err, &e) || !errors.Is(err, graph.ErrInput) || !strings.HasPrefix(e.Path, "m/") {
		t.Fatalf("inputs %v: the error must have the path of the layer, got: %v", in, err)
	}
	if !strings.Contains(e.Rule, "[") && !strings.Contains(e.Rule, "axis") && !strings.Contains(e.Rule, "axes") {
		t.Errorf("inputs %v: the error must say which shape or axes there must be, got: %v", in, err)
	}
	for _, shape := range shown {
		if strings.HasPrefix(e.Path, "m/time_distributed/") {
			shape = shape[1:] // the layer inside sees the steps of all samples as one batch
		}
		whole := append(graph.Shape{graph.Any}, shape...)
		if text := err.Error(); !strings.Contains(text, whole.String()) && !strings.Contains(text, "sample of the shape "+shape.String()) {
			t.Errorf("inputs %v: the error must show the shape %v, got: %v", in, whole, err)
		}
	}
}
