package text

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/errs/errtest"
)

func TestNormalization(t *testing.T) {
	const apart, together, ligature = "cafe\u0301", "caf\u00e9", "ﬁne"
	for _, c := range []struct {
		form Normalization
		same map[string]string
	}{
		{"", map[string]string{apart: apart, together: together, ligature: ligature}},
		{NFC, map[string]string{apart: together, together: together, ligature: ligature}},
		{NFKC, map[string]string{apart: together, together: together, ligature: "fine"}},
	} {
		for text, want := range c.same {
			v, err := Adapt(VectorizerConfig{Normalization: c.form}, text)
			check(t, err)
			if got := v.Config().Vocabulary[2]; got != want {
				t.Errorf("%s: %+q becomes %+q, want %+q", c.form, text, got, want)
			}
		}
	}
}

// A stream of lines has the vocabulary of its lines, however it is read.
func TestAdaptReader(t *testing.T) {
	g := readGolden(t)
	text := strings.Join(g.Texts, "\n")
	var lines []string
	for line := range strings.Lines(text) {
		lines = append(lines, line)
	}
	for _, c := range []VectorizerConfig{{}, {Split: Character, Standardize: NoStandardization}, {OutputMode: TFIDF}, {Ngrams: []int{1, 2}}, {Split: NoSplit}} {
		want, err := Adapt(c, lines...)
		if c.Split == NoSplit {
			want, err = Adapt(c, strings.Split(text, "\n")...)
		}
		check(t, err)
		got, err := AdaptReader(t.Context(), c, iotest.OneByteReader(strings.NewReader(text)))
		check(t, err)
		if d := cmp.Diff(want.Config(), got.Config()); d != "" {
			t.Errorf("%+v: %s", c, d)
		}
	}
	windows, err := AdaptReader(t.Context(), VectorizerConfig{Split: NoSplit}, strings.NewReader("one two\r\none two\r\n\r\n"))
	if err != nil || windows.Len() != 3 || windows.Index("one two") != 2 {
		t.Errorf("%v, error %v", windows, err)
	}
}

// A long line is divided at white space, and a long word is an error.
func TestAdaptReaderLongLines(t *testing.T) {
	const n = 300_000
	v, err := AdaptReader(t.Context(), VectorizerConfig{OutputMode: TFIDF}, strings.NewReader(strings.Repeat("abc de ", n)+"f"))
	check(t, err)
	if got, want := v.Config().Vocabulary, []string{"[UNK]", "de", "abc", "f"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	_, err = AdaptReader(t.Context(), VectorizerConfig{}, strings.NewReader("a "+strings.Repeat("b", 2*maxToken)))
	errtest.Check(t, err, errs.Error{Field: "text"})
}

// The vocabulary of a stream does not keep the lines of its tokens in memory.
func TestAdaptReaderMemory(t *testing.T) {
	const lines, length = 300, 50_000
	read, write := io.Pipe()
	go func() {
		for i := range lines {
			fmt.Fprintf(write, "%stoken%d\n", strings.Repeat(" ", length), i)
		}
		write.Close()
	}()
	heap := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := heap()
	v, err := AdaptReader(t.Context(), VectorizerConfig{}, read)
	check(t, err)
	if got := int64(heap()) - int64(before); got > lines*length/4 || v.Len() != lines+2 {
		t.Errorf("%d tokens take %d bytes", v.Len(), got)
	}
	runtime.KeepAlive(v)
}

func TestAdaptReaderErrors(t *testing.T) {
	stopped, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := AdaptReader(stopped, VectorizerConfig{}, strings.NewReader("a")); !errors.Is(err, context.Canceled) {
		t.Errorf("stopped: %v", err)
	}
	broken := errors.New("broken")
	if _, err := AdaptReader(t.Context(), VectorizerConfig{}, iotest.ErrReader(broken)); !errors.Is(err, broken) {
		t.Errorf("broken: %v", err)
	}
	_, err := AdaptReader(t.Context(), VectorizerConfig{}, nil)
	errtest.Check(t, err, errs.Error{Field: "reader"})
	_, err = AdaptReader(t.Context(), VectorizerConfig{}, strings.NewReader("a\nb\xff\n"))
	errtest.Check(t, err, errs.Error{Field: "line 2", Value: `"b\xff\n"`})
}

// Whatever text a vectorizer is built from, its numbers are within its vocabulary, no
// token of the text is unknown, and its file gives it back.
func FuzzAdapt(f *testing.F) {
	for _, s := range []string{"To be, or not to be", "a\u0301 ﬁ\u00a0日本\n\nx", "[UNK] \xff", ""} {
		for kind := range byte(8) {
			f.Add(s, kind)
		}
	}
	f.Fuzz(func(t *testing.T, text string, kind byte) {
		c := VectorizerConfig{
			Split:         []Split{Whitespace, Character, NoSplit}[kind%3],
			Standardize:   []Standardization{LowerAndStripPunctuation, NoStandardization}[kind/3%2],
			Ngrams:        [][]int{nil, {1, 2}}[kind/6%2],
			Normalization: []Normalization{"", NFC, NFKC}[kind/12%3],
			OutputMode:    []OutputMode{Int, TFIDF}[kind/36%2],
		}
		v, err := Adapt(c, text)
		read, readErr := AdaptReader(t.Context(), c, strings.NewReader(text))
		if (err == nil) != (readErr == nil) && !(c.Split == NoSplit) && !strings.Contains(text, "\n") {
			t.Fatalf("text: %v, reader: %v", err, readErr)
		}
		if readErr == nil && read.Len() < 2 {
			t.Fatal("an empty vocabulary")
		}
		if err != nil {
			return
		}
		numbers, err := v.Encode(text)
		check(t, err)
		unknown := v.Index(UnknownToken)
		if c.Standardize != NoStandardization && slices.Contains(numbers, unknown) {
			t.Fatalf("unknown tokens in %v", numbers)
		}
		if _, err := v.Decode(numbers); err != nil {
			t.Fatal(err)
		}
		var file bytes.Buffer
		check(t, v.Write(&file))
		back, err := ReadVectorizer(&file)
		check(t, err)
		if d := cmp.Diff(v.Config(), back.Config()); d != "" {
			t.Fatal(d)
		}
	})
}
