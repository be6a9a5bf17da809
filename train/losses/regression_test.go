package losses_test

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/graph/graphtest"
	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/errs/errtest"
	"github.com/engram-go/engram/train/losses"
	"gorgonia.org/tensor"
	"pgregory.net/rapid"
)

var (
	_ = describe(specimen{Loss: losses.MSE{}, Golden: []string{"mse"}, Line: meanOf(plain["mse"]), Draw: drawNumbers})
	_ = describe(specimen{Loss: losses.MAE{}, Golden: []string{"mae"}, Line: meanOf(plain["mae"]), Draw: drawNumbers})
	_ = describe(specimen{Loss: losses.Huber{}, Golden: []string{"huber", "huber_half"}, Line: meanOf(plain["huber"]), Draw: drawNumbers})
	_ = describe(specimen{Loss: losses.LogCosh{}, Golden: []string{"log_cosh"}, Line: meanOf(plain["log_cosh"]), Draw: drawNumbers})
	_ = describe(specimen{Loss: losses.MAPE{}, Golden: []string{"mape"}, Draw: drawNumbers, Line: meanOfPairs(func(y, yhat float64) float64 {
		return 100 * math.Abs(yhat-y) / max(math.Abs(y), 1e-7)
	})})
	_ = describe(specimen{Loss: losses.MSLE{}, Golden: []string{"msle"}, Draw: drawCounts, Line: meanOfPairs(func(y, yhat float64) float64 {
		d := math.Log1p(max(yhat, 1e-7)) - math.Log1p(max(y, 1e-7))
		return d * d
	})})
	_ = describe(specimen{Loss: losses.Poisson{}, Golden: []string{"poisson"}, Draw: drawCounts, Line: meanOfPairs(func(y, yhat float64) float64 {
		return yhat - y*math.Log(yhat+1e-7)
	})})
	_ = describe(specimen{Loss: losses.CosineSimilarity{}, Golden: []string{"cosine"}, Draw: drawNumbers, Line: func(y, yhat []float64) float64 {
		dot, a, b := 0.0, 0.0, 0.0
		for i := range y {
			dot, a, b = dot+y[i]*yhat[i], a+y[i]*y[i], b+yhat[i]*yhat[i]
		}
		return -dot / (max(math.Sqrt(a), 1e-7) * max(math.Sqrt(b), 1e-7))
	}})
)

// meanOf is the mean of a function of the errors of one line.
func meanOf(f func(d float64) float64) func(y, yhat []float64) float64 {
	return func(y, yhat []float64) float64 {
		sum := 0.0
		for i := range y {
			sum += f(yhat[i] - y[i])
		}
		return sum / float64(len(y))
	}
}

// meanOfPairs is the mean of a function of the targets and outputs of one line.
func meanOfPairs(f func(y, yhat float64) float64) func(y, yhat []float64) float64 {
	return func(y, yhat []float64) float64 {
		sum := 0.0
		for i := range y {
			sum += f(y[i], yhat[i])
		}
		return sum / float64(len(y))
	}
}

// drawCounts draws whole numbers as targets, and positive numbers as outputs.
func drawCounts(t *rapid.T, width int) (y, yhat []float64) {
	for range width {
		y = append(y, float64(rapid.IntRange(0, 20).Draw(t, "y")))
	}
	return y, rapid.SliceOfN(rapid.Float64Range(0.01, 20), width, width).Draw(t, "yhat")
}

func drawNumbers(t *rapid.T, width int) (y, yhat []float64) {
	number := rapid.Float64Range(-2, 2)
	return rapid.SliceOfN(number, width, width).Draw(t, "y"), rapid.SliceOfN(number, width, width).Draw(t, "yhat")
}

// regressions are losses under the names of the golden file, with those of their targets and
// outputs there.
var regressions = map[string]struct {
	loss           losses.Loss
	target, output string
}{
	"mse":               {losses.MSE{}, "target", "prediction"},
	"mae":               {losses.MAE{}, "target", "prediction"},
	"huber":             {losses.Huber{}, "target", "prediction"},
	"huber_half":        {losses.Huber{Delta: 0.5}, "target", "prediction"},
	"log_cosh":          {losses.LogCosh{}, "target", "prediction"},
	"mape":              {losses.MAPE{}, "near", "positive"},
	"msle":              {losses.MSLE{}, "counts", "positive"},
	"poisson":           {losses.Poisson{}, "counts", "shares"},
	"cosine":            {losses.CosineSimilarity{}, "target", "prediction"},
	"hinge":             {losses.Hinge{}, "signs", "prediction"},
	"hinge_yes":         {losses.Hinge{}, "yes", "prediction"},
	"squared_hinge":     {losses.SquaredHinge{}, "signs", "prediction"},
	"categorical_hinge": {losses.CategoricalHinge{}, "choices", "prediction"},
	"kl":                {losses.KLDivergence{}, "targets", "shares"},
	"quantile":          {losses.Quantile{}, "target", "triples"},
	"quantile_two":      {losses.Quantile{Levels: []float64{0.05, 0.6}}, "target", "pairs"},
	"gaussian":          {losses.GaussianNLL{}, "target", "pairs"},
	"student_t":         {losses.StudentTNLL{}, "target", "triples"},
	"negative_binomial": {losses.NegativeBinomialNLL{}, "counts", "pairs"},
}

// plain are those of errors of one element.
var plain = map[string]func(d float64) float64{
	"mse":        func(d float64) float64 { return d * d },
	"mae":        math.Abs,
	"huber":      func(d float64) float64 { return huber(d, 1) },
	"huber_half": func(d float64) float64 { return huber(d, 0.5) },
	"log_cosh":   func(d float64) float64 { return math.Log(math.Cosh(d)) },
}

func huber(d, delta float64) float64 {
	if math.Abs(d) <= delta {
		return d * d / 2
	}
	return delta*math.Abs(d) - delta*delta/2
}

type fataler interface {
	Helper()
	Fatal(args ...any)
}

// run builds a graph over inputs, runs it once and reads its outputs.
func run(t fataler, dtype tensor.Dtype, inputs map[string]graphtest.Array,
	build func(s *graph.Scope, in map[string]graph.Value) map[string]graph.Value) map[string][]float64 {
	t.Helper()
	params, err := graph.NewParams(dtype, 1)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	prog, err := graph.NewProgram(graph.Config{Params: params, Training: true}, func(s *graph.Scope) {
		in := map[string]graph.Value{}
		for name, a := range inputs {
			in[name] = s.Input(name, a.Shape)
		}
		names = names[:0]
		for name, v := range build(s, in) {
			names = append(names, name)
			s.Output(name, v)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	defer prog.Close()
	for name, a := range inputs {
		if err := prog.SetInput(name, dense(dtype, a)); err != nil {
			t.Fatal(err)
		}
	}
	if err := prog.Run(graph.Tick{}); err != nil {
		t.Fatal(err)
	}
	out := map[string][]float64{}
	for _, name := range names {
		d, err := prog.Output(name)
		if err != nil {
			t.Fatal(err)
		}
		out[name] = numbers(d)
	}
	return out
}

func dense(dtype tensor.Dtype, a graphtest.Array) *tensor.Dense {
	if dtype == tensor.Float64 {
		return tensor.New(tensor.WithShape(a.Shape...), tensor.WithBacking(a.Data))
	}
	d := tensor.New(tensor.Of(dtype), tensor.WithShape(a.Shape...))
	for i, x := range a.Data {
		d.Float32s()[i] = float32(x)
	}
	return d
}

func numbers(d *tensor.Dense) []float64 {
	if d.Dtype() == tensor.Float64 {
		return d.Float64s()
	}
	out := make([]float64, len(d.Float32s()))
	for i, x := range d.Float32s() {
		out[i] = float64(x)
	}
	return out
}

// Values and gradients of PyTorch, by itself and with sample weights; some
// errors lie exactly on 0 and on delta.
func TestGolden(t *testing.T) {
	golden := graphtest.Golden(t, "testdata/losses.npz")
	for _, c := range []struct {
		dtype tensor.Dtype
		tol   float64
	}{{tensor.Float32, graphtest.Tol32}, {tensor.Float64, graphtest.Tol64}} {
		for name, x := range regressions {
			got := run(t, c.dtype, map[string]graphtest.Array{
				"prediction": golden[x.output], "target": golden[x.target], "weights": golden["weights"],
			}, func(s *graph.Scope, in map[string]graph.Value) map[string]graph.Value {
				samples := x.loss.Loss(in["target"], in["prediction"])
				total := samples.Mean()
				weighted := samples.Times(in["weights"]).Mean()
				return map[string]graph.Value{
					"_samples": samples, "": total, "_weighted": weighted,
					"_grad":          s.Gradients(total, in["prediction"])[0],
					"_weighted_grad": s.Gradients(weighted, in["prediction"])[0],
				}
			})
			for suffix, values := range got {
				check := graphtest.CheckOutput
				if suffix == "_grad" || suffix == "_weighted_grad" {
					check = graphtest.CheckGradient
				}
				check(t, fmt.Sprint(c.dtype, " ", name, suffix), values, golden[name+suffix].Data, c.tol)
			}
		}
	}
}

// One number for each sample and step, the mean over the last axis, on any
// shape: against a plain loop.
func TestMeanOverTheLastAxis(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		shape := rapid.SliceOfN(rapid.IntRange(1, 4), 1, 4).Draw(t, "shape")
		name := rapid.SampledFrom([]string{"mse", "mae", "huber", "huber_half", "log_cosh"}).Draw(t, "loss")
		n := graph.Shape(shape).Size()
		draw := func(label string) graphtest.Array {
			return graphtest.Array{Shape: shape, Data: rapid.SliceOfN(rapid.Float64Range(-2, 2), n, n).Draw(t, label)}
		}
		target, output := draw("target"), draw("output")
		features, want := 1, graph.Shape(shape)
		if len(shape) > 1 {
			features, want = shape[len(shape)-1], shape[:len(shape)-1]
		}
		got := run(t, tensor.Float64, map[string]graphtest.Array{"target": target, "output": output},
			func(s *graph.Scope, in map[string]graph.Value) map[string]graph.Value {
				v := regressions[name].loss.Loss(in["target"], in["output"])
				if !v.Shape().Equal(want) {
					t.Fatalf("shape: got %v, want %v", v.Shape(), want)
				}
				return map[string]graph.Value{"loss": v}
			})["loss"]
		for i, x := range got {
			sum := 0.0
			for k := i * features; k < (i+1)*features; k++ {
				sum += plain[name](output.Data[k] - target.Data[k])
			}
			if math.Abs(x-sum/float64(features)) > 1e-12 {
				t.Fatalf("sample %d: got %v, want %v", i, x, sum/float64(features))
			}
		}
	})
}

func TestGradients(t *testing.T) {
	for name := range plain {
		loss := regressions[name].loss
		for i, shape := range [][]int{{1}, {4}, {2, 3}, {1, 1}, {2, 3, 2}, {3, 1, 1}} {
			// Errors of 2 and 0.3, away from every kink, and of both signs.
			for _, scale := range []float64{2, -0.3} {
				graphtest.CheckGrad(t, func(s *graph.Scope, in []graph.Value) graph.Value {
					near := in[0].Scale(0.05)
					return loss.Loss(near, in[1].Scale(0.05).AddConst(scale))
				}, graphtest.Input(2*i, shape...), graphtest.Input(2*i+1, shape...))
			}
		}
	}
}

// All gradients, of the targets too where they are not labels or counts, at the golden
// numbers without those on corners.
func TestGradientsOfGoldenNumbers(t *testing.T) {
	golden := graphtest.Golden(t, "testdata/losses.npz")
	smooth := func(name string) graphtest.Array {
		a := golden[name]
		n := len(a.Data) / 6
		return graphtest.Array{Shape: []int{5, n}, Data: slices.Concat(a.Data[:2*n], a.Data[3*n:])}
	}
	for name, x := range regressions {
		t.Log(name)
		target, output := smooth(x.target), smooth(x.output)
		if x.output == "positive" {
			output.Data[4], target.Data[4] = 0.5, 0.25 // they were below 1e-7
		}
		if x.target == "target" || x.target == "near" {
			graphtest.CheckGrad(t, func(_ *graph.Scope, in []graph.Value) graph.Value { return x.loss.Loss(in[0], in[1]) }, target, output)
			continue
		}
		graphtest.CheckGrad(t, func(s *graph.Scope, in []graph.Value) graph.Value {
			return x.loss.Loss(s.Values(target.Data, graph.Shape(target.Shape)), in[0])
		}, output)
	}
}

// What is not finite must show. An infinite output on the right side of a hinge is as right
// as can be.
func TestPassesOnWhatIsNotFinite(t *testing.T) {
	golden := graphtest.Golden(t, "testdata/losses.npz")
	for name, x := range regressions {
		for _, bad := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
			target, output := golden[x.target], golden[x.output]
			output.Data = slices.Clone(output.Data)
			output.Data[0] = bad
			if strings.Contains(name, "hinge") && name != "categorical_hinge" && bad*golden["signs"].Data[0] > 0 {
				continue
			}
			if loss, err := firstLoss(t, x.loss, target, output); err == nil && loss-loss == 0 {
				t.Errorf("%s of %v: got %v", name, bad, loss)
			}
		}
	}
}

func TestRefuses(t *testing.T) {
	for _, c := range []struct {
		loss           losses.Loss
		target, output graph.Shape
		want           errs.Error
	}{
		{losses.MSE{}, graph.Shape{4}, graph.Shape{4, 1}, errs.Error{Path: "net", Field: "target", Value: "[4]"}},
		{losses.MAE{}, graph.Shape{4, 1}, graph.Shape{4}, errs.Error{Path: "net", Field: "target", Value: "[4, 1]"}},
		{losses.Huber{}, graph.Shape{4, 1}, graph.Shape{4, 3}, errs.Error{Path: "net", Field: "target", Value: "[4, 1]"}},
		{losses.MSE{}, graph.Shape{1, 3}, graph.Shape{4, 3}, errs.Error{Path: "net", Field: "target", Value: "[1, 3]"}},
		{losses.MSE{}, graph.Shape{graph.Any, 2}, graph.Shape{graph.Any, 3}, errs.Error{Path: "net", Field: "target", Value: "[any, 2]"}},
		{losses.MSE{}, graph.Shape{graph.Any}, graph.Shape{graph.Any, 1}, errs.Error{Path: "net", Field: "target", Value: "[any]"}},
		{losses.MSE{}, graph.Shape{}, graph.Shape{}, errs.Error{Path: "net", Field: "output", Value: "[]"}},
	} {
		params, err := graph.NewParams(tensor.Float32, 1)
		if err != nil {
			t.Fatal(err)
		}
		err = graph.Shapes(graph.Config{Params: params}, func(s *graph.Scope) {
			target, output := s.Input("target", c.target), s.Input("output", c.output)
			s.Within("net", func() { c.loss.Loss(target, output) })
		})
		errtest.Check(t, err, c.want)
	}
}

// Where only shapes are followed, an axis may be open on one side.
func TestOpenAxes(t *testing.T) {
	params, err := graph.NewParams(tensor.Float32, 1)
	if err != nil {
		t.Fatal(err)
	}
	for name, x := range regressions {
		err := graph.Shapes(graph.Config{Params: params}, func(s *graph.Scope) {
			shape := graph.Shape{graph.Any, graph.Any, 6}
			output := s.Input("output", shape)
			if l, ok := x.loss.(losses.TargetShaper); ok {
				shape = l.TargetShape(shape)
			}
			target := s.Input("target", shape.With(1, 7))
			if got, want := x.loss.Loss(target, output).Shape(), (graph.Shape{graph.Any, 7}); !got.Equal(want) {
				t.Errorf("%s: got %v, want %v", name, got, want)
			}
		})
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
