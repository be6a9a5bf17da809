package layername_test

import (
	"testing"

	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/errs/errtest"
	"github.com/engram-go/engram/internal/layername"
)

// MultiHeadRNNCell2 has a name with all cases of Default.
type MultiHeadRNNCell2 struct{}

type LSTM struct{ Units int }

type Dense struct{ Name string }

// embedding has the field Name of a Dense, if it has one.
type embedding struct{ *Dense }

type oddName struct{ Name int }

type function func()

func TestNames(t *testing.T) {
	for _, c := range []struct {
		layer                  any
		class, given, standard string
	}{
		{LSTM{}, "LSTM", "", "lstm"},
		{Dense{Name: "out"}, "Dense", "out", "dense"},
		{&Dense{Name: "out"}, "Dense", "out", "dense"},
		{(*Dense)(nil), "Dense", "", "dense"},
		{embedding{&Dense{Name: "out"}}, "embedding", "out", "embedding"},
		{embedding{}, "embedding", "", "embedding"},
		{MultiHeadRNNCell2{}, "MultiHeadRNNCell2", "", "multi_head_rnn_cell2"},
		{oddName{Name: 3}, "oddName", "", "odd_name"},
		{function(nil), "function", "", "function"},
		{nil, "", "", ""},
	} {
		if got := layername.Class(c.layer); got != c.class {
			t.Errorf("Class(%T) is %q, want %q", c.layer, got, c.class)
		}
		if got := layername.Given(c.layer); got != c.given {
			t.Errorf("Given(%T) is %q, want %q", c.layer, got, c.given)
		}
		if got := layername.Default(c.layer); got != c.standard {
			t.Errorf("Default(%T) is %q, want %q", c.layer, got, c.standard)
		}
	}
}

func TestCheck(t *testing.T) {
	for _, name := range []string{"lstm", "a b", "mödel", "1"} {
		if err := layername.Check("Name", name); err != nil {
			t.Errorf("%q: %v", name, err)
		}
	}
	for name, quoted := range map[string]string{"": `""`, "a/b": `"a/b"`, "a\nb": `"a\nb"`, "\xff": `"\xff"`, "a\u200b": `"a\u200b"`} {
		errtest.Check(t, layername.Check("LSTM.Name", name), errs.Error{Field: "LSTM.Name", Value: quoted})
	}
}
