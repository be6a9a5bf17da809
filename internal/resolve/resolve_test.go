package resolve_test

import (
	"errors"
	"testing"

	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/resolve"
)

type shape interface{ area() float64 }

type square struct{ side float64 }

func (s square) area() float64 { return s.side * s.side }

func (s square) Resolve() (shape, error) {
	if s.side < 0 {
		return nil, errors.New("too small")
	}
	return square{max(s.side, 1)}, nil
}

type (
	plain struct{} // has no Resolve
	// half inherits the Resolve of square, own has another one, that of lost returns nil.
	half struct{ square }
	own  struct{ square }
	lost struct{ square }
)

func (plain) area() float64           { return 5 }
func (h half) area() float64          { return h.square.area() / 2 }
func (o own) area() float64           { return o.square.area() / 2 }
func (own) Resolve() (shape, error)   { return own{square{2}}, nil }
func (*lost) Resolve() (shape, error) { return nil, nil }

func TestOf(t *testing.T) {
	for _, c := range []struct {
		given, want shape
		err         string
	}{
		{nil, nil, ""},
		{plain{}, plain{}, ""},
		{square{}, square{1}, ""},
		{&square{3}, square{3}, ""},
		{own{}, own{square{2}}, ""},
		{square{-1}, nil, "too small"},
		{half{square{2}}, nil, "half.Resolve must return a shape of the type resolve_test.half, and not of a type that it embeds, got resolve_test.square"},
		{&half{}, nil, "half.Resolve must return a shape of the type resolve_test.half, and not of a type that it embeds, got resolve_test.square"},
		{&lost{}, nil, "lost.Resolve must return a shape of the type resolve_test.lost, and not of a type that it embeds, got <nil>"},
	} {
		got, err := resolve.Of("a shape", c.given)
		if err == nil && (c.err != "" || got != c.want) || err != nil && err.Error() != c.err {
			t.Errorf("%#v: got %#v, %v, want %#v, %s", c.given, got, err, c.want, c.err)
		}
		if c.err != "" && c.err != "too small" && !errors.Is(err, errs.ErrInput) {
			t.Errorf("%v must be bad input", err)
		}
	}
}
