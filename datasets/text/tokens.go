package text

import (
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/strictjson"
)

// tokens divides a text, which errors call name.
func (c VectorizerConfig) tokens(name, text string) ([]string, error) {
	if !utf8.ValidString(text) {
		return nil, errs.Error{Field: name, Rule: "must be UTF-8", Value: strictjson.Label(text)}
	}
	switch c.Normalization {
	case NFC:
		text = norm.NFC.String(text)
	case NFKC:
		text = norm.NFKC.String(text)
	}
	return c.ngrams(c.split(c.standardized(text))), nil
}

func (c VectorizerConfig) standardized(text string) string {
	lower := c.Standardize == Lower || c.Standardize == LowerAndStripPunctuation
	strip := c.Standardize == StripPunctuation || c.Standardize == LowerAndStripPunctuation
	if !lower && !strip {
		return text
	}
	return strings.Map(func(r rune) rune {
		switch {
		case lower && r >= 'A' && r <= 'Z':
			return r - 'A' + 'a'
		case strip && isPunctuation(r):
			return -1
		}
		return r
	}, text)
}

// isPunctuation tells whether Keras' pattern of punctuation has a character: all of
// ASCII that prints and is neither a letter nor a digit nor the blank.
func isPunctuation(r rune) bool {
	return r >= '!' && r <= '/' || r >= ':' && r <= '@' || r >= '[' && r <= '`' || r >= '{' && r <= '~'
}

// isSpace tells whether tf.strings.split divides at a character.
func isSpace(r rune) bool { return r == ' ' || r >= '\t' && r <= '\r' }

func (c VectorizerConfig) split(text string) []string {
	switch c.Split {
	case Whitespace:
		return strings.FieldsFunc(text, isSpace)
	case Character:
		return strings.Split(text, "")
	}
	return []string{text}
}

// ngrams are the runs of tokens, those of the first length before those of the next, as
// tf.strings.ngrams has them.
func (c VectorizerConfig) ngrams(tokens []string) []string {
	if len(c.Ngrams) == 1 && c.Ngrams[0] == 1 {
		return tokens
	}
	var out []string
	for _, n := range c.Ngrams {
		for i := range len(tokens) - n + 1 {
			out = append(out, strings.Join(tokens[i:i+n], " "))
		}
	}
	return out
}
