package search_test

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"math"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/errs/errtest"
	"github.com/engram-go/engram/train/optimizers"
	"github.com/engram-go/engram/train/search"
	"github.com/google/go-cmp/cmp"
	"github.com/pkg/errors"
	"pgregory.net/rapid"
)

func TestTable(t *testing.T) {
	r := &search.Result{
		Names: []string{"Network.Units", "Optimizer", "rate"},
		Rows: []search.Row{
			{Trial: 0, State: search.Failed, Score: math.NaN(), Epochs: 2, Error: "loss is not finite\nin step 3", Values: map[string]any{
				"Network.Units": 8, "Optimizer": optimizers.SGD{LearningRate: 0.5, Nesterov: true}, "rate": 0.1234567}},
			{Trial: 1, State: search.Done, Score: 0.25, Values: map[string]any{"Network.Units": 16, "Optimizer": optimizers.Adam{}, "rate": 1e-9}},
			{Trial: 2, State: search.Stopped, Score: 0.125, Epochs: 4, Values: map[string]any{"Network.Units": 128, "Optimizer": optimizers.Adam{}, "rate": 2.0}},
			{Trial: 3, State: search.Stopped, Score: 1.0 / 3, Epochs: 16, Values: map[string]any{"Network.Units": 4, "Optimizer": optimizers.Adam{}, "rate": 3.0}},
			{Trial: 10, State: search.Done, Score: 0.1875, Epochs: 64, Values: map[string]any{"Network.Units": 2, "Optimizer": optimizers.Adam{}, "rate": 4.0}},
		},
	}
	var out bytes.Buffer
	check(t, r.WriteTable(&out))
	want := `
trial    score  epochs  state    Network.Units
       Optimizer                                          rate
   10   0.1875      64  done     2
       optimizers.Adam{}                                  4
    1     0.25          done     16
       optimizers.Adam{}                                  1e-09
    3  0.33333      16  stopped  4
       optimizers.Adam{}                                  3
    2    0.125       4  stopped  128
       optimizers.Adam{}                                  2
    0                2  failed   8
       optimizers.SGD{LearningRate: 0.5, Nesterov: true}  0.12346
       loss is not finite
`
	if diff := cmp.Diff(want[1:], out.String()); diff != "" {
		t.Error(diff)
	}
	best, err := r.Best()
	if err != nil || best.Trial != 10 {
		t.Errorf("the best is %+v, %v", best, err)
	}
	r.Maximize = true
	if best, err := r.Best(); err != nil || best.Trial != 1 {
		t.Errorf("the highest is %+v, %v", best, err)
	}
	r.Rows = r.Rows[2:4]
	_, err = r.Best()
	errtest.Check(t, err, errs.Error{Path: "search", Field: "result"})
	if _, err := (&search.Result{}).Best(); err == nil {
		t.Error("nothing has a best")
	}
}

// A table has at most 80 columns and no line breaks but its own, whatever values are; CSV
// has all of them.
func TestTableOfAnything(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := &search.Result{}
		for i := range rapid.IntRange(0, 8).Draw(t, "parameters") {
			r.Names = append(r.Names, fmt.Sprint(i, rapid.StringMatching(`[ -~]{0,100}`).Draw(t, "name")))
		}
		for i := range rapid.IntRange(0, 4).Draw(t, "rows") {
			row := search.Row{Trial: i * rapid.IntRange(1, 1<<19).Draw(t, "trial"), State: search.Done, Score: rapid.Float64().Draw(t, "score"), Values: map[string]any{}}
			if rapid.Bool().Draw(t, "failed") {
				row.State, row.Score, row.Error = search.Failed, math.NaN(), "x"+rapid.String().Draw(t, "error")
			}
			for _, name := range r.Names {
				row.Values[name] = rapid.OneOf(rapid.String().AsAny(), rapid.Float64().AsAny(), rapid.Int().AsAny()).Draw(t, "value")
			}
			r.Rows = append(r.Rows, row)
		}
		var out bytes.Buffer
		check(t, r.WriteTable(&out))
		for line := range strings.Lines(out.String()) {
			if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); n > 80 {
				t.Fatalf("%d columns: %s", n, line)
			}
		}
		out.Reset()
		check(t, r.WriteCSV(&out))
		records, err := csv.NewReader(&out).ReadAll()
		check(t, err)
		if len(records) != len(r.Rows)+1 {
			t.Fatalf("%d lines of CSV for %d rows", len(records), len(r.Rows))
		}
		for i, row := range r.Rows {
			line := records[i+1]
			if line[0] != strconv.Itoa(row.Trial) || line[1] != string(row.State) || len(line) != 5+len(r.Names) {
				t.Fatalf("got %q for %+v", line, row)
			}
			for k, name := range r.Names {
				if f, ok := row.Values[name].(float64); ok {
					if got, err := strconv.ParseFloat(line[4+k], 64); err != nil || got != f && !math.IsNaN(f) {
						t.Fatalf("got %q for %v", line[4+k], f)
					}
				}
			}
		}
	})
}

// Errors of a writer are returned.
func TestWriteErrors(t *testing.T) {
	full := errors.New("full")
	r := &search.Result{Names: []string{"a"}, Rows: []search.Row{{Values: map[string]any{"a": 1}}}}
	for _, write := range []func() error{
		func() error { return r.WriteTable(failing{full}) }, func() error { return r.WriteCSV(failing{full}) },
	} {
		if err := write(); !errors.Is(err, full) {
			t.Errorf("got %v", err)
		}
	}
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }
