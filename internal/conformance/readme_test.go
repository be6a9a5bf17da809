package conformance_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"

	// What the README's program uses, so that a change there runs this test
	// again.
	_ "github.com/engram-go/engram/datasets"
	_ "github.com/engram-go/engram/models"
	_ "github.com/engram-go/engram/train"
)

// The README's program runs unchanged, and prints what the README says: its
// errors and those of persistence, which are not far apart.
func TestReadmeProgram(t *testing.T) {
	if testing.Short() {
		t.Skip("fits for 50 epochs")
	}
	readme, err := readFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	block := regexp.MustCompile("(?s)```go\n(.*?)```").FindSubmatch(readme)
	if block == nil {
		t.Fatal("README.md has no Go program")
	}
	file := filepath.Join(t.TempDir(), "main.go")
	if err := os.WriteFile(file, block[1], 0o600); err != nil {
		t.Fatal(err)
	}
	var stdout, stderr bytes.Buffer
	cmd := exec.Command("go", "run", file)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v\n%s", err, stderr.String())
	}
	want := regexp.MustCompile(`^DAX: RMSE 6[2-8]\.\d+, MAE [45]\d\.\d+ over 372 windows; persistence RMSE 62\.99, MAE 48\.21; skill -?\d+\.\d %\n$`)
	if !want.Match(stdout.Bytes()) {
		t.Errorf("printed %q", stdout.String())
	}
	if n := bytes.Count(stderr.Bytes(), []byte("Epoch ")); n != 50 {
		t.Errorf("progress shows %d epochs, want 50", n)
	}
}
