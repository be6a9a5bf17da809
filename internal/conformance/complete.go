package conformance

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// functions calls f for every function and method of the package in the current folder,
// that of the running test, either in its tests or in the other files.
func functions(t *testing.T, tests bool, f func(d *ast.FuncDecl)) {
	t.Helper()
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") != tests {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			if d, ok := d.(*ast.FuncDecl); ok {
				f(d)
			}
		}
	}
}

// declared are the exported types of the package which have one of the methods. They are
// sorted.
func declared(t *testing.T, methods ...string) []string {
	t.Helper()
	var out []string
	functions(t, false, func(f *ast.FuncDecl) {
		if f.Recv == nil || !slices.Contains(methods, f.Name.Name) {
			return
		}
		receiver := f.Recv.List[0].Type
		if pointer, ok := receiver.(*ast.StarExpr); ok {
			receiver = pointer.X
		}
		if id, ok := receiver.(*ast.Ident); ok && id.IsExported() {
			out = append(out, id.Name)
		}
	})
	slices.Sort(out)
	return slices.Compact(out)
}

// testNames are the names of the package's functions in tests that begin with a prefix.
func testNames(t *testing.T, prefix string) (out []string) {
	t.Helper()
	functions(t, true, func(f *ast.FuncDecl) {
		if f.Recv == nil && strings.HasPrefix(f.Name.Name, prefix) {
			out = append(out, f.Name.Name)
		}
	})
	return out
}

// checkExamples reports types without an example for the documentation.
func checkExamples(t *testing.T, types []string) {
	t.Helper()
	examples := testNames(t, "Example")
	for _, name := range types {
		if !slices.ContainsFunc(examples, func(e string) bool { e, _, _ = strings.Cut(e, "_"); return e == "Example"+name }) {
			t.Errorf("%[1]s has no example: add a function Example%[1]s with its Output to a file of examples", name)
		}
	}
}

// Described reports exported types of the package in the current folder that have the
// method and are not among those that specimens describe. Literal is the specimen to add,
// with %s for the name of the type, and like a file that has one.
func Described(t *testing.T, method string, described []string, literal, like string) {
	t.Helper()
	types := declared(t, method)
	if len(types) == 0 {
		t.Errorf("found no type with the method %s", method)
	}
	for _, name := range types {
		if !slices.Contains(described, name) {
			t.Errorf("%s has no specimen: add `var _ = describe(specimen{%s})` to the file of its tests, as in %s", name, fmt.Sprintf(literal, name), like)
		}
	}
}

// Complete stops a test whose specimen lacks a field that is not optional.
func Complete(t *testing.T, class string, specimen any, optional ...string) {
	t.Helper()
	v := reflect.ValueOf(specimen)
	for i := range v.NumField() {
		if name := v.Type().Field(i).Name; v.Field(i).IsZero() && !slices.Contains(optional, name) {
			t.Errorf("the specimen of %s must have %s: see the comment of the field in specimens_test.go", class, name)
		}
	}
	if t.Failed() {
		t.FailNow()
	}
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
