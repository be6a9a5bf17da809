package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// tiny are flags for a run that takes a fraction of a second.
var tiny = []string{"--steps", "3", "--units", "2", "--epochs", "1"}

// demoRun is the result of one run of the program.
type demoRun struct {
	status         int
	stdout, stderr string
}

// runDemo runs the program as main does.
func runDemo(t *testing.T, args ...string) demoRun {
	t.Helper()
	var out, err bytes.Buffer
	status := start(context.Background(), args, &out, &err)
	return demoRun{status, out.String(), err.String()}
}

// stockJSON runs the stock demo and parses its results.
func stockJSON(t *testing.T, args ...string) map[string]any {
	t.Helper()
	run := runDemo(t, append([]string{"stock", "--json"}, args...)...)
	if run.status != statusOK {
		t.Fatalf("status %d: %s", run.status, run.stderr)
	}
	var results map[string]any
	if err := json.Unmarshal([]byte(run.stdout), &results); err != nil {
		t.Fatalf("standard output is not one JSON object: %v\n%s", err, run.stdout)
	}
	return results
}

// write creates a file in the working directory.
func write(t *testing.T, name, text string) string {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// wave returns a CSV file with dates and a predictable series.
func wave(rows int) string {
	var b strings.Builder
	b.WriteString("label,close\n")
	value, change := 100.0, 1.0
	for i := range rows {
		if i%7 == 3 {
			change = -change * 0.9
		}
		value += change
		fmt.Fprintf(&b, "d%03d,%.6f\n", i, value)
	}
	return b.String()
}

// files lists all files and folders below the working directory.
func files(t *testing.T) []string {
	t.Helper()
	var found []string
	err := filepath.WalkDir(".", func(path string, d os.DirEntry, err error) error {
		if err == nil && path != "." {
			found = append(found, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}
