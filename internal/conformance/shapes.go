package conformance

import (
	"strings"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/pkg/errors"
)

// Samples are the shapes of a sample that every layer is tried on.
var Samples = []graph.Shape{{5}, {5, 7}, {5, 7, 2}, {5, 7, 2, 3}, {graph.Any}, {5, graph.Any}}

// checkShapes gives a layer inputs of a wrong rank, of unknown features, or that do
// not fit each other. They are refused when the model is built: by its path, with the
// shape that it got, and with what it must be. Of inputs each of which is valid alone,
// both are shown.
func checkShapes(t *testing.T, l Layer) {
	if l.class() == "Input" { // it makes its shape
		return
	}
	want := strings.Fields(l.Accepts)
	if len(want) != len(l.Inputs) {
		t.Fatalf("Accepts has %d words, want one for each of %d inputs", len(want), len(l.Inputs))
	}
	for i, shape := range Samples {
		alike := []graph.Shape{shape, shape}[:len(l.Inputs)]
		good := want[0][i] == '+'
		checkBuild(t, l, good, alike, shape)
		if len(l.Inputs) == 1 {
			continue
		}
		pair, shown := []graph.Shape{{4, 6}, shape}, []graph.Shape{shape}
		if good {
			shown = pair
		}
		checkBuild(t, l, want[1][i] == '+', pair, shown...)
	}
}

// checkBuild builds a model with such inputs. An error must show some of the
// shapes.
func checkBuild(t *testing.T, l Layer, good bool, in []graph.Shape, shown ...graph.Shape) {
	t.Helper()
	err := model(l.layer(l.Value), nil, in...).Build()
	switch {
	case good && err != nil:
		t.Errorf("inputs %v, which Accepts of the specimen has as +, are refused: %v", in, err)
	case !good && err == nil:
		t.Errorf("inputs %v, which Accepts of the specimen has as -, are accepted", in)
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
