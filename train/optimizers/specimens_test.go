package optimizers_test

import (
	"math"
	"reflect"
	"testing"

	"github.com/engram-go/engram/graph/graphtest"
	"github.com/engram-go/engram/internal/conformance"
	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/errs/errtest"
	"github.com/engram-go/engram/train/optimizers"
	"gorgonia.org/tensor"
	"pgregory.net/rapid"
)

// specimen describes an optimizer for the tests that every optimizer must pass.
type specimen struct {
	// Defaults is the config that means the same as the zero value, with all
	// fields written out.
	Defaults optimizers.Optimizer
	// Golden has the configs of the paths in testdata/optimizers.npz, by name in
	// testdata/optimizers.py, which writes it: at
	// least one, and one for each kind of step.
	Golden map[string]optimizers.Optimizer
	// Slots are the slots of the configs that are given, sorted.
	Slots map[optimizers.Optimizer][]string
	// Bad has configs that are refused, with the field that the error names. NaN,
	// infinite and negative numbers are tried in every field without being named.
	Bad map[string]optimizers.Optimizer
	// Valid has a number that is bad in most fields, but not in this one.
	Valid map[string]float64
	// Draw makes a random valid config. It leaves out clipping.
	Draw func(t *rapid.T) optimizers.Optimizer
}

// specimens are the literals that describe the optimizers, each in the file of its
// tests.
var specimens []specimen

// describe adds a literal to specimens, in the initializer of a variable.
func describe(s specimen) bool {
	specimens = append(specimens, s)
	return true
}

// class is the name of the type.
func (s specimen) class() string { return reflect.TypeOf(s.Defaults).Name() }

// each runs a test for every specimen, by the name of its type.
func each(t *testing.T, f func(t *testing.T, s specimen)) {
	for _, s := range specimens {
		t.Run(s.class(), func(t *testing.T) {
			conformance.Complete(t, s.class(), s, "Bad", "Valid")
			for _, name := range []string{"LearningRate", "Schedule", "WeightDecay", "ClipValue", "ClipNorm", "GlobalClipNorm"} {
				if _, ok := reflect.TypeOf(s.Defaults).FieldByName(name); !ok {
					t.Fatalf("%s must have the field %s, as SGD has", s.class(), name)
				}
			}
			f(t, s)
		})
	}
}

// zero is the zero value of the type.
func (s specimen) zero() optimizers.Optimizer {
	return reflect.Zero(reflect.TypeOf(s.Defaults)).Interface().(optimizers.Optimizer)
}

// with is an optimizer with a number in a field, which is a float64 or a pointer
// to one.
func with(o optimizers.Optimizer, field string, x float64) optimizers.Optimizer {
	if f, ok := reflect.TypeOf(o).FieldByName(field); ok && f.Type.Kind() == reflect.Pointer {
		return withField(o, field, &x)
	}
	return withField(o, field, x)
}

// withField is an optimizer with a value in a field.
func withField(o optimizers.Optimizer, field string, x any) optimizers.Optimizer {
	v := reflect.New(reflect.TypeOf(o)).Elem()
	v.Set(reflect.ValueOf(o))
	v.FieldByName(field).Set(reflect.ValueOf(x))
	return v.Interface().(optimizers.Optimizer)
}

// forSpecimens runs a test for each optimizer in both dtypes.
func forSpecimens(t *testing.T, f func(t *testing.T, s specimen, dtype tensor.Dtype, tol float64)) {
	each(t, func(t *testing.T, s specimen) {
		bothDtypes(t, func(t *testing.T, dtype tensor.Dtype, tol float64) { f(t, s, dtype, tol) })
	})
}

// Every exported type with a method Rule is described by a specimen.
func TestEveryOptimizerHasASpecimen(t *testing.T) {
	var described []string
	for _, s := range specimens {
		described = append(described, s.class())
	}
	conformance.Described(t, "Rule", described, "Defaults: optimizers.%s{...}, ...", "sgd_test.go")
}

// The zero value takes the same steps as the defaults.
func TestZeroValues(t *testing.T) {
	forSpecimens(t, func(t *testing.T, s specimen, dtype tensor.Dtype, _ float64) {
		var got [2][]float64
		rate := reflect.ValueOf(s.Defaults).FieldByName("LearningRate").Float()
		for i, o := range []optimizers.Optimizer{s.zero(), s.Defaults} {
			params := declare(t, dtype, map[string]graphtest.Array{"w": graphtest.Input(1, 5)})
			state := begin(t, o, params)
			if state.LearningRate() != rate || rate == 0 {
				t.Errorf("%#v: learning rate %v, want %v", o, state.LearningRate(), rate)
			}
			for k := range 3 {
				step(t, state, params, dense(dtype, []int{5}, graphtest.Input(k+2, 5).Data...))
			}
			got[i] = numbers(params.Get("w").Value())
		}
		graphtest.CheckOutput(t, s.class(), got[0], got[1], 0)
	})
}

// Paths down a quadratic, each where an independent implementation is.
func TestGolden(t *testing.T) {
	golden := graphtest.Golden(t, "testdata/optimizers.npz")
	for _, sp := range specimens {
		for name, o := range sp.Golden {
			t.Run(name, func(t *testing.T) {
				bothDtypes(t, func(t *testing.T, dtype tensor.Dtype, tol float64) {
					params := declare(t, dtype, map[string]graphtest.Array{"a": golden["a_start"], "b": golden["b_start"]})
					s := begin(t, o, params)
					steps := golden[name+"_a"].Shape[0]
					for k := range steps {
						var grads []*tensor.Dense
						for _, p := range params.All() {
							curve, goal := golden[p.Path+"_curve"].Data, golden[p.Path+"_goal"].Data
							g := numbers(p.Value())
							for i := range g {
								g[i] = curve[i] * (g[i] - goal[i])
							}
							grads = append(grads, dense(dtype, p.Shape, g...))
						}
						step(t, s, params, grads...)
						for _, p := range params.All() {
							path, n := golden[name+"_"+p.Path].Data, p.Shape.Size()
							graphtest.CheckOutput(t, p.Path, numbers(p.Value()), path[k*n:(k+1)*n], tol)
						}
						if t.Failed() {
							t.Fatalf("after step %d", k+1)
						}
					}
					if s.Iterations() != steps {
						t.Errorf("iterations: got %d, want %d", s.Iterations(), steps)
					}
				})
			})
		}
	}
}

// Numbers that are not finite or negative are refused in every field, and those
// that are zero or infinite in float32, unless the field is a decay.
func TestBadFields(t *testing.T) {
	params := declare(t, tensor.Float32, map[string]graphtest.Array{"w": graphtest.Input(1, 2)})
	before := numbers(params.Get("w").Value())
	refused := func(t *testing.T, o optimizers.Optimizer, want errs.Error) {
		t.Helper()
		s, err := optimizers.Start(o, params.All(), optimizers.Config{})
		errtest.Check(t, err, want)
		if s != nil {
			t.Errorf("%#v: a state with an error", o)
		}
	}
	each(t, func(t *testing.T, s specimen) {
		for _, f := range reflect.VisibleFields(reflect.TypeOf(s.Defaults)) {
			bad := []float64{math.NaN(), math.Inf(1), math.Inf(-1), -0.5}
			switch f.Type {
			case reflect.TypeFor[float64]():
				bad = append(bad, 1e-50, 1e50)
			case reflect.TypeFor[*float64]():
			default:
				continue
			}
			for _, x := range bad {
				if valid, ok := s.Valid[f.Name]; ok && x == valid {
					continue
				}
				refused(t, with(s.zero(), f.Name, x), errs.Error{Field: s.class() + "." + f.Name, Value: x})
			}
		}
		for field, o := range s.Bad {
			refused(t, o, errs.Error{Field: s.class() + "." + field})
		}
		clip := with(s.zero(), "ClipNorm", 2)
		refused(t, with(clip, "ClipValue", 1), errs.Error{Field: s.class() + ".ClipNorm", Value: 2})
		refused(t, with(clip, "GlobalClipNorm", 3), errs.Error{Field: s.class() + ".GlobalClipNorm", Value: 3})
		refused(t, with(with(s.zero(), "ClipValue", 2), "GlobalClipNorm", 3), errs.Error{Field: s.class() + ".GlobalClipNorm", Value: 3})
	})
	graphtest.CheckOutput(t, "w", numbers(params.Get("w").Value()), before, 0)
}
