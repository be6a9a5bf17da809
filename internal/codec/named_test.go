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
		prototypes        []any
		path, field, want string
	}{
		{[]any{function{}}, "prototypes[0]", "codec_test.function", "must have a name"},
		{[]any{loose{}}, "prototypes[0]", "codec_test.loose", "must be comparable"},
		{[]any{a, again}, "prototypes[1]", "a", "must name a single codec_test.function"},
	} {
		_, err := codec.NewRegistry(tc.prototypes...)
		refused(t, tc.want, err, tc.path, tc.field, tc.want)
	}
	r, err := codec.NewRegistry(holder{}, a, tanh)
	if err != nil {
		t.Fatal(err)
	}
	for want, f := range map[string]function{
		"must name a registered codec_test.function, or one in Custom, got b": {&body{"b", double}},
		"must be registered, or in Custom, got codec_test.function":           again,
		"must name a registered codec_test.function":                          {},
	} {
		_, err := r.Encode(holder{Function: f})
		refused(t, want, err, "", "holder.Function", want)
	}
	for _, tc := range []struct{ text, path, want string }{
		{`"b"`, "", "must name a registered codec_test.function"},
		{`"tanh"`, "", "must name a registered codec_test.function"},
		{`null`, "", "must be the name or the class_name and config"},
		{`3`, "", "must be the name or the class_name and config"},
		{`{"class_name":"a","config":{}}`, ".class_name", "must name a registered codec_test.function"},
		{`{"name":"a"}`, ".name", "must be class_name or config"},
	} {
		var h holder
		err := r.Decode([]byte(`{"class_name":"holder","config":{"function":`+tc.text+`}}`), &h)
		refused(t, tc.text, err, "config.function"+tc.path, "", tc.want)
	}
}
