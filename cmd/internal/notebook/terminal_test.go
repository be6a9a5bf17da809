package notebook

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// checkWidth fails if a line of a text has more columns.
func checkWidth(t rapid.TB, text string, width int) {
	t.Helper()
	for line := range strings.Lines(text) {
		if w := displayWidth(strings.TrimSuffix(line, "\n")); w > width {
			t.Errorf("%d columns, want %d: %q", w, width, line)
		}
	}
}

func TestWidth(t *testing.T) {
	file, err := os.Create(filepath.Join(t.TempDir(), "out"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for columns, want := range map[string]int{"": 80, "60": 60, "1": 40, "500": 100, "0": 80, "-3": 80, "wide": 80} {
		t.Setenv("COLUMNS", columns)
		if got := Width(file); got != want {
			t.Errorf("COLUMNS=%s: %d, want %d", columns, got, want)
		}
	}
	t.Setenv("COLUMNS", "60")
	if got := Width(&strings.Builder{}); got != 80 {
		t.Errorf("%d columns in memory", got)
	}
}

func TestWrapWords(t *testing.T) {
	for _, c := range []struct {
		words []string
		want  []string
	}{
		{nil, nil},
		{[]string{"ab", "cd"}, []string{"ab cd"}},
		{[]string{"abc", "de"}, []string{"abc", "de"}},
		{[]string{"abcdefghijkl"}, []string{"abcde", "fghij", "kl"}},
		{[]string{"漢字漢"}, []string{"漢字", "漢"}},
		{[]string{"e\u0301e\u0301", "e\u0301e\u0301"}, []string{"e\u0301e\u0301 e\u0301e\u0301"}},
		{[]string{"\u0301"}, []string{"\u0301"}},
	} {
		if got := wrapWords(c.words, 5); !slices.Equal(got, c.want) {
			t.Errorf("%q: got %q, want %q", c.words, got, c.want)
		}
	}
}

func TestDisplayWidth(t *testing.T) {
	if got := displayWidth("漢字 a\u200b"); got != 6 {
		t.Errorf("width %d, want 6", got)
	}
}
