package text

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/errs/errtest"
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

// learned are the tokens that come after the bytes.
func learned(t *testing.T, c BPEConfig, text string) []string {
	t.Helper()
	b, err := TrainBPE(t.Context(), strings.NewReader(text), c)
	check(t, err)
	return b.tokens[256:]
}

// Figure 1 of Sennrich, Haddow and Birch (2016), without its mark of the end of a word:
// of "low", "lower", "newest" and "widest", 5, 2, 6 and 3 times, the first pairs are e s,
// es t, l o and lo w.
func TestTrainBPEExample(t *testing.T) {
	words := strings.Repeat("low,", 5) + strings.Repeat("lower,", 2) + strings.Repeat("newest,", 6) + strings.Repeat("widest,", 3)
	want := []string{"es", "est", "lo", "low"}
	if got := learned(t, BPEConfig{VocabularySize: 260}, words); !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	b, err := TrainBPE(t.Context(), strings.NewReader(words), BPEConfig{VocabularySize: 260})
	check(t, err)
	var got []string
	for _, n := range b.Encode("lowest") {
		token, _ := b.Token(n)
		got = append(got, token)
	}
	if !slices.Equal(got, []string{"low", "est"}) { // no word of the text
		t.Errorf("lowest is %q", got)
	}
}

func TestTrainBPELimits(t *testing.T) {
	for _, c := range []struct {
		config BPEConfig
		text   string
		want   []string
	}{
		{BPEConfig{}, "ab ab ab", []string{"ab", " ab"}},
		{BPEConfig{MinFrequency: 3}, "ab ab ab", []string{"ab"}},
		{BPEConfig{MinFrequency: 1}, "abc", []string{"ab", "abc"}},
		{BPEConfig{VocabularySize: 257}, "ab ab ab", []string{"ab"}},
		{BPEConfig{VocabularySize: 256}, "ab ab ab", nil},
		{BPEConfig{VocabularySize: 258, Special: []string{"<s>"}}, "ab ab ab", []string{"ab", "<s>"}},
		{BPEConfig{Special: []string{"ab"}}, "abb abb", []string{"bb", "abb", "ab"}}, // no pair becomes a special token
	} {
		if d := cmp.Diff(c.want, learned(t, c.config, c.text), cmpopts.EquateEmpty()); d != "" {
			t.Errorf("%+v: %s", c.config, d)
		}
	}
	long := learned(t, BPEConfig{}, strings.Repeat("a", 5000))
	if longest := slices.MaxFunc(long, func(a, b string) int { return len(a) - len(b) }); len(longest) != maxBPEToken {
		t.Errorf("a token of %d bytes", len(longest))
	}
}

func TestTrainBPEErrors(t *testing.T) {
	for _, c := range []struct {
		config BPEConfig
		want   errs.Error
	}{
		{BPEConfig{VocabularySize: 255}, errs.Error{Field: "BPEConfig.VocabularySize", Value: 255}},
		{BPEConfig{VocabularySize: 256, Special: []string{"<s>"}}, errs.Error{Field: "BPEConfig.VocabularySize", Value: 256}},
		{BPEConfig{MinFrequency: -1}, errs.Error{Field: "BPEConfig.MinFrequency", Value: -1}},
		{BPEConfig{Special: []string{"<s>", "<s>"}}, errs.Error{Field: "BPEConfig.Special[1]", Value: "<s>"}},
		{BPEConfig{Special: []string{"a"}}, errs.Error{Field: "BPEConfig.Special[0]", Value: "a"}},
	} {
		_, err := TrainBPE(t.Context(), strings.NewReader("a"), c.config)
		errtest.Check(t, err, c.want)
	}
	_, err := TrainBPE(t.Context(), nil, BPEConfig{})
	errtest.Check(t, err, errs.Error{Field: "reader"})
	_, err = TrainBPE(t.Context(), strings.NewReader(strings.Repeat("a", maxToken)), BPEConfig{})
	errtest.Check(t, err, errs.Error{Field: "text"})
	broken := errors.New("broken")
	if _, err := TrainBPE(t.Context(), iotest.ErrReader(broken), BPEConfig{}); !errors.Is(err, broken) {
		t.Errorf("broken: %v", err)
	}
	stopped, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := TrainBPE(stopped, strings.NewReader("a"), BPEConfig{}); !errors.Is(err, context.Canceled) {
		t.Errorf("stopped: %v", err)
	}
}

// The file of the merges of GPT-2 begins with Ġ t, Ġ a, h e, i n and r e; of a byte that
// prints and one that does not, the numbers are those of its vocabulary.
func TestBPEFiles(t *testing.T) {
	b, err := TrainBPE(t.Context(), strings.NewReader(strings.Join(readGolden(t).Texts, "\n")), BPEConfig{VocabularySize: 320, Special: []string{"<|endoftext|>", "mit Leer"}})
	check(t, err)
	for token, want := range map[string]int{"!": 0, "A": 32, "~": 93, "\xa1": 94, "\xff": 187, "\x00": 188, "\n": 198, " ": 220, "\xad": 255, "<|endoftext|>": 318, "mit Leer": 319} {
		if got, ok := b.Index(token); got != want || !ok {
			t.Errorf("%q has the number %d, want %d", token, got, want)
		}
	}
	dir := t.TempDir()
	check(t, b.Save(dir+"/vocab.json", dir+"/merges.txt"))
	back, err := LoadBPE(dir+"/vocab.json", dir+"/merges.txt")
	check(t, err)
	sameBPE(t, b, back)

	var vocabulary, merges bytes.Buffer
	check(t, b.Write(&vocabulary, &merges))
	windows := strings.ReplaceAll(strings.TrimPrefix(merges.String(), "#version: 0.2\n"), "\n", "\r\n")
	back, err = ReadBPE(&vocabulary, strings.NewReader(windows))
	check(t, err)
	sameBPE(t, b, back)

	_, err = LoadBPE(dir+"/vocab.json", dir+"/none.txt")
	errtest.Check(t, err, errs.Error{Path: dir + "/none.txt", Field: "file"})
	_, err = LoadBPE(dir, dir+"/merges.txt")
	errtest.Check(t, err, errs.Error{Path: dir, Field: "file"})
	errtest.Check(t, b.Save(dir+"/vocab.json", dir), errs.Error{Path: dir, Field: "file"})
}

func sameBPE(t *testing.T, a, b *BPE) {
	t.Helper()
	if d := cmp.Diff(a, b, cmp.AllowUnexported(BPE{}, pair{}, merge{})); d != "" {
		t.Error(d)
	}
}

func TestReadBPEErrors(t *testing.T) {
	b := newBPE(byteTokens())
	var plain, none bytes.Buffer
	check(t, b.Write(&plain, &none))
	with := func(more string) string { return strings.TrimSuffix(plain.String(), "}\n") + more + "}" }
	for _, c := range []struct {
		vocabulary, merges string
		want               errs.Error
	}{
		{"", "", errs.Error{Path: "vocabulary"}},
		{"[]", "", errs.Error{Path: "vocabulary"}},
		{`{"a": 0}`, "", errs.Error{Path: "vocabulary", Field: "tokens"}},
		{`{"a": "0"}`, "", errs.Error{Path: "vocabulary", Field: "a"}},
		{`{"a": -1}`, "", errs.Error{Path: "vocabulary", Field: "a", Value: -1}},
		{`{"": 0}`, "", errs.Error{Path: "vocabulary", Field: "token", Value: 0}},
		{`{"a b": 0}`, "", errs.Error{Path: "vocabulary", Field: "token", Value: "a b"}},
		{with(`, "日": 256`), "", errs.Error{Path: "vocabulary", Field: "token", Value: "日"}},
		{with(`, "ab": 257`), "", errs.Error{Path: "vocabulary", Field: "numbers"}},
		{with(`, "ab": 255`), "", errs.Error{Path: "vocabulary", Field: "numbers"}},
		{with(fmt.Sprintf(`, "%s": 256`, strings.Repeat("a", maxBPEToken+1))), "", errs.Error{Path: "vocabulary", Field: "token", Value: maxBPEToken + 1}},
		{with(`, "ab": 256`), "#version: 0.2\nab\n", errs.Error{Path: "merges:2", Field: "line", Value: `"ab"`}},
		{with(`, "ab": 256`), "a b c\n", errs.Error{Path: "merges:1", Field: "line", Value: `"a b c"`}},
		{with(`, "ab": 256`), "a b\n\na b\n", errs.Error{Path: "merges:2", Field: "line", Value: `""`}},
		{with(`, "ab": 256`), "a b\na b\n", errs.Error{Path: "merges:2", Field: "line", Value: "a b"}},
		{with(`, "ab": 256`), "a c\n", errs.Error{Path: "merges:1", Field: "line", Value: "ac"}},
		{with(`, "ab": 256`), "a \n", errs.Error{Path: "merges:1", Field: "token"}},
		{with(`, "ab": 256, "abc": 257`), "ab c\na b\n", errs.Error{Path: "merges:1", Field: "token", Value: "ab"}},
		{with(`, "e</w>": 256, "he</w>": 257`), "h e</w>\n", errs.Error{Path: "merges:1", Field: "token", Value: "e</w>"}}, // of GPT-1
	} {
		_, err := ReadBPE(strings.NewReader(c.vocabulary), strings.NewReader(c.merges))
		errtest.Check(t, err, c.want)
	}
	_, err := ReadBPE(nil, strings.NewReader(""))
	errtest.Check(t, err, errs.Error{Field: "reader"})
	_, err = ReadBPE(endless{}, strings.NewReader(""))
	errtest.Check(t, err, errs.Error{Path: "vocabulary", Field: "file"})
	_, err = b.Decode([]int{0, 256})
	errtest.Check(t, err, errs.Error{Field: "numbers[1]", Value: 256})
	if _, ok := b.Token(-1); ok {
		t.Error("a token of number -1")
	}
}

// endless is a file without an end.
type endless struct{}

func (endless) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// A word as long as a text takes about as many steps as its length: about a second if
// each step looked at all of it.
func TestEncodeLongWord(t *testing.T) {
	b, err := TrainBPE(t.Context(), strings.NewReader(strings.Repeat("ab aab abab ", 9)), BPEConfig{})
	check(t, err)
	roundTrip(t, b, strings.Repeat("abaab", 20_000))
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

// No files make ReadBPE panic; what it reads encodes any text, and can be written and read
// again.
func FuzzReadBPE(f *testing.F) {
	b, err := TrainBPE(f.Context(), strings.NewReader("low low lower newest newest"), BPEConfig{Special: []string{"<s>"}})
	check(f, err)
	var vocabulary, merges bytes.Buffer
	check(f, b.Write(&vocabulary, &merges))
	f.Add(vocabulary.Bytes(), merges.Bytes())
	f.Add([]byte(`{"a":0}`), []byte("a a\n"))
	f.Fuzz(func(t *testing.T, vocabulary, merges []byte) {
		b, err := ReadBPE(bytes.NewReader(vocabulary), bytes.NewReader(merges))
		if err != nil {
			if !errors.Is(err, errs.ErrInput) {
				t.Fatalf("error of another kind: %v", err)
			}
			return
		}
		roundTrip(t, b, string(merges))
		var v, m bytes.Buffer
		check(t, b.Write(&v, &m))
		back, err := ReadBPE(&v, &m)
		check(t, err)
		sameBPE(t, b, back)
	})
}
