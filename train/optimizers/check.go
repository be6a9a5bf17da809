package optimizers

import (
	"reflect"
	"slices"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/internal/dense"
	"gorgonia.org/tensor"
)

// check checks a rule, and all slots of a state of it; class is the type of its optimizer.
func (r Rule) check(class string, dtype tensor.Dtype, slots []Slot) error {
	f := fields{class: class, dtype: dtype}
	rate := f.number("LearningRate", r.LearningRate)
	if r.Schedule != nil {
		r.checkSchedule(&f)
	} else if rate == 0 {
		f.fail("LearningRate", "must be positive in the Rule, with its default filled in", rate)
	}
	f.number("WeightDecay", r.WeightDecay)
	r.Clip.check(&f)
	switch {
	case r.Name == "":
		f.fail("Rule.Name", "must be set", nil)
	case r.Float32 == nil:
		f.fail("Rule.Float32", "must be set", nil)
	case r.Float64 == nil:
		f.fail("Rule.Float64", "must be set", nil)
	}
	for i, s := range slots {
		if s.Name == "" || slices.IndexFunc(slots, func(o Slot) bool { return o.Name == s.Name }) < i {
			f.fail("Rule.Slots", "must have unique names that are not empty", s.Name)
		}
		f.number("Rule.Slots", s.Initial)
	}
	return f.err
}

// squares tells whether a slot holds squares of gradients.
func (r Rule) squares() bool {
	return slices.ContainsFunc(r.Slots, func(s Slot) bool { return s.Squares })
}

// class is the name of an optimizer's type, such as "Adam".
func class(o Optimizer) string {
	t := reflect.TypeOf(o)
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t.Name()
}

// common checks the parameters and gives their dtype.
func common(params []*graph.Param) (tensor.Dtype, error) {
	if len(params) == 0 {
		return tensor.Dtype{}, graph.Error{Field: "parameters", Rule: "must be at least one to train"}
	}
	seen := map[string]bool{}
	for _, p := range params {
		switch {
		case p == nil || p.Value() == nil:
			return tensor.Dtype{}, graph.Error{Field: "parameter", Rule: "must not be nil"}
		case seen[p.Path]:
			return tensor.Dtype{}, graph.Error{Path: p.Path, Field: "parameter", Rule: "must be given once"}
		case !p.Trainable():
			return tensor.Dtype{}, graph.Error{Path: p.Path, Field: "parameter", Rule: "must be trainable"}
		case p.Value().Dtype() != params[0].Value().Dtype():
			return tensor.Dtype{}, graph.Error{Path: p.Path, Field: "parameter", Rule: "must have the dtype of the others", Value: p.Value().Dtype()}
		}
		seen[p.Path] = true
	}
	return params[0].Value().Dtype(), nil
}

// fields checks the fields of a config. The first error is kept.
type fields struct {
	class string // such as "Adam"
	dtype tensor.Dtype
	err   error
}

// number checks a number that may be 0 or more. A number that the dtype cannot
// hold is an error: in float32, 1e-50 would be 0 and 1e50 infinite.
func (f *fields) number(name string, value float64) float64 {
	switch {
	case !dense.Finite(value) || value < 0:
		f.fail(name, "must be finite and not negative", value)
	case value > 0 && dense.Round(f.dtype, value) == 0 || !dense.Finite(dense.Round(f.dtype, value)):
		f.fail(name, "must be within the range of float32", value)
	}
	return value
}

// decay checks the factor by which a moving average shrinks at each step; nil
// means the default.
func (f *fields) decay(name string, value *float64, standard float64) float64 {
	if value == nil {
		return standard
	}
	if !(*value >= 0 && *value < 1) {
		f.fail(name, "must lie in [0, 1)", *value)
	}
	return *value
}

func (f *fields) fail(name, rule string, value any) {
	if f.err == nil {
		f.err = graph.Error{Field: f.class + "." + name, Rule: rule, Value: value}
	}
}
