package text

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"github.com/pkg/errors"

	"github.com/engram-go/engram/internal/errs"
)

// Adapt returns a Vectorizer with the tokens of texts as its vocabulary: the most
// frequent ones first, and of equally frequent ones the last in the order of their bytes,
// as in Keras. With the output mode TFIDF, the weight of a token in d of n texts is
// ln(1 + n/(1 + d)). Texts must be UTF-8 and have a token.
func Adapt(c VectorizerConfig, texts ...string) (*Vectorizer, error) {
	counts, err := newCounter(c)
	if err != nil {
		return nil, err
	}
	for i, t := range texts {
		if err := counts.add(fmt.Sprintf("texts[%d]", i), t); err != nil {
			return nil, err
		}
	}
	return counts.vectorizer()
}

// AdaptReader is Adapt with the lines of r as its texts, so that memory is needed for
// different tokens alone. A line includes its line feed, which is a token with the split
// Character, but not with NoSplit. A line of more than 1 MiB is divided at white space
// into texts, and a word of more than 1 MiB is an error.
func AdaptReader(ctx context.Context, c VectorizerConfig, r io.Reader) (*Vectorizer, error) {
	counts, err := newCounter(c)
	if err != nil {
		return nil, err
	}
	if r == nil {
		return nil, errs.Error{Field: "reader", Rule: "must not be nil"}
	}
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxToken)
	lines.Split(scanLine)
	for n := 1; lines.Scan(); n++ {
		if err := ctx.Err(); err != nil {
			return nil, errors.Wrapf(err, "stopped at line %d", n)
		}
		line := lines.Text()
		if counts.config.Split == NoSplit {
			line = strings.TrimSuffix(strings.TrimSuffix(line, "\n"), "\r")
		}
		if err := counts.add(fmt.Sprintf("line %d", n), line); err != nil {
			return nil, err
		}
	}
	if err := scanned(lines); err != nil {
		return nil, err
	}
	return counts.vectorizer()
}

// scanned is the error that ended a scanner, or nil at the end of its text.
func scanned(s *bufio.Scanner) error {
	if errors.Is(s.Err(), bufio.ErrTooLong) {
		return errs.Error{Field: "text", Rule: fmt.Sprintf("must have no word of %d bytes or more", maxToken)}
	}
	return errors.Wrap(s.Err(), "reading text")
}

// scanLine is a bufio.SplitFunc for lines with their line feeds. It divides one that
// fills the buffer after its last white space.
func scanLine(data []byte, atEOF bool) (advance int, token []byte, err error) {
	if n := bytes.IndexByte(data, '\n') + 1; n > 0 {
		return n, data[:n], nil
	}
	if atEOF && len(data) > 0 {
		return len(data), data, nil
	}
	if len(data) < maxToken {
		return 0, nil, nil
	}
	n := bytes.LastIndexFunc(data, isSpace) + 1
	if n == 0 {
		return 0, nil, nil // asks for more data, for which the buffer has no place
	}
	return n, data[:n], nil
}

// counter counts tokens.
type counter struct {
	config VectorizerConfig
	counts map[string]*tokenCount
	texts  int
}

type tokenCount struct {
	token string
	total int
	texts int // that have it
	last  int // number of the last of them
}

func newCounter(c VectorizerConfig) (*counter, error) {
	if len(c.Vocabulary) > 0 || len(c.IDFWeights) > 0 {
		return nil, c.wrong("Vocabulary", "must be empty, as it comes from the texts; use NewVectorizer for a given one", nil)
	}
	c, err := c.complete()
	return &counter{config: c, counts: map[string]*tokenCount{}}, err
}

func (k *counter) add(name, text string) error {
	tokens, err := k.config.tokens(name, text)
	if err != nil {
		return err
	}
	k.texts++
	for _, token := range tokens {
		if token == MaskToken || token == UnknownToken {
			continue
		}
		if len(token) > maxToken {
			return errs.Error{Field: name, Rule: fmt.Sprintf("must have no token of more than %d bytes", maxToken), Value: len(token)}
		}
		n := k.counts[token]
		if n == nil {
			token = strings.Clone(token) // a part of text would keep all of it in memory
			n = &tokenCount{token: token}
			k.counts[token] = n
		}
		n.total++
		if n.last != k.texts {
			n.last = k.texts
			n.texts++
		}
	}
	return nil
}

func (k *counter) vectorizer() (*Vectorizer, error) {
	sorted := make([]*tokenCount, 0, len(k.counts))
	for _, n := range k.counts {
		sorted = append(sorted, n)
	}
	slices.SortFunc(sorted, func(a, b *tokenCount) int {
		return cmp.Or(cmp.Compare(b.total, a.total), cmp.Compare(b.token, a.token))
	})
	c := k.config
	if c.MaxTokens > 0 {
		sorted = sorted[:min(len(sorted), c.MaxTokens-len(c.reserved()))]
	}
	if len(sorted) == 0 {
		return nil, errs.Error{Field: "texts", Rule: "must have a token"}
	}
	for _, n := range sorted {
		c.Vocabulary = append(c.Vocabulary, n.token)
		if c.OutputMode == TFIDF {
			c.IDFWeights = append(c.IDFWeights, math.Log(1+float64(k.texts)/float64(1+n.texts)))
		}
	}
	return NewVectorizer(c)
}
