package graphtest_test

import (
	"fmt"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/graph/graphtest"
)

// log prints the failures that a test would show.
type log struct{ testing.TB }

func (log) Helper() {}

func (log) Errorf(format string, args ...any) { fmt.Println("failed") }

// The gradient of a custom activation is compared with finite differences. The second
// one has a derivative that is wrong by a factor.
func ExampleCheckGrad() {
	var t log // in a test: its *testing.T
	cube := func(x float64) float64 { return x * x * x }
	for _, factor := range []float64{3, 2} {
		fmt.Println("factor", factor)
		graphtest.CheckGrad(t, func(_ *graph.Scope, in []graph.Value) graph.Value {
			return in[0].Map("cube", cube, func(x, _ float64) float64 { return factor * x * x })
		}, graphtest.Input(1, 2, 3))
	}
	// Output:
	// factor 3
	// factor 2
	// failed
}
