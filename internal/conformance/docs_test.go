package conformance_test

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

// The layer, the cell, their tests and the model in docs/adding-a-layer.md are
// those that adding_test.go compiles and runs.
func TestAddingALayer(t *testing.T) {
	doc, err := readFile("docs/adding-a-layer.md")
	if err != nil {
		t.Fatal(err)
	}
	code, err := readFile("internal/conformance/adding_test.go")
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?s)```go\n(.*?)```").FindAllSubmatch(doc, -1)
	if len(blocks) != 5 {
		t.Fatalf("got %d pieces of code, want 5", len(blocks))
	}
	for i, b := range blocks {
		text := b[1]
		if i == 2 { // the model, inside a function
			text = indented(text)
		}
		if !bytes.Contains(code, text) {
			t.Errorf("adding_test.go does not have\n%s", text)
		}
	}
}

// root is the folder of the module.
const root = "../.."

// readFile reads a file of the module.
func readFile(name string) ([]byte, error) { return os.ReadFile(filepath.Join(root, name)) }

// indented is code as it is indented in a function.
func indented(code []byte) []byte {
	return regexp.MustCompile("(?m)^(.)").ReplaceAll(code, []byte("\t$1"))
}

// The programs in docs/from-keras.md are those of examples.
func TestFromKeras(t *testing.T) {
	doc, err := readFile("docs/from-keras.md")
	if err != nil {
		t.Fatal(err)
	}
	examples := []string{"datasets/example_test.go", "train/example_from_keras_test.go"}
	blocks := regexp.MustCompile("(?s)```go\n(.*?)```").FindAllSubmatch(doc, -1)
	if len(blocks) != len(examples) {
		t.Fatalf("got %d pieces of code, want %d", len(blocks), len(examples))
	}
	for i, example := range examples {
		code, err := readFile(example)
		if err != nil {
			t.Fatal(err)
		}
		if text := indented(blocks[i][1]); !bytes.Contains(code, text) {
			t.Errorf("%s does not have\n%s", example, text)
		}
	}
}

// The code in docs/custom-training.md is that of examples.
func TestCustomTraining(t *testing.T) {
	doc, err := readFile("docs/custom-training.md")
	if err != nil {
		t.Fatal(err)
	}
	var code []byte
	for _, example := range []string{"train/example_custom_training_test.go", "train/example_gradients_test.go", "train/example_stream_test.go", "train/checkpoint/example_test.go"} {
		text, err := readFile(example)
		if err != nil {
			t.Fatal(err)
		}
		code = append(code, text...)
	}
	blocks := regexp.MustCompile("(?s)```go\n(.*?)```").FindAllSubmatch(doc, -1)
	if len(blocks) != 11 {
		t.Fatalf("got %d pieces of code, want 11", len(blocks))
	}
	for _, b := range blocks {
		if text := b[1]; !bytes.Contains(code, text) && !bytes.Contains(code, indented(text)) && !bytes.Contains(code, indented(indented(text))) {
			t.Errorf("the examples do not have\n%s", text)
		}
	}
}

// The pieces of code in the README after the first, which is a program, are those of examples.
func TestReadmeExamples(t *testing.T) {
	readme, err := readFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	examples := []string{"train/forecast/serve/example_file_test.go", "models/example_functional_test.go"}
	blocks := regexp.MustCompile("(?s)```go\n(.*?)```").FindAllSubmatch(readme, -1)
	if len(blocks) != 1+len(examples) {
		t.Fatalf("got %d pieces of code, want %d", len(blocks), 1+len(examples))
	}
	for i, example := range examples {
		code, err := readFile(example)
		if err != nil {
			t.Fatal(err)
		}
		if text := indented(blocks[i+1][1]); !bytes.Contains(code, text) {
			t.Errorf("%s does not have\n%s", example, text)
		}
	}
}

// The links of the README and of the documents lead to files of the module.
func TestLinks(t *testing.T) {
	documents, err := filepath.Glob(filepath.Join(root, "docs", "*.md"))
	if err != nil {
		t.Fatal(err)
	}
	more, err := filepath.Glob(filepath.Join(root, "docs", "*", "*.md"))
	if err != nil {
		t.Fatal(err)
	}
	link := regexp.MustCompile(`\]\(([^)#:\s]+)\)`)
	for _, document := range append(append(documents, more...), filepath.Join(root, "README.md")) {
		text, err := os.ReadFile(document)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range link.FindAllSubmatch(text, -1) {
			if _, err := os.Stat(filepath.Join(filepath.Dir(document), string(m[1]))); err != nil {
				t.Errorf("%s: link to %s: %v", document, m[1], err)
			}
		}
	}
}
