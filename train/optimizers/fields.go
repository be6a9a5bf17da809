package optimizers

import (
	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/internal/dense"
	"gorgonia.org/tensor"
)

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
