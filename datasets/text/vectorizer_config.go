package text

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"unicode/utf8"

	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/strictjson"
)

// Standardization is what is done to a text before it is divided.
type Standardization string

// Standardizations. As in Keras, they change the letters and the punctuation of ASCII
// alone: É stays É. For other letters use strings.ToLower before.
const (
	LowerAndStripPunctuation Standardization = "lower_and_strip_punctuation" // the default
	Lower                    Standardization = "lower"
	StripPunctuation         Standardization = "strip_punctuation"
	NoStandardization        Standardization = "none"
)

// Split is how a text is divided into tokens.
type Split string

// Splits.
const (
	Whitespace Split = "whitespace" // at runs of ASCII white space; the default
	Character  Split = "character"  // into Unicode code points
	NoSplit    Split = "none"       // the text is one token
)

// Normalization is a Unicode normal form: with one, texts that look the same have the
// same tokens.
type Normalization string

// Normalizations, of Unicode Standard Annex 15.
const (
	NFC  Normalization = "NFC"  // a letter and its accent become one character
	NFKC Normalization = "NFKC" // also, ligatures and wide or raised characters become plain ones
)

// OutputMode is what Vectorize makes of a text.
type OutputMode string

// Output modes.
const (
	Int      OutputMode = "int"       // the number of each token, [texts, steps]; the default
	MultiHot OutputMode = "multi_hot" // 1 for each token that is in the text, [texts, vocabulary]
	Count    OutputMode = "count"     // how often each token is in the text, [texts, vocabulary]
	TFIDF    OutputMode = "tf_idf"    // the count times the weight of the token, [texts, vocabulary]
)

// Tokens with a meaning of their own.
const (
	MaskToken    = ""      // padding; number 0 with the output mode Int, and not counted with the others
	UnknownToken = "[UNK]" // what is not in the vocabulary; number 1 with the output mode Int, otherwise 0
)

// VectorizerConfig configures a Vectorizer. Its fields, and what they do, are those of
// Keras' TextVectorization; Normalization is ours.
type VectorizerConfig struct {
	MaxTokens            int             // most tokens of the vocabulary that Adapt builds, MaskToken and UnknownToken included; by default no limit
	Standardize          Standardization // by default LowerAndStripPunctuation
	Split                Split           // by default Whitespace
	Ngrams               []int           // lengths of runs of tokens that become tokens, joined by blanks: 1, 2 adds pairs to the tokens; at most 16; by default 1 alone
	OutputMode           OutputMode      // by default Int
	OutputSequenceLength int             // steps of the output of Int, at most 2²⁰: longer texts lose their end, shorter ones are padded with 0; by default those of the longest text
	Normalization        Normalization   // before Standardize; by default none

	// Vocabulary are the tokens in the order of their numbers, for NewVectorizer. It may
	// begin with MaskToken and UnknownToken, with output modes other than Int with
	// UnknownToken; without them they are added.
	Vocabulary []string
	// IDFWeights are the weights of the tokens of Vocabulary with the output mode TFIDF.
	// Where UnknownToken is added, it gets their mean.
	IDFWeights []float64
}

const (
	maxNgram = 16
	maxToken = 1 << 20 // bytes
	maxSteps = 1 << 20 // so that a config from a file cannot exhaust memory
)

// complete fills in the defaults and checks all fields but the vocabulary.
func (c VectorizerConfig) complete() (VectorizerConfig, error) {
	if c.Standardize == "" {
		c.Standardize = LowerAndStripPunctuation
	}
	if c.Split == "" {
		c.Split = Whitespace
	}
	if c.OutputMode == "" {
		c.OutputMode = Int
	}
	if len(c.Ngrams) == 0 {
		c.Ngrams = []int{1}
	}
	c.Ngrams = slices.Clone(c.Ngrams)
	for _, f := range []error{
		oneOf("Standardize", c.Standardize, LowerAndStripPunctuation, Lower, StripPunctuation, NoStandardization),
		oneOf("Split", c.Split, Whitespace, Character, NoSplit),
		oneOf("OutputMode", c.OutputMode, Int, MultiHot, Count, TFIDF),
		oneOf("Normalization", c.Normalization, "", NFC, NFKC),
	} {
		if f != nil {
			return c, f
		}
	}
	for i, n := range c.Ngrams {
		if n < 1 || n > maxNgram || slices.Contains(c.Ngrams[:i], n) {
			return c, c.wrong(fmt.Sprintf("Ngrams[%d]", i), fmt.Sprintf("must be from 1 to %d, and not twice the same", maxNgram), n)
		}
	}
	if least := len(c.reserved()) + 1; c.MaxTokens != 0 && c.MaxTokens < least {
		return c, c.wrong("MaxTokens", fmt.Sprintf("must be 0 or at least %d, to hold a token beside the reserved ones", least), c.MaxTokens)
	}
	if c.OutputSequenceLength < 0 || c.OutputSequenceLength > maxSteps {
		return c, c.wrong("OutputSequenceLength", fmt.Sprintf("must be from 0 to %d", maxSteps), c.OutputSequenceLength)
	}
	if c.OutputSequenceLength > 0 && c.OutputMode != Int {
		return c, c.wrong("OutputSequenceLength", "must be 0 unless OutputMode is int", c.OutputSequenceLength)
	}
	return c, nil
}

// reserved are the tokens before those of the texts.
func (c VectorizerConfig) reserved() []string {
	if c.OutputMode == Int {
		return []string{MaskToken, UnknownToken}
	}
	return []string{UnknownToken}
}

// completeVocabulary checks the vocabulary and the weights, and adds the reserved tokens
// to them. The config is complete otherwise.
func (c VectorizerConfig) completeVocabulary() (VectorizerConfig, error) {
	reserved := c.reserved()
	added := 0
	tokens := c.Vocabulary
	if !slices.Equal(tokens[:min(len(tokens), len(reserved))], reserved) {
		tokens, added = append(reserved, tokens...), len(reserved)
	}
	c.Vocabulary = slices.Clone(tokens)
	seen := make(map[string]bool, len(tokens))
	for i, token := range tokens {
		field := fmt.Sprintf("Vocabulary[%d]", i-added)
		switch {
		case seen[token]:
			return c, c.wrong(field, "must not be twice the same, nor a reserved token", strictjson.Label(token))
		case i >= len(reserved) && token == MaskToken:
			return c, c.wrong(field, "must not be empty", nil)
		case len(token) > maxToken:
			return c, c.wrong(field, fmt.Sprintf("must be at most %d bytes long", maxToken), len(token))
		case !utf8.ValidString(token):
			return c, c.wrong(field, "must be UTF-8", strconv.Quote(strictjson.Clip([]byte(token))))
		}
		seen[token] = true
	}
	if len(tokens) == len(reserved) {
		return c, c.wrong("Vocabulary", "must hold a token", nil)
	}
	if c.MaxTokens > 0 && len(tokens) > c.MaxTokens {
		return c, c.wrong("Vocabulary", fmt.Sprintf("must have at most the %d of MaxTokens, reserved tokens included", c.MaxTokens), len(tokens))
	}
	return c.completeWeights(added)
}

func (c VectorizerConfig) completeWeights(added int) (VectorizerConfig, error) {
	given := len(c.IDFWeights)
	switch want := len(c.Vocabulary) - added; {
	case c.OutputMode != TFIDF && given > 0:
		return c, c.wrong("IDFWeights", "must be empty unless OutputMode is tf_idf", given)
	case c.OutputMode != TFIDF:
		return c, nil
	case given != want:
		return c, c.wrong("IDFWeights", fmt.Sprintf("must be %d, one for each token of Vocabulary", want), given)
	}
	for i, w := range c.IDFWeights {
		if math.IsNaN(w) || math.Abs(w) > math.MaxFloat32 {
			return c, errs.Error{Field: fmt.Sprintf("VectorizerConfig.IDFWeights[%d]", i), Rule: "must be finite in float32", Value: w, Kind: errs.ErrNotFinite}
		}
	}
	weights := make([]float64, 0, len(c.Vocabulary))
	for range added {
		weights = append(weights, mean(c.IDFWeights))
	}
	c.IDFWeights = append(weights, c.IDFWeights...)
	return c, nil
}

func mean(x []float64) float64 {
	sum := 0.0
	for _, v := range x {
		sum += v
	}
	return sum / float64(len(x))
}

func (c VectorizerConfig) wrong(field, rule string, value any) error {
	return errs.Error{Field: "VectorizerConfig." + field, Rule: rule, Value: value}
}

// oneOf refuses a value that is not among those allowed.
func oneOf[T ~string](field string, value T, allowed ...T) error {
	if slices.Contains(allowed, value) {
		return nil
	}
	return errs.Error{Field: "VectorizerConfig." + field, Rule: fmt.Sprintf("must be one of %q", allowed), Value: strictjson.Label(string(value))}
}
