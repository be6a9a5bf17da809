package graph_test

import (
	"fmt"
	"math"
	"math/bits"
	"testing"

	"github.com/engram-go/engram/graph"
	sizes "github.com/engram-go/engram/internal/shapes"
	"gorgonia.org/tensor"
)

// invalid holds formulas over x [2, 3] and y [4] that must fail, and the error. rank
// is the number of axes that the result would have had.
var invalid = map[string]struct {
	f    func(x, y graph.Value) graph.Value
	want graph.Error
	rank int
}{
	"add":             {func(x, y graph.Value) graph.Value { return x.Add(y) }, graph.Error{Field: "add", Value: "[4]"}, 2},
	"add swapped":     {func(x, y graph.Value) graph.Value { return y.Add(x) }, graph.Error{Field: "add", Value: "[2, 3]"}, 2},
	"greater":         {func(x, y graph.Value) graph.Value { return x.Greater(y) }, graph.Error{Field: "greater", Value: "[4]"}, 2},
	"where":           {func(x, y graph.Value) graph.Value { return graph.Where(y, y, x) }, graph.Error{Field: "where", Value: "[2, 3]"}, 2},
	"function":        {func(x, _ graph.Value) graph.Value { return x.Apply(graph.Function{Kind: 1000}) }, graph.Error{Field: "function", Value: 1000}, 2},
	"sum":             {func(x, _ graph.Value) graph.Value { return x.Sum(2) }, graph.Error{Field: "sum axis", Value: 2}, 1},
	"sum twice":       {func(x, _ graph.Value) graph.Value { return x.Sum(0, -2) }, graph.Error{Field: "sum axis", Value: -2}, 0},
	"mean":            {func(x, _ graph.Value) graph.Value { return x.Mean(-3) }, graph.Error{Field: "mean axis", Value: -3}, 1},
	"max":             {func(x, _ graph.Value) graph.Value { return x.Max(2) }, graph.Error{Field: "max axis", Value: 2}, 1},
	"layer norm":      {func(x, y graph.Value) graph.Value { return x.LayerNorm(&y, nil, 1) }, graph.Error{Field: "normalize", Value: "[4]"}, 2},
	"layer norm axis": {func(x, y graph.Value) graph.Value { return x.Sum().LayerNorm(nil, nil, 1) }, graph.Error{Field: "normalize axis", Value: -1}, 0},
	"rms norm":        {func(x, y graph.Value) graph.Value { return x.RMSNorm(&y, 1) }, graph.Error{Field: "rms normalize", Value: "[4]"}, 2},
	"scale around":    {func(x, y graph.Value) graph.Value { return x.ScaleAround(y, y, nil) }, graph.Error{Field: "scale around", Value: "[4]"}, 2},
	"softmax":         {func(x, _ graph.Value) graph.Value { return x.Softmax(2) }, graph.Error{Field: "softmax axis", Value: 2}, 2},
	"reverse":         {func(x, _ graph.Value) graph.Value { return x.Reverse(5) }, graph.Error{Field: "reverse axis", Value: 5}, 2},
	"reshape":         {func(x, _ graph.Value) graph.Value { return x.Reshape(7) }, graph.Error{Field: "reshape", Value: "[7]"}, 1},
	"reshape to 0":    {func(x, _ graph.Value) graph.Value { return x.Reshape(0, 3) }, graph.Error{Field: "axis 0 of shape [0, 3]", Value: 0}, 2},
	"reshape below 0": {func(x, _ graph.Value) graph.Value { return x.Reshape(-2, -3) }, graph.Error{Field: "axis 0 of shape [-2, -3]", Value: -2}, 2},
	"reshape huge":    {func(x, _ graph.Value) graph.Value { return x.Reshape(math.MaxInt, math.MaxInt, 6) }, graph.Error{Field: "shape [9223372036854775807, 9223372036854775807, 6]"}, 3},
	"broadcast":       {func(x, _ graph.Value) graph.Value { return x.BroadcastTo(2, 4) }, graph.Error{Field: "broadcast", Value: "[2, 4]"}, 2},
	"broadcast less":  {func(x, _ graph.Value) graph.Value { return x.BroadcastTo(3) }, graph.Error{Field: "broadcast", Value: "[3]"}, 1},
	"broadcast to 1":  {func(x, _ graph.Value) graph.Value { return x.BroadcastTo(2, 1) }, graph.Error{Field: "broadcast", Value: "[2, 1]"}, 2},
	"broadcast huge":  {func(x, _ graph.Value) graph.Value { return x.BroadcastTo(math.MaxInt, math.MaxInt, 2, 3) }, graph.Error{Field: "shape [9223372036854775807, 9223372036854775807, 2, 3]"}, 4},
	"transpose none":  {func(x, _ graph.Value) graph.Value { return x.Transpose() }, graph.Error{Field: "transpose", Value: "[]"}, 2},
	"transpose few":   {func(x, _ graph.Value) graph.Value { return x.Transpose(1) }, graph.Error{Field: "transpose", Value: "[1]"}, 2},
	"transpose many":  {func(x, _ graph.Value) graph.Value { return x.Transpose(0, 1, 0) }, graph.Error{Field: "transpose", Value: "[0 1 0]"}, 2},
	"transpose twice": {func(x, _ graph.Value) graph.Value { return x.Transpose(1, 1) }, graph.Error{Field: "transpose", Value: "[1 1]"}, 2},
	"transpose -1":    {func(x, _ graph.Value) graph.Value { return x.Transpose(0, -1) }, graph.Error{Field: "transpose", Value: "[0 -1]"}, 2},
	"slice axis":      {func(x, _ graph.Value) graph.Value { return x.Slice(2, 0, 1) }, graph.Error{Field: "slice axis", Value: 2}, 2},
	"slice beyond":    {func(x, _ graph.Value) graph.Value { return x.Slice(1, 1, 4) }, graph.Error{Field: "slice", Value: "1 to 4"}, 2},
	"slice nothing":   {func(x, _ graph.Value) graph.Value { return x.Slice(1, 1, 1) }, graph.Error{Field: "slice", Value: "1 to 1"}, 2},
	"slice below":     {func(x, _ graph.Value) graph.Value { return x.Slice(1, -1, 2) }, graph.Error{Field: "slice", Value: "-1 to 2"}, 2},
	"slice to any":    {func(x, _ graph.Value) graph.Value { return x.Slice(1, 1, graph.Any) }, graph.Error{Field: "slice", Value: "1 to -1"}, 2},
	"at":              {func(x, _ graph.Value) graph.Value { return x.At(1, 3) }, graph.Error{Field: "slice", Value: "3 to 4"}, 1},
	"at axis":         {func(x, _ graph.Value) graph.Value { return x.At(2, 0) }, graph.Error{Field: "slice axis", Value: 2}, 1},
	"unsqueeze":       {func(x, _ graph.Value) graph.Value { return x.Unsqueeze(-4) }, graph.Error{Field: "unsqueeze axis", Value: -4}, 3},
	"concat":          {func(x, y graph.Value) graph.Value { return graph.Concat(0, x, y) }, graph.Error{Field: "concat", Value: "[4]"}, 2},
	"concat axis":     {func(x, _ graph.Value) graph.Value { return graph.Concat(2, x) }, graph.Error{Field: "concat axis", Value: 2}, 2},
	"stack":           {func(x, y graph.Value) graph.Value { return graph.Stack(0, x, y) }, graph.Error{Field: "concat", Value: "[1, 4]"}, 3},
	"matmul":          {func(x, y graph.Value) graph.Value { return x.MatMul(x) }, graph.Error{Field: "matmul", Value: "[2, 3]"}, 2},
	"matmul add":      {func(x, y graph.Value) graph.Value { return x.MatMulAdd(x.Transpose(1, 0), y) }, graph.Error{Field: "matmul", Value: "[4]"}, 2},
	"matmul rank":     {func(x, y graph.Value) graph.Value { return x.MatMul(y) }, graph.Error{Field: "matmul", Value: "[4]"}, 2},
	"gather":          {func(x, y graph.Value) graph.Value { return x.Sum().Gather(y) }, graph.Error{Field: "gather", Value: "[]"}, 1},
	"values":          {func(x, _ graph.Value) graph.Value { return x.Scope().Values([]float64{1}, graph.Shape{2}) }, graph.Error{Field: "constant", Value: 1}, 1},
	"values overflow": {func(x, _ graph.Value) graph.Value {
		return x.Scope().Values(nil, graph.Shape{1 << (bits.UintSize / 2), 1 << (bits.UintSize / 2)})
	}, graph.Error{Field: "constant", Value: 0}, 2},
	"constant huge": {func(x, _ graph.Value) graph.Value {
		return x.Scope().Const(0, graph.Shape{math.MaxInt}).Softmax(0).Max(0).Add(y1(x))
	}, graph.Error{Field: "shape [9223372036854775807]"}, 0},
	"gradient": {func(x, _ graph.Value) graph.Value { return x.Scope().Gradients(x, x)[0] }, graph.Error{Field: "loss", Value: "[2, 3]"}, 2},
	"no value": {func(x, _ graph.Value) graph.Value { return x.Add(graph.Value{}.WithoutMask()) }, graph.Error{Field: "add"}, 2},
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
		want := c.want
		want.Path = "model/layer"
		checkError(t, name, err, want)
		if rank != c.rank {
			t.Errorf("%s: the poisoned value has %d axes, want %d", name, rank, c.rank)
		}
		symbolic := graph.Shapes(config(t, tensor.Float64), build)
		if err == nil || symbolic == nil || symbolic.Error() != err.Error() {
			t.Errorf("%s: the graph says %q, the shape pass %q", name, err, symbolic)
		}
	}
}

// Open axes are refused where a graph is built, and invalid ones everywhere.
func TestInvalidShapes(t *testing.T) {
	huge := []graph.Shape{{sizes.MaxElements, 2}, {math.MaxInt, math.MaxInt}}
	invalid := map[graph.Error]graph.Shape{
		{Field: "axis 1 of shape [3, 0]", Value: 0}: {3, 0},
		{Field: "axis 0 of shape [-5]", Value: -5}:  {-5},
		{Field: fmt.Sprint("shape ", huge[0])}:      huge[0],
		{Field: fmt.Sprint("shape ", huge[1])}:      huge[1],
	}
	declare := map[string]func(s *graph.Scope, shape graph.Shape){
		"input":    func(s *graph.Scope, shape graph.Shape) { s.Input("x", shape).Sum(0) },
		"constant": func(s *graph.Scope, shape graph.Shape) { s.Const(1, shape).Softmax(0) },
		"param":    func(s *graph.Scope, shape graph.Shape) { s.Param("w", shape, constant(1)).Max(0) },
		"random":   func(s *graph.Scope, shape graph.Shape) { s.Random("r", shape, nil).LogSumExp(0) },
		"mask":     func(s *graph.Scope, shape graph.Shape) { s.DropoutMask("m", shape, 0.5).Sum(0) },
	}
	fields := map[string]string{"input": "input x", "constant": "const", "param": "w", "random": "r", "mask": "m"}
	for name, f := range declare {
		for want, shape := range invalid {
			checkError(t, name, graph.Shapes(config(t, tensor.Float32), func(s *graph.Scope) { f(s, shape) }), want)
			_, err := graph.NewProgram(config(t, tensor.Float32), func(s *graph.Scope) { f(s, shape) })
			checkError(t, name, err, want)
		}
		_, err := graph.NewProgram(config(t, tensor.Float32), func(s *graph.Scope) { f(s, graph.Shape{2, graph.Any}) })
		checkError(t, name, err, graph.Error{Field: fields[name], Value: "[2, any]"})
	}
	_, err := graph.NewProgram(config(t, tensor.Float32), func(s *graph.Scope) { s.Const(1, graph.Shape{4}).Reshape(2, graph.Any) })
	checkError(t, "reshape", err, graph.Error{Field: "reshape", Value: "[2, any]"})
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
