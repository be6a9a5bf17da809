package text

import (
	"fmt"
	"strconv"

	"gorgonia.org/tensor"

	"github.com/engram-go/engram/internal/dense"
	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/shapes"
)

// Side is the end of a sequence at which padding is added or steps are removed.
type Side string

// Sides.
const (
	Pre  Side = "pre"  // the beginning; the default
	Post Side = "post" // the end
)

// Padding configures Pad, as the arguments of Keras' pad_sequences do.
type Padding struct {
	Length     int          // steps of every sequence; by default those of the longest
	Padding    Side         // where a shorter sequence is padded; by default Pre
	Truncating Side         // where a longer one loses steps; by default Pre
	Value      int          // what it is padded with; by default 0, which MaskZero of an Embedding masks
	Dtype      tensor.Dtype // by default Float32
}

// Pad makes one tensor of sequences, [sequences, steps]. No sequences, and sequences that
// are all empty without a Length, are errors; so are numbers that the dtype does not
// represent: float32 has whole numbers from −2²⁴ to 2²⁴, float64 from −2⁵³ to 2⁵³.
func Pad(sequences [][]int, p Padding) (*tensor.Dense, error) {
	p, err := p.complete()
	if err != nil {
		return nil, err
	}
	if len(sequences) == 0 {
		return nil, errs.Error{Field: "sequences", Rule: "must not be empty"}
	}
	if p.Length == 0 {
		for _, s := range sequences {
			p.Length = max(p.Length, len(s))
		}
		if p.Length == 0 {
			return nil, errs.Error{Field: "sequences", Rule: "must have a token, unless a length is given"}
		}
	}
	if len(sequences) > shapes.MaxElements/p.Length {
		return nil, errs.Error{Field: "sequences", Rule: fmt.Sprintf("must be few enough for a tensor of %d numbers, at %d each", shapes.MaxElements, p.Length), Value: len(sequences)}
	}
	for i, s := range sequences {
		if err := checkTokens(fmt.Sprintf("sequences[%d]", i), s, -largest(p.Dtype), largest(p.Dtype)); err != nil {
			return nil, err
		}
	}
	t := dense.New(p.Dtype, shapes.Shape{len(sequences), p.Length})
	p.fill(t, sequences)
	return t, nil
}

func (p Padding) complete() (Padding, error) {
	var err error
	if p.Dtype, err = dense.FloatType(p.Dtype); err != nil {
		return p, errs.At(err, "", "Padding.Dtype")
	}
	for _, side := range []struct {
		field string
		at    *Side
	}{{"Padding", &p.Padding}, {"Truncating", &p.Truncating}} {
		switch *side.at {
		case "":
			*side.at = Pre
		case Pre, Post:
		default:
			return p, errs.Error{Field: "Padding." + side.field, Rule: `must be "pre" or "post"`, Value: *side.at}
		}
	}
	if p.Length < 0 || p.Length > shapes.MaxElements {
		return p, errs.Error{Field: "Padding.Length", Rule: fmt.Sprintf("must be from 0 to %d", shapes.MaxElements), Value: p.Length}
	}
	if most := largest(p.Dtype); p.Value < -most || p.Value > most {
		return p, errs.Error{Field: "Padding.Value", Rule: fmt.Sprintf("must be from %d to %d", -most, most), Value: p.Value}
	}
	return p, nil
}

// fill writes sequences into the rows of a tensor [sequences, steps].
func (p Padding) fill(t *tensor.Dense, sequences [][]int) {
	if t.Dtype() == tensor.Float32 {
		fill(t.Float32s(), sequences, p)
	} else {
		fill(t.Float64s(), sequences, p)
	}
}

func fill[T dense.Float](to []T, sequences [][]int, p Padding) {
	steps := len(to) / len(sequences)
	for i, s := range sequences {
		row := to[i*steps : (i+1)*steps]
		if extra := len(s) - steps; extra > 0 && p.Truncating == Pre {
			s = s[extra:]
		} else if extra > 0 {
			s = s[:steps]
		}
		for j := range row {
			row[j] = T(p.Value)
		}
		if p.Padding == Pre {
			row = row[steps-len(s):]
		}
		for j, n := range s {
			row[j] = T(n)
		}
	}
}

// largest is the number up to which a dtype represents all whole numbers.
func largest(dtype tensor.Dtype) int {
	if dtype == tensor.Float32 {
		return 1 << 24
	}
	return 1 << (min(53, strconv.IntSize-2))
}

// checkTokens refuses a number outside a range, by its place.
func checkTokens(name string, tokens []int, least, most int) error {
	for i, n := range tokens {
		if n < least || n > most {
			return errs.Error{Field: fmt.Sprintf("%s[%d]", name, i), Rule: fmt.Sprintf("must be a whole number from %d to %d", least, most), Value: n}
		}
	}
	return nil
}
