package notebook

import (
	"bytes"
	"html/template"
	"os"
	"path/filepath"
	"strings"

	"github.com/pkg/errors"

	"github.com/engram-go/engram/graph"
)

// WriteFile writes the page to a file in dir, which it creates if necessary, and
// returns the path of the file. The name is a plain file name, such as "stock.html";
// nothing is written outside dir. An existing file is replaced atomically. The same
// blocks give the same bytes. If an earlier call failed, WriteFile writes nothing and
// returns the first error.
func (n *Notebook) WriteFile(dir, name string) (string, error) {
	if n.err != nil {
		return "", n.err
	}
	if dir == "" {
		return "", graph.Error{Path: "notebook", Field: "dir", Rule: "must not be empty"}
	}
	if name == "." || !filepath.IsLocal(name) || strings.ContainsAny(name, "/\\\x00") {
		return "", graph.Error{Path: "notebook", Field: "name", Rule: "must be a plain file name", Value: name}
	}
	var page bytes.Buffer
	err := pages.ExecuteTemplate(&page, "page", struct {
		Title  string
		Blocks []template.HTML
	}{n.title, n.blocks})
	if err != nil {
		return "", errors.Wrap(err, "notebook: page")
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", errors.Wrap(err, "notebook")
	}
	path := filepath.Join(dir, name)
	if err := replace(path, page.Bytes()); err != nil {
		return "", errors.Wrap(err, "notebook")
	}
	return path, nil
}

// replace writes a temporary file in the same folder and renames it to path.
func replace(path string, data []byte) (err error) {
	file, err := os.CreateTemp(filepath.Dir(path), ".notebook-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			os.Remove(file.Name())
		}
	}()
	_, err = file.Write(data)
	if err == nil {
		err = file.Chmod(0o644) // readable for a browser of another user
	}
	if closing := file.Close(); err == nil {
		err = closing
	}
	if err != nil {
		return err
	}
	return os.Rename(file.Name(), path)
}
