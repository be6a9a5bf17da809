package graph

import "fmt"

// Pick takes from every line along the last axis the element at an index: v
// [..., n] and indices [...] give [...]. Indices are whole numbers from 0;
// others are an error when the graph is run. They get no gradient.
func (v Value) Pick(indices Value) Value {
	if len(v.shape) == 0 {
		v.s.Failf("pick", "must have an axis to pick from", v.shape)
		return v.s.poison(indices.shape)
	}
	last := len(v.shape) - 1
	if !indices.shape.Matches(v.shape[:last]) {
		v.s.Failf("pick", fmt.Sprintf("must have indices of the shape %v", v.shape[:last]), indices.shape)
		return v.s.poison(indices.shape)
	}
	n := v.shape[last]
	return v.s.apply(spec{
		name: "pick", shape: v.shape[:last].Clone(),
		f32: pickKernel[float32](n), f64: pickKernel[float64](n),
		diff: func(in []Value, _, dy Value, want []bool) []Value {
			return pair(want, func() Value {
				return v.s.apply(spec{
					name: "pick gradient", shape: in[0].shape,
					f32: placeKernel[float32](n), f64: placeKernel[float64](n),
				}, in[1], dy)
			}, func() Value { return v.s.Const(0, in[1].shape) })
		},
	}, v, indices)
}

func pickKernel[T float](n int) func([]T, [][]T) error {
	return func(out []T, in [][]T) error {
		for i, x := range in[1] {
			k, err := index(i, x, n)
			if err != nil {
				return err
			}
			out[i] = in[0][i*n+k]
		}
		return nil
	}
}

// placeKernel puts each number at its index into a line of zeros.
func placeKernel[T float](n int) func([]T, [][]T) error {
	return func(out []T, in [][]T) error {
		clear(out)
		for i, x := range in[0] {
			out[i*n+int(x)] = in[1][i]
		}
		return nil
	}
}

// index is element i of a list of indices below n.
func index[T float](i int, x T, n int) (int, error) {
	k := int(x)
	if T(k) != x || k < 0 || k >= n {
		return 0, Error{Field: fmt.Sprintf("index %d", i), Rule: fmt.Sprintf("must be a whole number from 0 to %d", n-1), Value: x}
	}
	return k, nil
}

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
