package notebook

import (
	"strings"
	"testing"
)

// plain returns what the terminal shows of a Markdown text.
func plain(t testing.TB, text string, width int) string {
	t.Helper()
	var out strings.Builder
	n := New("t", &out)
	out.Reset()
	n.width = width
	n.Markdown(text)
	if n.err != nil {
		t.Fatal(n.err)
	}
	return strings.TrimSuffix(out.String(), "\n\n")
}

func TestProse(t *testing.T) {
	got := plain(t, `
## A heading that is longer than a line
A paragraph
of *two* lines, **joined**,  
and a break.

- an item that goes on in the next line
- short
  - nested and long enough
  - again

9. loose

10. items

> a quotation
> of two lines

[a link](https://example.org/x) <https://example.org> ![a picture](p.png) `+"`--seed *3*`"+` \*5\* 3 &lt; 4 &amp;amp; <b>

***
`+"```go\nfunc main() {\n\t  // kept as it is, however long\n}\n```\nend", 24)
	want := `
A heading that is longer
than a line
------------------------

A paragraph of two
lines, joined,
and a break.

- an item that goes on
  in the next line
- short
  - nested and long
    enough
  - again

9. loose

10. items

  a quotation of two
  lines

a link
(https://example.org/x)
https://example.org a
picture --seed *3* *5* 3
< 4 &amp; <b>

------------------------

func main() {
      // kept as it is, however long
}

end`
	if got != want[1:] {
		t.Errorf("got\n%s", got)
	}
}

// Blocks in blocks stay within the width and readable, however deep.
func TestProseDeep(t *testing.T) {
	for _, text := range []string{strings.Repeat("> ", 100) + "words of a quotation", strings.Repeat("- ", 100) + "words of an item"} {
		checkWidth(t, plain(t, text, 40), 40)
	}
}

func TestPercentages(t *testing.T) {
	n := New("t", nil)
	n.Markdown("It is 7.1 % lower, a % of b.")
	if page := write(t, n); !strings.Contains(page, "It is 7.1\u00a0% lower, a % of b.") {
		t.Error("a percentage may be broken")
	}
}
