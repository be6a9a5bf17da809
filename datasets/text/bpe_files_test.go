package text

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/errs/errtest"
)

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
	var zero BPE
	if n := zero.Encode("a"); n != nil {
		t.Errorf("the zero value encodes to %v", n)
	}
	if _, ok := b.Token(-1); ok {
		t.Error("a token of number -1")
	}
}

// endless is a file without an end.
type endless struct{}

func (endless) Read(p []byte) (int, error) { clear(p); return len(p), nil }

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
