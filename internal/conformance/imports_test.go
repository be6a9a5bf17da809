package conformance_test

import (
	"errors"
	"fmt"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/engram-go/engram"

// levels are groups of packages, the lowest first. A package may import its own group
// and groups of lower levels, but no other group of its level. This holds for tests too.
var levels = [][]string{
	{"internal/errs"},
	{"internal/shapes", "internal/errs/errtest", "internal/gamma"},
	{"internal/kernels", "internal/strictjson", "internal/layername", "internal/regular", "internal/resolve", "datasets/calendar"},
	{"internal/dense", "internal/codec"},
	{"internal/ops", "internal/params"},
	{"internal/exec"},
	{"graph"},
	{"internal/programs", "layers", "datasets/samples", "train/losses", "train/metrics", "train/optimizers"},
	{"datasets", "datasets/text", "models/safetensors", "train/schedules"},
	{"models"},
	{"train"},
	{"train/callbacks"},
	{"train/checkpoint", "train/search"},
	{"train/forecast"},
	{"cmd/internal"},
	{"cmd/demo"},
	// Parquet is of no level below, so that no program has it that does not import it.
	{"internal/conformance", "datasets/parquet"},
	{"cmd/engram"},
}

// alone are packages that a few folders may import, so that nobody compiles them without
// using it.
var alone = map[string][]string{
	"google.golang.org/protobuf":          {"train/callbacks/tensorboard"},
	"net/http":                            {"train/callbacks/mlflow", "train/forecast/serve", "cmd/engram"},
	"github.com/prometheus/client_golang": {"train/forecast/serve"},
	"github.com/getkin/kin-openapi":       {"train/forecast/serve"},
	"github.com/alecthomas/kong":          {"cmd/engram"},
	"github.com/rogpeppe/go-internal":     {"cmd/engram"},
}

// groupOf finds the group of a package by its folder: the one with the longest name
// that contains the folder.
func groupOf(dir string) (name string, level int, ok bool) {
	for i, groups := range levels {
		for _, r := range groups {
			if (dir == r || strings.HasPrefix(dir, r+"/")) && len(r) > len(name) {
				name, level = r, i
			}
		}
	}
	return name, level, name != ""
}

// importFault says what is wrong with an import in a file of the given folder,
// or nothing.
func importFault(dir, imported string) string {
	name, level, ok := groupOf(dir)
	if !ok {
		return fmt.Sprintf("folder %s is in no group", dir)
	}
	if under(imported, "gorgonia.org/gorgonia") && name != "graph" && name != "internal/exec" {
		return fmt.Sprintf("%s imports %s, which only graph and internal/exec may do", dir, imported)
	}
	for root, only := range alone {
		if under(imported, root) && !slices.Contains(only, dir) {
			return fmt.Sprintf("%s imports %s, which only %s may do", dir, imported, strings.Join(only, " and "))
		}
	}
	if !under(imported, module) {
		return ""
	}
	to := strings.TrimPrefix(strings.TrimPrefix(imported, module), "/")
	if to == "" {
		to = "."
	}
	toName, toLevel, ok := groupOf(to)
	switch {
	case !ok:
		return fmt.Sprintf("%s imports %s, which is in no group", dir, to)
	case under(dir, "cmd") && toName != "cmd/internal" && slices.Contains(strings.Split(to, "/"), "internal"):
		return fmt.Sprintf("%s imports %s: commands use public packages only", dir, to)
	case toName != name && toLevel >= level:
		return fmt.Sprintf("%s imports %s: group %s is not below group %s", dir, to, toName, name)
	}
	return ""
}

func under(imported, root string) bool {
	return imported == root || strings.HasPrefix(imported, root+"/")
}

// Imports go one way, in all files and tests of the module.
func TestImportDirection(t *testing.T) {
	files := 0
	err := filepath.WalkDir(root, func(file string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if file, err = filepath.Rel(root, file); err != nil {
			return err
		}
		file = filepath.ToSlash(file)
		if entry.IsDir() {
			if file != "." && foreign(file) {
				return filepath.SkipDir
			}
			return nil
		}
		if path.Ext(file) != ".go" {
			return nil
		}
		files++
		if _, _, ok := groupOf(path.Dir(file)); !ok {
			t.Errorf("%s is in no group: add its folder to levels", file)
			return nil
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), filepath.Join(root, file), nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		for _, spec := range parsed.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			if strings.HasSuffix(file, "_test.go") && imported == module+"/internal/conformance" {
				continue // the specimens of a package are in its external tests
			}
			if fault := importFault(path.Dir(file), imported); fault != "" {
				t.Errorf("%s: %s", file, fault)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if files < 20 {
		t.Errorf("only %d files were found", files)
	}
}

// foreign folders are no part of the module: the go command skips them, or they
// are modules of their own.
func foreign(dir string) bool {
	base := path.Base(dir)
	if base == "testdata" || base == "vendor" || strings.HasPrefix(base, ".") || strings.HasPrefix(base, "_") {
		return true
	}
	_, err := os.Stat(filepath.Join(root, dir, "go.mod"))
	return !errors.Is(err, fs.ErrNotExist)
}

func TestImportFaults(t *testing.T) {
	cases := []struct{ dir, imported, want string }{
		{"graph", "gorgonia.org/gorgonia", ""},
		{"internal/exec", "gorgonia.org/gorgonia", ""},
		{"graph/graphtest", module + "/graph", ""},
		{"layers/layertest", module + "/internal/codec", ""},
		{"layers", "gorgonia.org/tensor", ""},
		{"layers", module + "/layers/activations", ""},
		{"train", module + "/train/losses", ""},
		{"train/callbacks", module + "/train", ""},
		{"cmd/demo", module + "/cmd/internal/notebook", ""},
		{"train/callbacks/tensorboard", "google.golang.org/protobuf/encoding/protowire", ""},
		{"train/forecast/serve", "net/http", ""},
		{"train/callbacks", "net/http", "which only train/callbacks/mlflow and train/forecast/serve and cmd/engram may do"},
		{"train/callbacks", "google.golang.org/protobuf/encoding/protowire", "which only train/callbacks/tensorboard may do"},
		{".", "fmt", "folder . is in no group"},
		{"layers", "gorgonia.org/gorgonia", "layers imports gorgonia.org/gorgonia, which only graph and internal/exec may do"},
		{"cmd/demo", "gorgonia.org/gorgonia/encoding/dot", "which only graph and internal/exec may do"},
		{"graph", module + "/layers", "graph imports layers: group layers is not below group graph"},
		{"layers", module + "/models", "group models is not below group layers"},
		{"layers", module + "/datasets", "group datasets is not below group layers"},
		{"datasets", module + "/datasets/text", "group datasets/text is not below group datasets"},
		{"train/losses", module + "/train", "group train is not below group train/losses"},
		{"train/losses", module + "/train/metrics", "group train/metrics is not below"},
		{"models", module + "/train", "group train is not below group models"},
		{"train", module + "/train/callbacks", "group train/callbacks is not below group train"},
		{"train", module, "train imports ., which is in no group"},
		{"cmd/demo", module + "/internal/codec", "commands use public packages only"},
		{"cmd/internal/notebook", module + "/internal/kernels", "commands use public packages only"},
		{"utils", "fmt", "folder utils is in no group"},
		{"layersplus", "fmt", "folder layersplus is in no group"},
		{"cmd/other", "fmt", "folder cmd/other is in no group"},
		{"train", module + "/utils", "which is in no group"},
		{"cmd/demo", module + "/datasets/parquet", "group datasets/parquet is not below group cmd/demo"},
		{"datasets/parquet", module + "/datasets", ""},
	}
	for _, c := range cases {
		got := importFault(c.dir, c.imported)
		if (got == "") != (c.want == "") || !strings.Contains(got, c.want) {
			t.Errorf("%s importing %s: got %q, want %q", c.dir, c.imported, got, c.want)
		}
	}
}
