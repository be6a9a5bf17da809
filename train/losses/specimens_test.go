package losses_test

import (
	"math"
	"reflect"
	"slices"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/graph/graphtest"
	"github.com/engram-go/engram/internal/conformance"
	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/errs/errtest"
	"github.com/engram-go/engram/train/losses"
	"gorgonia.org/tensor"
	"pgregory.net/rapid"
)

// specimen describes a loss for the tests that every loss must pass.
type specimen struct {
	Loss losses.Loss // the zero value
	// Golden has the names of the configs of the loss in regressions, crossentropies
	// or sequences, whose values and gradients are compared with those that the
	// scripts in testdata write and with finite differences.
	Golden []string
	// Line is the zero value's loss of one line of the last axis, from the
	// definition.
	Line func(y, yhat []float64) float64
	// Draw makes one line of width numbers, or of several for each of width targets, and
	// its target.
	Draw func(t *rapid.T, width int) (y, yhat []float64)
	// Steps is the number of steps of a loss of whole sequences, 0 for others. A line is
	// then a sample [Steps, classes], and the loss is called with a batch of them.
	Steps int
	// Bad has configs that are refused, by field. NaN, infinite and negative numbers
	// are tried in every field.
	Bad map[string]losses.Loss
}

// specimens are the literals that describe the losses, each in the file of its
// tests.
var specimens []specimen

// describe adds a literal to specimens, in the initializer of a variable.
func describe(s specimen) bool {
	specimens = append(specimens, s)
	return true
}

// class is the name of the type.
func (s specimen) class() string { return reflect.TypeOf(s.Loss).Name() }

// each runs a test for every specimen, by the name of its type.
func each(t *testing.T, f func(t *testing.T, s specimen)) {
	for _, s := range specimens {
		t.Run(s.class(), func(t *testing.T) {
			conformance.Complete(t, s.class(), s, "Bad", "Steps")
			f(t, s)
		})
	}
}

// Every exported type with a method Loss is described by a specimen with golden
// numbers.
func TestEveryLossHasASpecimen(t *testing.T) {
	var described []string
	for _, s := range specimens {
		described = append(described, s.class())
	}
	conformance.Described(t, "Loss", described, "Loss: losses.%s{}, ...", "regression_test.go")
	each(t, func(t *testing.T, s specimen) {
		if !reflect.ValueOf(s.Loss).IsZero() {
			t.Error("the specimen must have the zero value")
		}
		for _, name := range s.Golden {
			loss := regressions[name].loss
			for _, other := range []losses.Loss{crossentropies[name].loss, sequences[name].loss} {
				if loss == nil {
					loss = other
				}
			}
			if reflect.TypeOf(loss) != reflect.TypeOf(s.Loss) {
				t.Errorf("Golden has %s, which regressions, crossentropies and sequences have as the name of a %T", name, loss)
			}
		}
	})
}

// One number for each line of the last axis, in any shape and both dtypes, that of
// the definition; and a line with weight 0 has a gradient of exactly 0 and changes
// nothing else, whatever its output is. So masks and weights are exact.
func TestLines(t *testing.T) {
	each(t, func(t *testing.T, s specimen) {
		rapid.Check(t, func(r *rapid.T) { checkLines(r, s) })
	})
}

func checkLines(t *rapid.T, s specimen) {
	dtype := rapid.SampledFrom([]tensor.Dtype{tensor.Float32, tensor.Float64}).Draw(t, "dtype")
	tol := map[tensor.Dtype]float64{tensor.Float32: 1e-5, tensor.Float64: 1e-12}[dtype]
	lead := rapid.SliceOfN(rapid.IntRange(1, 3), 1, 2).Draw(t, "lead")
	width, n := rapid.IntRange(2, 4).Draw(t, "width"), graph.Shape(lead).Size()
	if s.Steps > 0 {
		lead = []int{n}
	}
	var ys, yhats, want []float64
	one, size := 0, 0 // of a line of targets and of outputs
	for range n {
		y, yhat := s.Draw(t, width)
		ys, yhats, one, size = append(ys, y...), append(yhats, yhat...), len(y), len(yhat)
		want = append(want, s.Line(y, yhat))
	}
	masked := rapid.IntRange(0, n-1).Draw(t, "masked")
	weights := slices.Repeat([]float64{1}, n)
	weights[masked] = 0
	of := func(last ...int) []int { return append(slices.Clone(lead), last...) }
	outputs := of(size)
	if s.Steps > 0 {
		outputs = of(s.Steps, size/s.Steps)
	}
	changed := slices.Clone(yhats)
	clear(changed[masked*size : (masked+1)*size])
	got := run(t, dtype, map[string]graphtest.Array{
		"y": {Shape: of(one), Data: ys}, "yhat": {Shape: outputs, Data: yhats}, "other": {Shape: outputs, Data: changed}, "w": {Shape: lead, Data: weights},
	}, func(sc *graph.Scope, in map[string]graph.Value) map[string]graph.Value {
		lines := s.Loss.Loss(in["y"], in["yhat"])
		if !lines.Shape().Equal(lead) {
			t.Fatalf("shape: got %v, want %v", lines.Shape(), lead)
		}
		gradient := func(yhat string) graph.Value {
			kept := graph.Where(in["w"], s.Loss.Loss(in["y"], in[yhat]), sc.Const(0, graph.Shape{}))
			return sc.Gradients(kept.Mean(), in[yhat])[0]
		}
		return map[string]graph.Value{"lines": lines, "gradient": gradient("yhat"), "other": gradient("other")}
	})
	for i, x := range got["lines"] {
		if !(math.Abs(x-want[i]) <= tol*max(1, want[i])) {
			t.Fatalf("line %d: got %v, want %v", i, x, want[i])
		}
	}
	for i, g := range got["gradient"] {
		if other := got["other"][i]; i/size == masked && (g != 0 || other != 0) || g != other {
			t.Fatalf("element %d, masked line %d: gradients %v and %v", i, masked, g, other)
		}
	}
}

// Numbers that are not finite or negative are refused in every field by name, and
// so is what Bad has.
func TestBadFields(t *testing.T) {
	each(t, func(t *testing.T, s specimen) {
		refused := func(loss losses.Loss, want errs.Error) {
			t.Helper()
			params, err := graph.NewParams(tensor.Float32, 1)
			if err != nil {
				t.Fatal(err)
			}
			err = graph.Shapes(graph.Config{Params: params}, func(sc *graph.Scope) {
				output := sc.Input("output", graph.Shape{4, 2})
				target := graph.Shape{4, 2}
				if l, ok := loss.(losses.TargetShaper); ok {
					target = l.TargetShape(output.Shape())
				}
				sc.Within("net", func() { loss.Loss(sc.Input("target", target), output) })
			})
			want.Path = "net"
			errtest.Check(t, err, want)
		}
		for _, f := range reflect.VisibleFields(reflect.TypeOf(s.Loss)) {
			if f.Type != reflect.TypeFor[float64]() {
				continue
			}
			for _, x := range []float64{math.NaN(), math.Inf(1), math.Inf(-1), -0.5} {
				v := reflect.New(reflect.TypeOf(s.Loss)).Elem()
				v.FieldByIndex(f.Index).SetFloat(x)
				refused(v.Interface().(losses.Loss), errs.Error{Field: s.class() + "." + f.Name, Value: x})
			}
		}
		for field, loss := range s.Bad {
			refused(loss, errs.Error{Field: s.class() + "." + field})
		}
	})
}
