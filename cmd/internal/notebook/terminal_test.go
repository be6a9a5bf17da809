package notebook

import (
	"slices"
	"testing"
)

func TestWrapProse(t *testing.T) {
	got := wrapProse(`
## A heading that is longer than a line is left alone
A paragraph
of two lines, joined.

- an item that goes on in the next line
- short
  10. nested and long enough

> a quotation
> of two lines
`+"```go\nfunc main() {\n\t  // kept as it is, however long\n}\n```\nend", 24)
	want := `## A heading that is longer than a line is left alone
A paragraph of two
lines, joined.

- an item that goes on
  in the next line
- short
  10. nested and long
      enough

> a quotation
> of two lines
` + "```go\nfunc main() {\n\t  // kept as it is, however long\n}\n```\nend"
	if got != want {
		t.Errorf("got\n%s", got)
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
