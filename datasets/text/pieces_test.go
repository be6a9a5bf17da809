package text

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// Pieces are those of GPT-2's pattern in testdata/text.py, however a text is read.
func TestPiecesGolden(t *testing.T) {
	for _, c := range readGolden(t).Pieces {
		var got []string
		for data := []byte(c.Text); len(data) > 0; {
			n := pieceLen(data, true)
			got = append(got, string(data[:n]))
			data = data[n:]
		}
		if d := cmp.Diff(c.Pieces, got, cmpopts.EquateEmpty()); d != "" {
			t.Errorf("%q: %s", c.Text, d)
		}
	}
}

// Pieces cover a text, and a stream is divided as the whole.
func FuzzPieces(f *testing.F) {
	for _, s := range []string{"I'll  go\n\n now", "\u3000\u2003x\u0085 \xff\xe3\x80", "'", "'r", " '", ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var whole, parts []string
		for data := []byte(text); len(data) > 0; {
			n := pieceLen(data, true)
			whole = append(whole, string(data[:n]))
			data = data[n:]
		}
		if strings.Join(whole, "") != text {
			t.Fatalf("%q is divided into %q", text, whole)
		}
		for seen, rest := 0, []byte(text); seen <= len(rest) && len(rest) > 0; {
			n := pieceLen(rest[:seen], seen == len(rest))
			if n == 0 {
				seen++
				continue
			}
			parts = append(parts, string(rest[:n]))
			rest, seen = rest[n:], 0
		}
		if !slices.Equal(whole, parts) {
			t.Fatalf("%q as a stream is divided into %q, want %q", text, parts, whole)
		}
	})
}
