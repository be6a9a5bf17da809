package codec_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/engram-go/engram/internal/codec"
	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/errs/errtest"
	"pgregory.net/rapid"
)

// Types such as those of layers.
type (
	layer       interface{ layer() }
	activation  interface{ activate(float64) float64 }
	initializer interface{ initialize() }

	name     string // an activation
	initName string // an initializer

	lstm struct {
		Units           int
		Activation      activation
		Init            initializer
		NoBias          bool
		ReturnSequences bool
		Dropout         float64
		Beta1           *float64
	}
	leaky         struct{ Slope float32 }
	constant      struct{ Value float64 }
	bidirectional struct {
		Layer layer
		Merge string
	}
	nothing struct{}

	nested struct {
		RNNUnits uint8
		L2Norm   [2]float32
	}
	everything struct {
		Bool    bool
		I8      int8
		I16     int16
		I32     int32
		I64     int64
		U       uint
		U8      uint8
		U16     uint16
		U32     uint32
		U64     uint64
		F32     float32
		F64     float64
		Text    string
		Bytes   []byte
		Nested  nested
		List    []nested
		Lists   [][]int
		Pointer *nested
		Next    *everything
		Map     map[string]*int
		Names   map[name]activation
		Layers  []layer
		Any     any
		Func    func()
		hidden  int
	}
)

const (
	tanh  name     = "tanh"
	zeros name     = "zeros"
	zero  initName = "zeros"
)

func (lstm) layer()                      {}
func (bidirectional) layer()             {}
func (nothing) layer()                   {}
func (everything) layer()                {}
func (name) activate(x float64) float64  { return x }
func (leaky) activate(x float64) float64 { return x }
func (initName) initialize()             {}
func (constant) initialize()             {}
func registry(t interface{ Fatal(...any) }) *codec.Registry {
	r, err := codec.NewRegistry(lstm{}, bidirectional{}, nothing{}, leaky{}, constant{}, tanh, zeros, zero, tanh, lstm{Units: 3})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// anyRegistry has no two prototypes of one name, so that it can serve a field
// of type any.
func anyRegistry(t interface{ Fatal(...any) }) *codec.Registry {
	r, err := codec.NewRegistry(everything{}, lstm{}, bidirectional{}, nothing{}, leaky{}, constant{}, tanh, zero)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

type (
	Activation interface{ Apply(float64) float64 }
	Name       string
	Dense      struct {
		Units      int
		Activation Activation
		NoBias     bool
	}
)

const ReLU Name = "relu"

func (Name) Apply(x float64) float64 { return max(x, 0) }

func Example() {
	r, err := codec.NewRegistry(Dense{}, ReLU)
	if err != nil {
		fmt.Println(err)
	}
	data, err := r.Encode(Dense{Units: 50, Activation: ReLU})
	fmt.Println(string(data), err)
	var d Dense
	fmt.Println(r.Decode(data, &d), d)
	fmt.Println(r.Decode([]byte(`{"class_name":"Dense","config":{"no_bias":"yes"}}`), &d))
	// Output:
	// {"class_name":"Dense","config":{"units":50,"activation":"relu"}} <nil>
	// <nil> {50 relu false}
	// config.no_bias: must be true or false, got "yes"
}

func TestEncode(t *testing.T) {
	half := 0.5
	for _, tc := range []struct {
		v    any
		want string
	}{
		{lstm{Units: 50, Activation: tanh, Init: zero, Beta1: &half},
			`{"class_name":"lstm","config":{"units":50,"activation":"tanh","init":"zeros","beta1":0.5}}`},
		{[]layer{bidirectional{Layer: nothing{}, Merge: "<é\n"}, nil},
			`[{"class_name":"bidirectional","config":{"layer":{"class_name":"nothing","config":{}},"merge":"<é\n"}},null]`},
		{[]activation{zeros, leaky{0.1}}, `["zeros",{"class_name":"leaky","config":{"slope":0.1}}]`},
		{[]nested{{3, [2]float32{1e-7, -0.25}}}, `[{"rnn_units":3,"l2_norm":[1e-07,-0.25]}]`},
		{map[string][]int{"b": nil, "a": {}, "é": {1}}, `{"a":[],"b":null,"é":[1]}`},
		{tanh, `"tanh"`},
		{"text", `"text"`},
		{nil, `null`},
	} {
		got, err := registry(t).Encode(tc.v)
		if err != nil || string(got) != tc.want {
			t.Errorf("%v: got %s, %v, want %s", tc.v, got, err, tc.want)
		}
	}
}

// TestRoundTrip: what is written reads back as an equal value.
func TestRoundTrip(t *testing.T) {
	r := anyRegistry(t)
	rapid.Check(t, func(t *rapid.T) {
		want := []layer{draw(t, 3), lstm{Beta1: rapid.Ptr(rapid.Float64(), true).Draw(t, "p")}, nil}
		var got []layer
		roundTrip(t, r, want, &got)
		first := want[0].(everything)
		var one everything
		roundTrip(t, r, first, &one)
		var table map[string]everything
		roundTrip(t, r, map[string]everything{first.Text: first}, &table)
	})
}

func roundTrip(t *rapid.T, r *codec.Registry, want, dst any) {
	data, err := r.Encode(want)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Decode(data, dst); err != nil {
		t.Fatalf("%s: %v", data, err)
	}
	if got := reflect.ValueOf(dst).Elem().Interface(); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v, by %s", got, want, data)
	}
}

// draw makes a value with something in every field.
func draw(t *rapid.T, depth int) everything {
	n := rapid.Custom(func(t *rapid.T) nested {
		return nested{rapid.Uint8().Draw(t, "u"), [2]float32{rapid.Float32().Draw(t, "a"), rapid.Float32().Draw(t, "b")}}
	})
	act := rapid.SampledFrom([]activation{nil, tanh, leaky{}, leaky{0.3}})
	e := everything{
		Bool: rapid.Bool().Draw(t, "bool"),
		I8:   rapid.Int8().Draw(t, "i8"), I16: rapid.Int16().Draw(t, "i16"),
		I32: rapid.Int32().Draw(t, "i32"), I64: rapid.Int64().Draw(t, "i64"),
		U: rapid.Uint().Draw(t, "u"), U8: rapid.Uint8().Draw(t, "u8"), U16: rapid.Uint16().Draw(t, "u16"),
		U32: rapid.Uint32().Draw(t, "u32"), U64: rapid.Uint64().Draw(t, "u64"),
		F32: rapid.Float32().Draw(t, "f32"), F64: rapid.Float64().Draw(t, "f64"),
		Text: rapid.String().Draw(t, "text"), Bytes: orNil(t, rapid.SliceOf(rapid.Byte())),
		Nested: n.Draw(t, "nested"), List: orNil(t, rapid.SliceOfN(n, 0, 3)),
		Lists:   orNil(t, rapid.SliceOfN(rapid.SliceOfN(rapid.Int(), 0, 3), 0, 3)),
		Pointer: rapid.Ptr(n, true).Draw(t, "pointer"),
		Map:     rapid.MapOfN(rapid.String(), rapid.Ptr(rapid.Int(), true), 0, 3).Draw(t, "map"),
		Names:   rapid.MapOfN(rapid.Just(tanh), act, 0, 1).Draw(t, "names"),
		Any:     rapid.SampledFrom([]any{nil, tanh, zero, constant{2}, nothing{}}).Draw(t, "any"),
	}
	if depth > 0 && rapid.Bool().Draw(t, "deeper") {
		next := draw(t, depth-1)
		e.Next = &next
		e.Layers = []layer{bidirectional{Layer: draw(t, depth-1)}, lstm{Activation: act.Draw(t, "act"), Init: zero}}
	}
	return e
}

func orNil[T any](t *rapid.T, g *rapid.Generator[[]T]) []T {
	return rapid.OneOf(g, rapid.Just[[]T](nil)).Draw(t, "slice")
}

// FuzzDecode: what can be read can be written, and reads as an equal value.
func FuzzDecode(f *testing.F) {
	f.Add([]byte(`[{"class_name":"lstm","config":{"units":50,"activation":"tanh","init":"zeros","beta1":0.5}},null]`))
	f.Add([]byte(`[{"config":{"layer":{"class_name":"nothing","config":{}}},"class_name":"bidirectional"}]`))
	f.Add([]byte(`[{"class_name":"everything","config":{"next":{"map":{"a":1,"b":null},"bytes":[1,255]},"any":"tanh","list":[{"l2_norm":[1e-7,-0]}]}}]`))
	f.Add([]byte(`[{"class_name":"everything","config":{"layers":[],"names":{"x":{"class_name":"leaky","config":{"slope":3e38}}},"i8":-128,"u64":18446744073709551615}}]`))
	f.Add([]byte(strings.Repeat(`[`, 200)))
	r := anyRegistry(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		var first, again []layer
		if r.Decode(data, &first) != nil {
			return
		}
		out, err := r.Encode(first)
		if err != nil {
			t.Fatal(err)
		}
		if err := r.Decode(out, &again); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(first, again) {
			t.Errorf("%s became %s", data, out)
		}
	})
}

// refused checks an error of bad input, and its value where one is given.
func refused(t *testing.T, label string, err error, path, field, value string) {
	t.Helper()
	want := errs.Error{Path: path, Field: field}
	if value != "" {
		want.Value = value
	}
	t.Run(label, func(t *testing.T) {
		t.Helper()
		errtest.Check(t, err, want)
	})
}
