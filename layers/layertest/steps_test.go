package layertest

import (
	"strings"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/graph/graphtest"
)

// average is the mean of all steps so far. It keeps what it needs for that, or
// forgets to, and says that it runs step by step, or that it does not.
type average struct {
	forgets, refuses bool
}

func (l average) Call(s *graph.Scope, in ...graph.Value) []graph.Value {
	if !s.Stepping() {
		return []graph.Value{in[0].Mean(1)}
	}
	x := in[0].At(1, 0) // [batch, features]
	sum, keepSum := s.Carry("sum", s.Const(0, x.Shape()))
	n, keepN := s.Carry("n", s.Const(0, graph.Shape{x.Dim(0), 1}))
	sum, n = sum.Add(x), n.AddConst(1)
	keepN(n)
	if !l.forgets {
		keepSum(sum)
	}
	return []graph.Value{sum.Div(n)}
}

func (l average) Stepwise([]graph.Value) ([]graph.Pace, error) {
	if l.refuses {
		return nil, graph.Error{Rule: "must not be run step by step"}
	}
	return []graph.Pace{graph.Latest}, nil
}

func TestStepsFindsFaults(t *testing.T) {
	c := Case{Inputs: []graphtest.Array{graphtest.Input(1, 2, 4, 3)}}
	if c.Layer = (average{}); Steps(t, c) != nil {
		t.Error("a layer that runs step by step must not be refused")
	}
	if c.Layer = (average{refuses: true}); Steps(t, c) == nil {
		t.Error("a layer that says that it does not run step by step must be refused")
	}
	if c.Layer = (lossy{Gain: 1}); Steps(t, c) == nil {
		t.Error("a layer that says nothing must be refused")
	}
	c.Layer = average{forgets: true}
	if got := failures(func(t testing.TB) { Steps(t, c) }); !strings.Contains(got, "output 0 of step 1") {
		t.Errorf("a layer that forgets must be found at its second step, got %q", got)
	}
	c.Inputs = []graphtest.Array{graphtest.Input(1, 2)}
	if got := failures(func(t testing.TB) { Steps(t, c) }); !strings.Contains(got, "must have steps") {
		t.Errorf("a case without steps must be refused, got %q", got)
	}
}
