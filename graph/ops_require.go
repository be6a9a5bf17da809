package graph

// Require is v, and an error of the run where an element does not hold to a
// rule: the error reads as Scope.Failf would have it, with the element. It is
// for data, which are not there yet when a graph is built.
func (v Value) Require(field, rule string, holds func(x float64) bool) Value {
	return v.s.apply(spec{
		name: "require", shape: v.shape,
		f32:  requireKernel[float32](field, rule, holds),
		f64:  requireKernel[float64](field, rule, holds),
		diff: func(_ []Value, _, dy Value, _ []bool) []Value { return []Value{dy} },
	}, v)
}

func requireKernel[T float](field, rule string, holds func(x float64) bool) func([]T, [][]T) error {
	return func(out []T, in [][]T) error {
		for i, x := range in[0] {
			if !holds(float64(x)) {
				return Error{Field: field, Rule: rule, Value: x}
			}
			out[i] = x
		}
		return nil
	}
}
