package text

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"gorgonia.org/tensor"

	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/errs/errtest"
)

// Vocabularies, weights and outputs are those of Keras' formulas in testdata/text.py.
func TestVectorizerGolden(t *testing.T) {
	g := readGolden(t)
	near := cmpopts.EquateApprox(1e-6, 1e-6)
	for _, c := range g.Vectorize {
		t.Run(string(c.Config), func(t *testing.T) {
			types, err := registry()
			check(t, err)
			var config VectorizerConfig
			check(t, types.Decode(fmt.Appendf(nil, `{"class_name": "VectorizerConfig", "config": %s}`, c.Config), &config))
			v, err := Adapt(config, g.Texts...)
			check(t, err)
			got := v.Config()
			if d := cmp.Diff(c.Vocabulary, got.Vocabulary); d != "" {
				t.Fatal(d)
			}
			if d := cmp.Diff(c.IDF, got.IDFWeights, near); d != "" {
				t.Error(d)
			}
			for _, dtype := range []tensor.Dtype{{}, tensor.Float64} {
				out, err := v.Vectorize(g.Inputs, dtype)
				check(t, err)
				if d := cmp.Diff(c.Output, rows(t, out), near); d != "" {
					t.Error(d)
				}
			}
		})
	}
}

// Examples of Keras' documentation and tests of TextVectorization.
func TestKerasExamples(t *testing.T) {
	given := func(c VectorizerConfig, tokens string) *Vectorizer {
		c.Vocabulary = strings.Fields(tokens)
		v, err := NewVectorizer(c)
		check(t, err)
		return v
	}
	adapted := func(c VectorizerConfig, texts ...string) *Vectorizer {
		v, err := Adapt(c, texts...)
		check(t, err)
		return v
	}
	four := VectorizerConfig{MaxTokens: 5000, OutputSequenceLength: 4}
	for _, c := range []struct {
		name  string
		v     *Vectorizer
		texts []string
		want  [][]float64
	}{
		{"adapt", adapted(four, "foo bar", "bar baz", "baz bada boom"), []string{"foo qux bar", "qux baz"}, [][]float64{{4, 1, 3, 0}, {1, 2, 0, 0}}},
		{"fixed", given(four, "baz bar foo"), []string{"foo qux bar", "qux baz"}, [][]float64{{4, 1, 3, 0}, {1, 2, 0, 0}}},
		{"multi-hot", given(VectorizerConfig{OutputMode: MultiHot}, "foo bar baz"), []string{"foo bar", "baz foo foo"}, [][]float64{{0, 1, 1, 0}, {0, 1, 0, 1}}},
		{"count", given(VectorizerConfig{OutputMode: Count}, "foo bar baz"), []string{"foo bar", "baz foo foo"}, [][]float64{{0, 1, 1, 0}, {0, 2, 0, 1}}},
		{"tf-idf", given(VectorizerConfig{OutputMode: TFIDF, IDFWeights: []float64{0.3, 0.5, 0.2}}, "foo bar baz"),
			[]string{"foo bar", "baz foo foo", "qux"}, [][]float64{{0, 0.3, 0.5, 0}, {0, 0.6, 0, 0.2}, {1.0 / 3, 0, 0, 0}}},
		{"punctuation", given(VectorizerConfig{}, "hello world this is nice test"), []string{"Hello, World!. This is just a nice test!"}, [][]float64{{2, 3, 4, 5, 1, 1, 6, 7}}},
		{"lower", given(VectorizerConfig{Standardize: Lower}, "hello, hello world this is nice test"), []string{"Hello, World!. This is just a nice test!"}, [][]float64{{2, 1, 5, 6, 1, 1, 7, 1}}},
		{"characters", given(VectorizerConfig{Split: Character}, "a b c d e"), []string{"abcf"}, [][]float64{{2, 3, 4, 1}}},
		{"case", given(VectorizerConfig{Standardize: NoStandardization}, "Hello world"), []string{"Hello hello"}, [][]float64{{2, 1}}},
		{"no split", given(VectorizerConfig{Split: NoSplit}, "foo bar baz"), []string{"foo", "bar", "unknown"}, [][]float64{{2}, {3}, {1}}},
	} {
		out, err := c.v.Vectorize(c.texts, tensor.Float64)
		check(t, err)
		if d := cmp.Diff(c.want, rows(t, out), cmpopts.EquateApprox(0, 1e-15)); d != "" {
			t.Errorf("%s: %s", c.name, d)
		}
	}
	if got := adapted(VectorizerConfig{MaxTokens: 5}, "a b c d e f g h i j"); got.Len() != 5 {
		t.Errorf("%d tokens", got.Len())
	}
	want := []string{"", "[UNK]", "earth", "wind", "and", "fire"}
	plain := given(VectorizerConfig{}, "earth wind and fire")
	if got := plain.Config().Vocabulary; !slices.Equal(got, want) || plain.Len() != 6 || plain.Index("wind") != 3 || plain.Index("water") != 1 {
		t.Errorf("vocabulary %q", got)
	}
	again, err := NewVectorizer(VectorizerConfig{Vocabulary: want})
	if err != nil || !slices.Equal(again.Config().Vocabulary, want) {
		t.Errorf("with its reserved tokens: %v, error %v", again, err)
	}
}

func TestVectorizerErrors(t *testing.T) {
	some := []string{"a", "b"}
	for _, c := range []struct {
		config VectorizerConfig
		want   errs.Error
	}{
		{VectorizerConfig{}, errs.Error{Field: "VectorizerConfig.Vocabulary"}},
		{VectorizerConfig{Vocabulary: []string{"", "[UNK]"}}, errs.Error{Field: "VectorizerConfig.Vocabulary"}},
		{VectorizerConfig{Vocabulary: []string{"a", "b", "a"}}, errs.Error{Field: "VectorizerConfig.Vocabulary[2]", Value: "a"}},
		{VectorizerConfig{Vocabulary: []string{"", "[UNK]", "a", "a"}}, errs.Error{Field: "VectorizerConfig.Vocabulary[3]"}},
		{VectorizerConfig{Vocabulary: []string{"a", ""}}, errs.Error{Field: "VectorizerConfig.Vocabulary[1]"}},
		{VectorizerConfig{Vocabulary: []string{"a", "[UNK]"}}, errs.Error{Field: "VectorizerConfig.Vocabulary[1]"}},
		{VectorizerConfig{OutputMode: Count, Vocabulary: []string{"a", ""}}, errs.Error{Field: "VectorizerConfig.Vocabulary[1]"}},
		{VectorizerConfig{Vocabulary: []string{"a\xff"}}, errs.Error{Field: "VectorizerConfig.Vocabulary[0]"}},
		{VectorizerConfig{Vocabulary: []string{strings.Repeat("a", maxToken+1)}}, errs.Error{Field: "VectorizerConfig.Vocabulary[0]", Value: maxToken + 1}},
		{VectorizerConfig{Vocabulary: some, MaxTokens: 3}, errs.Error{Field: "VectorizerConfig.Vocabulary", Value: 4}},
		{VectorizerConfig{Vocabulary: some, MaxTokens: 2}, errs.Error{Field: "VectorizerConfig.MaxTokens", Value: 2}},
		{VectorizerConfig{Vocabulary: some, MaxTokens: -1}, errs.Error{Field: "VectorizerConfig.MaxTokens", Value: -1}},
		{VectorizerConfig{Vocabulary: some, Standardize: "upper"}, errs.Error{Field: "VectorizerConfig.Standardize", Value: "upper"}},
		{VectorizerConfig{Vocabulary: some, Split: "comma"}, errs.Error{Field: "VectorizerConfig.Split", Value: "comma"}},
		{VectorizerConfig{Vocabulary: some, OutputMode: "one_hot"}, errs.Error{Field: "VectorizerConfig.OutputMode", Value: "one_hot"}},
		{VectorizerConfig{Vocabulary: some, Normalization: "NFD"}, errs.Error{Field: "VectorizerConfig.Normalization", Value: "NFD"}},
		{VectorizerConfig{Vocabulary: some, Ngrams: []int{1, 0}}, errs.Error{Field: "VectorizerConfig.Ngrams[1]", Value: 0}},
		{VectorizerConfig{Vocabulary: some, Ngrams: []int{17}}, errs.Error{Field: "VectorizerConfig.Ngrams[0]", Value: 17}},
		{VectorizerConfig{Vocabulary: some, Ngrams: []int{2, 2}}, errs.Error{Field: "VectorizerConfig.Ngrams[1]", Value: 2}},
		{VectorizerConfig{Vocabulary: some, OutputSequenceLength: maxSteps + 1}, errs.Error{Field: "VectorizerConfig.OutputSequenceLength", Value: maxSteps + 1}},
		{VectorizerConfig{Vocabulary: some, OutputSequenceLength: -1}, errs.Error{Field: "VectorizerConfig.OutputSequenceLength", Value: -1}},
		{VectorizerConfig{Vocabulary: some, OutputSequenceLength: 2, OutputMode: Count}, errs.Error{Field: "VectorizerConfig.OutputSequenceLength", Value: 2}},
		{VectorizerConfig{Vocabulary: some, IDFWeights: []float64{1, 2}}, errs.Error{Field: "VectorizerConfig.IDFWeights", Value: 2}},
		{VectorizerConfig{Vocabulary: some, IDFWeights: []float64{1}}, errs.Error{Field: "VectorizerConfig.IDFWeights", Value: 1}},
		{VectorizerConfig{Vocabulary: some, OutputMode: TFIDF}, errs.Error{Field: "VectorizerConfig.IDFWeights", Value: 0}},
		{VectorizerConfig{Vocabulary: some, OutputMode: TFIDF, IDFWeights: []float64{1, math.NaN()}}, errs.Error{Field: "VectorizerConfig.IDFWeights[1]", Value: "NaN", Kind: errs.ErrNotFinite}},
	} {
		_, err := NewVectorizer(c.config)
		errtest.Check(t, err, c.want)
	}

	for _, texts := range [][]string{nil, {"", " ?! "}, {"[UNK]"}} {
		_, err := Adapt(VectorizerConfig{Standardize: StripPunctuation}, texts...)
		if len(texts) == 1 {
			_, err = Adapt(VectorizerConfig{Standardize: NoStandardization}, texts...)
		}
		errtest.Check(t, err, errs.Error{Field: "texts"})
	}
	_, err := Adapt(VectorizerConfig{Vocabulary: some}, "a")
	errtest.Check(t, err, errs.Error{Field: "VectorizerConfig.Vocabulary"})
	_, err = Adapt(VectorizerConfig{}, "a", "b\xff")
	errtest.Check(t, err, errs.Error{Field: "texts[1]"})

	v, err := NewVectorizer(VectorizerConfig{Vocabulary: some})
	check(t, err)
	for _, c := range []struct {
		texts []string
		dtype tensor.Dtype
		want  errs.Error
	}{
		{nil, tensor.Float32, errs.Error{Field: "texts"}},
		{[]string{"", "."}, tensor.Float32, errs.Error{Field: "texts"}},
		{[]string{"a", "b", "\xc0"}, tensor.Float32, errs.Error{Field: "texts[2]"}},
	} {
		_, err := v.Vectorize(c.texts, c.dtype)
		errtest.Check(t, err, c.want)
	}
	for _, mode := range []OutputMode{Int, Count} {
		v, err := NewVectorizer(VectorizerConfig{Vocabulary: some, OutputMode: mode})
		check(t, err)
		_, err = v.Vectorize(some, tensor.Int)
		errtest.Check(t, err, errs.Error{Field: "dtype", Value: "int"})
	}
	var zero Vectorizer
	_, err = zero.Vectorize(some, tensor.Float32)
	errtest.Check(t, err, errs.Error{Field: "Vectorizer"})
	_, err = zero.Encode("a")
	errtest.Check(t, err, errs.Error{Field: "Vectorizer"})
	errtest.Check(t, zero.Write(io.Discard), errs.Error{Field: "Vectorizer"})
	_, err = v.Decode([]int{2, 4})
	errtest.Check(t, err, errs.Error{Field: "numbers[1]", Value: 4})
}

// Characters decode to the text; words to the standardized text.
func TestDecode(t *testing.T) {
	const text = "To be,\n  or not to BE?"
	for _, c := range []struct {
		config VectorizerConfig
		want   string
	}{
		{VectorizerConfig{Split: Character, Standardize: NoStandardization}, text},
		{VectorizerConfig{}, "to be or not to be"},
	} {
		v, err := Adapt(c.config, text)
		check(t, err)
		numbers, err := v.Encode(text)
		check(t, err)
		got, err := v.Decode(append([]int{0, 0}, append(numbers, 0)...))
		if got != c.want || err != nil {
			t.Errorf("%q, want %q, error %v", got, c.want, err)
		}
		unknown, err := v.Encode("€")
		if d := cmp.Diff([]int{1}, unknown); d != "" || err != nil {
			t.Errorf("%s, error %v", d, err)
		}
	}
}
