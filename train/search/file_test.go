package search_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/errs/errtest"
	"github.com/engram-go/engram/train/search"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// counting counts the calls of an objective.
func counting(calls *atomic.Int32, f search.Objective) search.Objective {
	return func(ctx context.Context, t *search.Trial) (float64, error) {
		calls.Add(1)
		return f(ctx, t)
	}
}

// quick is valley without waiting.
func quick(ctx context.Context, t *search.Trial) (float64, error) {
	t.Seed = 0
	return valley(ctx, t)
}

// A file that was cut anywhere continues to the same result, without the trials whose lines
// are whole.
func TestResume(t *testing.T) {
	for name, cfg := range configs() {
		t.Run(name, func(t *testing.T) {
			cfg.File = filepath.Join(t.TempDir(), "trials.jsonl")
			want := tables(t, run(t, cfg, quick))
			whole, err := os.ReadFile(cfg.File)
			check(t, err)
			rapid.Check(t, func(r *rapid.T) {
				cfg.Workers = rapid.IntRange(1, 4).Draw(r, "workers")
				cut := rapid.IntRange(0, len(whole)).Draw(r, "cut")
				check(r, os.WriteFile(cfg.File, whole[:cut], 0o666))
				lines := bytes.Count(whole, []byte("\n"))
				left := lines - max(1, bytes.Count(whole[:cut], []byte("\n")))
				var calls atomic.Int32
				if diff := cmp.Diff(want, tables(r, run(r, cfg, counting(&calls, quick)))); diff != "" {
					r.Fatal(diff)
				}
				if int(calls.Load()) != left {
					r.Fatalf("%d trials ran, want %d", calls.Load(), left)
				}
				got, err := os.ReadFile(cfg.File)
				check(r, err)
				if bytes.Count(got, []byte("\n")) != lines || !bytes.HasPrefix(got, whole[:bytes.LastIndexByte(whole[:cut], '\n')+1]) {
					r.Fatalf("the file has become\n%s", got)
				}
			})
		})
	}
}

// A canceled search continues to the same result.
func TestResumeAfterCancel(t *testing.T) {
	for name, cfg := range configs() {
		t.Run(name, func(t *testing.T) {
			want := tables(t, run(t, cfg, quick))
			cfg.File = filepath.Join(t.TempDir(), "trials.jsonl")
			cfg.Workers = 3
			total := 0
			for done := false; !done; {
				ctx, cancel := context.WithCancel(t.Context())
				var calls atomic.Int32
				r, err := search.Run(ctx, cfg, func(ctx context.Context, trial *search.Trial) (float64, error) {
					if calls.Add(1) == 10 {
						cancel()
					}
					return quick(ctx, trial)
				})
				cancel()
				if err != nil && len(r.Rows) <= total {
					t.Fatalf("no trial was finished: %v", err)
				}
				if total, done = len(r.Rows), err == nil; done {
					if diff := cmp.Diff(want, tables(t, r)); diff != "" {
						t.Error(diff)
					}
				}
			}
		})
	}
}

// A random search continues with more trials.
func TestMoreTrials(t *testing.T) {
	cfg := search.Config{Space: space, Method: search.Random{Trials: 10}, File: filepath.Join(t.TempDir(), "trials.jsonl")}
	run(t, cfg, quick)
	cfg.Method = search.Random{Trials: 25}
	var calls atomic.Int32
	got := run(t, cfg, counting(&calls, quick))
	cfg.File = ""
	if diff := cmp.Diff(tables(t, run(t, cfg, quick)), tables(t, got)); diff != "" || calls.Load() != 15 {
		t.Errorf("%d trials ran: %s", calls.Load(), diff)
	}
}

// A file that something else writes to is an error, and so is one that was removed.
func TestFileOfTwoSearches(t *testing.T) {
	for name, c := range map[string]struct {
		change func(path string) error
		field  string
	}{
		"another search": {func(path string) error {
			_, err := search.Run(context.Background(), search.Config{Space: space, Method: search.Random{Trials: 10}, File: path}, quick)
			return err
		}, "file"},
		"removed": {os.Remove, "file"},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := search.Config{Space: space, Method: search.Random{Trials: 10}, File: filepath.Join(t.TempDir(), "trials.jsonl"), Workers: 1}
			r, err := search.Run(t.Context(), cfg, func(ctx context.Context, trial *search.Trial) (float64, error) {
				if trial.Number == 3 {
					check(t, c.change(cfg.File))
				}
				return quick(ctx, trial)
			})
			errtest.Check(t, err, errs.Error{Path: cfg.File, Field: c.field})
			if len(r.Rows) != 3 {
				t.Errorf("%d trials are finished, want 3", len(r.Rows))
			}
		})
	}
}

// small is a search with a file.
func small(path string) search.Config {
	return search.Config{
		Space: search.Space{"a": search.Choice[int]{1, 2, 3}}, Method: search.Grid{}, Seed: 4, File: path,
		Halving: &search.Halving{First: 2, Factor: 2},
	}
}

func smallObjective(_ context.Context, t *search.Trial) (float64, error) {
	t.Report(5, float64(t.Int("a")))
	return 0.5, nil
}

func TestFileFormat(t *testing.T) {
	path := filepath.Join(t.TempDir(), "trials.jsonl")
	cfg := small(path)
	cfg.Workers = 1
	run(t, cfg, smallObjective)
	text, err := os.ReadFile(path)
	check(t, err)
	var lines []string
	for line := range strings.Lines(string(text)) {
		before, _, _ := strings.Cut(line, `,"seconds"`)
		lines = append(lines, strings.TrimSpace(before))
	}
	want := []string{
		`{"search":1,"seed":4,"halving":{"First":2,"Factor":2}}`,
		`{"trial":0,"values":{"a":"1"},"state":"done","score":0.5,"epochs":5,"rungs":[1,1]`,
		`{"trial":1,"values":{"a":"2"},"state":"stopped","score":2,"epochs":5,"rungs":[2]`,
		`{"trial":2,"values":{"a":"3"},"state":"stopped","score":3,"epochs":5,"rungs":[3]`,
	}
	if diff := cmp.Diff(want, lines); diff != "" {
		t.Error(diff)
	}
}

func TestFileErrors(t *testing.T) {
	const head = `{"search":1,"seed":4,"halving":{"First":2,"Factor":2}}` + "\n"
	line := func(old, new string) string {
		good := `{"trial":1,"values":{"a":"2"},"state":"done","score":0.5,"epochs":2,"rungs":[2],"seconds":1}` + "\n"
		if !strings.Contains(good, old) {
			t.Fatalf("no %s in the line", old)
		}
		return head + strings.Replace(good, old, new, 1)
	}
	for _, c := range []struct {
		text string
		line int
		want errs.Error
	}{
		{"a note", 0, errs.Error{Field: "file"}},
		{"a note\n", 1, errs.Error{Field: "line"}},
		{"{}\n", 1, errs.Error{Field: "search", Value: 0}},
		{strings.Replace(head, `"search":1`, `"search":2`, 1), 1, errs.Error{Field: "search", Value: 2}},
		{strings.Replace(head, `"seed":4`, `"seed":5`, 1), 1, errs.Error{Field: "seed", Value: 5}},
		{strings.Replace(head, `"seed":4`, `"seed":4,"maximize":true`, 1), 1, errs.Error{Field: "maximize", Value: true}},
		{strings.Replace(head, `"Factor":2`, `"Factor":3`, 1), 1, errs.Error{Field: "halving", Value: "{First:2 Factor:3}"}},
		{`{"search":1,"seed":4}` + "\n", 1, errs.Error{Field: "halving", Value: "none"}},
		{strings.Replace(head, `"seed":4`, `"seed":-4`, 1), 1, errs.Error{Field: "line"}},
		{head + "\n", 2, errs.Error{Field: "line"}},
		{head + strings.Repeat("x", 1<<20) + "\n", 0, errs.Error{Field: "line 2"}},
		{line(`"trial":1`, `"trial":3`), 2, errs.Error{Field: "trial", Value: 3}},
		{line(`"trial":1`, `"trial":-1`), 2, errs.Error{Field: "trial", Value: -1}},
		{line(`"trial":1,`, ``), 2, errs.Error{Field: "trial", Value: "none"}},
		{line(`"trial":1`, `"trial":1.5`), 2, errs.Error{Field: "line"}},
		{line(`"a":"2"`, `"a":"3"`), 2, errs.Error{Field: `"a" of trial 1`, Value: "3"}},
		{line(`"a":"2"`, ``), 2, errs.Error{Field: `"a" of trial 1`}},
		{line(`"a":"2"`, `"a":"2","b":"1"`), 2, errs.Error{Field: "values", Value: 2}},
		{line(`"done"`, `"begun"`), 2, errs.Error{Field: "state", Value: `"begun"`}},
		{line(`"done"`, `"failed"`), 2, errs.Error{Field: "score"}},
		{line(`"state":"done","score":0.5`, `"state":"failed"`), 2, errs.Error{Field: "error"}},
		{line(`"score":0.5,`, ``), 2, errs.Error{Field: "score"}},
		{line(`"score":0.5`, `"score":1e999`), 2, errs.Error{Field: "line"}},
		{line(`"epochs":2,"rungs":[2]`, `"epochs":-2`), 2, errs.Error{Field: "epochs", Value: -2}},
		{line(`"epochs":2`, `"epochs":1`), 2, errs.Error{Field: "rungs", Value: 1}},
		{line(`"rungs":[2]`, `"rungs":[2,1]`), 2, errs.Error{Field: "rungs", Value: 2}},
		{line(`"seconds":1`, `"seconds":-1`), 2, errs.Error{Field: "seconds", Value: -1}},
		{line(`"seconds":1`, `"seconds":1e300`), 2, errs.Error{Field: "seconds", Value: 1e300}},
		{line(`"seconds":1`, `"seconds":1,"error":"x"`), 2, errs.Error{Field: "error"}},
		{line(`"seconds":1`, `"seconds":1,"more":1`), 2, errs.Error{Field: "line"}},
		{line("\n", "\n") + strings.TrimPrefix(line("\n", "\n"), head), 3, errs.Error{Field: "trial", Value: 1}},
	} {
		path := filepath.Join(t.TempDir(), "trials.jsonl")
		check(t, os.WriteFile(path, []byte(c.text), 0o666))
		_, err := search.Run(t.Context(), small(path), smallObjective)
		if c.want.Path = path; c.line > 0 {
			c.want.Path = fmt.Sprintf("%s:%d", path, c.line)
		}
		errtest.Check(t, err, c.want)
		if after, err := os.ReadFile(path); err != nil || string(after) != c.text {
			t.Errorf("the file that was refused was changed: %v", err)
		}
	}
	for path, field := range map[string]string{t.TempDir(): "file", filepath.Join(t.TempDir(), "none", "x"): "file"} {
		_, err := search.Run(t.Context(), small(path), smallObjective)
		errtest.Check(t, err, errs.Error{Path: path, Field: field})
	}
	long := search.Config{Space: search.Space{"a": search.Choice[string]{strings.Repeat("x", 1<<20)}}, Method: search.Grid{}, File: filepath.Join(t.TempDir(), "x")}
	_, err := search.Run(t.Context(), long, constant)
	errtest.Check(t, err, errs.Error{Path: long.File, Field: "line"})
}

// Any file is refused as it is, or continues to a file that is complete.
func FuzzFile(f *testing.F) {
	path := filepath.Join(f.TempDir(), "trials.jsonl")
	cfg := small(path)
	cfg.Workers = 1
	if _, err := search.Run(context.Background(), cfg, smallObjective); err != nil {
		f.Fatal(err)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		f.Fatal(err)
	}
	for _, cut := range []int{0, 10, len(whole) / 2, len(whole) - 1, len(whole)} {
		f.Add(whole[:cut])
	}
	f.Add(bytes.Replace(whole, []byte("\n"), []byte("\n\n"), 2))
	f.Add(bytes.ReplaceAll(whole, []byte(`"epochs":5`), []byte(`"epochs":9223372036854775807`)))
	f.Fuzz(func(t *testing.T, data []byte) {
		check(t, os.WriteFile(path, data, 0o666))
		r, err := search.Run(context.Background(), cfg, smallObjective)
		if err != nil {
			if after, e := os.ReadFile(path); e != nil || !bytes.Equal(after, data) {
				t.Fatalf("the file that was refused (%v) was changed: %v", err, e)
			}
			return
		}
		var calls atomic.Int32
		again, err := search.Run(context.Background(), cfg, counting(&calls, smallObjective))
		check(t, err)
		if tables(t, r) != tables(t, again) || calls.Load() > 0 {
			t.Fatalf("%d trials ran again", calls.Load())
		}
	})
}
