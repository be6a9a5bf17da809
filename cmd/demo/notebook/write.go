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

// WriteFile writes the page to the file of that name in dir, which it makes
// where it is missing, and returns the file's path. The name is a plain file
// name, such as "stock.html"; nothing is written outside dir. The page appears
// as a whole or not at all, in place of an older one. The same blocks give the
// same bytes. The first mistake of an earlier call is returned here, and then
// nothing is written.
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

// replace writes a file beside path and moves it there once it is whole.
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
		err = file.Chmod(0o644) // a page is to be read, also by a browser of another user
	}
	if closing := file.Close(); err == nil {
		err = closing
	}
	if err != nil {
		return err
	}
	return os.Rename(file.Name(), path)
}
