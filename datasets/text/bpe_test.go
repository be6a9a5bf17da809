package text

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// Merges, tokens and encodings are those of plain Python in testdata/text.py.
func TestBPEGolden(t *testing.T) {
	for i, c := range readGolden(t).BPE {
		b, err := TrainBPE(t.Context(), iotest.OneByteReader(strings.NewReader(c.Text)), BPEConfig{VocabularySize: c.Size, MinFrequency: c.Least})
		check(t, err)
		runes := alphabet()
		var merges, tokens []string
		for _, p := range b.pairs {
			merges = append(merges, printed(b.tokens[p.left], &runes)+" "+printed(b.tokens[p.right], &runes))
		}
		for _, token := range b.tokens {
			tokens = append(tokens, printed(token, &runes))
		}
		if d := cmp.Diff(c.Merges, merges); d != "" {
			t.Errorf("case %d: %s", i, d)
		}
		if d := cmp.Diff(c.Vocabulary, tokens); d != "" {
			t.Errorf("case %d: %s", i, d)
		}
		for _, e := range c.Encode {
			if d := cmp.Diff(e.Tokens, b.Encode(e.Text), cmpopts.EquateEmpty()); d != "" {
				t.Errorf("case %d, %q: %s", i, e.Text, d)
			}
			roundTrip(t, b, e.Text)
		}
	}
}

func roundTrip(t *testing.T, b *BPE, text string) {
	t.Helper()
	if got, err := b.Decode(b.Encode(text)); got != text || err != nil {
		t.Errorf("%q comes back as %q, error %v", text, got, err)
	}
}

// A pair that is gone when its turn comes gives no turn to the pair in its place: of y z,
// x y, p x and x yz, which were learned in this order, pxyz has the first and the third.
func TestEncodeOrder(t *testing.T) {
	b := newBPE(byteTokens())
	for _, s := range [][2]string{{"y", "z"}, {"x", "y"}, {"p", "x"}, {"x", "yz"}} {
		left, right := b.index[s[0]], b.index[s[1]]
		b.join(pair{int32(left), int32(right)}, b.add(s[0]+s[1]))
	}
	var got []string
	for _, n := range b.Encode("pxyz") {
		got = append(got, b.tokens[n])
	}
	if !slices.Equal(got, []string{"px", "yz"}) {
		t.Errorf("%q", got)
	}
}

// A word as long as a text takes about as many steps as its length: about a second if
// each step looked at all of it.
func TestEncodeLongWord(t *testing.T) {
	b, err := TrainBPE(t.Context(), strings.NewReader(strings.Repeat("ab aab abab ", 9)), BPEConfig{})
	check(t, err)
	roundTrip(t, b, strings.Repeat("abaab", 20_000))
}

// Any bytes come back, from a BPE that learned from any others, which comes back from its
// files; and encoding joins the pairs in the order in which they were learned.
func FuzzBPE(f *testing.F) {
	f.Add("low low lower newest", "lowest", 300)
	f.Add("aaaa aaa aa\xff\xff", "aaaaa\x00\xff\xc3", 270)
	f.Add("日本日本 日本", "日本語", 262)
	f.Fuzz(func(t *testing.T, corpus, text string, size int) {
		if size < 256 || size > 1000 || len(corpus) > 4096 || len(text) > 4096 {
			return
		}
		b, err := TrainBPE(t.Context(), strings.NewReader(corpus), BPEConfig{VocabularySize: size})
		check(t, err)
		for _, s := range []string{text, corpus} {
			roundTrip(t, b, s)
			if !utf8.ValidString(s) {
				continue
			}
			if d := cmp.Diff(plainEncode(b, s), b.Encode(s), cmpopts.EquateEmpty()); d != "" {
				t.Fatalf("%q: %s", s, d)
			}
		}
		var vocabulary, merges bytes.Buffer
		check(t, b.Write(&vocabulary, &merges))
		back, err := ReadBPE(&vocabulary, &merges)
		check(t, err)
		sameBPE(t, b, back)
	})
}

// plainEncode goes through all pairs of a piece for every one that it joins.
func plainEncode(b *BPE, text string) []int {
	var out []int
	for data := []byte(text); len(data) > 0; {
		n := pieceLen(data, true)
		var tokens []int32
		for _, c := range data[:n] {
			tokens = append(tokens, b.bytes[c])
		}
		data = data[n:]
		for {
			first, at := int32(len(b.pairs)), -1
			for i := range len(tokens) - 1 {
				if m, ok := b.merges[pair{tokens[i], tokens[i+1]}]; ok && m.rank < first {
					first, at = m.rank, i
				}
			}
			if at < 0 {
				break
			}
			tokens = slices.Replace(tokens, at, at+2, b.merges[b.pairs[first]].token)
		}
		for _, n := range tokens {
			out = append(out, int(n))
		}
	}
	return out
}
