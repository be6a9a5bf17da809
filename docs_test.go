package engram_test

import (
	"bytes"
	"os"
	"regexp"
	"testing"
)

// The layer and the test in docs/adding-a-layer.md are those that
// layers/adding_test.go compiles and runs.
func TestAddingALayer(t *testing.T) {
	doc, err := os.ReadFile("docs/adding-a-layer.md")
	if err != nil {
		t.Fatal(err)
	}
	code, err := os.ReadFile("layers/adding_test.go")
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?s)```go\n(.*?)```").FindAllSubmatch(doc, -1)
	if len(blocks) != 3 {
		t.Fatalf("got %d pieces of code, want 3", len(blocks))
	}
	for _, b := range blocks[:2] {
		if !bytes.Contains(code, b[1]) {
			t.Errorf("layers/adding_test.go does not have\n%s", b[1])
		}
	}
}
