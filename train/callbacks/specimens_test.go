package callbacks_test

import (
	"context"
	"math"
	"os"
	"reflect"
	"testing"

	"github.com/engram-go/engram/internal/conformance"
	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/errs/errtest"
	"github.com/engram-go/engram/train"
	"github.com/google/go-cmp/cmp"
	"github.com/pkg/errors"
	"pgregory.net/rapid"
)

// specimen describes a callback for the tests that every callback must pass. Its
// callbacks are pointers to structs that have not been used.
type specimen struct {
	// Good is a config that watches the metric "score".
	Good train.Callback
	// Required is a field that must be set; empty where there is none.
	Required string
	// Compile changes how the model is compiled; nil where it need not be.
	Compile func(c *train.Config)
	// Bad has configs that are refused when Fit begins, by the field that the error
	// names. NaN, infinite and negative numbers are tried in every field.
	Bad map[string]train.Callback
	// Result is what users find after a Fit: in the callback, the trainer or the current
	// folder.
	Result func(cb train.Callback, s stage) string
	// Draw makes a random valid config that watches the metric "score".
	Draw func(t *rapid.T) train.Callback
}

// Files in memory save waiting for the disk, which would be most of the time of the tests.
func TestMain(m *testing.M) {
	const inMemory = "/dev/shm"
	if _, err := os.Stat(inMemory); err == nil {
		os.Setenv("TMPDIR", inMemory)
	}
	os.Exit(m.Run())
}

// specimens are the literals that describe the callbacks, each in the file of its
// tests.
var specimens []specimen

// describe adds a literal to specimens, in the initializer of a variable.
func describe(s specimen) bool {
	specimens = append(specimens, s)
	return true
}

// class is the name of the type.
func (s specimen) class() string { return reflect.TypeOf(s.Good).Elem().Name() }

// stage is a new stage for the specimen.
func (s specimen) stage(t tester, score script) stage {
	t.Helper()
	if s.Compile == nil {
		return newStage(t, score)
	}
	return newStage(t, score, s.Compile)
}

// each runs a test for every specimen, by the name of its type, in a folder of its own.
func each(t *testing.T, f func(t *testing.T, s specimen)) {
	for _, s := range specimens {
		t.Run(s.class(), func(t *testing.T) {
			conformance.Complete(t, s.class(), s, "Bad", "Required", "Compile")
			t.Chdir(t.TempDir())
			f(t, s)
		})
	}
}

// random runs a property on random configs.
func (s specimen) random(t *testing.T, property func(r *rapid.T, cb train.Callback)) {
	tried := 0
	rapid.Check(t, func(r *rapid.T) {
		if tried++; tried > 25 { // which are enough for each of many callbacks
			return
		}
		property(r, s.Draw(r))
	})
}

// clone is a callback with the same fields, which has not been used.
func clone(cb train.Callback) train.Callback {
	v := reflect.New(reflect.TypeOf(cb).Elem())
	v.Elem().Set(reflect.ValueOf(cb).Elem())
	return v.Interface().(train.Callback)
}

// Every exported type with a method On is described by a specimen.
func TestEveryCallbackHasASpecimen(t *testing.T) {
	var described []string
	for _, s := range specimens {
		described = append(described, s.class())
	}
	conformance.Described(t, "On", described, "Good: &callbacks.%s{...}, ...", "early_stopping_test.go")
}

// The zero value works where there are validation data, unless a field is required.
// Evaluate and Predict take every callback.
func TestZeroValues(t *testing.T) {
	each(t, func(t *testing.T, s specimen) {
		stage := s.stage(t, write("score", 3, 2, 1))
		zero := reflect.New(reflect.TypeOf(s.Good).Elem()).Interface().(train.Callback)
		_, err := stage.trainer.Fit(context.Background(), stage.data, train.FitConfig{Epochs: 1, Validation: stage.data, Callbacks: []train.Callback{zero}})
		if s.Required != "" {
			errtest.Check(t, err, errs.Error{Field: s.class() + "." + s.Required})
		} else {
			check(t, err)
		}
		cfg := train.EvaluateConfig{Callbacks: []train.Callback{clone(s.Good)}}
		_, err = stage.trainer.Evaluate(context.Background(), stage.data, cfg)
		check(t, err)
		_, err = stage.trainer.Predict(context.Background(), stage.data, cfg)
		check(t, err)
	})
}

// Bad fields are refused by name, before anything is trained.
func TestBadFields(t *testing.T) {
	each(t, func(t *testing.T, s specimen) {
		refused := func(field string, value any, cb train.Callback) {
			t.Helper()
			stage := s.stage(t, write("score", 1, 2, 3))
			before := stage.hash(t)
			_, err := stage.fit(3, cb)
			errtest.Check(t, err, errs.Error{Field: s.class() + "." + field, Value: value})
			if stage.hash(t) != before {
				t.Errorf("%s.%s: trained before the error", s.class(), field)
			}
		}
		for _, f := range reflect.VisibleFields(reflect.TypeOf(s.Good).Elem()) {
			if !f.IsExported() {
				return
			}
			set := func(value any, x reflect.Value) {
				cb := clone(s.Good)
				reflect.ValueOf(cb).Elem().FieldByIndex(f.Index).Set(x)
				refused(f.Name, value, cb)
			}
			for _, x := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
				switch f.Type {
				case reflect.TypeFor[float64]():
					set(x, reflect.ValueOf(x))
				case reflect.TypeFor[*float64]():
					set(x, reflect.ValueOf(&x))
				}
			}
			switch f.Type {
			case reflect.TypeFor[float64]():
				set(-0.5, reflect.ValueOf(-0.5))
			case reflect.TypeFor[int]():
				set(-1, reflect.ValueOf(-1))
			case reflect.TypeFor[*int]():
				x := -1
				set(x, reflect.ValueOf(&x))
			}
		}
		for field, cb := range s.Bad {
			refused(field, nil, clone(cb))
		}
	})
}

// A Fit after another is the same as a Fit with a callback that was not used.
func TestEachFitStartsFromTheBeginning(t *testing.T) {
	each(t, func(t *testing.T, s specimen) {
		s.random(t, func(r *rapid.T, cb train.Callback) {
			values := rapid.SliceOfN(figure, 8, 8).Draw(r, "values")
			other := s.stage(r, write("score", 0, 5, 1))
			used := clone(cb)
			_, err := other.fit(3, used)
			check(r, err)
			s.Result(used, other) // takes files away
			if diff := cmp.Diff(run(r, s, clone(cb), values, 0), run(r, s, used, values, 0)); diff != "" {
				r.Fatal(diff)
			}
		})
	})
}

// A Fit that is interrupted after any epoch and resumed with the callback's state
// does what one does that is not interrupted.
func TestResumedCallbacks(t *testing.T) {
	each(t, func(t *testing.T, s specimen) {
		if _, ok := s.Good.(train.StatefulCallback); !ok {
			return
		}
		s.random(t, func(r *rapid.T, cb train.Callback) {
			values := rapid.SliceOfN(figure, 2, 10).Draw(r, "values")
			whole := run(r, s, clone(cb), values, 0)
			if whole.Epochs == 1 {
				return
			}
			cut := rapid.IntRange(1, whole.Epochs-1).Draw(r, "cut")
			if diff := cmp.Diff(whole, run(r, s, clone(cb), values, cut)); diff != "" {
				r.Fatal(diff)
			}
		})
	})
}

// figure is a value of a metric.
var figure = rapid.SampledFrom([]float64{0, 0.5, 1, 1.5, 2, 2.5, 3, -1, math.NaN(), math.Inf(1), math.Inf(-1)})

// result is what a Fit comes to.
type result struct {
	Epochs  int
	Weights string
	Shown   string
}

// run is a Fit over as many epochs as there are values. After cut epochs it is
// interrupted, and its state resumed by another trainer of another model with a new
// callback; 0 means that it is not.
func run(t tester, s specimen, cb train.Callback, values []float64, cut int) result {
	t.Helper()
	score := write("score", values...)
	stage := s.stage(t, score)
	interrupted := errors.New("interrupted")
	resumed := clone(cb) // before cb is used
	var state *train.State
	cfg := train.FitConfig{Epochs: len(values), Callbacks: []train.Callback{cb, train.CallbackFunc(func(e *train.Event) error {
		if e.Moment != train.EpochEnd || e.Epoch != cut-1 {
			return nil
		}
		state = e.Trainer.State()
		return interrupted
	})}}
	h, err := stage.trainer.Fit(context.Background(), stage.data, cfg)
	if errors.Is(err, interrupted) {
		stage = s.stage(t, score)
		*score.epoch = cut
		cb, cfg.Resume = resumed, state
		cfg.Callbacks[0] = cb
		h, err = stage.trainer.Fit(context.Background(), stage.data, cfg)
	}
	check(t, err)
	return result{len(h.Epochs), stage.hash(t), s.Result(cb, stage)}
}
