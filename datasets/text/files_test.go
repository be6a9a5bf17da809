package text

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"gorgonia.org/tensor"

	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/errs/errtest"
)

// A vectorizer comes back from its file as it was, and changing what Config returned does
// not change it.
func TestVectorizerFile(t *testing.T) {
	g := readGolden(t)
	for _, c := range []VectorizerConfig{
		{}, {Split: Character, Standardize: NoStandardization, MaxTokens: 20, OutputSequenceLength: 7, Normalization: NFKC},
		{OutputMode: TFIDF, Ngrams: []int{2, 1}},
	} {
		v, err := Adapt(c, g.Texts...)
		check(t, err)
		path := t.TempDir() + "/words.json"
		check(t, v.Save(path))
		loaded, err := LoadVectorizer(path)
		check(t, err)
		config := loaded.Config()
		if d := cmp.Diff(v.Config(), config); d != "" {
			t.Error(d)
		}
		config.Vocabulary[2], config.Ngrams[0] = "changed", 9
		if d := cmp.Diff(v.Config(), loaded.Config()); d != "" {
			t.Error(d)
		}
	}
	_, err := LoadVectorizer(t.TempDir())
	errtest.Check(t, err, errs.Error{Field: "file"})
	v, err := NewVectorizer(VectorizerConfig{Vocabulary: []string{"a"}})
	check(t, err)
	path := t.TempDir()
	errtest.Check(t, v.Save(path), errs.Error{Path: path, Field: "file"})
}

func TestReadVectorizerErrors(t *testing.T) {
	file := func(config string) string { return `{"class_name": "VectorizerConfig", "config": ` + config + `}` }
	for _, c := range []struct{ data, field string }{
		{"", ""}, {"{}", ""}, {file(`{}`), "VectorizerConfig.Vocabulary"},
		{file(`{"vocabulary": ["a", "a"]}`), "VectorizerConfig.Vocabulary[1]"},
		{file(`{"vocabulary": ["a"], "newer": 1}`), ""},
		{file(`{"vocabulary": ["a"], "split": 1}`), ""},
		{file(`{"vocabulary": ["a"], "split": "comma"}`), "VectorizerConfig.Split"},
	} {
		_, err := ReadVectorizer(strings.NewReader(c.data))
		errtest.Check(t, err, errs.Error{Field: c.field})
	}
	_, err := ReadVectorizer(nil)
	errtest.Check(t, err, errs.Error{Field: "reader"})
}

func TestReadVocabulary(t *testing.T) {
	for text, want := range map[string][]string{
		"":                       nil,
		"\n[UNK]\nthe\nof\n":     {"", "[UNK]", "the", "of"},
		"the\r\nof new\r\n\r\n":  {"the", "of new"},
		"one":                    {"one"},
		"a\n\nb":                 {"a", "", "b"},
		strings.Repeat("\n", 10): {},
	} {
		got, err := ReadVocabulary(strings.NewReader(text))
		if d := cmp.Diff(want, got, cmpopts.EquateEmpty()); d != "" || err != nil {
			t.Errorf("%q: %s, error %v", text, d, err)
		}
	}
	_, err := ReadVocabulary(nil)
	errtest.Check(t, err, errs.Error{Field: "reader"})
	_, err = ReadVocabulary(strings.NewReader(strings.Repeat("a", maxToken+1)))
	errtest.Check(t, err, errs.Error{Field: "text"})
}

// No file makes ReadVectorizer panic, and what it reads can be written and read again.
func FuzzReadVectorizer(f *testing.F) {
	v, err := Adapt(VectorizerConfig{OutputMode: TFIDF, Ngrams: []int{1, 2}}, "to be or not to be")
	check(f, err)
	var file bytes.Buffer
	check(f, v.Write(&file))
	f.Add(file.Bytes())
	f.Add([]byte(`{"class_name":"VectorizerConfig","config":{"vocabulary":["a","b"],"max_tokens":9}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		v, err := ReadVectorizer(bytes.NewReader(data))
		if err != nil {
			if !errors.Is(err, errs.ErrInput) && !errors.Is(err, errs.ErrNotFinite) {
				t.Fatalf("error of another kind: %v", err)
			}
			return
		}
		if _, err := v.Vectorize([]string{"to be", "a\nb"}, tensor.Float32); err != nil && !errors.Is(err, errs.ErrInput) {
			t.Fatal(err) // with runs of tokens alone, a text may have none
		}
		var again bytes.Buffer
		check(t, v.Write(&again))
		back, err := ReadVectorizer(&again)
		check(t, err)
		if d := cmp.Diff(v.Config(), back.Config()); d != "" {
			t.Fatal(d)
		}
	})
}

// Files of earlier versions give the same numbers for ever; they are never written again.
func TestSavedFiles(t *testing.T) {
	const poem = "Shall I compare thee to a summer's day? É"
	v, err := LoadVectorizer("testdata/saved/vectorizer.json")
	check(t, err)
	x, err := v.Vectorize([]string{poem}, tensor.Float64)
	check(t, err)
	if d := cmp.Diff([][]float64{{29.04401315130571, 1.8458266904983307, 0, 0, 0, 0, 0, 0, 1.8458266904983307, 0, 0, 0}}, rows(t, x)); d != "" {
		t.Error(d)
	}
	b, err := LoadBPE("testdata/saved/vocab.json", "testdata/saved/merges.txt")
	check(t, err)
	if d := cmp.Diff([]int{50, 261, 293, 220, 40, 263, 78, 272, 286, 68, 279, 68, 278, 258, 260, 84, 295, 81, 269, 259, 264, 30, 220, 275}, b.Encode(poem)); d != "" {
		t.Error(d)
	}
	if end, _ := b.Index("<|endoftext|>"); end != 299 {
		t.Errorf("the end of a text is %d", end)
	}
}
