package errs

import (
	"testing"

	"github.com/pkg/errors"
)

func TestSample(t *testing.T) {
	bad := func(rule string) error {
		return errors.Wrap(Error{Path: "model", Field: "index 7", Rule: rule}, "batch")
	}
	for _, c := range []struct {
		name    string
		err     error
		samples string // - is right, x violates the rule, o another one
		zeros   string
		want    int
	}{
		{"one", bad("x"), "--x-", "-", 2},
		{"the first of two", bad("x"), "-x-x", "-", 1},
		{"all", bad("x"), "xxx", "-", 0},
		{"one alone", bad("x"), "x", "-", 0},
		{"all and zeros", bad("x"), "xxx", "x", -1},
		{"zeros, but not all", bad("x"), "xx-", "x", 0},
		{"another rule", bad("x"), "-oo", "-", -1},
		{"another rule before", bad("x"), "-ox", "o", 2},
		{"no rule", errors.New("x"), "x", "-", -1},
		{"no sample", bad("x"), "", "-", -1},
	} {
		at := func(s string) error {
			if s == "-" {
				return nil
			}
			return bad(s)
		}
		got, err := Sample(c.err, len(c.samples), func(i int) error {
			if i < 0 {
				return at(c.zeros)
			}
			return at(c.samples[i : i+1])
		})
		if got != c.want || err.Error() != c.err.Error() {
			t.Errorf("%s: got %d, %v, want %d", c.name, got, err, c.want)
		}
	}
}
