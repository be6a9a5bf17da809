package codec_test

import (
	"errors"
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"

	"github.com/engram-go/engram/internal/codec"
	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/errs/errtest"
)

type (
	stranger struct{ A int }
	keys     struct{ NoBias, No_bias bool }
	outside  struct {
		Layer layer
		N     int
	}
	anything struct{ Any any }
	pointers struct {
		Slice *[]int
		Deep  **int
	}
	loop   []loop
	circle *circle
	tree   struct {
		Text        string
		Left, Right *tree
	}
	wide interface {
		layer
		activation
	}
)

func (stranger) layer()                      {}
func (outside) layer()                       {}
func (*stranger) activate(x float64) float64 { return x }
func (keys) layer()                          {}
func (pointers) layer()                      {}
func (tree) layer()                          {}

// other gives a second type named lstm, as another package would.
func other() any { type lstm struct{ nothing }; return lstm{} }

// elsewhere gives a type of the name of another, as a second package would.
func elsewhere() any { return stranger{} }

func TestNewRegistryRefuses(t *testing.T) {
	for _, tc := range []struct {
		prototype any
		field     string
		value     string
	}{
		{nil, "value", ""},
		{&lstm{}, "value", "*codec_test.lstm"},
		{"tanh", "value", "string"},
		{struct{ A int }{}, "value", ""},
		{loop{}, "value", ""},
		{3, "value", "int"},
		{name(""), "codec_test.name", ""},
		{keys{}, "keys.No_bias", ""},
	} {
		_, err := codec.NewRegistry(lstm{}, tc.prototype)
		refused(t, fmt.Sprint(tc.prototype), err, "prototypes[1]", tc.field, tc.value)
	}
	// A field that accepts two prototypes of one name.
	_, err := codec.NewRegistry(anything{}, tanh, zeros, zero)
	refused(t, "names", err, "", "zeros", "")
	_, err = codec.NewRegistry(bidirectional{}, lstm{}, other())
	refused(t, "structs", err, "", "lstm", "")
	if _, err = codec.NewRegistry(nothing{}, lstm{}, other()); err != nil {
		t.Error("no field accepts both, yet:", err)
	}
	// More prototypes are named as elements of their field, and leave the first
	// registry as it is.
	r, err := codec.NewRegistry(anything{}, lstm{})
	if err != nil {
		t.Fatal(err)
	}
	_, err = r.With("Custom", tanh, nil)
	refused(t, "more", err, "Custom[1]", "value", "")
	_, err = r.With("Custom", tanh, other())
	refused(t, "more", err, "Custom", "lstm", "")
	more, err := r.With("Custom", tanh, zero)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := more.Encode(anything{tanh}); err != nil {
		t.Error(err)
	}
	_, err = r.Encode(anything{tanh})
	refused(t, "before", err, "", "anything.Any", "")
	// A field of a struct type is never looked up, though both would fit it.
	type holder struct{ Plain struct{ A int } }
	type stranger struct{ A int }
	if _, err = codec.NewRegistry(holder{}, stranger{}, elsewhere()); err != nil {
		t.Error(err)
	}
}

func TestEncodeRefuses(t *testing.T) {
	r, err := codec.NewRegistry(everything{}, lstm{}, bidirectional{}, anything{}, pointers{}, tree{}, tanh, zero, leaky{})
	if err != nil {
		t.Fatal(err)
	}
	var list loop = make(loop, 1)
	list[0] = list
	var round tree
	round.Left, round.Right = &round, &round
	double := func(n int) *tree {
		p := &tree{Text: strings.Repeat("x", 1<<20)}
		for range n {
			p = &tree{"", p, p}
		}
		return p
	}
	seven := new(int)
	for _, tc := range []struct {
		v            any
		field, value string
	}{
		{stranger{}, "stranger", "codec_test.stranger"},
		{bidirectional{Layer: stranger{}}, "bidirectional.Layer", "stranger"},
		{bidirectional{Layer: &lstm{}}, "bidirectional.Layer", "*codec_test.lstm"},
		{bidirectional{Layer: bidirectional{Layer: lstm{Dropout: math.NaN()}}}, "bidirectional.Layer.Layer.Dropout", "NaN"},
		{lstm{Activation: name("gelu")}, "lstm.Activation", "gelu"},
		{lstm{Activation: name("")}, "lstm.Activation", `""`},
		{lstm{Activation: leaky{float32(math.Inf(-1))}}, "lstm.Activation.Slope", "-Inf"},
		{anything{other()}, "anything.Any", "codec_test.lstm"},
		{anything{3}, "anything.Any", "int"},
		{anything{initName("tanh")}, "anything.Any", "codec_test.initName"},
		{[]layer{nil, lstm{}, lstm{Beta1: new(math.Inf(1))}}, "[2].Beta1", "+Inf"},
		{everything{Func: func() {}}, "everything.Func", "func()"},
		{everything{hidden: 1}, "everything.hidden", "int"},
		{everything{Text: "\xff"}, "everything.Text", `"\xff"`},
		{everything{Map: map[string]*int{"\xff": nil}}, `everything.Map["\xff"]`, `"\xff"`},
		{pointers{Slice: &[]int{}}, "pointers.Slice", "*[]int"},
		{pointers{Deep: &seven}, "pointers.Deep", "**int"},
		{&lstm{}, "*codec_test.lstm", ""},
		{circle(nil), "codec_test.circle", ""},
		{complex(1, 2), "complex128", "complex128"},
		{[]chan int{nil}, "[0]", "chan int"},
		{map[int]int{}, "", "map[int]int"},
		{name("gelu"), "name", "gelu"},
		{list, "loop" + strings.Repeat("[0]", 18) + "[0…", ""},
		{round, "tree" + strings.Repeat(".Left", 11) + ".…", ""},
		{*double(40), "", ""},
		{strings.Repeat("x", 16<<20), "string", "16777218"},
	} {
		data, err := r.Encode(tc.v)
		if tc.field == "" {
			tc.field = errorField(err)
		}
		refused(t, fmt.Sprintf("%.100T", tc.v), err, "", tc.field, tc.value)
		if data != nil {
			t.Errorf("%T: %d bytes came with the error", tc.v, len(data))
		}
	}
}

func TestDecodeRefuses(t *testing.T) {
	r := anyRegistry(t)
	in := func(class, config string) string {
		return `[null,{"class_name":"` + class + `","config":` + config + `}]`
	}
	every := func(config string) string { return in("everything", config) }
	deep := strings.Repeat(`{"next":`, 99) + "null" + strings.Repeat("}", 99)
	for _, tc := range []struct{ data, path, value string }{
		{``, "JSON", ""},
		{`[] []`, "JSON", ""},
		{`[`, "JSON", ""},
		{"[\"\xff\"]", "JSON", ""},
		{`3`, "JSON", "3"},
		{`{}`, "JSON", "{}"},
		{`[3]`, "[0]", "3"},
		{`["tanh"]`, "[0]", "tanh"},
		{`[{}]`, "[0]", "{}"},
		{`[{"class_name":"lstm"}]`, "[0]", `{"class_name":"lstm"}`},
		{`[{"class_name":"lstm","config":{},"extra":1}]`, "[0].extra", ""},
		{`[{"class_name":"lstm","class_name":"lstm"}]`, "[0]", `"class_name"`},
		{`[{"class_name":3,"config":{}}]`, "[0].class_name", "3"},
		{in("gru", `{}`), "[1].class_name", "gru"},
		{in("leaky", `{}`), "[1].class_name", "leaky"},
		{in("lstm", `null`), "[1].config", "null"},
		{in("lstm", `{"unit":3}`), "[1].config.unit", "3"},
		{in("lstm", `{"Units":3}`), "[1].config.Units", "3"},
		{in("lstm", `{"units":3,"units":3}`), "[1].config", `"units"`},
		{in("lstm", `{"units":"3"}`), "[1].config.units", `"3"`},
		{in("lstm", `{"units":3.0}`), "[1].config.units", "3.0"},
		{in("lstm", `{"units":1e2}`), "[1].config.units", "1e2"},
		{in("lstm", `{"units":null}`), "[1].config.units", "null"},
		{in("lstm", `{"units":9223372036854775808}`), "[1].config.units", "9223372036854775808"},
		{in("lstm", `{"dropout":1e999}`), "[1].config.dropout", "1e999"},
		{in("lstm", `{"dropout":"NaN"}`), "[1].config.dropout", `"NaN"`},
		{in("lstm", `{"dropout":null}`), "[1].config.dropout", "null"},
		{in("lstm", `{"beta1":[]}`), "[1].config.beta1", "[]"},
		{in("lstm", `{"no_bias":1}`), "[1].config.no_bias", "1"},
		{in("lstm", `{"no_bias":null}`), "[1].config.no_bias", "null"},
		{in("lstm", `{"activation":"zeros"}`), "[1].config.activation", "zeros"},
		{in("lstm", `{"activation":{"class_name":"leaky","config":{"slope":1e39}}}`), "[1].config.activation.config.slope", "1e39"},
		{in("lstm", `{"init":true}`), "[1].config.init", "true"},
		{in("bidirectional", `{"merge":null}`), "[1].config.merge", "null"},
		{in("bidirectional", `{"layer":[]}`), "[1].config.layer", "[]"},
		{every(`{"i8":128}`), "[1].config.i8", "128"},
		{every(`{"u8":256}`), "[1].config.u8", "256"},
		{every(`{"u":-1}`), "[1].config.u", "-1"},
		{every(`{"f32":4e38}`), "[1].config.f32", "4e38"},
		{every(`{"nested":null}`), "[1].config.nested", "null"},
		{every(`{"nested":{"l2_norm":[1]}}`), "[1].config.nested.l2_norm", "1"},
		{every(`{"nested":{"l2_norm":[1,2,3]}}`), "[1].config.nested.l2_norm", "3"},
		{every(`{"nested":{"l2_norm":null}}`), "[1].config.nested.l2_norm", "null"},
		{every(`{"list":[{"rnn_units":1,"l2_norm":[1,2]},{"rnn_units":-1}]}`), "[1].config.list[1].rnn_units", "-1"},
		{every(`{"lists":[[],[1,true]]}`), "[1].config.lists[1][1]", "true"},
		{every(`{"map":{"a b.c\"":true}}`), `[1].config.map."a b.c\""`, "true"},
		{every(`{"map":{"a":1,"a":1}}`), "[1].config.map", `"a"`},
		{every(`{"map":[]}`), "[1].config.map", "[]"},
		{every(`{"func":null}`), "[1].config.func", "null"},
		{every(`{"hidden":1}`), "[1].config.hidden", "1"},
		{every(`{"any":3}`), "[1].config.any", "3"},
		{every(deep), "JSON", ""},
		{`[` + strings.Repeat(" ", 16<<20) + `]`, "JSON", "16777218"},
	} {
		kept := []layer{nothing{}}
		dst := kept
		err := r.Decode([]byte(tc.data), &dst)
		label := tc.data[:min(len(tc.data), 100)]
		refused(t, label, err, tc.path, "", tc.value)
		if !reflect.DeepEqual(dst, kept) {
			t.Errorf("%s: the variable changed to %v", label, dst)
		}
	}
}

func TestDecodeInto(t *testing.T) {
	r, err := anyRegistry(t).With("Custom", lstm{}, outside{})
	if err != nil {
		t.Fatal(err)
	}
	o := outside{N: 3}
	if err := r.Decode([]byte(`{"class_name":"outside","config":{"layer":null}}`), &o); err != nil || o != (outside{}) {
		t.Error("fields that are not given must be zero:", o, err)
	}
	if r, err = new(codec.Registry).With("Custom", lstm{}, tanh); err != nil {
		t.Fatal(err)
	}
	var l layer
	if err := r.Decode([]byte(` {"class_name":"lstm","config":{"units":3}} `), &l); err != nil || l != (lstm{Units: 3}) {
		t.Error(l, err)
	}
	var a activation
	if err := r.Decode([]byte(`"tanh"`), &a); err != nil || a != tanh {
		t.Error(a, err)
	}
	if err := r.Decode([]byte(`null`), &a); err != nil || a != nil {
		t.Error(a, err)
	}
	full := lstm{Units: 3, NoBias: true}
	if err := r.Decode([]byte(`{"class_name":"lstm","config":{}}`), &full); err != nil || full != (lstm{}) {
		t.Error("fields that are not given must be zero:", full, err)
	}
	refused(t, "class", r.Decode([]byte(`{"class_name":"nothing","config":{}}`), &full), "class_name", "", "nothing")
	n := tanh
	refused(t, "name", r.Decode([]byte(`"zeros"`), &n), "JSON", "", "zeros")

	p := &full
	for _, dst := range []any{nil, full, (*lstm)(nil), &p} {
		refused(t, fmt.Sprintf("%T", dst), r.Decode([]byte(`null`), dst), "", "destination", "")
	}
	var fs []func()
	refused(t, "func", r.Decode([]byte(`[null]`), &fs), "[0]", "", "")
	var none codec.Registry
	refused(t, "zero", none.Decode([]byte(`{"class_name":"lstm","config":{}}`), &l), "class_name", "", "")

	two, err := codec.NewRegistry(lstm{}, other(), stranger{})
	if err != nil {
		t.Fatal(err)
	}
	refused(t, "two", two.Decode([]byte(`{"class_name":"lstm","config":{}}`), &l), "class_name", "lstm", "")
	_, err = two.Encode([]layer{lstm{}})
	refused(t, "two", err, "", "[0]", "")
	if err := two.Decode([]byte(`{"class_name":"stranger","config":{}}`), &a); err == nil {
		t.Error("a method on the pointer made the value an activation")
	}
	var w wide
	if err := two.Decode([]byte(`null`), &w); err != nil || w != nil {
		t.Error(w, err)
	}
}

// A field that is absent is zero, in a struct of any depth, and what is zero is
// left out, but for −0.
func TestAbsentFieldsAreZero(t *testing.T) {
	r := anyRegistry(t)
	const text = `[{"class_name":"everything","config":{"nested":{"rnn_units":1},"list":[{},{"l2_norm":[0,1]}],"next":{},"any":{"class_name":"leaky","config":{}}}}]`
	var got []layer
	if err := r.Decode([]byte(text), &got); err != nil {
		t.Fatal(err)
	}
	want := []layer{everything{Nested: nested{RNNUnits: 1}, List: []nested{{}, {L2Norm: [2]float32{0, 1}}}, Next: &everything{}, Any: leaky{}}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v", got)
	}
	if again, err := r.Encode(got); err != nil || string(again) != text {
		t.Errorf("got %s, %v", again, err)
	}
	minus := math.Copysign(0, -1)
	again, err := r.Encode([]layer{lstm{Dropout: minus}, everything{Nested: nested{L2Norm: [2]float32{float32(minus)}}}})
	if want := `[{"class_name":"lstm","config":{"dropout":-0}},{"class_name":"everything","config":{"nested":{"l2_norm":[-0,0]}}}]`; err != nil || string(again) != want {
		t.Errorf("got %s, %v, want %s", again, err, want)
	}
	if err := r.Decode(again, &got); err != nil || !math.Signbit(got[0].(lstm).Dropout) {
		t.Errorf("−0 became %v, %v", got[0].(lstm).Dropout, err)
	}
}

// An unknown field names who has a newer version.
func TestUnknownFieldsAreOfANewerVersion(t *testing.T) {
	r, err := anyRegistry(t).With("Custom", outside{}, lstm{})
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{
		`{"class_name":"lstm","config":{"new":1}}`:                                             "a newer version of Engram",
		`{"class_name":"outside","config":{"new":1}}`:                                          "a newer version of the program",
		`{"class_name":"outside","config":{"layer":{"class_name":"lstm","config":{"new":1}}}}`: "a newer version of Engram",
	} {
		var l layer
		err := r.Decode([]byte(text), &l)
		errtest.Check(t, err, errs.Error{Value: "1"})
		if err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v does not name %s", text, err, want)
		}
	}
}

// A field that a type has lost may be in a file where it has no meaning.
func TestRetire(t *testing.T) {
	plain := anyRegistry(t)
	r := plain.Retire(lstm{}, "cells", "units").Retire(lstm{}, "peeking").Retire(nothing{}, "rate")
	for _, zero := range []string{"null", "false", `""`, "0"} {
		var l layer
		text := `{"class_name":"lstm","config":{"units":3,"cells":` + zero + `,"peeking":` + zero + `}}`
		if err := r.Decode([]byte(text), &l); err != nil || l != (lstm{Units: 3}) {
			t.Errorf("%s: %v, %v", text, l, err)
		}
		refused(t, zero, plain.Decode([]byte(text), &l), "config.cells", "", zero)
	}
	for _, other := range []string{"true", "1", "[]", "{}", `"0"`, "0.5"} {
		var l layer
		refused(t, other, r.Decode([]byte(`{"class_name":"lstm","config":{"cells":`+other+`}}`), &l), "config.cells", "", other)
	}
	var l layer
	refused(t, "another type", r.Decode([]byte(`{"class_name":"bidirectional","config":{"cells":0}}`), &l), "config.cells", "", "0")
	more, err := r.With("Custom", outside{})
	if err != nil {
		t.Fatal(err)
	}
	if err := more.Decode([]byte(`{"class_name":"outside","config":{"layer":{"class_name":"nothing","config":{"rate":0}}}}`), &l); err != nil {
		t.Error(err)
	}
}

func errorField(err error) string {
	var e errs.Error
	errors.As(err, &e)
	return e.Field
}
