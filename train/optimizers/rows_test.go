package optimizers_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/graph/graphtest"
	"github.com/engram-go/engram/internal/errs/errtest"
	"github.com/engram-go/engram/train/optimizers"
	"gorgonia.org/tensor"
)

// Gradients of rows give the bits of whole gradients: with every optimizer, clipped or not,
// after a whole gradient, after Restore, and on any number of cores. Some weights are −0,
// some parameters have many parts.
func TestStepRows(t *testing.T) {
	rho, decay := 0.5, 0.9
	for name, o := range map[string]optimizers.Optimizer{
		"Adam":              optimizers.Adam{},
		"Adam without β1":   optimizers.Adam{Beta1: new(float64), Beta2: &decay},
		"Adam, value":       optimizers.Adam{ClipValue: 0.1},
		"Adam, norm":        optimizers.Adam{ClipNorm: 0.3},
		"Adam, global norm": optimizers.Adam{GlobalClipNorm: 0.3},
		"RMSprop":           optimizers.RMSprop{Rho: &rho},
		"RMSprop, options":  optimizers.RMSprop{Centered: true, Momentum: 0.5},
		"AMSGrad":           optimizers.Adam{AMSGrad: true},
		"Adamax":            optimizers.Adamax{},
		"Nadam":             optimizers.Nadam{},
		"Adagrad":           optimizers.Adagrad{},
		"Adadelta":          optimizers.Adadelta{},
		"Lion":              optimizers.Lion{},
		"SGD":               optimizers.SGD{},
		"SGD, norm":         optimizers.SGD{ClipNorm: 0.2},
		"SGD, momentum":     optimizers.SGD{Momentum: 0.9},
		"SGD, Nesterov":     optimizers.SGD{Momentum: 0.9, Nesterov: true},
	} {
		for _, shape := range []graph.Shape{{1, 3}, {50, 5}, {1100, 33}, {2, 20000}, {40}} {
			for _, dtype := range []tensor.Dtype{tensor.Float32, tensor.Float64} {
				checkRows(t, name, o, optimizers.Config{}, shape, dtype)
			}
		}
	}
}

// checkRows holds steps by rows to whole steps.
func checkRows(t *testing.T, name string, o optimizers.Optimizer, cfg optimizers.Config, shape graph.Shape, dtype tensor.Dtype) {
	t.Helper()
	what := fmt.Sprint(name, " ", shape, " ", dtype)
	rng := rand.New(rand.NewPCG(1, 1))
	start := make([]float64, shape.Size())
	for i := range start {
		if start[i] = rng.NormFloat64(); i%3 == 0 {
			start[i] = math.Copysign(0, -1)
		}
	}
	starts := map[string]graphtest.Array{"w": {Shape: shape, Data: start}}
	whole, byRows := declare(t, dtype, starts), declare(t, dtype, starts)
	all, some := beginWith(t, o, whole, cfg), beginWith(t, o, byRows, cfg)
	for number := range 6 {
		rows, g := someRows(rng, shape)
		grad := dense(dtype, shape, g...)
		step(t, all, whole, grad)
		list := [][]int{rows}
		if number == 4 {
			list[0] = nil
		}
		before := runtime.GOMAXPROCS(1 + number%3)
		err := some.StepRows([]*tensor.Dense{grad}, list)
		runtime.GOMAXPROCS(before)
		if err != nil {
			t.Fatal(err)
		}
		if number == 2 { // another state goes on
			saved := some.Tensors()
			some = beginWith(t, o, byRows, cfg)
			if err := some.Restore(saved); err != nil {
				t.Fatal(err)
			}
		}
		got := snapshot(some, byRows)
		for name, want := range snapshot(all, whole) {
			sameBits(t, fmt.Sprint(what, ", step ", number, ", ", name), got[name], want)
		}
	}
}

// Rows that were never used are not touched, and so not looked at.
func TestStepRowsSkips(t *testing.T) {
	params := declare(t, tensor.Float32, map[string]graphtest.Array{"w": {Shape: graph.Shape{4, 2}, Data: make([]float64, 8)}})
	s := begin(t, optimizers.Adam{}, params)
	params.Get("w").Value().Float32s()[7] = float32(math.Inf(1))
	grad := dense(tensor.Float32, graph.Shape{4, 2}, 0, 0, 1, 1, 0, 0, 0, 0)
	if err := s.StepRows([]*tensor.Dense{grad}, [][]int{{1}}); err != nil || !s.Finite(0) {
		t.Errorf("a row that is not used: %v, finite is %v", err, s.Finite(0))
	}
	if err := s.StepRows([]*tensor.Dense{grad}, [][]int{{1, 3}}); err != nil || s.Finite(0) {
		t.Errorf("a row that is used: %v, finite is %v", err, s.Finite(0))
	}
	for _, bad := range [][]int{{4}, {-1}, {1, 1}, {2, 1}} {
		errtest.Check(t, s.StepRows([]*tensor.Dense{grad}, [][]int{bad}), graph.Error{Path: "w", Field: "rows of the gradient"})
	}
	errtest.Check(t, s.StepRows([]*tensor.Dense{grad}, nil), graph.Error{Field: "rows", Value: 0})
}

// A gradient that is not finite is an error in whatever part it is.
func TestStepOfManyParts(t *testing.T) {
	shape := graph.Shape{3, 40001}
	for _, at := range []int{0, 8191, 8192, 60000, 120002} {
		params := declare(t, tensor.Float32, map[string]graphtest.Array{"w": {Shape: shape, Data: make([]float64, shape.Size())}})
		g := make([]float64, shape.Size())
		g[at] = math.NaN()
		err := begin(t, optimizers.Adam{}, params).Step([]*tensor.Dense{dense(tensor.Float32, shape, g...)})
		errtest.Check(t, err, graph.Error{Path: "w", Kind: graph.ErrNotFinite, Field: fmt.Sprintf("gradient's element [%d, %d]", at/40001, at%40001), Value: "NaN"})
	}
}

// someRows draws rows and a gradient that is 0 elsewhere; some of its rows are 0 too.
func someRows(rng *rand.Rand, shape graph.Shape) (rows []int, grad []float64) {
	grad = make([]float64, shape.Size())
	size := shape.Size() / shape[0]
	rows = []int{}
	for row := range shape[0] {
		if rng.IntN(4) > 0 {
			continue
		}
		rows = append(rows, row)
		if rng.IntN(5) > 0 {
			for j := range size {
				grad[row*size+j] = rng.NormFloat64()
			}
		}
	}
	return rows, grad
}

func sameBits(t *testing.T, what string, got, want []float64) {
	t.Helper()
	for i, x := range want {
		if math.Float64bits(got[i]) != math.Float64bits(x) {
			t.Fatalf("%s: element %d is %v, want the bits of %v", what, i, got[i], x)
		}
	}
}
