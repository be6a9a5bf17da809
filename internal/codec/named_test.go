package codec_test

import (
	"testing"

	"github.com/engram-go/engram/internal/codec"
)

type (
	// function is a value with a name of its own, and what JSON cannot hold.
	function struct{ *body }
	body     struct {
		name string
		call func(float64) float64
	}
	holder struct {
		Function  function
		Functions []function
		Any       activation
		Pointer   *function
	}
	loose struct {
		Slice []int
	}
)

func (f function) RegisteredName() string {
	if f.body == nil {
		return ""
	}
	return f.name
}
func (f function) activate(x float64) float64 { return f.call(x) }
func (loose) RegisteredName() string          { return "loose" }

func double(x float64) float64 { return 2 * x }

// A value with a name of its own is written by that name wherever it stands, and
// comes back as itself.
func TestNamedValues(t *testing.T) {
	a, b := function{&body{"a", double}}, function{&body{"b", double}}
	r, err := codec.NewRegistry(holder{}, a, b, a, tanh)
	if err != nil {
		t.Fatal(err)
	}
	h := holder{Function: a, Functions: []function{b, a}, Any: b, Pointer: &a}
	text, err := r.Encode(h)
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"class_name":"holder","config":{"function":"a","functions":["b","a"],"any":"b","pointer":"a"}}`
	if string(text) != want {
		t.Errorf("got %s, want %s", text, want)
	}
	var back holder
	if err := r.Decode(text, &back); err != nil {
		t.Fatal(err)
	}
	if back.Function != a || back.Functions[0] != b || back.Functions[1] != a || back.Any != b || *back.Pointer != a || back.Any.activate(3) != 6 {
		t.Errorf("got %+v", back)
	}
	if text, err = r.Encode(a); err != nil || string(text) != `"a"` {
		t.Errorf("by itself: %s, %v", text, err)
	}
}

func TestNamedValuesRefused(t *testing.T) {
	a, again := function{&body{"a", double}}, function{&body{"a", double}}
	for _, tc := range []struct {
		prototypes  []any
		path, field string
	}{
		{[]any{function{}}, "prototypes[0]", "codec_test.function"},
		{[]any{loose{}}, "prototypes[0]", "codec_test.loose"},
		{[]any{a, again}, "prototypes[1]", "a"},
	} {
		_, err := codec.NewRegistry(tc.prototypes...)
		refused(t, tc.field, err, tc.path, tc.field, "")
	}
	r, err := codec.NewRegistry(holder{}, a, tanh)
	if err != nil {
		t.Fatal(err)
	}
	for value, f := range map[string]function{
		"b":                   {&body{"b", double}},
		"codec_test.function": again, // another with the name of a registered one
	} {
		_, err := r.Encode(holder{Function: f})
		refused(t, value, err, "", "holder.Function", value)
	}
	if text, err := r.Encode(holder{Function: function{}}); err != nil || string(text) != `{"class_name":"holder","config":{}}` {
		t.Errorf("a zero function must be left out: %s, %v", text, err)
	}
	for _, tc := range []struct{ text, path, value string }{
		{`"b"`, "", "b"},
		{`"tanh"`, "", "tanh"},
		{`null`, "", "null"},
		{`3`, "", "3"},
		{`{"class_name":"a","config":{}}`, ".class_name", "a"},
		{`{"name":"a"}`, ".name", ""},
	} {
		var h holder
		err := r.Decode([]byte(`{"class_name":"holder","config":{"function":`+tc.text+`}}`), &h)
		refused(t, tc.text, err, "config.function"+tc.path, "", tc.value)
	}
}
