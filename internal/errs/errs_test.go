package errs

import (
	"io"
	"testing"

	"github.com/pkg/errors"
)

func TestAt(t *testing.T) {
	broken := Error{Field: "ELU.Alpha", Rule: "must be positive"}
	inner := Error{Path: "model/lstm", Field: "Units", Rule: "must be positive"}
	for _, c := range []struct {
		err         error
		path, field string
		want        string
	}{
		{broken, "", "", "ELU.Alpha must be positive"},
		{broken, "model/lstm", "", "model/lstm: ELU.Alpha must be positive"},
		{broken, "model/lstm", "LSTM.Activation", "model/lstm: LSTM.Activation.Alpha must be positive"},
		{Error{Field: "activation", Rule: "must not be nil"}, "", "LSTM.Activation", "LSTM.Activation must not be nil"},
		{Error{Rule: "must be positive"}, "prices:2", "Close", "prices:2: Close must be positive"},
		{inner, "model", "", "model/lstm: Units must be positive"},
		{inner, "", "Model.Layers[0]", "model/lstm: Model.Layers[0] must be positive"},
		{io.EOF, "", "", "EOF"},
		{io.EOF, "model", "", "model: EOF"},
		{io.EOF, "model", "LSTM.Activation", "model: LSTM.Activation: EOF"},
		{At(io.EOF, "model/lstm", ""), "model", "", "model/lstm: EOF"},
		{At(io.EOF, "", "LSTM.Activation"), "model", "", "model: LSTM.Activation: EOF"},
		{errors.Wrap(broken, "mine"), "model", "LSTM.Activation", "model: LSTM.Activation: mine: ELU.Alpha must be positive"},
		{errors.Wrap(inner, "mine"), "model", "", "mine: model/lstm: Units must be positive"},
	} {
		got := At(c.err, c.path, c.field)
		if got.Error() != c.want {
			t.Errorf("%v at %q, %q: got %q, want %q", c.err, c.path, c.field, got, c.want)
		}
		if errors.Is(c.err, ErrInput) != errors.Is(got, ErrInput) || errors.Is(c.err, io.EOF) != errors.Is(got, io.EOF) {
			t.Errorf("%v at %q, %q: %v is of another kind", c.err, c.path, c.field, got)
		}
	}
	if err := At(nil, "model", "LSTM.Units"); err != nil {
		t.Errorf("no error became %v", err)
	}
}
