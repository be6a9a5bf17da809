package search

import (
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/engram-go/engram/internal/errs"
)

// Space is the parameters of a search by their names. Any text is a name; Set takes those
// that are paths of fields, such as "Network.Units".
type Space map[string]Range

// Range is the values of a parameter: Float, Int, Choice or a user's own.
type Range interface {
	// Check reports a range without values, as an error with the name of the field.
	Check() error
	// Draw is a value at random. It depends on the generator alone.
	Draw(r *rand.Rand) any
	// Points are values for a grid: n of them from the first to the last, spread evenly, or
	// fewer where there are fewer. n is positive.
	Points(n int) []any
}

func (s Space) names() []string { return slices.Sorted(maps.Keys(s)) }

func (s Space) check() error {
	if len(s) == 0 {
		return fault("Space", "must have a parameter", nil)
	}
	for _, name := range s.names() {
		field := fmt.Sprintf("Space[%q]", name)
		switch {
		case name == "" || !utf8.ValidString(name) || strings.ContainsFunc(name, func(c rune) bool { return !strconv.IsPrint(c) }):
			return fault(field, "must have a name of printable characters", nil)
		case s[name] == nil:
			return fault(field, "must have a range, such as search.Float{Low: 0.1, High: 1}", nil)
		}
		if err := s[name].Check(); err != nil {
			return errs.At(err, place+": Config."+field, "")
		}
	}
	return nil
}

// Float is the numbers from Low to High. A parameter of it is a float64.
type Float struct {
	Low, High float64 // finite, Low at most High
	Log       bool    // whether logarithms are spread evenly instead, for a Low above 0
}

var _ Range = Float{}

// Check reports bad bounds.
func (f Float) Check() error {
	switch {
	case math.IsNaN(f.Low) || math.IsInf(f.Low, 0):
		return errs.Error{Field: "Float.Low", Rule: "must be finite", Value: f.Low}
	case math.IsInf(f.High, 0) || !(f.High >= f.Low):
		return errs.Error{Field: "Float.High", Rule: fmt.Sprintf("must be finite and at least Low, %v", f.Low), Value: f.High}
	case f.Log && f.Low <= 0:
		return errs.Error{Field: "Float.Low", Rule: "must be positive with Log", Value: f.Low}
	}
	return nil
}

// at is the value at a share of the range.
func (f Float) at(share float64) float64 {
	var x float64
	switch {
	case share == 0: // without rounding
		return f.Low
	case share == 1:
		return f.High
	case f.Log:
		x = math.Exp(math.Log(f.Low)*(1-share) + math.Log(f.High)*share)
	default:
		x = f.Low*(1-share) + f.High*share
	}
	return min(max(x, f.Low), f.High) // which rounding could leave
}

// Draw is uniform over the range, or over the logarithms.
func (f Float) Draw(r *rand.Rand) any { return f.at(r.Float64()) }

// Points are from Low to High.
func (f Float) Points(n int) []any {
	var out []any
	for i := range n {
		if x := f.at(share(i, n)); i == 0 || x > out[len(out)-1].(float64) { // rounding may go back
			out = append(out, x)
		}
	}
	return out
}

// share is the place of point i of n.
func share(i, n int) float64 {
	if n == 1 {
		return 0.5
	}
	return float64(i) / float64(n-1)
}

// Int is the whole numbers from Low to High, both included. A parameter of it is an int.
type Int struct {
	Low, High int  // Low at most High
	Log       bool // whether logarithms are spread evenly instead, for a Low above 0
}

var _ Range = Int{}

// Check reports bad bounds.
func (n Int) Check() error {
	switch {
	case n.High < n.Low:
		return errs.Error{Field: "Int.High", Rule: fmt.Sprintf("must be at least Low, %d", n.Low), Value: n.High}
	case n.Log && n.Low <= 0:
		return errs.Error{Field: "Int.Low", Rule: "must be positive with Log", Value: n.Low}
	}
	return nil
}

// Draw is uniform over the range. With Log the logarithm of a number is drawn from half
// below Low to half above High, and the number rounded.
func (n Int) Draw(r *rand.Rand) any {
	if n.Log {
		return n.round(Float{Low: float64(n.Low) - 0.5, High: float64(n.High) + 0.5, Log: true}.at(r.Float64()))
	}
	width := uint64(n.High) - uint64(n.Low) + 1
	if width == 0 { // all integers
		return int(r.Uint64())
	}
	return int(uint64(n.Low) + r.Uint64N(width))
}

// round is the number of the range nearest to x.
func (n Int) round(x float64) int {
	x = math.Round(x)
	switch {
	case x <= float64(n.Low):
		return n.Low
	case x >= float64(n.High):
		return n.High
	}
	return int(x)
}

// Points are from Low to High.
func (n Int) Points(points int) []any {
	var out []any
	if width := uint64(n.High) - uint64(n.Low); width < uint64(points) {
		for i := range width + 1 {
			out = append(out, int(uint64(n.Low)+i))
		}
		return out
	}
	between := Float{Low: float64(n.Low), High: float64(n.High), Log: n.Log}
	for i := range points {
		if x := n.round(between.at(share(i, points))); i == 0 || x > out[len(out)-1].(int) { // rounding may go back
			out = append(out, x)
		}
	}
	return out
}

// Choice is one of some values of any type, such as search.Choice[string]{"lstm", "gru"} or
// search.Choice[optimizers.Optimizer]{optimizers.Adam{}, optimizers.SGD{}}. A grid has all
// of them. Trials share what a value refers to, such as the elements of a slice, and must
// not change it.
type Choice[T any] []T

var _ Range = Choice[any]{}

// Check reports a choice of nothing.
func (c Choice[T]) Check() error {
	if len(c) == 0 {
		return errs.Error{Field: "Choice", Rule: "must have a value"}
	}
	return nil
}

// Draw is each value with equal probability.
func (c Choice[T]) Draw(r *rand.Rand) any { return c[r.IntN(len(c))] }

// Points are all values.
func (c Choice[T]) Points(int) []any {
	var out []any
	for _, v := range c {
		out = append(out, v)
	}
	return out
}
