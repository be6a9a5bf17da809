package engram_test

import (
	"bytes"
	"os"
	"regexp"
	"testing"
)

// The layer, the cell and their tests in docs/adding-a-layer.md are those that
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
	if len(blocks) != 5 {
		t.Fatalf("got %d pieces of code, want 5", len(blocks))
	}
	for _, b := range append(blocks[:2:2], blocks[3:]...) { // the third is a model
		if !bytes.Contains(code, b[1]) {
			t.Errorf("layers/adding_test.go does not have\n%s", b[1])
		}
	}
}

// The functional model in the README is the one of an example.
func TestReadmeFunctional(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	code, err := os.ReadFile("models/example_functional_test.go")
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?s)```go\n(.*?)```").FindAllSubmatch(readme, -1)
	if len(blocks) != 2 {
		t.Fatalf("got %d pieces of code, want 2", len(blocks))
	}
	indented := regexp.MustCompile("(?m)^(.)").ReplaceAll(blocks[1][1], []byte("\t$1"))
	if !bytes.Contains(code, indented) {
		t.Errorf("models/example_functional_test.go does not have\n%s", indented)
	}
}
