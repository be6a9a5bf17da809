package graph_test

import (
	"errors"
	"fmt"
	"math"
	"math/bits"
	"testing"

	"github.com/engram-go/engram/graph"
	sizes "github.com/engram-go/engram/internal/shapes"
	"gorgonia.org/tensor"
)

// invalid formulas over x [2, 3] and y [4], with what the error says. rank is
// that of the result had it been possible.
var invalid = map[string]struct {
	f    func(x, y graph.Value) graph.Value
	want string
	rank int
}{
	"add":             {func(x, y graph.Value) graph.Value { return x.Add(y) }, "add must have an operand that broadcasts with [2, 3], got [4]", 2},
	"add swapped":     {func(x, y graph.Value) graph.Value { return y.Add(x) }, "broadcasts with [4], got [2, 3]", 2},
	"greater":         {func(x, y graph.Value) graph.Value { return x.Greater(y) }, "greater must have an operand", 2},
	"where":           {func(x, y graph.Value) graph.Value { return graph.Where(y, y, x) }, "where must have an operand", 2},
	"sum":             {func(x, _ graph.Value) graph.Value { return x.Sum(2) }, "sum axis must lie within the shape [2, 3], got 2", 1},
	"sum twice":       {func(x, _ graph.Value) graph.Value { return x.Sum(0, -2) }, "sum axis must be named once, got -2", 0},
	"mean":            {func(x, _ graph.Value) graph.Value { return x.Mean(-3) }, "mean axis must lie within the shape [2, 3], got -3", 1},
	"max":             {func(x, _ graph.Value) graph.Value { return x.Max(2) }, "max axis must lie within", 1},
	"softmax":         {func(x, _ graph.Value) graph.Value { return x.Softmax(2) }, "softmax axis must lie within", 2},
	"reverse":         {func(x, _ graph.Value) graph.Value { return x.Reverse(5) }, "reverse axis must lie within", 2},
	"reshape":         {func(x, _ graph.Value) graph.Value { return x.Reshape(7) }, "reshape must keep the 6 elements of [2, 3], got [7]", 1},
	"reshape to 0":    {func(x, _ graph.Value) graph.Value { return x.Reshape(0, 3) }, "axis 0 of shape [0, 3] must be positive, got 0", 2},
	"reshape below 0": {func(x, _ graph.Value) graph.Value { return x.Reshape(-2, -3) }, "axis 0 of shape [-2, -3] must be positive", 2},
	"reshape huge":    {func(x, _ graph.Value) graph.Value { return x.Reshape(math.MaxInt, math.MaxInt, 6) }, "must have at most", 3},
	"broadcast":       {func(x, _ graph.Value) graph.Value { return x.BroadcastTo(2, 4) }, "broadcast must be possible from [2, 3], got [2, 4]", 2},
	"broadcast less":  {func(x, _ graph.Value) graph.Value { return x.BroadcastTo(3) }, "broadcast must be possible", 1},
	"broadcast to 1":  {func(x, _ graph.Value) graph.Value { return x.BroadcastTo(2, 1) }, "broadcast must be possible", 2},
	"broadcast huge":  {func(x, _ graph.Value) graph.Value { return x.BroadcastTo(math.MaxInt, math.MaxInt, 2, 3) }, "must have at most", 4},
	"transpose none":  {func(x, _ graph.Value) graph.Value { return x.Transpose() }, "transpose must name each axis of [2, 3] once, got []", 2},
	"transpose few":   {func(x, _ graph.Value) graph.Value { return x.Transpose(1) }, "transpose must name", 2},
	"transpose many":  {func(x, _ graph.Value) graph.Value { return x.Transpose(0, 1, 0) }, "transpose must name", 2},
	"transpose twice": {func(x, _ graph.Value) graph.Value { return x.Transpose(1, 1) }, "transpose must name", 2},
	"transpose -1":    {func(x, _ graph.Value) graph.Value { return x.Transpose(0, -1) }, "transpose must name", 2},
	"slice axis":      {func(x, _ graph.Value) graph.Value { return x.Slice(2, 0, 1) }, "slice axis must lie within", 2},
	"slice beyond":    {func(x, _ graph.Value) graph.Value { return x.Slice(1, 1, 4) }, "slice must lie within axis 1 of [2, 3], got 1 to 4", 2},
	"slice nothing":   {func(x, _ graph.Value) graph.Value { return x.Slice(1, 1, 1) }, "slice must lie within", 2},
	"slice below":     {func(x, _ graph.Value) graph.Value { return x.Slice(1, -1, 2) }, "slice must lie within", 2},
	"slice to any":    {func(x, _ graph.Value) graph.Value { return x.Slice(1, 1, graph.Any) }, "slice must lie within", 2},
	"at":              {func(x, _ graph.Value) graph.Value { return x.At(1, 3) }, "slice must lie within", 1},
	"at axis":         {func(x, _ graph.Value) graph.Value { return x.At(2, 0) }, "slice axis must lie within", 1},
	"unsqueeze":       {func(x, _ graph.Value) graph.Value { return x.Unsqueeze(-4) }, "unsqueeze axis must lie within", 3},
	"concat":          {func(x, y graph.Value) graph.Value { return graph.Concat(0, x, y) }, "concat must have values that fit [2, 3] but for axis 0, got [4]", 2},
	"concat axis":     {func(x, _ graph.Value) graph.Value { return graph.Concat(2, x) }, "concat axis must lie within", 2},
	"stack":           {func(x, y graph.Value) graph.Value { return graph.Stack(0, x, y) }, "concat must have values that fit", 3},
	"matmul":          {func(x, y graph.Value) graph.Value { return x.MatMul(x) }, "matmul must have an operand that fits [2, 3], got [2, 3]", 2},
	"matmul add":      {func(x, y graph.Value) graph.Value { return x.MatMulAdd(x.Transpose(1, 0), y) }, "matmul must have a term to add whose axes are the last ones of [2, 2], got", 2},
	"matmul rank":     {func(x, y graph.Value) graph.Value { return x.MatMul(y) }, "matmul must have an operand that fits", 2},
	"gather":          {func(x, y graph.Value) graph.Value { return x.Sum().Gather(y) }, "gather must have an axis to look up in", 1},
	"values":          {func(x, _ graph.Value) graph.Value { return x.Scope().Values([]float64{1}, graph.Shape{2}) }, "constant must have as many elements as its shape [2], got 1", 1},
	"values overflow": {func(x, _ graph.Value) graph.Value {
		return x.Scope().Values(nil, graph.Shape{1 << (bits.UintSize / 2), 1 << (bits.UintSize / 2)})
	}, "constant must have as many elements", 2},
	"constant huge": {func(x, _ graph.Value) graph.Value {
		return x.Scope().Const(0, graph.Shape{math.MaxInt}).Softmax(0).Max(0).Add(y1(x))
	}, "must have at most", 0},
	"gradient": {func(x, _ graph.Value) graph.Value { return x.Scope().Gradients(x, x)[0] }, "loss must be a single number, got [2, 3]", 2},
	"no value": {func(x, _ graph.Value) graph.Value { return x.Add(graph.Value{}.WithoutMask()) }, "add must have values of the graph", 2},
}

func y1(x graph.Value) graph.Value { return x.Sum() }

// What cannot be is an error with the place, the rule and the value, the same
// in a shape pass as in a graph, and the result keeps its rank.
func TestInvalidOperands(t *testing.T) {
	for name, c := range invalid {
		rank := -1
		build := func(s *graph.Scope) {
			s.Within("model", func() {
				s.Within("layer", func() {
					y := c.f(s.Input("x", graph.Shape{2, 3}), s.Input("y", graph.Shape{4}))
					rank = y.Rank()
					s.Output("y", y)
				})
			})
		}
		_, err := graph.NewProgram(config(t, tensor.Float64), build)
		wantError(t, name, err, c.want)
		wantError(t, name, err, "model/layer: ")
		if rank != c.rank {
			t.Errorf("%s: the poisoned value has %d axes, want %d", name, rank, c.rank)
		}
		symbolic := graph.Shapes(config(t, tensor.Float64), build)
		if err == nil || symbolic == nil || symbolic.Error() != err.Error() {
			t.Errorf("%s: the graph says %q, the shape pass %q", name, err, symbolic)
		}
		var e graph.Error
		if !errors.As(err, &e) || !errors.Is(err, graph.ErrInput) || e.Path != "model/layer" {
			t.Errorf("%s: %#v is not an error of bad input at model/layer", name, err)
		}
	}
}

// Open axes are refused where a graph is built, and invalid ones everywhere.
func TestInvalidShapes(t *testing.T) {
	invalid := map[string]graph.Shape{
		"must be positive":  {3, 0},
		"got -5":            {-5},
		"must have at most": {sizes.MaxElements, 2},
		fmt.Sprint("at most ", sizes.MaxElements): {math.MaxInt, math.MaxInt},
	}
	declare := map[string]func(s *graph.Scope, shape graph.Shape){
		"input":    func(s *graph.Scope, shape graph.Shape) { s.Input("x", shape).Sum(0) },
		"constant": func(s *graph.Scope, shape graph.Shape) { s.Const(1, shape).Softmax(0) },
		"param":    func(s *graph.Scope, shape graph.Shape) { s.Param("w", shape, constant(1)).Max(0) },
		"random":   func(s *graph.Scope, shape graph.Shape) { s.Random("r", shape, nil).LogSumExp(0) },
	}
	for name, f := range declare {
		for want, shape := range invalid {
			wantError(t, name, graph.Shapes(config(t, tensor.Float32), func(s *graph.Scope) { f(s, shape) }), want)
			_, err := graph.NewProgram(config(t, tensor.Float32), func(s *graph.Scope) { f(s, shape) })
			wantError(t, name, err, want)
		}
		_, err := graph.NewProgram(config(t, tensor.Float32), func(s *graph.Scope) { f(s, graph.Shape{2, graph.Any}) })
		wantError(t, name, err, "open ax")
	}
	_, err := graph.NewProgram(config(t, tensor.Float32), func(s *graph.Scope) { s.Const(1, graph.Shape{4}).Reshape(2, graph.Any) })
	wantError(t, "reshape", err, "reshape must have no open axis when a graph is built, got [2, any]")
}

// A shape pass makes nothing of the size of its values.
func TestShapePassTakesNoMemory(t *testing.T) {
	err := graph.Shapes(config(t, tensor.Float64), func(s *graph.Scope) {
		x := s.Input("x", graph.Shape{2, sizes.MaxElements / 2})
		x.Softmax(1).LogSumExp(1).Add(x.Sum(0).Max(0)).Sum()
	})
	if err != nil {
		t.Error(err)
	}
}
