package errtest

import (
	"io"
	"testing"

	"github.com/engram-go/engram/internal/errs"
	"github.com/pkg/errors"
)

func TestDifference(t *testing.T) {
	full := errs.Error{Path: "sequential/lstm", Field: "LSTM.Units", Rule: "must be positive", Value: -3}
	for _, c := range []struct {
		err  error
		want errs.Error
		same bool
	}{
		{full, errs.Error{Field: "LSTM.Units"}, true},
		{errors.Wrap(full, "model"), errs.Error{Path: "sequential/lstm", Field: "LSTM.Units", Value: -3, Kind: errs.ErrInput}, true},
		{full, errs.Error{Field: "LSTM.Rate"}, false},
		{full, errs.Error{Field: "LSTM.Units", Value: 3}, false},
		{full, errs.Error{Field: "LSTM.Units", Path: "sequential"}, false},
		{full, errs.Error{Field: "LSTM.Units", Kind: errs.ErrNotFinite}, false},
		{io.EOF, errs.Error{}, false},
		{nil, errs.Error{}, false},
	} {
		if got := difference(c.err, c.want); (got == "") != c.same {
			t.Errorf("%v and %+v: %q", c.err, c.want, got)
		}
	}
}
