package serve

import (
	"encoding/json"
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// Every refused request says where it is wrong, which rule holds there and what it has.
func TestRefused(t *testing.T) {
	h := handler(t, naive{}, Config{MaxBody: 500, MaxRows: 4})
	for _, c := range []struct {
		body               string
		code               int
		place, rule, value string // rule is a part of the rule
	}{
		{``, 400, "body", "must be one complete value", "nothing"},
		{`{`, 400, "body", "must be one complete value", "unexpected end of JSON input after 1 bytes"},
		{`{} {}`, 400, "body", "must be one complete value", "invalid character '{' after top-level value after 4 bytes"},
		{`{"series": NaN}`, 400, "body", "must be one complete value", "invalid character 'N' looking for beginning of value after 12 bytes"},
		{`{"series": [{"columns": {"a": [NaN]}}]}`, 400, "body", "must be one complete value", "invalid character 'N' looking for beginning of value after 32 bytes"},
		{"{\"series\": [{\"name\": \"\xff\", \"columns\": {\"a\": [1]}}]}", 400, "body", "must be UTF-8", ""},
		{`[]`, 400, "body", "must be an object", "[]"},
		{`null`, 400, "body", "must be an object", "null"},
		{strings.Repeat("[", 100) + strings.Repeat("]", 100), 400, "body", "must be at most 5 levels deep", ""},
		{`{"rows": []}`, 400, "body", "must have no other keys than series", "rows"},
		{`{"series": [], "series": []}`, 400, "body", "must not have a key twice", `"series"`},
		{`{"series": {}}`, 400, "series", "must be an array", "{}"},
		{`{"series": [1]}`, 400, "series[0]", "must be an object", "1"},
		{`{"series": [{}]}`, 400, "series[0].columns", "must have a column", ""},
		{`{"series": [{"columns": {}}]}`, 400, "series[0].columns", "must have a column", ""},
		{`{"series": [{"columns": [1]}]}`, 400, "series[0].columns", "must be an object", "[1]"},
		{`{"series": [{"columns": {"a": 1}}]}`, 400, "series[0].columns.a", "must be an array", "1"},
		{`{"series": [{"columns": {"a": []}}]}`, 400, "series[0].columns", "must have a row", ""},
		{`{"series": [{"columns": {"a": [1, "2"]}}]}`, 400, "series[0].columns.a[1]", "must be a number or null", `"2"`},
		{`{"series": [{"columns": {"a": [1, true]}}]}`, 400, "series[0].columns.a[1]", "must be a number or null", "true"},
		{`{"series": [{"columns": {"a": [1e999]}}]}`, 400, "series[0].columns.a[0]", "within the range of float64", "1e999"},
		{`{"series": [{"columns": {"a": [1], "a": [2]}}]}`, 400, "series[0].columns", "must not have a key twice", `"a"`},
		{`{"series": [{"columns": {"a": [1, 2], "b": [1]}}]}`, 400, "series[0]: b", "must have 2 rows", "1"},
		{`{"series": [{"columns": {"a": [1]}, "colour": 3}]}`, 400, "series[0]", "must have no other keys than columns, name, times", "colour"},
		{`{"series": [{"columns": {"a": [1]}, "name": 3}]}`, 400, "series[0].name", "must be a string", "3"},
		{`{"series": [{"columns": {"a": [1]}, "times": [3]}]}`, 400, "series[0].times[0]", "must be a string", "3"},
		{`{"series": [{"columns": {"a": [1]}, "times": []}]}`, 400, "series[0].times", "must be as many as the rows, 1", "0"},
		{`{"series": [{"columns": {"a": [1, 2]}, "times": ["2024-01-02", "2024-01-01"]}]}`, 400, "series[0]: times", "must go forward in time", "2024-01-02 to 2024-01-01"},
		{`{"series": [{"columns": {"a": [1, 2]}, "times": ["2024-01-02", "2024-01-02"]}]}`, 400, "series[0], row 1: times", "must not have a time twice", "2024-01-02 after 2024-01-02"},
		{`{"series": [{"columns": {"a": [1, 2]}, "times": ["2024-01-02", "soon"]}]}`, 400, "series[0], row 1: times", `must be a time written as "2024-01-02"`, `"soon"`},
		{`{"series": [{"columns": {"a": [1,2,3,4,5]}}]}`, 400, "series", "must have at most 4 rows", "5"},
		{`{"series": [{"columns": {"a": [1,2,3]}}, {"columns": {"a": [1,2]}}]}`, 400, "series", "must have at most 4 rows", "5"},
		{`{"series": [{"columns": {"a": [1,2]}, "times": ["1900-01-01", "2100-01-01"]}]}`, 400, "series", "must have at most 4 rows", "73050"},
		{`{"series": [{"columns": {"a": [1,null]}}]}`, 400, "series[0]: a", "must be known in the last row", "NaN"},
		{strings.Repeat(" ", 600), 413, "body", "must have at most 500 bytes", ""},
	} {
		w := post(h, c.body)
		e := refusal(t, w.Body)
		if w.Code != c.code || e.Place != c.place || !strings.Contains(e.Rule, c.rule) || e.Value != c.value {
			t.Errorf("%.100q: %d\nplace %q, want %q\nrule %q, want %q\nvalue %q, want %q", c.body, w.Code, e.Place, c.place, e.Rule, c.rule, e.Value, c.value)
		}
	}
}

// Numbers of a request are the same bits as those that JSON was made of, and null is NaN.
func TestParseKeepsBits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		type wire struct {
			Name    string                `json:"name"`
			Times   []string              `json:"times,omitempty"`
			Columns map[string][]*float64 `json:"columns"`
		}
		rows := rapid.IntRange(1, 5).Draw(t, "rows")
		number := rapid.Ptr(rapid.OneOf(rapid.Float64Range(-math.MaxFloat64, math.MaxFloat64), rapid.Float64(), rapid.Just(math.Copysign(0, -1))).Filter(func(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }), true)
		var sent []wire
		for range rapid.IntRange(0, 3).Draw(t, "series") {
			sent = append(sent, wire{
				Name:    rapid.String().Draw(t, "name"),
				Times:   rapid.SliceOfN(rapid.String(), 0, rows).Draw(t, "times"),
				Columns: rapid.MapOfN(rapid.String(), rapid.SliceOfN(number, rows, rows), 1, 3).Draw(t, "columns"),
			})
		}
		body, err := json.Marshal(map[string]any{"series": sent})
		if err != nil {
			t.Fatal(err)
		}
		if sent == nil {
			body = []byte(`{"series":[]}`)
		}
		got, err := parse(body)
		if err != nil || len(got) != len(sent) {
			t.Fatalf("%d series, %v", len(got), err)
		}
		for i, table := range got {
			if table.name != sent[i].Name || strings.Join(table.times, "|") != strings.Join(sent[i].Times, "|") || len(table.names) != len(sent[i].Columns) {
				t.Fatalf("got %+v, want %+v", table, sent[i])
			}
			for c, name := range table.names {
				for r, want := range sent[i].Columns[name] {
					v := table.values[c][r]
					if want == nil && !math.IsNaN(v) || want != nil && math.Float64bits(v) != math.Float64bits(*want) {
						t.Fatalf("%q[%d]: got %v, want %v", name, r, v, want)
					}
				}
			}
		}
	})
}

// No body makes the handler fail, and every answer is JSON.
func FuzzForecast(f *testing.F) {
	f.Add([]byte(`{"series": [{"name": "a", "times": ["2024-01-01", "2024-01-02"], "columns": {"close": [1, null], "b": [2, -3.5e2]}}]}`))
	f.Add([]byte(`{}`))
	f.Add([]byte(`{"series": [{"columns": {"\u00e9": [1e999]}}]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		h := handler(t, naive{}, Config{MaxBody: 1 << 16})
		w := post(h, string(body))
		if w.Code != 200 && w.Code != 400 && w.Code != 413 {
			t.Errorf("status %d: %s", w.Code, w.Body)
		}
		if !json.Valid(w.Body.Bytes()) {
			t.Errorf("not JSON: %s", w.Body)
		}
		if w.Code != 200 {
			refusal(t, w.Body)
		}
	})
}
