package main

import (
	"bytes"
	"io"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The programs on the page print the same score as the demo.
func TestProgram(t *testing.T) {
	if testing.Short() {
		t.Skip("builds programs")
	}
	dir := t.TempDir()
	csv := write(t, filepath.Join(dir, "own prices.csv"), wave(100))
	for name, o := range map[string]stockOptions{
		"built-in": {transform: "log-return"},
		"own":      {transform: "diff", csv: csv},
	} {
		o.setting = setting{steps: 3, units: 2, epochs: 1, seed: 3}
		f, _, err := o.forecasters()
		if err != nil {
			t.Fatal(err)
		}
		if err := f.fit(t.Context(), io.Discard); err != nil {
			t.Fatal(err)
		}
		code, err := f.program()
		if err != nil {
			t.Fatal(err)
		}
		main := write(t, filepath.Join(dir, "main.go"), code)
		if out, err := exec.Command("gofmt", "-l", main).CombinedOutput(); err != nil || len(out) > 0 {
			t.Errorf("%s: gofmt: %v %s\n%s", name, err, out, code)
		}
		run := exec.CommandContext(t.Context(), "go", "run", main)
		var progress bytes.Buffer
		run.Stderr = &progress
		out, err := run.Output()
		if err != nil {
			t.Fatalf("%s: %v\n%s\n%s", name, err, progress.String(), code)
		}
		if want := f.score.String() + "\n"; string(out) != want || !strings.Contains(want, "RMSE") {
			t.Errorf("%s: the program prints %q, the demo has %q", name, out, want)
		}
	}
}
