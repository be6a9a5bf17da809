package notebook

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/engram-go/engram/graph"
)

func TestWriteFile(t *testing.T) {
	n := New("t", nil)
	dir := filepath.Join(t.TempDir(), "a", "b") // does not exist yet
	for range 2 {                               // the second replaces the first
		path, err := n.WriteFile(dir, "page.html")
		if err != nil || path != filepath.Join(dir, "page.html") {
			t.Fatal(path, err)
		}
	}
	if left, _ := os.ReadDir(dir); len(left) != 1 {
		t.Errorf("files %v", left)
	}

	if _, err := n.WriteFile("", "page.html"); !errors.Is(err, graph.ErrInput) {
		t.Error("empty dir:", err)
	}
	for _, name := range []string{"", ".", "..", "../page.html", "/page.html", "a/b", `a\b`, `..\b`, "a\x00b", "page.html/"} {
		if _, err := n.WriteFile(dir, name); !errors.Is(err, graph.ErrInput) {
			t.Errorf("name %q: %v", name, err)
		}
	}
	if err := os.Mkdir(filepath.Join(dir, "taken"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, at := range [][2]string{{dir, "taken"}, {filepath.Join(dir, "page.html"), "p"}, {dir, strings.Repeat("x", 5000)}} {
		if path, err := n.WriteFile(at[0], at[1]); err == nil || path != "" {
			t.Errorf("%.20q: wrote %q, %v", at[1], path, err)
		}
	}
	if left, _ := os.ReadDir(dir); len(left) != 2 {
		t.Errorf("files %v", left)
	}
}

// A symbolic link with the name of the page is replaced, not followed.
func TestWriteFileDoesNotFollowLinks(t *testing.T) {
	outside := filepath.Join(t.TempDir(), "outside")
	if err := os.WriteFile(outside, []byte("mine"), 0o644); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.Symlink(outside, filepath.Join(dir, "page.html")); err != nil {
		t.Skip(err)
	}
	if _, err := New("t", nil).WriteFile(dir, "page.html"); err != nil {
		t.Fatal(err)
	}
	if got, _ := os.ReadFile(outside); string(got) != "mine" {
		t.Errorf("wrote through a link: %q", got)
	}
}
