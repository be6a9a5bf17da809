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
		want      string
	}{
		{nil, "value", "must not be nil"},
		{&lstm{}, "value", "must be of a named struct or string type, got *codec_test.lstm"},
		{"tanh", "value", "named struct or string type, got string"},
		{struct{ A int }{}, "value", "named struct or string type"},
		{loop{}, "value", "named struct or string type"},
		{3, "value", "named struct or string type, got int"},
		{name(""), "codec_test.name", "must not be empty"},
		{keys{}, "keys.No_bias", "must not have the same key as NoBias"},
	} {
		_, err := codec.NewRegistry(lstm{}, tc.prototype)
		refused(t, fmt.Sprint(tc.prototype), err, "prototypes[1]", tc.field, tc.want)
	}
	// A field that accepts two prototypes of one name.
	_, err := codec.NewRegistry(anything{}, tanh, zeros, zero)
	refused(t, "names", err, "", "zeros", "must name a single interface {}, got [github.com/engram-go/engram/internal/codec_test.name ")
	_, err = codec.NewRegistry(bidirectional{}, lstm{}, other())
	refused(t, "structs", err, "", "lstm", "must name a single codec_test.layer")
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
	refused(t, "more", err, "Custom[1]", "value", "must not be nil")
	_, err = r.With("Custom", tanh, other())
	refused(t, "more", err, "Custom", "lstm", "must name a single interface {}")
	more, err := r.With("Custom", tanh, zero)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := more.Encode(anything{tanh}); err != nil {
		t.Error(err)
	}
	_, err = r.Encode(anything{tanh})
	refused(t, "before", err, "", "anything.Any", "must name a registered interface {}")
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
		v           any
		field, want string
	}{
		{stranger{}, "stranger", "stranger must be registered, or in Custom, got codec_test.stranger"},
		{bidirectional{Layer: stranger{}}, "bidirectional.Layer", "must name a registered codec_test.layer, or one in Custom, got stranger"},
		{bidirectional{Layer: &lstm{}}, "bidirectional.Layer", "must be a registered codec_test.layer, got *codec_test.lstm"},
		{bidirectional{Layer: bidirectional{Layer: lstm{Dropout: math.NaN()}}}, "bidirectional.Layer.Layer.Dropout", "must be finite, got NaN"},
		{lstm{Activation: name("gelu")}, "lstm.Activation", "must name a registered codec_test.activation, or one in Custom, got gelu"},
		{lstm{Activation: name("")}, "lstm.Activation", `got ""`},
		{lstm{Activation: leaky{float32(math.Inf(-1))}}, "lstm.Activation.Slope", "must be finite, got -Inf"},
		{anything{other()}, "anything.Any", "must be registered"},
		{anything{3}, "anything.Any", "must be a registered interface {}, got int"},
		{anything{initName("tanh")}, "anything.Any", "must be registered, or in Custom, got codec_test.initName"},
		{[]layer{nil, lstm{}, lstm{Beta1: new(math.Inf(1))}}, "[2].Beta1", "must be finite"},
		{everything{Func: func() {}}, "everything.Func", "must be zero, as it cannot be written, got func()"},
		{everything{hidden: 1}, "everything.hidden", "must be zero"},
		{everything{Text: "\xff"}, "everything.Text", "must be UTF-8"},
		{everything{Map: map[string]*int{"\xff": nil}}, `everything.Map["\xff"]`, "must be UTF-8"},
		{pointers{Slice: &[]int{}}, "pointers.Slice", "must be zero"},
		{pointers{Deep: &seven}, "pointers.Deep", "must be zero"},
		{&lstm{}, "*codec_test.lstm", "must be a value and not a pointer"},
		{circle(nil), "codec_test.circle", "must be a value"},
		{complex(1, 2), "complex128", "must be of a type that JSON can hold"},
		{[]chan int{nil}, "[0]", "must be of a type that JSON can hold, got chan int"},
		{map[int]int{}, "", "must be of a type that JSON can hold"},
		{name("gelu"), "name", "must name a registered codec_test.name, or one in Custom, got gelu"},
		{list, "loop" + strings.Repeat("[0]", 18) + "[0…", "within 100 levels"},
		{round, "tree" + strings.Repeat(".Left", 11) + ".…", "within 100 levels"},
		{*double(40), "", "bytes of JSON"},
		{strings.Repeat("x", 16<<20), "string", "within 16777216 bytes of JSON"},
	} {
		data, err := r.Encode(tc.v)
		if tc.field == "" {
			tc.field = errorField(err)
		}
		refused(t, fmt.Sprintf("%.100T", tc.v), err, "", tc.field, tc.want)
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
	for _, tc := range []struct{ data, path, want string }{
		{``, "", "JSON must be one complete value"},
		{`[] []`, "", "JSON must be one complete value"},
		{`[`, "", "JSON must be one complete value"},
		{"[\"\xff\"]", "", "JSON must be UTF-8"},
		{`3`, "", "JSON must be an array, got 3"},
		{`{}`, "", "JSON must be an array"},
		{`[3]`, "[0]", "must be the name or the class_name and config of a codec_test.layer, got 3"},
		{`["tanh"]`, "[0]", "must name a registered codec_test.layer, or one in Custom, got tanh"},
		{`[{}]`, "[0]", "must have class_name and config, got {}"},
		{`[{"class_name":"lstm"}]`, "[0]", "must have class_name and config"},
		{`[{"class_name":"lstm","config":{},"extra":1}]`, "[0].extra", "must be class_name or config"},
		{`[{"class_name":"lstm","class_name":"lstm"}]`, "[0]", `key "class_name" must not appear twice`},
		{`[{"class_name":3,"config":{}}]`, "[0].class_name", "must be a string, got 3"},
		{in("gru", `{}`), "[1].class_name", "must name a registered codec_test.layer, or one in Custom, got gru"},
		{in("leaky", `{}`), "[1].class_name", "must name a registered codec_test.layer, or one in Custom, got leaky"},
		{in("lstm", `null`), "[1].config", "must be an object, got null"},
		{in("lstm", `{"unit":3}`), "[1].config.unit", "must be a field of codec_test.lstm, got 3"},
		{in("lstm", `{"units":3}`), "[1].config.activation", "must be given"},
		{every(`{"nested":{"rnn_units":1}}`), "[1].config.nested.l2_norm", "must be given"},
		{in("lstm", `{"Units":3}`), "[1].config.Units", "must be a field"},
		{in("lstm", `{"units":3,"units":3}`), "[1].config", `key "units" must not appear twice`},
		{in("lstm", `{"units":"3"}`), "[1].config.units", `must be a whole number of 64 bits, got "3"`},
		{in("lstm", `{"units":3.0}`), "[1].config.units", "must be a whole number"},
		{in("lstm", `{"units":1e2}`), "[1].config.units", "must be a whole number"},
		{in("lstm", `{"units":null}`), "[1].config.units", "must be a whole number of 64 bits, got null"},
		{in("lstm", `{"units":9223372036854775808}`), "[1].config.units", "must be a whole number"},
		{in("lstm", `{"dropout":1e999}`), "[1].config.dropout", "must be a number that fits 64 bits"},
		{in("lstm", `{"dropout":"NaN"}`), "[1].config.dropout", "must be a number"},
		{in("lstm", `{"dropout":null}`), "[1].config.dropout", "must be a number"},
		{in("lstm", `{"beta1":[]}`), "[1].config.beta1", "must be a number"},
		{in("lstm", `{"no_bias":1}`), "[1].config.no_bias", "must be true or false, got 1"},
		{in("lstm", `{"no_bias":null}`), "[1].config.no_bias", "must be true or false"},
		{in("lstm", `{"activation":"zeros"}`), "[1].config.activation", "must name a registered codec_test.activation, or one in Custom, got zeros"},
		{in("lstm", `{"activation":{"class_name":"leaky","config":{"slope":1e39}}}`), "[1].config.activation.config.slope", "fits 32 bits"},
		{in("lstm", `{"init":true}`), "[1].config.init", "must be the name or the class_name"},
		{in("bidirectional", `{"merge":null}`), "[1].config.merge", "must be a string, got null"},
		{in("bidirectional", `{"layer":[]}`), "[1].config.layer", "must be the name"},
		{every(`{"i8":128}`), "[1].config.i8", "must be a whole number of 8 bits, got 128"},
		{every(`{"u8":256}`), "[1].config.u8", "must be a whole number of 8 bits that is not negative"},
		{every(`{"u":-1}`), "[1].config.u", "not negative, got -1"},
		{every(`{"f32":4e38}`), "[1].config.f32", "must be a number that fits 32 bits"},
		{every(`{"nested":null}`), "[1].config.nested", "must be an object"},
		{every(`{"nested":{"l2_norm":[1]}}`), "[1].config.nested.l2_norm", "must have 2 elements, got 1"},
		{every(`{"nested":{"l2_norm":[1,2,3]}}`), "[1].config.nested.l2_norm", "must have 2 elements, got 3"},
		{every(`{"nested":{"l2_norm":null}}`), "[1].config.nested.l2_norm", "must be an array"},
		{every(`{"list":[{"rnn_units":1,"l2_norm":[1,2]},{"rnn_units":-1}]}`), "[1].config.list[1].rnn_units", "got -1"},
		{every(`{"lists":[[],[1,true]]}`), "[1].config.lists[1][1]", "must be a whole number"},
		{every(`{"map":{"a b.c\"":true}}`), `[1].config.map."a b.c\""`, "must be a whole number"},
		{every(`{"map":{"a":1,"a":1}}`), "[1].config.map", "must not appear twice"},
		{every(`{"map":[]}`), "[1].config.map", "must be an object"},
		{every(`{"func":null}`), "[1].config.func", "must be a field"},
		{every(`{"hidden":1}`), "[1].config.hidden", "must be a field"},
		{every(`{"any":3}`), "[1].config.any", "must be the name"},
		{every(deep), "", "JSON must be at most 100 levels deep"},
		{`[` + strings.Repeat(" ", 16<<20) + `]`, "", "JSON must be within 16777216 bytes"},
	} {
		kept := []layer{nothing{}}
		dst := kept
		err := r.Decode([]byte(tc.data), &dst)
		label := tc.data[:min(len(tc.data), 100)]
		refused(t, label, err, tc.path, errorField(err), tc.want)
		if !reflect.DeepEqual(dst, kept) {
			t.Errorf("%s: the variable changed to %v", label, dst)
		}
	}
}

func TestDecodeInto(t *testing.T) {
	// Structs of other people may lack fields, but not those within them.
	r, err := anyRegistry(t).With("Custom", lstm{}, outside{})
	if err != nil {
		t.Fatal(err)
	}
	refused(t, "ours", r.Decode([]byte(`{"class_name":"lstm","config":{"units":3}}`), new(layer)), "config.activation", "", "must be given")
	refused(t, "within", r.Decode([]byte(`{"class_name":"outside","config":{"layer":{"class_name":"lstm","config":{"units":3}}}}`), new(layer)), "config.layer.config.activation", "", "must be given")
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
	refused(t, "class", r.Decode([]byte(`{"class_name":"nothing","config":{}}`), &full), "class_name", "", "must name a registered codec_test.lstm, or one in Custom, got nothing")
	n := tanh
	refused(t, "name", r.Decode([]byte(`"zeros"`), &n), "", "JSON", "must name a registered codec_test.name, or one in Custom, got zeros")

	p := &full
	for _, dst := range []any{nil, full, (*lstm)(nil), &p} {
		refused(t, fmt.Sprintf("%T", dst), r.Decode([]byte(`null`), dst), "", "destination", "must point to a value")
	}
	var fs []func()
	refused(t, "func", r.Decode([]byte(`[null]`), &fs), "[0]", "", "nothing fits a func()")
	var none codec.Registry
	refused(t, "zero", none.Decode([]byte(`{"class_name":"lstm","config":{}}`), &l), "class_name", "", "must name a registered")

	two, err := codec.NewRegistry(lstm{}, other(), stranger{})
	if err != nil {
		t.Fatal(err)
	}
	refused(t, "two", two.Decode([]byte(`{"class_name":"lstm","config":{}}`), &l), "class_name", "lstm", "must name a single codec_test.layer")
	_, err = two.Encode([]layer{lstm{}})
	refused(t, "two", err, "", "[0]", "must name a single codec_test.layer")
	if err := two.Decode([]byte(`{"class_name":"stranger","config":{}}`), &a); err == nil {
		t.Error("a method on the pointer made the value an activation")
	}
	var w wide
	if err := two.Decode([]byte(`null`), &w); err != nil || w != nil {
		t.Error(w, err)
	}
}

func errorField(err error) string {
	var e errs.Error
	errors.As(err, &e)
	return e.Field
}
