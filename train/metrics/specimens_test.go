package metrics_test

import (
	"math"
	"reflect"
	"slices"
	"testing"

	"github.com/engram-go/engram/internal/conformance"
	"github.com/engram-go/engram/internal/dense"
	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/errs/errtest"
	"github.com/engram-go/engram/train/metrics"
	"gorgonia.org/tensor"
	"pgregory.net/rapid"
)

// specimen describes a metric for the tests that every metric must pass.
type specimen struct {
	Metric         metrics.Metric // the zero value
	Name           string
	HigherIsBetter bool
	// Config is what is tested, where the zero value is refused or says too little; nil
	// for the zero value.
	Config metrics.Metric
	// Line is the definition of the metric, written without looking at its code: the
	// sum over one line of the last axis, and how many it counts for.
	Line func(y, yhat []float64) (sum, count float64)
	// Finish makes the metric of the mean; nil where they are equal.
	Finish func(mean float64) float64
	// Whole is the definition of a metric that is no mean, over all lines; instead of
	// Line.
	Whole func(lines []line) float64
	// Draw makes one line of width numbers, exact in float32, and its target.
	Draw func(t *rapid.T, width int) (y, yhat []float64)
	// Bad has configs that are refused by the first Add, by field.
	Bad map[string]metrics.Metric
}

// line is one line of the last axis, with its weight.
type line struct {
	y, yhat []float64
	weight  float64
}

// of is the definition of the metric over all lines.
func (s specimen) of(lines []line) float64 {
	if s.Whole != nil {
		return s.Whole(lines)
	}
	sum, total := 0.0, 0.0
	for _, l := range lines {
		a, n := s.Line(l.y, l.yhat)
		sum, total = sum+l.weight*a, total+l.weight*n
	}
	if s.Finish != nil {
		return s.Finish(sum / total)
	}
	return sum / total
}

// start begins an epoch of what is tested.
func (s specimen) start() metrics.Accumulator {
	if s.Config != nil {
		return s.Config.Start()
	}
	return s.Metric.Start()
}

// specimens are the literals that describe the metrics, each in the file of its
// tests.
var specimens []specimen

// describe adds a literal to specimens, in the initializer of a variable.
func describe(s specimen) bool {
	specimens = append(specimens, s)
	return true
}

// class is the name of the type.
func (s specimen) class() string { return reflect.TypeOf(s.Metric).Name() }

// each runs a test for every specimen, by the name of its type.
func each(t *testing.T, f func(t *testing.T, s specimen)) {
	for _, s := range specimens {
		t.Run(s.class(), func(t *testing.T) {
			conformance.Complete(t, s.class(), s, "HigherIsBetter", "Config", "Line", "Finish", "Whole", "Bad")
			if (s.Line == nil) == (s.Whole == nil) {
				t.Fatalf("the specimen of %s must have either Line or Whole", s.class())
			}
			f(t, s)
		})
	}
}

// exact draws a number that float32 holds.
func exact(t *rapid.T, name string) float64 {
	return float64(rapid.IntRange(-256, 256).Draw(t, name)) / 64
}

// exacts draws a line of them.
func exacts(t *rapid.T, name string, width int) []float64 {
	out := make([]float64, width)
	for i := range out {
		out[i] = exact(t, name)
	}
	return out
}

// Every exported type with a method HigherIsBetter is described by a specimen.
func TestEveryMetricHasASpecimen(t *testing.T) {
	var described []string
	for _, s := range specimens {
		described = append(described, s.class())
	}
	conformance.Described(t, "HigherIsBetter", described, "Metric: metrics.%s{}, ...", "regression_test.go")
}

func TestNamesAndDirections(t *testing.T) {
	classes := map[string]string{}
	each(t, func(t *testing.T, s specimen) {
		got := s.Metric.Name()
		if other, ok := classes[got]; got != s.Name || ok && other != s.class() {
			t.Errorf("%s: name %q, want %q and unique", s.class(), got, s.Name)
		}
		classes[s.Name] = s.class()
		if got := s.Metric.HigherIsBetter(); got != s.HigherIsBetter {
			t.Errorf("%s: higher is better %v, want %v", s.class(), got, s.HigherIsBetter)
		}
		if !reflect.ValueOf(s.Metric).IsZero() {
			t.Errorf("%s: the specimen must have the zero value", s.class())
		}
	})
}

// A metric is better where outputs are right than where they are wrong.
func TestDirectionsAreTrue(t *testing.T) {
	each(t, func(t *testing.T, s specimen) {
		rapid.Check(t, func(r *rapid.T) {
			best, other := s.start(), s.start()
			for range 2 {
				y, yhat := s.Draw(r, 2)
				perfect := slices.Clone(y)
				if len(y) != len(yhat) { // the number of a class
					perfect = make([]float64, len(yhat))
					perfect[int(y[0])] = 1
				}
				target := f64([]int{1, len(y)}, y...)
				if err := best.Add(target, f64([]int{1, len(yhat)}, perfect...), nil); err != nil {
					r.Fatal(err)
				}
				if err := other.Add(target, f64([]int{1, len(yhat)}, yhat...), nil); err != nil {
					r.Fatal(err)
				}
			}
			a, b := best.Result(), other.Result()
			if !near(a, b) && (s.HigherIsBetter && b > a || !s.HigherIsBetter && b < a) {
				r.Fatalf("%s: %v, and %v for the right outputs", s.class(), b, a)
			}
		})
	})
}

// Cut into batches in any way, saved and restored between them, weighted by sample
// or step or not, with steps or not, in both dtypes, the value is that of the
// definition over the whole.
func TestAnyBatches(t *testing.T) {
	each(t, func(t *testing.T, s specimen) {
		rapid.Check(t, func(r *rapid.T) { checkBatches(r, s) })
	})
}

func checkBatches(t *rapid.T, s specimen) {
	dtype := rapid.SampledFrom([]tensor.Dtype{tensor.Float32, tensor.Float64}).Draw(t, "dtype")
	samples, width := rapid.IntRange(1, 6).Draw(t, "samples"), rapid.IntRange(2, 4).Draw(t, "width")
	steps := rapid.IntRange(0, 3).Draw(t, "steps") // 0 for none
	kind := rapid.SampledFrom([]string{"none", "samples", "steps"}).Draw(t, "weights")
	if steps == 0 && kind == "steps" {
		kind = "samples"
	}
	each := max(steps, 1) // lines of a sample
	var ys, yhats, weights []float64
	var all []line
	one := 0
	for i := range samples * each {
		y, yhat := s.Draw(t, width)
		ys, yhats, one = append(ys, y...), append(yhats, yhat...), len(y)
		weight := 1.0
		if kind == "steps" || kind == "samples" && i%each == 0 {
			weights = append(weights, math.Abs(exact(t, "weight")))
		}
		if kind != "none" {
			weight = weights[len(weights)-1]
		}
		all = append(all, line{y, yhat, weight})
	}
	want := s.of(all)
	part := func(data []float64, from, to int, shape ...int) *tensor.Dense {
		n := len(data) / samples
		return dense.FromFloat64(dtype, append([]int{to - from}, shape...), data[from*n:to*n])
	}
	var lead []int // axes between the samples and the last
	if steps > 0 {
		lead = []int{steps}
	}
	a := s.start()
	for from := 0; from < samples; {
		to := rapid.IntRange(from+1, samples).Draw(t, "to")
		var w *tensor.Dense
		switch kind {
		case "samples":
			w = part(weights, from, to)
		case "steps":
			w = part(weights, from, to, steps)
		}
		target := append(slices.Clone(lead), one)
		if one < width && rapid.Bool().Draw(t, "no axis") { // the number of a class
			target = lead
		}
		y, yhat := part(ys, from, to, target...), part(yhats, from, to, append(slices.Clone(lead), width)...)
		if err := a.Add(y, yhat, w); err != nil {
			t.Fatal(err)
		}
		yhat.Zero() // a batch is not kept
		if kept, ok := a.(metrics.StatefulAccumulator); ok && rapid.Bool().Draw(t, "save") {
			next := s.start().(metrics.StatefulAccumulator)
			if err := next.Restore(kept.State()); err != nil {
				t.Fatal(err)
			}
			a = next
		}
		from = to
	}
	if got := a.Result(); !near(got, want) && !(math.IsNaN(got) && math.IsNaN(want)) {
		t.Fatalf("got %v, want %v", got, want)
	}
}

// Numbers that are not finite are refused in every field, and so is what Bad has.
func TestBadFields(t *testing.T) {
	each(t, func(t *testing.T, s specimen) {
		refused := func(m metrics.Metric, want errs.Error) {
			t.Helper()
			a := m.Start()
			errtest.Check(t, a.Add(f64([]int{2}, 1, 0), f64([]int{2}, 1, 0), nil), want)
			if got := a.Result(); !math.IsNaN(got) {
				t.Errorf("%s: the error has left %v", s.class(), got)
			}
		}
		for _, f := range reflect.VisibleFields(reflect.TypeOf(s.Metric)) {
			for _, x := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
				v := reflect.New(reflect.TypeOf(s.Metric)).Elem()
				switch f.Type {
				case reflect.TypeFor[float64]():
					v.FieldByIndex(f.Index).SetFloat(x)
				case reflect.TypeFor[*float64]():
					v.FieldByIndex(f.Index).Set(reflect.ValueOf(&x))
				default:
					continue
				}
				refused(v.Interface().(metrics.Metric), errs.Error{Field: s.class() + "." + f.Name, Value: x})
			}
		}
		for field, m := range s.Bad {
			refused(m, errs.Error{Field: s.class() + "." + field})
		}
	})
}
