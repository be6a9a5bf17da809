package metrics_test

import (
	"fmt"
	"testing"

	"github.com/engram-go/engram/train/metrics"
)

func TestNamed(t *testing.T) {
	m := metrics.Named("first", metrics.R2Score{})
	if m.Name() != "first" || !m.HigherIsBetter() {
		t.Errorf("got %s, %v", m.Name(), m.HigherIsBetter())
	}
	if m := metrics.Named("none", nil); m != nil {
		t.Errorf("got %v for no metric", m)
	}
}

// Two metrics of one kind have different names.
func ExampleNamed() {
	top3 := metrics.Named("top_3", metrics.SparseTopKCategoricalAccuracy{K: 3})
	top5 := metrics.Named("top_5", metrics.SparseTopKCategoricalAccuracy{})
	fmt.Println(top3.Name(), top5.Name())
	// Output: top_3 top_5
}
