package strictjson_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/errs/errtest"
	"github.com/engram-go/engram/internal/strictjson"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func Example() {
	data := []byte(`{"units": 50, "shape": [30, 1]}`)
	if err := strictjson.Check(data, 2); err != nil {
		fmt.Println(err)
	}
	err := strictjson.Object(data, func(key string, value []byte) error {
		fmt.Printf("%s is %s\n", key, value)
		return nil
	})
	fmt.Println(err)
	// Output:
	// units is 50
	// shape is [30, 1]
	// <nil>
}

func TestCheck(t *testing.T) {
	for _, tc := range []struct{ data, want string }{
		{`{"a": [1, {"b": "]]]]"}]}`, ""},
		{` "\ud83d\ude00 \\ud83d \"" `, ""},
		{``, "complete"},
		{`{} {}`, "complete"},
		{`[1,]`, "complete"},
		{`nan`, "complete"},
		{"\"\xff\"", "UTF-8"},
		{`[[[[1]]]]`, "3 levels"},
		{`"\ud83d"`, "surrogate"},
		{`"\ude00"`, "surrogate"},
		{`"\\\uD83Dx\ude00"`, "surrogate"},
		{`"\ud83d\ud83d"`, "surrogate"},
	} {
		checkError(t, tc.data, strictjson.Check([]byte(tc.data), 3), tc.want)
	}
}

func TestWrongKind(t *testing.T) {
	none := func(string, []byte) error { return nil }
	for _, data := range []string{`3`, `null`, `[]`, `"a"`, ``} {
		errtest.Check(t, strictjson.Object([]byte(data), none), errs.Error{Value: data})
	}
	for _, data := range []string{`3`, `null`, `{}`, `"a"`, ``} {
		errtest.Check(t, strictjson.Array([]byte(data), func(int, []byte) error { return nil }), errs.Error{Value: data})
	}
	for _, data := range []string{`3`, `null`, `{}`, `[]`, ``} {
		_, err := strictjson.String([]byte(data))
		errtest.Check(t, err, errs.Error{Value: data})
	}
	_, err := strictjson.AppendString(nil, "\xff")
	errtest.Check(t, err, errs.Error{Value: `"\xff"`})
	errtest.Check(t, strictjson.Object([]byte(`{"a":1,"b":2,"\u0061":3}`), none), errs.Error{Value: `"\u0061"`})
}

func TestStopsAtError(t *testing.T) {
	stop := errors.New("stop")
	calls := 0
	if err := strictjson.Object([]byte(`{"a":1,"b":2}`), func(string, []byte) error { calls++; return stop }); err != stop {
		t.Error(err)
	}
	if err := strictjson.Array([]byte(`[1,2]`), func(int, []byte) error { calls++; return stop }); err != stop {
		t.Error(err)
	}
	if calls != 2 {
		t.Error("visited after an error:", calls)
	}
}

func TestClip(t *testing.T) {
	if got := strictjson.Clip([]byte("short")); got != "short" {
		t.Error(got)
	}
	if got := strictjson.Clip([]byte(strings.Repeat("é", 1000))); got != strings.Repeat("é", 30)+"…" {
		t.Error(got)
	}
}

func TestLabel(t *testing.T) {
	for name, want := range map[string]string{
		"lstm/kernel": "lstm/kernel", "é": "é", "": `""`, "a\n": `"a\n"`, `a"`: `"a\""`,
		strings.Repeat("x", 100): `"` + strings.Repeat("x", 60) + `…"`,
	} {
		if got := strictjson.Label(name); got != want {
			t.Errorf("%q: got %s, want %s", name, got, want)
		}
	}
}

// TestAgainstStandard compares the walk through random documents with encoding/json.
func TestAgainstStandard(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := value(3).Draw(t, "value")
		data, err := json.Marshal(want)
		if rapid.Bool().Draw(t, "indent") {
			data, err = json.MarshalIndent(want, "\r", "\t ")
		}
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(reread(t, data), walk(t, data)); diff != "" {
			t.Error(diff)
		}
	})
}

func FuzzWalk(f *testing.F) {
	for _, s := range []string{`{"a":[1,"b",null],"c":{}}`, `[[],[ ],{"\"":-1e9}]`, `"\ud83d\ude00"`, `[1 , 2]`, ` 1 `} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if strictjson.Check(data, 20) != nil || again(data) != nil {
			return
		}
		if diff := cmp.Diff(reread(t, data), walk(t, data)); diff != "" {
			t.Error(diff)
		}
	})
}

func TestAppendString(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := rapid.String().Draw(t, "s")
		data, err := strictjson.AppendString([]byte("x"), want)
		if err != nil {
			t.Fatal(err)
		}
		got, err := strictjson.String(data[1:])
		if err != nil || got != want || data[0] != 'x' {
			t.Errorf("%q became %q by %q: %v", want, got, data, err)
		}
	})
}

// again reports what Object refuses in some part of data: a key given twice.
func again(data []byte) error {
	switch strings.TrimSpace(string(data))[0] {
	case '{':
		return strictjson.Object(data, func(_ string, v []byte) error { return again(v) })
	case '[':
		return strictjson.Array(data, func(_ int, v []byte) error { return again(v) })
	}
	return nil
}

func value(depth int) *rapid.Generator[any] {
	plain := []*rapid.Generator[any]{
		rapid.Just[any](nil), rapid.Bool().AsAny(), rapid.String().AsAny(), rapid.Float64().AsAny(),
	}
	if depth > 0 {
		plain = append(plain,
			rapid.SliceOfN(value(depth-1), 0, 4).AsAny(),
			rapid.MapOfN(rapid.String(), value(depth-1), 0, 4).AsAny())
	}
	return rapid.OneOf(plain...)
}

type failer interface{ Fatal(...any) }

func reread(t failer, data []byte) any {
	dec := json.NewDecoder(strings.NewReader(string(data)))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		t.Fatal(err)
	}
	return v
}

func walk(t failer, data []byte) any {
	var err error
	var out any
	switch c := strings.TrimSpace(string(data))[0]; c {
	case '{':
		m := map[string]any{}
		err = strictjson.Object(data, func(k string, v []byte) error { m[k] = walk(t, v); return nil })
		out = m
	case '[':
		s := []any{}
		err = strictjson.Array(data, func(i int, v []byte) error {
			if i != len(s) {
				t.Fatal("element", i, "after", len(s))
			}
			s = append(s, walk(t, v))
			return nil
		})
		out = s
	case '"':
		out, err = strictjson.String(data)
	default:
		out = reread(t, data)
	}
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func checkError(t *testing.T, name string, err error, want string) {
	t.Helper()
	if want == "" {
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		return
	}
	if !errors.Is(err, errs.ErrInput) || !strings.Contains(err.Error(), want) {
		t.Errorf("%s: error %v does not say %q", name, err, want)
	}
}
