package conformance

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// declared are the exported types of the package in the current folder, that of the
// running test, which have one of the methods. They are sorted.
func declared(t *testing.T, methods ...string) []string {
	t.Helper()
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok || f.Recv == nil || !slices.Contains(methods, f.Name.Name) {
				continue
			}
			if id, ok := f.Recv.List[0].Type.(*ast.Ident); ok && id.IsExported() {
				out = append(out, id.Name)
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// checkListed reports types of a package that All does not return, or that the
// documentation of the package does not name, and names that All returns without a type.
func checkListed(t *testing.T, types, all []string) {
	t.Helper()
	doc, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range types {
		if !slices.Contains(all, name) {
			t.Errorf("All does not return %s: add it to All in doc.go, or no saved model can have it", name)
		}
		if comment, _, _ := strings.Cut(string(doc), "\npackage "); !regexp.MustCompile(`\b` + name + `\b`).MatchString(comment) {
			t.Errorf("the documentation of the package does not name %s: add it to the list in doc.go", name)
		}
	}
	for _, name := range all {
		if !slices.Contains(types, name) {
			t.Errorf("All returns %s, which is no type of the package", name)
		}
	}
}
