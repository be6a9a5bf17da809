package text

import (
	"fmt"
	"slices"
	"strings"

	"gorgonia.org/tensor"

	"github.com/engram-go/engram/internal/dense"
	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/shapes"
)

// Vectorizer turns texts into numbers by a vocabulary. It does not change, so many
// goroutines may share one. The zero value has no vocabulary: see Adapt, AdaptReader,
// NewVectorizer and LoadVectorizer.
type Vectorizer struct {
	config VectorizerConfig // complete, with the reserved tokens
	index  map[string]int
}

// NewVectorizer returns a Vectorizer with the vocabulary of its config. Tokens must be
// different UTF-8 texts that are not empty.
func NewVectorizer(c VectorizerConfig) (*Vectorizer, error) {
	c, err := c.complete()
	if err != nil {
		return nil, err
	}
	if c, err = c.completeVocabulary(); err != nil {
		return nil, err
	}
	v := &Vectorizer{config: c, index: make(map[string]int, len(c.Vocabulary))}
	for i, token := range c.Vocabulary {
		v.index[token] = i
	}
	return v, nil
}

// check refuses the zero value.
func (v *Vectorizer) check() error {
	if v.Len() > 0 {
		return nil
	}
	return errs.Error{Field: "Vectorizer", Rule: "must have a vocabulary: make it with Adapt, NewVectorizer or LoadVectorizer"}
}

// Config is the config with its defaults filled in and the whole vocabulary, from which
// NewVectorizer makes an equal Vectorizer.
func (v *Vectorizer) Config() VectorizerConfig {
	c := v.config
	c.Ngrams, c.Vocabulary, c.IDFWeights = slices.Clone(c.Ngrams), slices.Clone(c.Vocabulary), slices.Clone(c.IDFWeights)
	return c
}

// Len is the number of tokens, reserved ones included: the InputDim of an Embedding.
func (v *Vectorizer) Len() int { return len(v.config.Vocabulary) }

// Index is the number of a token, that of UnknownToken if it is not in the vocabulary.
func (v *Vectorizer) Index(token string) int {
	if i, ok := v.index[token]; ok {
		return i
	}
	return v.index[UnknownToken]
}

// Encode returns the numbers of the tokens of a text, which must be UTF-8, without
// padding and of any length. A token that is not in the vocabulary has the number of
// UnknownToken.
func (v *Vectorizer) Encode(text string) ([]int, error) { return v.encode("text", text) }

func (v *Vectorizer) encode(name, text string) ([]int, error) {
	if err := v.check(); err != nil {
		return nil, err
	}
	tokens, err := v.config.tokens(name, text)
	if err != nil {
		return nil, err
	}
	numbers := make([]int, 0, len(tokens))
	for _, token := range tokens {
		if token == MaskToken && v.config.OutputMode != Int {
			continue // as in Keras, it counts as no token
		}
		numbers = append(numbers, v.Index(token))
	}
	return numbers, nil
}

// Decode joins the tokens of numbers: characters without anything between them, other
// tokens with blanks. Padding is left out. What standardization removed does not come
// back.
func (v *Vectorizer) Decode(numbers []int) (string, error) {
	var b strings.Builder
	for i, n := range numbers {
		if n < 0 || n >= v.Len() {
			return "", errs.Error{Field: fmt.Sprintf("numbers[%d]", i), Rule: fmt.Sprintf("must be the number of a token, from 0 to %d", v.Len()-1), Value: n}
		}
		token := v.config.Vocabulary[n]
		if token != MaskToken && b.Len() > 0 && v.config.Split != Character {
			b.WriteByte(' ')
		}
		b.WriteString(token)
	}
	return b.String(), nil
}

// Vectorize returns the tensor of texts, of the dtype, which is Float32 if it is zero: as
// the output mode says, [texts, steps] or [texts, vocabulary], where the latter is Len.
// An error names the text by its index: one that is not UTF-8, and texts that have no
// token at all where OutputSequenceLength is 0.
func (v *Vectorizer) Vectorize(texts []string, dtype tensor.Dtype) (*tensor.Dense, error) {
	dtype, err := dense.FloatType(dtype)
	if err != nil {
		return nil, err
	}
	if len(texts) == 0 {
		return nil, errs.Error{Field: "texts", Rule: "must not be empty"}
	}
	numbers := make([][]int, len(texts))
	for i, t := range texts {
		if numbers[i], err = v.encode(fmt.Sprintf("texts[%d]", i), t); err != nil {
			return nil, err
		}
	}
	if v.config.OutputMode == Int {
		t, err := Pad(numbers, Padding{Length: v.config.OutputSequenceLength, Padding: Post, Truncating: Post, Dtype: dtype})
		return t, errs.At(err, "", "texts")
	}
	return v.counts(numbers, dtype)
}

// counts makes the tensor of the other output modes, [texts, vocabulary].
func (v *Vectorizer) counts(numbers [][]int, dtype tensor.Dtype) (*tensor.Dense, error) {
	width := v.Len()
	if len(numbers) > shapes.MaxElements/width {
		return nil, errs.Error{Field: "texts", Rule: fmt.Sprintf("must be few enough for a tensor of %d numbers, at %d each", shapes.MaxElements, width), Value: len(numbers)}
	}
	t := dense.New(dtype, shapes.Shape{len(numbers), width})
	row := make([]float64, width)
	for i, tokens := range numbers {
		clear(row)
		for _, n := range tokens {
			row[n]++
		}
		for n, count := range row {
			switch v.config.OutputMode {
			case MultiHot:
				row[n] = min(count, 1)
			case TFIDF:
				row[n] = count * v.config.IDFWeights[n]
			}
		}
		dense.SetFloat64(dense.Rows(t, i, i+1), row)
	}
	return t, nil
}
