// Package shapes defines the shapes of tensors, with open axes. Package graph exports
// them.
package shapes

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/engram-go/engram/internal/errs"
)

// Any is the size of an open axis: a batch size or a number of steps that depends on
// the data.
const Any = -1

// MaxElements limits the number of elements of a value and all sizes in configs, so
// that a mistaken size is an error and does not exhaust memory. With 32-bit ints, so
// many float64 fill the address space.
const MaxElements = min(1<<31, math.MaxInt/8)

// Shape lists the sizes of the axes of a value; Any is an open one. The empty
// shape is a single number.
type Shape []int

// String reads "[32, 10, any]".
func (s Shape) String() string {
	parts := make([]string, len(s))
	for i, d := range s {
		parts[i] = fmt.Sprint(d)
		if d == Any {
			parts[i] = "any"
		}
	}
	return "[" + strings.Join(parts, ", ") + "]"
}

// Rank is the number of axes.
func (s Shape) Rank() int { return len(s) }

// Known reports whether no axis is open.
func (s Shape) Known() bool { return !slices.Contains(s, Any) }

// Size is the number of elements: Any if an axis is open, and math.MaxInt if it
// overflows.
func (s Shape) Size() int {
	if !s.Known() {
		return Any
	}
	n := 1
	for _, d := range s {
		if d > 0 && n > math.MaxInt/d {
			n = math.MaxInt
		} else {
			n *= d
		}
	}
	return n
}

// Clone returns a copy.
func (s Shape) Clone() Shape { return slices.Clone(s) }

// Equal reports whether two shapes have the same axes. An open axis only equals an open
// axis.
func (s Shape) Equal(t Shape) bool { return slices.Equal(s, t) }

// Accepts reports whether data of shape t is valid: every axis is equal or open in s.
func (s Shape) Accepts(t Shape) bool {
	return slices.EqualFunc(s, t, func(a, b int) bool { return a == b || a == Any })
}

// Matches reports whether two values may have the same shape: every axis is equal, or
// open in s or t.
func (s Shape) Matches(t Shape) bool {
	return slices.EqualFunc(s, t, func(a, b int) bool { return a == b || a == Any || b == Any })
}

// With returns a copy whose axis i (negative counts from the end) has size d.
func (s Shape) With(i, d int) Shape {
	t := s.Clone()
	if i < 0 {
		i += len(t)
	}
	t[i] = d
	return t
}

// Check returns an error for the first invalid axis, or if the shape has too many
// elements.
func Check(s Shape) error {
	n := 1
	for i, d := range s {
		if d < Any || d == 0 {
			return errs.Error{Field: fmt.Sprintf("axis %d of shape %v", i, s), Rule: "must be positive", Value: d}
		}
		if d == Any {
			continue
		}
		if n > MaxElements/d {
			return errs.Error{Field: fmt.Sprintf("shape %v", s), Rule: fmt.Sprintf("must have at most %d elements", MaxElements)}
		}
		n *= d
	}
	return nil
}

// ExpandsTo reports whether a value of shape s can be broadcast to shape t.
func ExpandsTo(s, t Shape) bool {
	extra := len(t) - len(s)
	if extra < 0 {
		return false
	}
	return slices.EqualFunc(s, t[extra:], func(a, b int) bool { return a == b || a == 1 || a == Any || b == Any })
}

// Broadcast returns the shape of an elementwise operation on a and b as in NumPy: axes
// are aligned at the last one, and an axis of size 1 repeats.
func Broadcast(a, b Shape) (Shape, bool) {
	n := max(len(a), len(b))
	out := make(Shape, n)
	for i := 1; i <= n; i++ {
		x, y := 1, 1
		if i <= len(a) {
			x = a[len(a)-i]
		}
		if i <= len(b) {
			y = b[len(b)-i]
		}
		switch {
		case x == y, y == 1:
			out[n-i] = x
		case x == 1 || x == Any:
			out[n-i] = y
		case y == Any:
			out[n-i] = x
		default:
			return nil, false
		}
	}
	return out, true
}
